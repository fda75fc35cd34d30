"""Grant type authorization_code: a code becomes tokens, once (S23, S24)."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from chalicelib.core.errors import Conflict, Gone
from chalicelib.core.handles import digest
from chalicelib.core.impersonation import marked
from chalicelib.core.oauth.codes import Exchange
from chalicelib.core.oauth.errors import InvalidGrant, MalformedRequest, UserBlocked
from chalicelib.core.oauth.token import Recorder, TokenRequest, TokenResponse
from chalicelib.core.oauth.user_tokens import OPAQUE_LIFE, UserGrant
from chalicelib.core.refresh_tokens import TokenTerms
from chalicelib.core.sign_ins import name_of

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connections
    from chalicelib.core.impersonation import ImpersonationStore
    from chalicelib.core.oauth.codes import AuthorizationCode, CodeStore
    from chalicelib.core.oauth.user_tokens import UserTokens
    from chalicelib.core.refresh_tokens import RefreshToken, RefreshTokens
    from chalicelib.core.resource_servers import ResourceServers
    from chalicelib.core.users import User, UserStore

NO_GOOD = "Invalid authorization code"


@dataclass(frozen=True, slots=True)
class CodeExchange:
    """Exchanges codes: a read of the code, a read of its user, one transaction."""

    codes: CodeStore
    users: UserStore
    impersonations: ImpersonationStore
    connections: Connections
    resource_servers: ResourceServers
    refresh_tokens: RefreshTokens
    tokens: UserTokens
    ambient: Ambient
    failed: str = "feacft"

    def issue(self, caller: Caller, client: Client, request: TokenRequest, recorder: Recorder) -> TokenResponse:
        """Give the tokens a code stands for."""
        if not request.code:
            raise MalformedRequest("Missing required parameter: code")
        code = self._unspent(caller, client, request, recorder)
        _demand_binding(client, code, request)
        user, impersonator = self._people(caller.tenant, code)
        self.connections.demand_enabled(caller.tenant, code.connection_id, client.client_id)
        server = self.resource_servers.recall(caller.tenant, code.audience) if code.audience else None
        grant = UserGrant(
            user=user,
            client=client,
            scope=code.scope,
            server=server,
            grant_id=code.grant_id,
            session_id=code.session_id,
            authenticated_at=code.authenticated_at,
            nonce=code.nonce,
            with_auth_time=code.with_auth_time,
            impersonation=code.impersonation,
            claims=code.claims,
        )
        refresh_token, text = self._refresh_token(caller, client, code, user)
        event = recorder.event("seacft", scope=code.scope, user_id=user.user_id, user_name=name_of(user))
        exchange = Exchange(
            code=code,
            user=user,
            event=marked(event, code.impersonation),
            refresh_token=refresh_token,
            impersonator=impersonator,
        )
        self._spend(caller, exchange, recorder)
        return self.tokens.respond(caller.tenant, grant, refresh_token=text)

    def _unspent(self, caller: Caller, client: Client, request: TokenRequest, recorder: Recorder) -> AuthorizationCode:
        found = self.codes.find(caller.tenant, digest(request.code or ""))
        if found is None or found[0].client_id != client.client_id:
            raise InvalidGrant(NO_GOOD, detail="unknown, or another client's")
        code, spent = found
        if spent:
            self._revoke(caller, code, recorder)
            raise InvalidGrant(NO_GOOD, detail="spent")
        if not code.alive(self.ambient.now()):
            raise InvalidGrant(NO_GOOD, detail="expired")
        return code

    def _people(self, tenant: str, code: AuthorizationCode) -> tuple[User, User | None]:
        """Read the user and, in the same round trip, whoever acts as the user; refuse if either may not."""
        if code.impersonation is None:
            return _demand_entry(self.users.find(tenant, code.user_id), code), None
        standing = self.impersonations.standing(tenant, code.user_id, code.impersonation, code.grant_id)
        user = _demand_entry(standing.user, code)
        if not standing.holds(code.impersonation, self.ambient.now()):
            raise InvalidGrant(NO_GOOD, detail="the impersonation has ended")
        return user, standing.impersonator

    def _refresh_token(
        self, caller: Caller, client: Client, code: AuthorizationCode, user: User
    ) -> tuple[RefreshToken | None, str]:
        if "offline_access" not in code.scope.split():
            return None, ""
        terms = TokenTerms(
            scope=code.scope,
            audience=code.audience,
            session_id=code.session_id,
            connection_id=code.connection_id,
            authenticated_at=code.authenticated_at,
            device_name=code.device_name,
            ip=caller.ip,
            user_agent=caller.user_agent[:512],
        )
        return self.refresh_tokens.begin(user, client, terms)

    def _spend(self, caller: Caller, exchange: Exchange, recorder: Recorder) -> None:
        try:
            self.codes.spend(caller.tenant, exchange)
        except Gone:
            found = self.codes.find(caller.tenant, exchange.code.digest)
            self._revoke(caller, found[0] if found else exchange.code, recorder)
            raise InvalidGrant(NO_GOOD, detail="spent by another request") from None
        except Conflict as error:
            if exchange.code.impersonation and error.code == "impersonation_ended":
                raise InvalidGrant(NO_GOOD, detail="the impersonation ended at this moment") from None
            raise UserBlocked from None

    def _revoke(self, caller: Caller, code: AuthorizationCode, recorder: Recorder) -> None:
        """End what the first use gave: whoever uses a code twice, one of the two has stolen it."""
        event = marked(
            recorder.event(self.failed, description="A code was used twice.", user_id=code.user_id), code.impersonation
        )
        self.codes.revoke(caller.tenant, code, self.ambient.now() + OPAQUE_LIFE, event)


def _demand_entry(user: User | None, code: AuthorizationCode) -> User:
    if user is None:
        raise InvalidGrant(NO_GOOD, detail="the user is gone")
    if user.blocked:
        raise UserBlocked
    if user.generation != code.generation:
        raise InvalidGrant(NO_GOOD, detail="the user's sessions were ended")
    return user


def _demand_binding(client: Client, code: AuthorizationCode, request: TokenRequest) -> None:
    """Demand the redirect_uri and the proof key that the code was asked for with."""
    if request.redirect_uri is not None and request.redirect_uri != code.redirect_uri:
        raise InvalidGrant("The redirect URI is wrong.", detail="redirect_uri")
    if request.redirect_uri is None and not code.code_challenge:
        raise MalformedRequest("Missing required parameter: redirect_uri")
    verifier = request.code_verifier
    if not code.code_challenge:
        if verifier is not None:  # a downgrade: the challenge was taken out on the way (RFC 9700, 4.8.2)
            raise InvalidGrant("Failed to verify code verifier", detail="no challenge")
        if client.is_public:
            raise InvalidGrant("Failed to verify code verifier", detail="a public client without a challenge")
        return
    if verifier is None or not hmac.compare_digest(_challenge(verifier), code.code_challenge):
        raise InvalidGrant("Failed to verify code verifier", detail="verifier")


def _challenge(verifier: str) -> str:
    """Give the S256 challenge of a verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
