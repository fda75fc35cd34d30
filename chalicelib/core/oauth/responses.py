"""What /authorize answers an application with: a code, tokens, or both, and how they travel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.handles import SECRET_CHARACTERS, digest
from chalicelib.core.oauth.codes import AuthorizationCode
from chalicelib.core.oauth.custom_claims import NO_CLAIMS, CustomClaims
from chalicelib.core.oauth.requests import AuthorizeError
from chalicelib.core.oauth.scopes import granted
from chalicelib.core.oauth.user_tokens import UserGrant
from chalicelib.core.refresh_tokens import device_name

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.impersonation import Impersonation
    from chalicelib.core.oauth.requests import AuthorizeRequest
    from chalicelib.core.oauth.user_tokens import UserTokens
    from chalicelib.core.resource_servers import ResourceServer, ResourceServers
    from chalicelib.core.sessions import Session
    from chalicelib.core.tenants import Tenants
    from chalicelib.core.users import User


@dataclass(frozen=True, kw_only=True, slots=True)
class SendBack:
    """An answer on its way to the redirect_uri, by the request's response_mode."""

    request: AuthorizeRequest
    parameters: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a request comes to: the API, and the scopes the client will get."""

    server: ResourceServer | None
    scope: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """On what an answer rests: who the user is, and how that is known. `session_id` becomes the token's `sid`."""

    user: User
    session_id: str
    connection_id: str
    authenticated_at: datetime
    methods: tuple[str, ...]
    impersonation: Impersonation | None = None
    claims: CustomClaims = NO_CLAIMS

    @classmethod
    def of(cls, user: User, session: Session, claims: CustomClaims = NO_CLAIMS) -> Basis:
        """Rest on a browser's session, and on what rules say of the user."""
        return cls(
            user=user,
            session_id=session.id,
            connection_id=session.connection_id,
            authenticated_at=session.authenticated_at,
            methods=session.methods,
            claims=claims,
        )


@dataclass(frozen=True, slots=True)
class Responses:
    """Composes answers. Writes nothing: the code goes into the transaction of the sign-in."""

    resource_servers: ResourceServers
    tenants: Tenants
    tokens: UserTokens
    hosts: Hosts
    ambient: Ambient

    def terms(self, tenant: str, client: Client, request: AuthorizeRequest) -> Terms:
        """Decide API and scopes, or raise AuthorizeError for an API that is not there."""
        audience = request.audience or str(self.tenants.recall_settings(tenant)["default_audience"] or "")
        server = self.resource_servers.recall(tenant, audience) if audience else None
        if audience and server is None:
            raise AuthorizeError("access_denied", f"Service not found: {audience}", request)
        return Terms(server=server, scope=granted(request.scope, client, server, offline="code" in request.wants))

    def refusal(self, tenant: str, error: AuthorizeError) -> SendBack:
        """Answer with an error (RFC 6749, 4.1.2.1), naming the issuer (RFC 9207; S30)."""
        found = {"error": error.error, "error_description": error.description}
        return self._send_back(tenant, error.request, found)

    def success(
        self, caller: Caller, client: Client, request: AuthorizeRequest, terms: Terms, basis: Basis
    ) -> tuple[SendBack, AuthorizationCode | None]:
        """Answer with what was asked for, and give the code that must be stored for it."""
        grant = UserGrant(
            user=basis.user,
            client=client,
            scope=terms.scope,
            server=terms.server,
            grant_id=self.ambient.new_id(24),
            session_id=basis.session_id,
            authenticated_at=basis.authenticated_at,
            nonce=request.nonce,
            with_auth_time=request.max_age is not None or "login" in request.prompts,
            impersonation=basis.impersonation,
            claims=basis.claims,
        )
        found: dict[str, str] = {}
        code, text = None, ""
        if "code" in request.wants:
            text = self.ambient.new_secret(SECRET_CHARACTERS)
            code = self._code(caller, request, grant, basis, text)
            found["code"] = text
        access_token = ""
        if "token" in request.wants:
            access = self.tokens.access_token(caller.tenant, grant)
            access_token = access.value
            found |= {
                "access_token": access.value,
                "token_type": "Bearer",
                "expires_in": str(access.expires_in),
                "scope": access.scope,
            }
        if "id_token" in request.wants:
            found["id_token"] = self.tokens.id_token(caller.tenant, grant, access_token=access_token, code=text)
        return self._send_back(caller.tenant, request, found), code

    def _code(
        self, caller: Caller, request: AuthorizeRequest, grant: UserGrant, basis: Basis, text: str
    ) -> AuthorizationCode:
        return AuthorizationCode(
            digest=digest(text),
            grant_id=grant.grant_id,
            client_id=request.client_id,
            user_id=grant.user.user_id,
            generation=grant.user.generation,
            connection_id=basis.connection_id,
            redirect_uri=request.redirect_uri,
            scope=grant.scope,
            audience=grant.server.identifier if grant.server else "",
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            session_id=basis.session_id,
            authenticated_at=basis.authenticated_at,
            with_auth_time=grant.with_auth_time,
            device_name=device_name(request.device, caller.user_agent),
            created_at=self.ambient.now(),
            methods=basis.methods,
            impersonation=basis.impersonation,
            claims=basis.claims,
        )

    def _send_back(self, tenant: str, request: AuthorizeRequest, found: dict[str, str]) -> SendBack:
        state = {} if request.state is None else {"state": request.state}
        return SendBack(request=request, parameters={**found, **state, "iss": self.hosts.issuer(tenant)})
