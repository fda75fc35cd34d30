"""Handles: what a browser's cookie, a refresh token or a ticket looks like from outside.

A handle says where its item lies and proves that its holder was given it: the user's id, the item's id and a secret of
256 random bits, of which only the SHA-256 is stored. Owns the form, not what a handle is good for.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from hashlib import sha256

SECRET_CHARACTERS = 43
"""At 6 random bits each: 258 bits."""
_MAX = 2_000
"""Characters: a user id of 255 takes up to 1,360 of them."""


@dataclass(frozen=True, slots=True)
class Handle:
    """One handle. As text: the user's id in base64url, the item's id and the secret, with dots between."""

    user_id: str
    id: str
    secret: str

    def __str__(self) -> str:
        user = base64.urlsafe_b64encode(self.user_id.encode()).rstrip(b"=").decode()
        return f"{user}.{self.id}.{self.secret}"

    @property
    def digest(self) -> str:
        """What is stored of the secret."""
        return digest(self.secret)

    def proves(self, stored: str) -> bool:
        """Compare with a stored digest, in constant time."""
        return hmac.compare_digest(self.digest, stored)


def parse(text: str) -> Handle | None:
    """Read a handle; anything that is none of ours is None, never an error."""
    parts = text.split(".")
    if len(text) > _MAX or len(parts) != 3 or not all(parts) or not text.isascii():
        return None
    try:
        user_id = base64.b64decode(parts[0] + "=" * (-len(parts[0]) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return Handle(user_id, parts[1], parts[2])


def digest(secret: str) -> str:
    """Give the SHA-256 of a secret, in hexadecimal."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
