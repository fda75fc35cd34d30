"""/api/v2/keys/signing: the keys that sign tokens."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.core.signing_keys import SigningKey
from chalicelib.web.schemas import moment
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("keys")


class SigningKeyAnswer(msgspec.Struct, kw_only=True):
    """A key's public side and its state."""

    kid: str
    cert: str
    pkcs7: str
    fingerprint: str
    thumbprint: str
    current: bool
    next: bool
    previous: bool
    revoked: bool
    current_since: str | UnsetType = UNSET
    current_until: str | UnsetType = UNSET
    revoked_at: str | UnsetType = UNSET


class Rotated(msgspec.Struct, kw_only=True):
    """The key that signs from now on."""

    kid: str
    cert: str


class Revoked(msgspec.Struct, kw_only=True):
    """The key that verifies nothing any more."""

    kid: str
    cert: str
    revoked_at: str


@surface.endpoint(
    "GET",
    "/api/v2/keys/signing",
    summary="Get all Application Signing Keys",
    scopes=("read:signing_keys",),
    answer=list[SigningKeyAnswer],
)
def list_signing_keys(incoming: Incoming[Nothing, None]) -> list[SigningKeyAnswer]:
    """List keys, the newest first."""
    return [rendered(key) for key in incoming.core.signing_keys.list(incoming.caller)]


@surface.endpoint(
    "GET",
    "/api/v2/keys/signing/{kid}",
    summary="Get an Application Signing Key by its key id",
    scopes=("read:signing_keys",),
    answer=SigningKeyAnswer,
)
def get_signing_key(incoming: Incoming[Nothing, None], kid: str) -> SigningKeyAnswer:
    """Give one key."""
    return rendered(incoming.core.signing_keys.get(incoming.caller, kid))


@surface.endpoint(
    "POST",
    "/api/v2/keys/signing/rotate",
    summary="Rotate the Application Signing Key",
    scopes=("create:signing_keys", "update:signing_keys"),
    answer=Rotated,
    status=201,
)
def rotate_signing_key(incoming: Incoming[Nothing, None]) -> Rotated:
    """Sign with the next key from now on."""
    key = incoming.core.signing_keys.rotate(incoming.caller)
    return Rotated(kid=key.kid, cert=key.cert)


@surface.endpoint(
    "PUT",
    "/api/v2/keys/signing/{kid}/revoke",
    summary="Revoke an Application Signing Key by its key id",
    scopes=("update:signing_keys",),
    answer=Revoked,
)
def revoke_signing_key(incoming: Incoming[Nothing, None], kid: str) -> Revoked:
    """Refuse every token a previous key has signed."""
    key = incoming.core.signing_keys.revoke(incoming.caller, kid)
    return Revoked(kid=key.kid, cert=key.cert, revoked_at=moment(key.revoked_at) if key.revoked_at else "")


def rendered(key: SigningKey) -> SigningKeyAnswer:
    """Show a key's public side."""
    return SigningKeyAnswer(
        kid=key.kid,
        cert=key.cert,
        pkcs7=key.pkcs7,
        fingerprint=key.fingerprint,
        thumbprint=key.thumbprint,
        current=key.status == "current",
        next=key.status == "next",
        previous=key.status == "previous",
        revoked=key.revoked,
        current_since=moment(key.current_since) if key.current_since else UNSET,
        current_until=moment(key.current_until) if key.current_until else UNSET,
        revoked_at=moment(key.revoked_at) if key.revoked_at else UNSET,
    )
