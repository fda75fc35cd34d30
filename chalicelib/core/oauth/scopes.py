"""Which of the scopes that somebody asked for they get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.oauth.claims import STANDARD_SCOPES

if TYPE_CHECKING:
    from chalicelib.core.clients import Client
    from chalicelib.core.resource_servers import ResourceServer


def granted(asked: str, client: Client, server: ResourceServer | None, *, offline: bool) -> str:
    """Keep the standard scopes and those the API knows, each once, in the order they were asked for.

    `offline` says whether this way of asking may give a refresh token at all; besides, the client must be allowed the
    grant and the API must allow it. Of the Management API a user gets only what is about the user.
    """
    known = set(STANDARD_SCOPES) | _of_api(server)
    may_refresh = offline and "refresh_token" in client.grant_types and (server is None or server.allow_offline_access)
    if not may_refresh:
        known.discard("offline_access")
    return " ".join(dict.fromkeys(scope for scope in asked.split() if scope in known))


def _of_api(server: ResourceServer | None) -> set[str]:
    if server is None:
        return set()
    if server.is_system:
        return {scope for scope in server.scope_values if ":current_user" in scope}
    return set(server.scope_values)
