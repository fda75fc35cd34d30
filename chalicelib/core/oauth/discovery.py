"""What a tenant says of itself to OpenID Connect clients: only what works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.oauth.claims import CLAIMS, STANDARD_SCOPES
from chalicelib.core.oauth.requests import RESPONSE_MODES

if TYPE_CHECKING:
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.signing_keys import SigningKeys


GRANT_TYPES = (
    "authorization_code",
    "client_credentials",
    "implicit",
    "password",
    "refresh_token",
    "http://auth0.com/oauth/grant-type/password-realm",
)
RESPONSE_TYPES = (
    "code",
    "token",
    "id_token",
    "code token",
    "code id_token",
    "token id_token",
    "code token id_token",
)


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
            "authorization_endpoint": f"{issuer}authorize",
            "token_endpoint": f"{issuer}oauth/token",
            "userinfo_endpoint": f"{issuer}userinfo",
            "revocation_endpoint": f"{issuer}oauth/revoke",
            "end_session_endpoint": f"{issuer}oidc/logout",
            "jwks_uri": f"{issuer}.well-known/jwks.json",
            "grant_types_supported": list(GRANT_TYPES),
            "response_types_supported": list(RESPONSE_TYPES),
            "response_modes_supported": sorted(RESPONSE_MODES),
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt",
                "none",
            ],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
            "scopes_supported": list(STANDARD_SCOPES),
            "claims_supported": ["iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", *CLAIMS],
            "authorization_response_iss_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }

    def jwks(self, tenant: str) -> dict[str, Any]:
        """Give the public keys a valid token may be signed by, and the next one."""
        return {"keys": [dict(key.jwk) for key in self.signing_keys.verifying(tenant)]}
