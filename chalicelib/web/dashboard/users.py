"""/dashboard/t/{tenant}/users: the list of users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.core.sign_ins import name_of
from chalicelib.core.user_walks import Wanted
from chalicelib.web.dashboard.addresses import START, within
from chalicelib.web.dashboard.paging import PlaceQuery, pager
from chalicelib.web.dashboard.portraits import Portrait, portrait_of
from chalicelib.web.dashboard.shell import dashboard_surface, page
from chalicelib.web.pages import STRICT, Policy
from chalicelib.web.surface import Incoming, Rendered

if TYPE_CHECKING:
    from chalicelib.core.users import User

surface = dashboard_surface("users")


class UsersQuery(PlaceQuery, kw_only=True):
    """Which page of the users."""


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
    """Show a page of the users, the newest first."""
    core, caller, query = incoming.core, incoming.caller, incoming.query
    found = core.user_lists.list(caller, Wanted(), query.request(), newest_first=True)
    gravatar = bool(core.tenants.recall_settings(caller.tenant)["flags"].get("gravatar"))
    rows = tuple(user_row(caller.tenant, user, gravatar=gravatar) for user in found.items)
    return page(
        incoming,
        "dashboard/users.html",
        title="Users",
        section="users",
        policy=Policy(https_images=True) if any(row.portrait.picture for row in rows) else STRICT,
        rows=rows,
        pager=pager(query, found, partial(within, caller.tenant, "users")),
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
