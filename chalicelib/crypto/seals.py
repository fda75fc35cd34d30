"""Sealed texts: AES-256-GCM with keys that HKDF derives from a tenant's signing key, one for each purpose."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from chalicelib.core.documents import Document
    from chalicelib.core.signing_keys import SigningKey
    from chalicelib.crypto.signing_keys import RsaWorkshop

_NONCE = 12
_MOST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class GcmSeals:
    """Encrypts with keys derived once per process."""

    workshop: RsaWorkshop
    _keys: dict[tuple[str, str], AESGCM] = field(default_factory=dict)

    def seal(self, tenant: str, key: SigningKey, purpose: str, document: Document) -> str:
        """Encrypt under a new random nonce (NIST SP 800-38D, 8.2.2: good for 2^32 texts a key)."""
        nonce = os.urandom(_NONCE)
        plain = json.dumps(document, separators=(",", ":")).encode()
        sealed = nonce + self._key(tenant, key, purpose).encrypt(nonce, plain, tenant.encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, tenant: str, key: SigningKey, purpose: str, text: str) -> dict[str, Any] | None:
        """Decrypt, or say None for whatever was not sealed by `seal` with the same arguments."""
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            plain = self._key(tenant, key, purpose).decrypt(sealed[:_NONCE], sealed[_NONCE:], tenant.encode())
        except (binascii.Error, ValueError, InvalidTag):
            return None
        document: dict[str, Any] = json.loads(plain)
        return document

    def _key(self, tenant: str, key: SigningKey, purpose: str) -> AESGCM:
        kept = self._keys.get((key.kid, purpose))
        if kept is None:
            if len(self._keys) >= _MOST_KEPT:
                self._keys.clear()
            secret = self.workshop.derive(tenant, key, f"gatehouse seal {purpose}")
            kept = self._keys[key.kid, purpose] = AESGCM(secret)
        return kept
