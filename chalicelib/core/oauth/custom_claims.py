"""Claims that a tenant's own code puts into tokens: which of them may stand there.

What may not is dropped and refuses nobody, as with Auth0. Source of the names: Auth0, "Create Custom Claims".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.core.documents import Document
from chalicelib.core.oauth.claims import CLAIMS

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CLAIMS_BYTES = 100_000
"""Of JSON, for both tokens together."""
_RESERVED = frozenset(
    [
        "_claim_names",
        "_claim_sources",
        "ace",
        "acr",
        "act",
        "amr",
        "at_hash",
        "ath",
        "attest",
        "aud",
        "auth_time",
        "authorization_details",
        "azp",
        "c_hash",
        "client_id",
        "cnf",
        "cty",
        "dest",
        "entitlements",
        "events",
        "exp",
        "gen",
        "groups",
        "gty",
        "htm",
        "htu",
        "iat",
        "impersonated",
        "impersonator",
        "internalService",
        "iss",
        "jcard",
        "jku",
        "jti",
        "jwe",
        "jwk",
        "kid",
        "may_act",
        "mky",
        "nbf",
        "nonce",
        "object_id",
        "org_id",
        "org_name",
        "orig",
        "origid",
        "permissions",
        "roles",
        "rph",
        "s_hash",
        "scope",
        "sid",
        "sip_callid",
        "sip_cseq_num",
        "sip_date",
        "sip_from_tag",
        "sip_via_branch",
        "sub",
        "sub_jwk",
        "toe",
        "txn",
        "typ",
        "uuid",
        "vot",
        "vtm",
        "x5t#S256",
    ]
)
_NOT_OURS_TO_NAME = ("auth0.com", "webtask.io", "webtask.run")


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomClaims:
    """What rules put into the tokens of one sign-in. `profile` are claims of the user that they changed for it."""

    id_token: Document = field(default_factory=dict)
    access_token: Document = field(default_factory=dict)
    profile: Document = field(default_factory=dict)


NO_CLAIMS = CustomClaims()


def allowed(claims: Mapping[str, Any], *, of_profile: bool) -> Document:
    """Keep the claims that may stand in a token. `of_profile`: those of OpenID Connect's profile may be set too."""
    profile = set(CLAIMS) - {"sub"}
    return {
        name: value
        for name, value in claims.items()
        if name not in _RESERVED and _may_be_named(name) and (of_profile or name not in profile)
    }


def fits(*claims: Mapping[str, Any]) -> bool:
    """Whether claims are not too long together."""
    return sum(len(json.dumps(each)) for each in claims) <= MAX_CLAIMS_BYTES


def _may_be_named(name: str) -> bool:
    """A name that is an address must not be one of Auth0's own."""
    host = urlsplit(name).hostname if name.startswith(("http://", "https://")) else None
    return not any(host == own or (host or "").endswith(f".{own}") for own in _NOT_OURS_TO_NAME)
