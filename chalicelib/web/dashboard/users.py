"""/dashboard/t/{tenant}/users: the list of users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from chalicelib.core.errors import Invalid
from chalicelib.core.sign_ins import name_of
from chalicelib.web.dashboard.addresses import START, within
from chalicelib.web.dashboard.paging import PER_PAGE, Pager
from chalicelib.web.dashboard.portraits import Portrait, portrait_of
from chalicelib.web.dashboard.shell import dashboard_surface, page
from chalicelib.web.forms import redirect
from chalicelib.web.pages import STRICT, Policy
from chalicelib.web.surface import Incoming, Rendered

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller
    from chalicelib.core.gatehouse import Core
    from chalicelib.core.user_lists import UserPage
    from chalicelib.core.users import User

surface = dashboard_surface("users")

STATUSES = (("", "All"), ("blocked", "Blocked"), ("pending", "Pending: never signed in"))
"""By what a list of users can be narrowed, beside the connection."""


class UsersQuery(msgspec.Struct, kw_only=True):
    """Whom to show, and where in that list one is. What is not known is taken for nothing said."""

    q: Annotated[str, Meta(max_length=320)] = ""
    connection: Annotated[str, Meta(max_length=128)] = ""
    status: str = ""
    at: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRow:
    """One line of the list. `latest` is None for somebody who never signed in."""

    address: str
    portrait: Portrait
    name: str
    email: str
    verified: bool
    connections: tuple[str, ...]
    logins: int
    latest: datetime | None
    blocked: bool


@surface.endpoint(
    "GET", f"{START}/users", summary="List users in the dashboard", scopes=("read:users",), query=UsersQuery
)
def get_users(incoming: Incoming[UsersQuery, None]) -> Rendered:
    """Show a page of the users: all, the newest first, or those who are searched for."""
    core, caller, query = incoming.core, incoming.caller, incoming.query
    try:
        found = _found(core, caller, query)
    except Invalid as error:
        if not query.at and not query.connection:
            raise
        # An old address: its place in the list is not known any more, or its connection is gone.
        chosen = _chosen(query) if error.code == "invalid_paging" else {**_chosen(query), "connection": ""}
        return redirect(within(caller.tenant, "users", **chosen))
    gravatar = bool(core.tenants.recall_settings(caller.tenant)["flags"].get("gravatar"))
    rows = tuple(user_row(caller.tenant, user, gravatar=gravatar) for user in found.items)
    connections = sorted(each.name for each in core.connections.store.recall_all(caller.tenant))
    return page(
        incoming,
        "dashboard/users.html",
        title="Users",
        section="users",
        policy=Policy(https_images=True) if any(row.portrait.picture for row in rows) else STRICT,
        rows=rows,
        query=query,
        filtered=any(_chosen(query).values()),
        everybody=within(caller.tenant, "users"),
        connections=[("", "All"), *((name, name) for name in connections)],
        statuses=STATUSES,
        pager=_pager(caller.tenant, query, found),
    )


def _found(core: Core, caller: Caller, query: UsersQuery) -> UserPage:
    return core.user_lists.browse(
        caller,
        text=query.q,
        connection=query.connection or None,
        blocked=query.status == "blocked",
        pending=query.status == "pending",
        cursor=query.at or None,
        per_page=PER_PAGE,
    )


def _chosen(query: UsersQuery) -> dict[str, str]:
    """Give what a list is of, without the place in it."""
    return {"q": query.q.strip(), "connection": query.connection, "status": query.status}


def _pager(tenant: str, query: UsersQuery, found: UserPage) -> Pager:
    """Lead on from a page, within the same list."""
    address = partial(within, tenant, "users", **_chosen(query))
    return Pager(
        first=address() if query.at and found.previous else "",
        previous=address(at=found.previous) if found.previous else "",
        following=address(at=found.next) if found.next else "",
    )


def user_row(tenant: str, user: User, *, gravatar: bool) -> UserRow:
    """Make the line of a user."""
    email = user.email or ""
    name = user.name or name_of(user) or user.user_id
    return UserRow(
        address=within(tenant, "users", user.user_id),
        portrait=portrait_of(user, gravatar=gravatar),
        name=name,
        email=email if email != name else "",
        verified=user.email_verified,
        connections=tuple(dict.fromkeys(identity.connection for identity in user.identities)),
        logins=user.logins_count,
        latest=user.last_login,
        blocked=user.blocked,
    )
