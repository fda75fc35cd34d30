"""Grant types password and password-realm: a client that has the user's password. Off until it asks for it (S25)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.errors import Conflict
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError, UserBlocked, recorded
from chalicelib.core.oauth.scopes import granted
from chalicelib.core.oauth.token import Recorder, TokenRequest, TokenResponse
from chalicelib.core.oauth.user_tokens import UserGrant
from chalicelib.core.refresh_tokens import TokenTerms, device_name
from chalicelib.core.rule_runs import Login, RuleDenied
from chalicelib.core.sign_ins import SignIn, name_of

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.logs import LogStore
    from chalicelib.core.oauth.user_tokens import UserTokens
    from chalicelib.core.refresh_tokens import RefreshToken, RefreshTokens
    from chalicelib.core.resource_servers import ResourceServer, ResourceServers
    from chalicelib.core.rule_runs import Ruled, RuleRuns
    from chalicelib.core.sign_ins import Authenticated, SignIns
    from chalicelib.core.tenants import Tenants

PASSWORD = "password"  # noqa: S105 - the name of a grant type
PASSWORD_REALM = "http://auth0.com/oauth/grant-type/password-realm"  # noqa: S105 - the name of a grant type


@dataclass(frozen=True, slots=True)
class PasswordGrant:
    """Signs in by a password and answers with tokens: two reads, one transaction."""

    sign_ins: SignIns
    connections: Connections
    resource_servers: ResourceServers
    refresh_tokens: RefreshTokens
    tenants: Tenants
    tokens: UserTokens
    rule_runs: RuleRuns
    logs: LogStore
    ambient: Ambient
    failed: str = "fepft"

    def issue(self, caller: Caller, client: Client, request: TokenRequest, recorder: Recorder) -> TokenResponse:
        """Sign the user in at the realm, or at the tenant's default directory."""
        if request.username is None or request.password is None:
            missing = "username" if request.username is None else "password"
            raise MalformedRequest(f"Missing required parameter: {missing}")
        connection = self._connection(caller.tenant, client, request)
        server = self._server(caller.tenant, request)
        proven = self.sign_ins.with_password(caller, client, connection, request.username, request.password)
        now = self.ambient.now()
        ruled = self._ruled(caller, client, request, proven, now)
        scope = granted(request.scope or "", client, server, offline=True) if ruled.scope is None else ruled.scope
        grant = UserGrant(
            user=proven.user,
            client=client,
            scope=scope,
            server=server,
            grant_id=self.ambient.new_id(24),
            session_id="",
            authenticated_at=now,
            grant_type="password",
            claims=ruled.claims,
        )
        refresh_token, text = self._refresh_token(caller, client, request, proven, grant)
        event = recorder.event("sepft", scope=scope, user_id=proven.user.user_id, user_name=name_of(proven.user))
        self._record(
            caller,
            SignIn(
                user=proven.user,
                at=now,
                ip=caller.ip,
                event=ruled.told(event),
                counted=True,
                counters=proven.counters,
                upgraded=proven.upgraded,
                refresh_token=refresh_token,
            ),
        )
        return self.tokens.respond(caller.tenant, grant, refresh_token=text)

    def _ruled(
        self, caller: Caller, client: Client, request: TokenRequest, proven: Authenticated, now: datetime
    ) -> Ruled:
        """Let the tenant's rules judge; a refusal is in the history."""
        asked = {"scope": request.scope, "audience": request.audience, "realm": request.realm}
        login = Login(
            caller=caller,
            client=client,
            connection=proven.connection,
            user=proven.user,
            protocol="oauth2-password",
            authenticated_at=now,
            methods=proven.methods,
            body={name: value for name, value in asked.items() if value},
            counted=True,
        )
        try:
            return self.rule_runs.run(login)
        except RuleDenied as denied:
            self.logs.record(caller.tenant, self.rule_runs.denial(login, denied))
            raise recorded(denied) from None

    def _record(self, caller: Caller, sign_in: SignIn) -> None:
        try:
            self.sign_ins.record(caller, sign_in)
        except Conflict:
            raise UserBlocked from None

    def _connection(self, tenant: str, client: Client, request: TokenRequest) -> Connection:
        """Find the connection by realm, else the tenant's default directory, and demand that the client may use it."""
        named = request.realm if request.grant_type == PASSWORD_REALM else ""
        if request.grant_type == PASSWORD_REALM and not named:
            raise MalformedRequest("Missing required parameter: realm")
        name = named or str(self.tenants.recall_settings(tenant)["default_directory"] or "")
        if not name:
            raise OAuthError("server_error", "Authorization server not configured with default connection.")
        connection = self.connections.answering_to(tenant, name)
        if connection is None or not connection.is_database or client.client_id not in connection.enabled_clients:
            raise OAuthError("invalid_request", f"The connection {name[:128]} is not enabled for the client.")
        return connection

    def _server(self, tenant: str, request: TokenRequest) -> ResourceServer | None:
        audience = request.audience or str(self.tenants.recall_settings(tenant)["default_audience"] or "")
        if not audience:
            return None
        server = self.resource_servers.recall(tenant, audience)
        if server is None:
            raise OAuthError("access_denied", f"Service not found: {audience}")
        return server

    def _refresh_token(
        self, caller: Caller, client: Client, request: TokenRequest, proven: Authenticated, grant: UserGrant
    ) -> tuple[RefreshToken | None, str]:
        if "offline_access" not in grant.scope.split():
            return None, ""
        terms = TokenTerms(
            scope=grant.scope,
            audience=grant.server.identifier if grant.server else "",
            session_id="",
            connection_id=proven.connection.id,
            authenticated_at=grant.authenticated_at,
            device_name=device_name(request.device, caller.user_agent),
            ip=caller.ip,
            user_agent=caller.user_agent[:512],
        )
        return self.refresh_tokens.begin(proven.user, client, terms)
