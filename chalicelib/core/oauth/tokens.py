"""Access tokens: what they say, and whether one presented to the Management API is to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.documents import Document
from chalicelib.core.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.signing_keys import SigningKey, SigningKeys

MAX_TOKEN = 16_384
"""Characters of a bearer token that are looked at; a longer one is not ours."""


class TokenFormat(Protocol):
    """Signs claims and verifies signatures."""

    def sign(self, tenant: str, key: SigningKey, claims: Document) -> str:
        """Make a token of `claims`."""

    def verify(self, token: str, keys: Sequence[SigningKey]) -> Document:
        """Give the claims of a token signed by one of `keys`, or raise Unauthenticated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """A token just made. `expires_in` is in seconds."""

    value: str
    expires_in: int
    scope: str


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Issues and checks access tokens."""

    format: TokenFormat
    signing_keys: SigningKeys
    hosts: Hosts
    ambient: Ambient

    def issue(
        self, tenant: str, *, subject: str, client_id: str, audience: str, scope: str, lifetime: int, grant_type: str
    ) -> AccessToken:
        """Make a JWT with Auth0's claims; `lifetime` in seconds."""
        issued = int(self.ambient.now().timestamp())
        claims = {
            "iss": self.hosts.issuer(tenant),
            "sub": subject,
            "aud": audience,
            "iat": issued,
            "exp": issued + lifetime,
            **({"scope": scope} if scope else {}),
            "gty": grant_type,
            "azp": client_id,
        }
        value = self.format.sign(tenant, self.signing_keys.current(tenant), claims)
        return AccessToken(value=value, expires_in=lifetime, scope=scope)

    def check_management(self, tenant: str, token: str) -> Document:
        """Give the claims of a token good for the tenant's Management API (S28, S29)."""
        if len(token) > MAX_TOKEN:
            raise Unauthenticated("Invalid token", detail="too long")
        claims = self.format.verify(token, self.signing_keys.verifying(tenant))
        audiences = claims.get("aud")
        audiences = [audiences] if isinstance(audiences, str) else audiences
        named = isinstance(audiences, list) and self.hosts.management_audience(tenant) in audiences
        if claims.get("iss") != self.hosts.issuer(tenant) or not named or not isinstance(claims.get("sub"), str):
            raise Unauthenticated("Invalid token", detail="issuer, audience or subject")
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Document) -> None:
        """Demand that a token has begun and not ended. Our own clock made it, so there is no leeway."""
        now = int(self.ambient.now().timestamp())
        expires, issued, begins = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
        if expires <= now:
            raise Unauthenticated("Expired token received for JSON Web Token validation")
        if max(issued, begins) > now + 1:  # a second, for the cut of fractions on another machine
            raise Unauthenticated("Invalid token", detail="not yet valid")


def _moment(claims: Document, name: str) -> int:
    """Read a time: whole seconds. Only `nbf` may be absent."""
    value = claims.get(name, 0 if name == "nbf" else None)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unauthenticated("Invalid token", detail=f"{name} is no time")
    return value
