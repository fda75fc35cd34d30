"""/oauth/revoke: a client gives a refresh token back (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.handles import parse
from chalicelib.core.logs import done
from chalicelib.core.oauth.errors import MalformedRequest

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.oauth.client_authentication import ClientAuthentication, ClientProof
    from chalicelib.core.refresh_tokens import RefreshTokenStore


@dataclass(frozen=True, slots=True)
class Revocation:
    """Ends refresh tokens of the client that asks."""

    authentication: ClientAuthentication
    store: RefreshTokenStore
    ambient: Ambient

    def revoke(self, caller: Caller, proof: ClientProof, token: str | None) -> None:
        """End a token with all its rotations. What is not the client's, or no token at all, is no error."""
        client = self.authentication.prove(caller.tenant, proof)
        if not token:
            raise MalformedRequest("Missing required parameter: token")
        handle = parse(token)
        if handle is None:
            return
        _, found = self.store.with_user(caller.tenant, handle.user_id, handle.id)
        if found is None or found.credential.client_id != client.client_id or not found.knows(handle):
            return
        event = done(self.ambient, caller, user_id=found.credential.user_id, type="srrt")
        self.store.revoke(caller.tenant, found, replace(event, client_id=client.client_id, client_name=client.name))
