"""Marks: what shows that a piece of history was written by Gatehouse and has not changed since.

A mark is an HMAC whose key follows from the tenant's signing key, so there is no other secret to keep. It counts for
the time in which that key signed, and no other: it outlives a rotation and a revocation, and whoever gets hold of an
old key can forge nothing that is dated later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.signing_keys import SigningKey, SigningKeyStore

MARK_LENGTH = 32
"""Hexadecimal digits: 128 bits."""
_LEEWAY = timedelta(minutes=1)
"""A rotation reaches other processes within seconds, and no request takes half a minute."""


class MarkFormat(Protocol):
    """Makes marks with a key that follows from a signing key."""

    def mark(self, tenant: str, key: SigningKey, text: bytes) -> str:
        """Give 32 hexadecimal digits."""


class Marker(Protocol):
    """Makes the marks of what is written, and judges those of what is read."""

    def mark(self, tenant: str, text: bytes, keys: Sequence[SigningKey] = ()) -> str:
        """Mark a text. `keys` are those of a tenant that is not stored yet."""

    def fits(self, tenant: str, mark: str, text: bytes, at: datetime) -> bool:
        """Whether this is the mark of a text that was written at this time."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks with the keys of tenants, which are read as they were at most seconds ago."""

    format: MarkFormat
    keys: SigningKeyStore

    def mark(self, tenant: str, text: bytes, keys: Sequence[SigningKey] = ()) -> str:
        """Mark a text with the key that signs."""
        for key in keys or self.keys.recall(tenant):
            if key.status == "current":
                return self.format.mark(tenant, key, text)
        raise Conflict("The tenant has no signing key.")

    def fits(self, tenant: str, mark: str, text: bytes, at: datetime) -> bool:
        """Whether a key that signed at this time has made this mark of the text."""
        made = (self.format.mark(tenant, key, text) for key in self.keys.recall(tenant) if _signed(key, at))
        return any(compare_digest(each.encode(), mark.encode()) for each in made)


def _signed(key: SigningKey, at: datetime) -> bool:
    """Whether the key was the current one, as far as processes had noticed."""
    if key.current_since is None or at < key.current_since - _LEEWAY:
        return False
    return key.current_until is None or at <= key.current_until + _LEEWAY
