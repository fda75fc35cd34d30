"""Assertions that clients sign with their private keys: RS256, RS384 or PS256, as Auth0 takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.client_keys import ClientCredential
    from chalicelib.core.documents import Document


@dataclass(frozen=True, slots=True)
class JwtAssertions:
    """Reads and verifies assertions; times and audience are the core's to check."""

    def unverified_issuer(self, assertion: str) -> str:
        """Read `iss` without proof."""
        try:
            issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return ""
        return issuer if isinstance(issuer, str) else ""

    def verify(self, assertion: str, credentials: Sequence[ClientCredential]) -> Document | None:
        """Give the claims if one of the credentials signed it with the algorithm it is registered for."""
        for credential in credentials:
            claims = _claims(assertion, credential)
            if claims is not None:
                return claims
        return None


def _claims(assertion: str, credential: ClientCredential) -> dict[str, Any] | None:
    unchecked = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    try:
        return jwt.decode(assertion, credential.pem, algorithms=[credential.alg], options=unchecked)  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
