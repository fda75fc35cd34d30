"""What tokens and /userinfo say of a user, by scope (OpenID Connect Core 1.0, 5.4), in Auth0's form."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.impersonation import Impersonation
    from chalicelib.core.users import User

STANDARD_SCOPES = ("openid", "profile", "email", "phone", "address", "offline_access")
CLAIMS = (
    "sub",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "updated_at",
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
)


def user_claims(user: User, scope: str, impersonation: Impersonation | None = None) -> dict[str, Any]:
    """Give the claims that the scopes ask for; what is not known is not there.

    Where somebody acts as the user the claims say who it is, and leave out what the tenant keeps from them.
    """
    scopes = scope.split()
    claims: dict[str, Any] = {"sub": user.user_id}
    if "profile" in scopes:
        known = {name: getattr(user, name) for name in ("name", "given_name", "family_name", "nickname", "picture")}
        claims |= {name: value for name, value in known.items() if value}
        claims["updated_at"] = iso(user.updated_at)
    if "email" in scopes and user.email:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    if "phone" in scopes and user.phone_number:
        claims |= {"phone_number": user.phone_number, "phone_number_verified": user.phone_verified}
    if impersonation is None:
        return claims
    shown = {name: value for name, value in claims.items() if name not in impersonation.hidden_claims}
    return {**shown, "sub": user.user_id, **impersonation.claims()}


def half_hash(token: str) -> str:
    """Give `at_hash` or `c_hash`: the left half of the SHA-256 in base64url (OpenID Connect Core 1.0, 3.1.3.6)."""
    return base64.urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def iso(moment: datetime) -> str:
    """Show a time as Auth0 does: ISO 8601, UTC, milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
