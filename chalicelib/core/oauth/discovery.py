"""What a tenant says of itself to OpenID Connect clients: only what works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.signing_keys import SigningKeys


@dataclass(frozen=True, slots=True)
class Discovery:
    """The two public documents of a tenant."""

    hosts: Hosts
    signing_keys: SigningKeys

    def configuration(self, tenant: str) -> dict[str, Any]:
        """Give the OpenID Provider Metadata (OpenID Connect Discovery 1.0, section 3; RFC 8414)."""
        issuer = self.hosts.issuer(tenant)
        return {
            "issuer": issuer,
            "token_endpoint": f"{issuer}oauth/token",
            "jwks_uri": f"{issuer}.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": [],
        }

    def jwks(self, tenant: str) -> dict[str, Any]:
        """Give the public keys a valid token may be signed by, and the next one."""
        return {"keys": [dict(key.jwk) for key in self.signing_keys.verifying(tenant)]}
