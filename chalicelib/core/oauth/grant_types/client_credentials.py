"""Grant type client_credentials: a client in its own name, as far as its client grant for the API goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.oauth.token import Recorder, TokenRequest, TokenResponse

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller
    from chalicelib.core.client_grants import ClientGrants
    from chalicelib.core.clients import Client
    from chalicelib.core.logs import LogStore
    from chalicelib.core.oauth.tokens import AccessTokens
    from chalicelib.core.resource_servers import ResourceServers
    from chalicelib.core.tenants import Tenants


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Issues tokens without a user."""

    client_grants: ClientGrants
    resource_servers: ResourceServers
    tenants: Tenants
    tokens: AccessTokens
    logs: LogStore
    failed: str = "feccft"

    def issue(self, caller: Caller, client: Client, request: TokenRequest, recorder: Recorder) -> TokenResponse:
        """Issue what the client's grant for the API allows, or less if it asks for less."""
        if client.is_public:
            raise OAuthError("unauthorized_client", "Grant type 'client_credentials' not allowed for the client.")
        tenant = caller.tenant
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
        token = self.tokens.issue(
            tenant,
            subject=f"{client.client_id}@clients",
            client_id=client.client_id,
            audience=audience,
            scope=_narrowed(grant.scope, request.scope),
            lifetime=server.token_lifetime,
            grant_type="client-credentials",
        )
        self.logs.record(tenant, recorder.event("seccft", scope=token.scope))
        return TokenResponse(access_token=token.value, expires_in=token.expires_in, scope=token.scope)

    def _default_audience(self, tenant: str) -> str:
        audience = str(self.tenants.recall_settings(tenant)["default_audience"] or "")
        if not audience:
            raise OAuthError(
                "access_denied", "No audience parameter was provided, and no default audience has been configured"
            )
        return audience


def _narrowed(granted: tuple[str, ...], asked: str | None) -> str:
    """Keep the scopes that were asked for; asking for what was not granted is refused, as by Auth0."""
    wanted = (asked or "").split()
    missing = [scope for scope in wanted if scope not in granted]
    if missing:
        raise OAuthError("access_denied", f"Client has not been granted scopes: {', '.join(missing)[:400]}")
    return " ".join(wanted or granted)
