"""Marks of history: HMAC-SHA256, cut to 128 bits, with a key that HKDF derives from a tenant's signing key."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.core.marks import MARK_LENGTH

if TYPE_CHECKING:
    from chalicelib.core.signing_keys import SigningKey
    from chalicelib.crypto.signing_keys import RsaWorkshop

_MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class HmacMarks:
    """Marks with keys derived once per process."""

    workshop: RsaWorkshop
    _keys: dict[str, bytes] = field(default_factory=dict)

    def mark(self, tenant: str, key: SigningKey, text: bytes) -> str:
        """Mark a text; 128 of the 256 bits are kept (RFC 2104, 5), because each event carries them."""
        secret = self._keys.get(key.kid)
        if secret is None:
            if len(self._keys) >= _MOST_KEPT:
                self._keys.clear()
            secret = self._keys[key.kid] = self.workshop.derive(tenant, key, "gatehouse history")
        return hmac.digest(secret, text, "sha256").hex()[:MARK_LENGTH]
