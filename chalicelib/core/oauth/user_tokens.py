"""Tokens that speak of a user: access tokens for APIs and for /userinfo, and ID tokens.

Without an audience an access token is opaque: sealed for /userinfo, which sees at each use whether what it came from
was revoked. With one it is a JWT, which lives until it expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.core.errors import Unauthenticated
from chalicelib.core.impersonation import Impersonation
from chalicelib.core.oauth.claims import half_hash, user_claims
from chalicelib.core.oauth.custom_claims import NO_CLAIMS, CustomClaims
from chalicelib.core.oauth.token import TokenResponse
from chalicelib.core.oauth.tokens import MAX_TOKEN, AccessToken

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.clients import Client
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.oauth.tokens import TokenFormat
    from chalicelib.core.resource_servers import ResourceServer
    from chalicelib.core.seals import Seals
    from chalicelib.core.signing_keys import SigningKeys
    from chalicelib.core.users import User

OPAQUE_LIFE = timedelta(hours=24)
"""Of a token for /userinfo alone, as with Auth0."""
_PURPOSE = "access token"


@dataclass(frozen=True, kw_only=True, slots=True)
class UserGrant:
    """What a user lets a client have: everything tokens are made of. `grant_id` names all that came of one sign-in."""

    user: User
    client: Client
    scope: str
    server: ResourceServer | None
    grant_id: str
    session_id: str
    authenticated_at: datetime
    nonce: str = ""
    with_auth_time: bool = False
    grant_type: str = ""
    impersonation: Impersonation | None = None
    claims: CustomClaims = NO_CLAIMS

    @property
    def has_openid(self) -> bool:
        """Whether there is an ID token, and /userinfo."""
        return "openid" in self.scope.split()

    def capped(self, lifetime: int, now: int) -> int:
        """Cut a lifetime in seconds to what an impersonation has left."""
        if self.impersonation is None:
            return lifetime
        return max(0, min(lifetime, int(self.impersonation.ends_at.timestamp()) - now))


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """Who holds a token for /userinfo."""

    user_id: str
    scope: str
    grant_id: str
    generation: int | None
    impersonation: Impersonation | None = None


@dataclass(frozen=True, slots=True)
class UserTokens:
    """Makes tokens of a user, and believes or refuses one presented to /userinfo."""

    format: TokenFormat
    seals: Seals
    signing_keys: SigningKeys
    hosts: Hosts
    ambient: Ambient

    def access_token(self, tenant: str, grant: UserGrant) -> AccessToken:
        """Make an access token: a JWT for the API, or an opaque one for /userinfo."""
        if grant.server is None:
            return self._opaque(tenant, grant)
        issued, server, issuer = self._now(), grant.server, self.hosts.issuer(tenant)
        own_api = {"gen": grant.user.generation} if server.is_system else {}
        claims = {
            **grant.claims.access_token,
            "iss": issuer,
            "sub": grant.user.user_id,
            "aud": [server.identifier, self._userinfo(tenant)] if grant.has_openid else server.identifier,
            "iat": issued,
            "exp": issued + server.token_lifetime,
            "scope": grant.scope,
            "azp": grant.client.client_id,
            **({"gty": grant.grant_type} if grant.grant_type else {}),
            **own_api,
        }
        value = self.format.sign(tenant, self.signing_keys.current(tenant), claims)
        return AccessToken(value=value, expires_in=server.token_lifetime, scope=grant.scope)

    def id_token(self, tenant: str, grant: UserGrant, *, access_token: str = "", code: str = "") -> str:
        """Make an ID token (OpenID Connect Core 1.0, 2) with the profile the scopes ask for.

        `gen` is the user's generation: whoever brings the token back is not believed when their sessions were ended.
        """
        issued = self._now()
        claims: dict[str, Any] = {
            **user_claims(grant.user, grant.scope, grant.impersonation),
            **_shown_by_rules(grant),
            "iss": self.hosts.issuer(tenant),
            "aud": grant.client.client_id,
            "iat": issued,
            "exp": issued + grant.capped(int(grant.client.jwt_configuration["lifetime_in_seconds"]), issued),
            "gen": grant.user.generation,
        }
        optional = {
            "sid": grant.session_id,
            "nonce": grant.nonce,
            "auth_time": int(grant.authenticated_at.timestamp()) if grant.with_auth_time else None,
            "at_hash": half_hash(access_token) if access_token else None,
            "c_hash": half_hash(code) if code else None,
        }
        claims |= {name: value for name, value in optional.items() if value}
        return self.format.sign(tenant, self.signing_keys.current(tenant), claims)

    def respond(self, tenant: str, grant: UserGrant, *, refresh_token: str) -> TokenResponse:
        """Make what the token endpoint answers: an access token, and with openid an ID token that names it."""
        access = self.access_token(tenant, grant)
        return TokenResponse(
            access_token=access.value,
            expires_in=access.expires_in,
            scope=access.scope,
            id_token=self.id_token(tenant, grant, access_token=access.value) if grant.has_openid else "",
            refresh_token=refresh_token,
        )

    def check_userinfo(self, tenant: str, token: str) -> Bearer:
        """Say whose an access token is, or raise Unauthenticated. An ID token is none (S29)."""
        if len(token) > MAX_TOKEN:
            raise Unauthenticated("Unauthorized", detail="too long")
        sealed = self.seals.open(tenant, _PURPOSE, token)
        if sealed is not None:
            return Bearer(
                user_id=sealed["sub"],
                scope=sealed["scope"],
                grant_id=sealed["grant"],
                generation=sealed["gen"],
                impersonation=Impersonation.of(sealed["imp"]) if "imp" in sealed else None,
            )
        claims = self.format.verify(token, self.signing_keys.verifying(tenant))
        expires, audiences, scope = claims.get("exp"), claims.get("aud"), claims.get("scope")
        good = isinstance(expires, int) and expires > self._now() and claims.get("iss") == self.hosts.issuer(tenant)
        named = isinstance(audiences, list) and self._userinfo(tenant) in audiences
        if not (good and named and isinstance(scope, str) and isinstance(claims.get("sub"), str)):
            raise Unauthenticated("Unauthorized", detail="issuer, audience, expiry or scope")
        return Bearer(user_id=claims["sub"], scope=scope, grant_id="", generation=None)

    def _opaque(self, tenant: str, grant: UserGrant) -> AccessToken:
        document = {
            "sub": grant.user.user_id,
            "client": grant.client.client_id,
            "scope": grant.scope,
            "grant": grant.grant_id,
            "gen": grant.user.generation,
            **({"imp": grant.impersonation.document()} if grant.impersonation else {}),
        }
        lifetime = grant.capped(int(OPAQUE_LIFE.total_seconds()), self._now())
        value = self.seals.seal(tenant, _PURPOSE, document, timedelta(seconds=lifetime))
        return AccessToken(value=value, expires_in=lifetime, scope=grant.scope)

    def _userinfo(self, tenant: str) -> str:
        return f"{self.hosts.issuer(tenant)}userinfo"

    def _now(self) -> int:
        return int(self.ambient.now().timestamp())


def _shown_by_rules(grant: UserGrant) -> dict[str, Any]:
    """Give the claims of the profile that rules set on the ID token, or changed for this sign-in.

    Those they changed show only where the scope asks for them; neither shows what a tenant keeps from impersonators.
    """
    asked = user_claims(grant.user, grant.scope, grant.impersonation)
    changed = {name: value for name, value in grant.claims.profile.items() if name in asked}
    hidden = grant.impersonation.hidden_claims if grant.impersonation else ()
    return {name: value for name, value in {**changed, **grant.claims.id_token}.items() if name not in hidden}
