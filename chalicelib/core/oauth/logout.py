"""Signing out: the browser's session ends, and the browser goes to an address that is registered for it, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.core.errors import Invalid, Unauthenticated

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.oauth.tokens import TokenFormat
    from chalicelib.core.sessions import Sessions
    from chalicelib.core.signing_keys import SigningKeys
    from chalicelib.core.tenants import Tenants


@dataclass(frozen=True, slots=True)
class Logout:
    """Ends sessions for the two addresses of signing out."""

    sessions: Sessions
    clients: EntityStore[Client]
    tenants: Tenants
    tokens: TokenFormat
    signing_keys: SigningKeys
    hosts: Hosts

    def sign_out(self, caller: Caller, cookie: str, *, client_id: str, address: str, state: str | None) -> str:
        """End the session and give the address to go on to, or nothing. Invalid if the address is not registered."""
        client = self.clients.recall(caller.tenant, client_id) if client_id else None
        if address and address not in self._allowed(caller.tenant, client):
            raise Invalid("The address to return to is not in the list of allowed logout URLs.", code="invalid_request")
        self.sessions.end_held(replace(caller, client_id=client.client_id if client else ""), cookie)
        if not address or state is None:
            return address
        return f"{address}{'&' if '?' in address else '?'}{urlencode({'state': state})}"

    def client_of(self, caller: Caller, client_id: str, id_token: str) -> str:
        """Read the client from an ID token of this tenant, however old; it must agree with one that is named."""
        if not id_token:
            return client_id
        try:
            claims = self.tokens.verify(id_token, self.signing_keys.verifying(caller.tenant))
        except Unauthenticated:
            raise Invalid("The id_token_hint is not a token of this tenant.", code="invalid_request") from None
        audience = claims.get("aud")
        if claims.get("iss") != self.hosts.issuer(caller.tenant) or client_id not in {"", audience}:
            raise Invalid("The id_token_hint is not of this client.", code="invalid_request")
        return str(audience)

    def _allowed(self, tenant: str, client: Client | None) -> tuple[str, ...]:
        """Without a client only what the tenant allows; with one what either does."""
        of_tenant = tuple(self.tenants.recall_settings(tenant)["allowed_logout_urls"])
        return of_tenant + (client.allowed_logout_urls if client else ())
