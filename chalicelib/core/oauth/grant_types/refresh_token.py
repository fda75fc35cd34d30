"""Grant type refresh_token: a new access token without the user, while user, connection and token stand.

Rotation, leeway and reuse are the refresh token's own (core/refresh_tokens.py); here is what a use needs besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.errors import Conflict
from chalicelib.core.handles import Handle, parse
from chalicelib.core.oauth.errors import InvalidGrant, MalformedRequest, OAuthError, UserBlocked, recorded
from chalicelib.core.oauth.token import Recorder, TokenRequest, TokenResponse
from chalicelib.core.oauth.user_tokens import UserGrant
from chalicelib.core.refresh_tokens import TokenLife
from chalicelib.core.rule_runs import Login, RuleDenied
from chalicelib.core.sign_ins import name_of

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connections
    from chalicelib.core.logs import LogStore
    from chalicelib.core.oauth.user_tokens import UserTokens
    from chalicelib.core.refresh_tokens import RefreshToken, RefreshTokens
    from chalicelib.core.resource_servers import ResourceServer, ResourceServers
    from chalicelib.core.rule_runs import Ruled, RuleRuns
    from chalicelib.core.users import User

NO_GOOD = "Unknown or invalid refresh token."
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Refresh:
    """Uses refresh tokens: one batch of reads, one transaction."""

    refresh_tokens: RefreshTokens
    connections: Connections
    resource_servers: ResourceServers
    tokens: UserTokens
    rule_runs: RuleRuns
    logs: LogStore
    ambient: Ambient
    failed: str = "fertft"

    def issue(self, caller: Caller, client: Client, request: TokenRequest, recorder: Recorder) -> TokenResponse:
        """Give new tokens, and with a rotating token its successor."""
        if not request.refresh_token:
            raise MalformedRequest("Missing required parameter: refresh_token")
        handle = parse(request.refresh_token)
        if handle is None:
            raise InvalidGrant(NO_GOOD, detail="not a refresh token")
        for _ in range(_ATTEMPTS):
            user, token = self._good(caller, client, handle, recorder)
            try:
                return self._use(caller, client, request, recorder, user, token, handle)
            except Conflict:  # used, or its user blocked, at this very moment: look again
                continue
        raise InvalidGrant(NO_GOOD, detail="used by others at the same time")

    def _good(self, caller: Caller, client: Client, handle: Handle, recorder: Recorder) -> tuple[User, RefreshToken]:
        user, token = self.refresh_tokens.store.with_user(caller.tenant, handle.user_id, handle.id)
        if user is None or token is None or token.credential.client_id != client.client_id:
            raise InvalidGrant(NO_GOOD, detail="unknown, or another client's")
        now = self.ambient.now()
        if not token.accepts(handle, now, TokenLife.of(client).leeway):
            self._end_reused(caller, token, recorder)
            raise InvalidGrant(NO_GOOD, detail="reused")
        if user.blocked:
            raise UserBlocked
        if not token.alive(now) or token.generation != user.generation:
            raise InvalidGrant(NO_GOOD, detail="expired or ended")
        self.connections.demand_enabled(caller.tenant, token.connection_id, client.client_id)
        return user, token

    def _use(
        self,
        caller: Caller,
        client: Client,
        request: TokenRequest,
        recorder: Recorder,
        user: User,
        token: RefreshToken,
        handle: Handle,
    ) -> TokenResponse:
        ruled = self._ruled(caller, client, request, user, token)
        scope = _narrowed(token.scope, request.scope) if ruled.scope is None else ruled.scope
        grant = UserGrant(
            user=user,
            client=client,
            scope=scope,
            server=self._server(caller.tenant, token),
            grant_id=token.credential.id,
            session_id=token.session_id,
            authenticated_at=token.authenticated_at,
            claims=ruled.claims,
        )
        used, text = self.refresh_tokens.used(token, client, handle)
        event = recorder.event("sertft", scope=scope, user_id=user.user_id, user_name=name_of(user))
        self.refresh_tokens.store.use(caller.tenant, used, user, ruled.told(event))
        return self.tokens.respond(caller.tenant, grant, refresh_token=text if used.rotates else "")

    def _ruled(self, caller: Caller, client: Client, request: TokenRequest, user: User, token: RefreshToken) -> Ruled:
        """Let the tenant's rules judge; of a refusal the token is as good as before."""
        login = Login(
            caller=caller,
            client=client,
            connection=self.connections.demand_enabled(caller.tenant, token.connection_id, client.client_id),
            user=user,
            protocol="oauth2-refresh-token",
            authenticated_at=token.authenticated_at,
            session_id=token.session_id,
            body={"scope": request.scope} if request.scope else {},
        )
        try:
            return self.rule_runs.run(login)
        except RuleDenied as denied:
            self.logs.record(caller.tenant, self.rule_runs.denial(login, denied))
            raise recorded(denied) from None

    def _server(self, tenant: str, token: RefreshToken) -> ResourceServer | None:
        if not token.audience:
            return None
        server = self.resource_servers.recall(tenant, token.audience)
        if server is None or not server.allow_offline_access:
            raise InvalidGrant(NO_GOOD, detail="the API is gone, or gives no refresh tokens any more")
        return server

    def _end_reused(self, caller: Caller, token: RefreshToken, recorder: Recorder) -> None:
        event = recorder.event(
            "ferrt",
            description="A refresh token was used again after it was replaced.",
            user_id=token.credential.user_id,
        )
        self.refresh_tokens.store.revoke(caller.tenant, token, event)


def _narrowed(had: str, asked: str | None) -> str:
    """Keep the scopes that were asked for; more than the token has is refused (RFC 6749, 6)."""
    if not asked or not asked.split():
        return had
    if set(asked.split()) - set(had.split()):
        raise OAuthError("invalid_scope", "The scope asks for more than the refresh token has.")
    return " ".join(dict.fromkeys(asked.split()))
