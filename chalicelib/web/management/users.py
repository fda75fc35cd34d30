"""/api/v2/users, their identities and history, and /api/v2/users-by-email."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.errors import Invalid
from chalicelib.core.identities import Identity
from chalicelib.core.links import OWN_IDENTITIES
from chalicelib.core.oauth.tokens import MAX_TOKEN
from chalicelib.core.profiles import profile_of
from chalicelib.core.user_queries import parse
from chalicelib.core.user_walks import Wanted
from chalicelib.core.users import User
from chalicelib.web.decoding import given
from chalicelib.web.management.logs import LogsOfUserQuery, order
from chalicelib.web.management.logs import rendered as rendered_event
from chalicelib.web.schemas import CheckpointedFields, Document, Fields, HttpsUrl, Identifier, choose, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("users")

ConnectionName = Annotated[str, Meta(min_length=1, max_length=128)]
Email = Annotated[str, Meta(min_length=1, max_length=1000)]
Password = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=300)]
Part = Annotated[str, Meta(min_length=1, max_length=150)]
Username = Annotated[str, Meta(min_length=1, max_length=128)]
Phone = Annotated[str, Meta(min_length=1, max_length=20)]


_SORTED = "Query validation error: 'What is found by a name or its beginning comes by the alphabet' on property sort."


class UserFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What both creating and changing a user may set."""

    connection: ConnectionName | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET
    email_verified: bool | None | UnsetType = UNSET
    verify_email: bool | None | UnsetType = UNSET
    phone_number: Phone | None | UnsetType = UNSET
    phone_verified: bool | None | UnsetType = UNSET
    username: Username | None | UnsetType = UNSET
    password: Password | None | UnsetType = UNSET
    name: Name | None | UnsetType = UNSET
    given_name: Part | None | UnsetType = UNSET
    family_name: Part | None | UnsetType = UNSET
    nickname: Name | None | UnsetType = UNSET
    picture: HttpsUrl | None | UnsetType = UNSET
    blocked: bool | None | UnsetType = UNSET
    user_metadata: Document | None | UnsetType = UNSET
    app_metadata: Document | None | UnsetType = UNSET


class UserCreate(UserFields, kw_only=True):
    """A new user. `user_id` becomes `auth0|user_id`."""

    connection: ConnectionName
    user_id: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")] | UnsetType = (
        UNSET
    )


class UserPatch(UserFields, kw_only=True):
    """Changes of a user. Metadata merges at the first level; a null removes."""

    verify_phone_number: bool | UnsetType = UNSET
    client_id: Identifier | UnsetType = UNSET


class IdentityAnswer(msgspec.Struct, kw_only=True):
    """One account of a user."""

    connection: str
    user_id: str
    provider: str
    is_social: bool = msgspec.field(name="isSocial")
    profile_data: Document | UnsetType = msgspec.field(name="profileData", default=UNSET)


class UserAnswer(msgspec.Struct, kw_only=True):
    """A profile. Attributes the connection brought stand beside these."""

    user_id: str
    email: str | UnsetType = UNSET
    email_verified: bool | UnsetType = UNSET
    username: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET
    phone_verified: bool | UnsetType = UNSET
    name: str | UnsetType = UNSET
    given_name: str | UnsetType = UNSET
    family_name: str | UnsetType = UNSET
    nickname: str | UnsetType = UNSET
    picture: str | UnsetType = UNSET
    created_at: str
    updated_at: str
    identities: list[IdentityAnswer]
    user_metadata: Document | UnsetType = UNSET
    app_metadata: Document | UnsetType = UNSET
    blocked: bool | UnsetType = UNSET
    last_ip: str | UnsetType = UNSET
    last_login: str | UnsetType = UNSET
    logins_count: int
    last_password_reset: str | UnsetType = UNSET


class UsersQuery(CheckpointedFields, kw_only=True):
    """Which users, and what of them."""

    from_: Annotated[str, Meta(max_length=2000, description="Where to go on: `next` of the page before.")] | None = (
        msgspec.field(name="from", default=None)
    )
    sort: Annotated[str, Meta(pattern=r"^(created_at:-?1)?$(?!\n)", description="created_at:1 or created_at:-1.")] = ""
    connection: ConnectionName | None = None
    q: Annotated[str, Meta(max_length=1000, description="Such as name:jane* or blocked:true; joined by AND.")] = ""
    search_engine: Annotated[str, Meta(pattern=r"^v[123]$(?!\n)")] = "v3"
    primary_order: Annotated[bool, Meta(description="Taken for compatibility: the order is always the same.")] = True


class EmailQuery(Fields, kw_only=True):
    """Whom to find."""

    email: Email


class Link(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The account to link: `provider` and `user_id`, with or without its provider, or `link_with` and nothing else."""

    provider: Annotated[str, Meta(min_length=1, max_length=50)] | UnsetType = UNSET
    user_id: Identifier | int | UnsetType = UNSET
    connection_id: Identifier | UnsetType = UNSET
    link_with: Annotated[str, Meta(min_length=1, max_length=MAX_TOKEN, description="An ID token.")] | UnsetType = UNSET

    def __post_init__(self) -> None:
        given = {name for name in self.__struct_fields__ if getattr(self, name) is not UNSET}
        if "link_with" in given and len(given) > 1:
            raise ValueError("link_with stands alone")
        missing = next((name for name in ("provider", "user_id") if name not in given), None)
        if "link_with" not in given and missing:
            raise ValueError(f"Missing required property: {missing}")


@surface.endpoint(
    "GET",
    "/api/v2/users",
    summary="List or search users",
    scopes=("read:users",),
    query=UsersQuery,
    answer=list[UserAnswer],
)
def list_users(incoming: Incoming[UsersQuery, None]) -> Any:
    """List users by creation, or find those that `q` describes."""
    query = incoming.query
    wanted = parse(query.q) if query.q.strip() else Wanted()
    if query.connection is not None:
        wanted = replace(wanted, connection=query.connection)
    if wanted.terms and query.sort:
        raise Invalid(_SORTED, code="operation_not_supported")
    page = incoming.core.user_lists.list(
        incoming.caller, wanted, query.request(), newest_first=query.sort.endswith("-1")
    )
    return paged(page, "users", query, rendered)


@surface.endpoint(
    "POST",
    "/api/v2/users",
    summary="Create a user",
    scopes=("create:users",),
    body=UserCreate,
    example={
        "connection": "Username-Password-Authentication",
        "email": "ann@example.com",
        "password": "correct Horse battery 1",
    },
    answer=UserAnswer,
    status=201,
)
def create_user(incoming: Incoming[Nothing, UserCreate]) -> Any:
    """Add a user to a database or passwordless connection."""
    return rendered(incoming.core.users.create(incoming.caller, given(incoming.body)))


@surface.endpoint(
    "GET",
    "/api/v2/users-by-email",
    summary="Search users by email",
    scopes=("read:users",),
    query=EmailQuery,
    answer=list[UserAnswer],
)
def users_by_email(incoming: Incoming[EmailQuery, None]) -> Any:
    """Find users by address, exactly as it is stored."""
    found = incoming.core.users.with_email(incoming.caller, incoming.query.email)
    return [choose(rendered(user), incoming.query) for user in found]


@surface.endpoint(
    "GET",
    "/api/v2/users/{user_id}",
    summary="Get a user",
    scopes=("read:users", "read:current_user"),
    query=Fields,
    answer=UserAnswer,
)
def get_user(incoming: Incoming[Fields, None], user_id: str) -> Any:
    """Give one user."""
    return choose(rendered(incoming.core.users.get(incoming.caller, user_id)), incoming.query)


@surface.endpoint(
    "PATCH",
    "/api/v2/users/{user_id}",
    summary="Update a user",
    scopes=("update:users", "update:users_app_metadata", "update:current_user_metadata"),
    body=UserPatch,
    example={"blocked": True, "user_metadata": {"language": "de"}},
    answer=UserAnswer,
)
def update_user(incoming: Incoming[Nothing, UserPatch], user_id: str) -> Any:
    """Change a user."""
    return rendered(incoming.core.users.update(incoming.caller, user_id, given(incoming.body)))


@surface.endpoint("DELETE", "/api/v2/users/{user_id}", summary="Delete a user", scopes=("delete:users",), status=204)
def delete_user(incoming: Incoming[Nothing, None], user_id: str) -> None:
    """Delete a user and everything that names it."""
    incoming.core.users.delete(incoming.caller, user_id)


@surface.endpoint(
    "GET",
    "/api/v2/users/{user_id}/logs",
    summary="Get user's log events",
    scopes=("read:logs", "read:logs_users"),
    query=LogsOfUserQuery,
)
def list_user_logs(incoming: Incoming[LogsOfUserQuery, None], user_id: str) -> Any:
    """Give a user's history of two days."""
    query = incoming.query
    page = incoming.core.logs.list_for_user(incoming.caller, user_id, query.request(), order(query.sort))
    return paged(page, "logs", query, rendered_event)


@surface.endpoint(
    "POST",
    "/api/v2/users/{user_id}/identities",
    summary="Link a user account",
    scopes=("update:users", OWN_IDENTITIES),
    body=Link,
    example={"provider": "auth0", "user_id": "SECOND_USER_ID"},
    answer=list[IdentityAnswer],
    status=201,
)
def link_identity(incoming: Incoming[Nothing, Link], user_id: str) -> list[IdentityAnswer]:
    """Make another user's account one of this user's."""
    body, links = incoming.body, incoming.core.links
    if body.link_with:
        return _identities(links.link_with(incoming.caller, user_id, body.link_with))
    secondary = str(body.user_id)
    secondary_id = secondary if secondary.startswith(f"{body.provider}|") else f"{body.provider}|{secondary}"
    return _identities(links.link(incoming.caller, user_id, secondary_id, body.connection_id or None))


@surface.endpoint(
    "DELETE",
    "/api/v2/users/{user_id}/identities/{provider}/{identity_id}",
    summary="Unlink a user identity",
    scopes=("update:users", OWN_IDENTITIES),
    answer=list[IdentityAnswer],
)
def unlink_identity(
    incoming: Incoming[Nothing, None], user_id: str, provider: str, identity_id: str
) -> list[IdentityAnswer]:
    """Give an account a user of its own again."""
    return _identities(incoming.core.links.unlink(incoming.caller, user_id, provider, identity_id))


def rendered(user: User) -> dict[str, Any]:
    """Show a profile as Auth0 does."""
    return profile_of(user)


def _identities(identities: tuple[Identity, ...]) -> list[IdentityAnswer]:
    return [
        IdentityAnswer(
            connection=identity.connection,
            user_id=identity.user_id,
            provider=identity.provider,
            is_social=identity.is_social,
            profile_data=UNSET if identity.profile is None else dict(identity.profile),
        )
        for identity in identities
    ]
