"""Profiles as documents: what the Management API shows of a user, and what a tenant's own code is given of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.oauth.claims import iso

if TYPE_CHECKING:
    from chalicelib.core.identities import Identity
    from chalicelib.core.users import User

_SHOWN = (
    "user_id",
    "email",
    "username",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "last_ip",
)
_DATES = ("created_at", "updated_at", "last_login", "last_password_reset")


def profile_of(user: User) -> dict[str, Any]:
    """Give a profile as Auth0 shows it, in JSON's types: what is not known is not there."""
    known = {name: value for name in _SHOWN if (value := getattr(user, name)) not in {None, ""}}
    dates = {name: iso(date) for name in _DATES if (date := getattr(user, name)) is not None}
    proven = {
        **({"email_verified": user.email_verified} if user.email else {}),
        **({"phone_verified": user.phone_verified} if user.phone_number else {}),
    }
    kept = {
        name: dict(value)
        for name, value in (("user_metadata", user.user_metadata), ("app_metadata", user.app_metadata))
        if value
    }
    return {
        **user.attributes,
        **known,
        **dates,
        **proven,
        **kept,
        **({"blocked": True} if user.blocked else {}),
        "identities": [_identity(each) for each in user.identities],
        "logins_count": user.logins_count,
    }


def _identity(identity: Identity) -> dict[str, Any]:
    brought: dict[str, Any] = {} if identity.profile is None else {"profileData": dict(identity.profile)}
    return {
        "connection": identity.connection,
        "user_id": identity.user_id,
        "provider": identity.provider,
        "isSocial": identity.is_social,
        **brought,
    }
