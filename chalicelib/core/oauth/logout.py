"""Signing out: the browser's session ends, and the browser goes to an address that is registered for it, or nowhere."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.core.errors import Invalid, NotFound, Unauthenticated

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.impersonation_links import ImpersonationLinks
    from chalicelib.core.oauth.tokens import TokenFormat
    from chalicelib.core.sessions import Sessions
    from chalicelib.core.signing_keys import SigningKeys
    from chalicelib.core.tenants import Tenants


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """Who signs out of what: the client, and, of somebody who acts as a user, the link that let them."""

    client_id: str = ""
    user_id: str = ""
    link_id: str = ""


@dataclass(frozen=True, slots=True)
class Logout:
    """Ends sessions for the two addresses of signing out."""

    sessions: Sessions
    impersonation_links: ImpersonationLinks
    clients: EntityStore[Client]
    tenants: Tenants
    tokens: TokenFormat
    signing_keys: SigningKeys
    hosts: Hosts

    def sign_out(self, caller: Caller, cookie: str, leaving: Leaving, *, address: str, state: str | None) -> str:
        """End the session and give the address to go on to, or nothing. Invalid if the address is not registered.

        Whoever acts as a user ends that, and stays signed in as themselves.
        """
        client = self.clients.recall(caller.tenant, leaving.client_id) if leaving.client_id else None
        if address and address not in self._allowed(caller.tenant, client):
            raise Invalid("The address to return to is not in the list of allowed logout URLs.", code="invalid_request")
        asking = replace(caller, client_id=client.client_id if client else "")
        if leaving.link_id:
            with suppress(NotFound):  # more than two days ago
                self.impersonation_links.end(asking, leaving.user_id, leaving.link_id)
        else:
            self.sessions.end_held(asking, cookie)
        if not address or state is None:
            return address
        return f"{address}{'&' if '?' in address else '?'}{urlencode({'state': state})}"

    def leaving(self, caller: Caller, client_id: str, id_token: str) -> Leaving:
        """Read from an ID token of this tenant, however old, who leaves what; a client that is named must agree."""
        if not id_token:
            return Leaving(client_id=client_id)
        try:
            claims = self.tokens.verify(id_token, self.signing_keys.verifying(caller.tenant))
        except Unauthenticated:
            raise Invalid("The id_token_hint is not a token of this tenant.", code="invalid_request") from None
        audience = claims.get("aud")
        if claims.get("iss") != self.hosts.issuer(caller.tenant) or client_id not in {"", audience}:
            raise Invalid("The id_token_hint is not of this client.", code="invalid_request")
        acting = {"user_id": str(claims["sub"]), "link_id": str(claims["sid"])} if "act" in claims else {}
        return Leaving(client_id=str(audience), **acting)

    def _allowed(self, tenant: str, client: Client | None) -> tuple[str, ...]:
        """Without a client only what the tenant allows; with one what either does."""
        of_tenant = tuple(self.tenants.recall_settings(tenant)["allowed_logout_urls"])
        return of_tenant + (client.allowed_logout_urls if client else ())
