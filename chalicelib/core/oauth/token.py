"""The token endpoint: authenticate the client, decide the scopes, let the grant type decide the rest, issue.

One pipeline for every grant type, so that none can forget a step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.logs import done
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError, UnknownClient

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.client_grants import ClientGrants
    from chalicelib.core.clients import Client
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.logs import LogStore
    from chalicelib.core.oauth.tokens import AccessToken, AccessTokens
    from chalicelib.core.resource_servers import ResourceServers
    from chalicelib.core.tenants import TenantStore


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRequest:
    """What a client asks for. `basic` are the credentials of an Authorization header, decoded."""

    grant_type: str
    client_id: str | None = None
    client_secret: str | None = None
    basic: tuple[str, str] | None = None
    audience: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Turns a client's proof into a token."""

    clients: EntityStore[Client]
    client_grants: ClientGrants
    resource_servers: ResourceServers
    tenants: TenantStore
    tokens: AccessTokens
    logs: LogStore
    ambient: Ambient

    def issue(self, caller: Caller, request: TokenRequest) -> AccessToken:
        """Give a token, or raise OAuthError. Both are in the history, tied to the client that was named."""
        named = (request.basic[0] if request.basic else request.client_id or "")[:64]
        asking = replace(caller, client_id=named, subject=f"{named}@clients")
        try:
            client = self._authenticate(caller.tenant, request)
            token = self._client_credentials(caller.tenant, client, request)
        except OAuthError as error:
            self._record(asking, "feccft", error.description, request.audience)
            raise
        self._record(asking, "seccft", "", request.audience, client_name=client.name, scope=token.scope)
        return token

    def _authenticate(self, tenant: str, request: TokenRequest) -> Client:
        """Prove the client by client_secret_post or client_secret_basic: one of them, not both (RFC 6749, 2.3)."""
        if request.basic and request.client_secret is not None:
            raise MalformedRequest("More than one method of client authentication was used")
        client_id, secret = request.basic or (request.client_id, request.client_secret)
        if request.basic and request.client_id not in {None, client_id}:
            raise MalformedRequest("The client_id of the body is not the one of the header")
        if not client_id:
            raise MalformedRequest("Missing required parameter: client_id")
        client = self.clients.recall(tenant, client_id)
        if client is None:
            raise UnknownClient("unknown client")
        if client.token_endpoint_auth_method == "none":  # noqa: S105 - the name of a method
            raise OAuthError("unauthorized_client", "Grant type 'client_credentials' not allowed for the client.")
        if not client.verify_secret(secret or "", self.ambient.now()):
            raise UnknownClient("wrong secret")
        return client

    def _client_credentials(self, tenant: str, client: Client, request: TokenRequest) -> AccessToken:
        """Issue in the client's own name what its grant for the API allows, or less if it asks for less."""
        if request.grant_type not in client.grant_types:
            raise OAuthError("unauthorized_client", f"Grant type '{request.grant_type}' not allowed for the client.")
        audience = request.audience or self._default_audience(tenant)
        server = self.resource_servers.recall(tenant, audience)
        if server is None:
            raise OAuthError("access_denied", f"Service not found: {audience}")
        grant = self.client_grants.recall(tenant, client.client_id, audience)
        if grant is None or not grant.stands_for(server):
            raise OAuthError(
                "access_denied",
                f'Client is not authorized to access "{audience}". You need to create a "client-grant" associated to'
                " this API.",
            )
        return self.tokens.issue(
            tenant,
            subject=f"{client.client_id}@clients",
            client_id=client.client_id,
            audience=audience,
            scope=_narrowed(grant.scope, request.scope),
            lifetime=server.token_lifetime,
            grant_type="client-credentials",
        )

    def _default_audience(self, tenant: str) -> str:
        kept = self.tenants.recall(tenant)
        audience = str(kept.settings.get("default_audience") or "") if kept else ""
        if not audience:
            raise OAuthError(
                "access_denied", "No audience parameter was provided, and no default audience has been configured"
            )
        return audience

    def _record(
        self, caller: Caller, kind: str, why: str, audience: str | None, *, client_name: str = "", scope: str = ""
    ) -> None:
        event = done(self.ambient, caller, type=kind)
        event = replace(event, description=why, client_name=client_name, audience=(audience or "")[:600], scope=scope)
        self.logs.record(caller.tenant, event)


def _narrowed(granted: tuple[str, ...], asked: str | None) -> str:
    """Keep the scopes that were asked for; asking for what was not granted is refused, as by Auth0."""
    wanted = (asked or "").split()
    missing = [scope for scope in wanted if scope not in granted]
    if missing:
        raise OAuthError("access_denied", f"Client has not been granted scopes: {', '.join(missing)[:400]}")
    return " ".join(wanted or granted)
