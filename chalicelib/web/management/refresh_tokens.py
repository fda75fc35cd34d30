"""/api/v2/refresh-tokens and /api/v2/users/{id}/refresh-tokens: the same that devices hold, seen as tokens."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.core.refresh_tokens import RefreshToken
from chalicelib.web.schemas import Continued, moment, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("refresh-tokens")


class TokenDevice(msgspec.Struct, kw_only=True):
    """From where a token was first asked for."""

    initial_ip: str
    initial_user_agent: str


class TokenApi(msgspec.Struct, kw_only=True):
    """What a token gives access to."""

    audience: str
    scopes: str


class RefreshTokenAnswer(msgspec.Struct, kw_only=True):
    """A refresh token, never its secret."""

    id: str
    user_id: str
    created_at: str
    idle_expires_at: str | UnsetType = UNSET
    expires_at: str | UnsetType = UNSET
    last_exchanged_at: str | UnsetType = UNSET
    device: TokenDevice
    client_id: str
    session_id: str | UnsetType = UNSET
    rotating: bool
    resource_servers: list[TokenApi]


@surface.endpoint(
    "GET",
    "/api/v2/users/{user_id}/refresh-tokens",
    summary="Get refresh tokens for a user",
    scopes=("read:refresh_tokens",),
    query=Continued,
)
def list_user_refresh_tokens(incoming: Incoming[Continued, None], user_id: str) -> Any:
    """List the refresh tokens of a user that are not over."""
    query = incoming.query
    page = incoming.core.refresh_tokens.list_for_user(incoming.caller, user_id, query.request())
    return paged(page, "tokens", query, rendered)


@surface.endpoint(
    "DELETE",
    "/api/v2/users/{user_id}/refresh-tokens",
    summary="Delete refresh tokens for a user",
    scopes=("delete:refresh_tokens",),
    status=202,
)
def delete_user_refresh_tokens(incoming: Incoming[Nothing, None], user_id: str) -> None:
    """End every refresh token of a user; sessions stay."""
    incoming.core.refresh_tokens.delete_for_user(incoming.caller, user_id)


@surface.endpoint(
    "GET",
    "/api/v2/refresh-tokens/{token_id}",
    summary="Get a refresh token",
    scopes=("read:refresh_tokens",),
    answer=RefreshTokenAnswer,
)
def get_refresh_token(incoming: Incoming[Nothing, None], token_id: str) -> RefreshTokenAnswer:
    """Give one refresh token."""
    return rendered(incoming.core.refresh_tokens.get(incoming.caller, token_id))


@surface.endpoint(
    "DELETE",
    "/api/v2/refresh-tokens/{token_id}",
    summary="Delete a refresh token",
    scopes=("delete:refresh_tokens",),
    status=202,
)
def delete_refresh_token(incoming: Incoming[Nothing, None], token_id: str) -> None:
    """End one refresh token."""
    incoming.core.refresh_tokens.delete(incoming.caller, token_id)


def rendered(token: RefreshToken) -> RefreshTokenAnswer:
    """Show a refresh token."""
    credential = token.credential
    return RefreshTokenAnswer(
        id=token.id,
        user_id=credential.user_id,
        created_at=moment(credential.created_at),
        idle_expires_at=moment(credential.expires_at) if credential.expires_at else UNSET,
        expires_at=moment(token.ends_at) if token.ends_at else UNSET,
        last_exchanged_at=moment(credential.last_used) if credential.last_used else UNSET,
        device=TokenDevice(initial_ip=token.ip, initial_user_agent=token.user_agent),
        client_id=credential.client_id,
        session_id=token.session_id or UNSET,
        rotating=token.rotates,
        resource_servers=[TokenApi(audience=token.audience, scopes=token.scope)],
    )
