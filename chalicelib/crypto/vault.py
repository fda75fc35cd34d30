"""The vault: AES-256-GCM with data keys that the key service seals, opened once per process."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.core.data_keys import SECRETS, DataKey
from chalicelib.core.errors import Unavailable

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.crypto.signing_keys import Sealer

_NONCE = 12
_MOST_OPEN = 500
"""Data keys kept open; a process that serves more tenants starts anew."""


@dataclass(frozen=True, slots=True)
class GcmVault:
    """Encrypts secrets.

    A key is kept open by its tenant and by what it is sealed as: of two that were made at once one is stored, and one
    that was copied to another tenant is still the key service's to refuse.
    """

    sealer: Sealer
    ambient: Ambient
    _open: dict[tuple[str, str], AESGCM] = field(default_factory=dict)

    def make(self, tenant: str) -> DataKey:
        """Make a key of 256 bits, sealed for this tenant."""
        plain = AESGCM.generate_key(bit_length=256)
        sealed = base64.b64encode(self.sealer.seal(plain, _context(tenant))).decode()
        key = DataKey(id=SECRETS, sealed=sealed, created_at=self.ambient.now())
        self._remember(tenant, key, plain)
        return key

    def seal(self, tenant: str, key: DataKey, name: str, secret: str) -> str:
        """Encrypt under a new random nonce (NIST SP 800-38D, 8.2.2: good for 2^32 texts a key)."""
        nonce = os.urandom(_NONCE)
        sealed = self._key(tenant, key).encrypt(nonce, secret.encode(), _bound(tenant, name))
        return base64.b64encode(nonce + sealed).decode()

    def open(self, tenant: str, key: DataKey, name: str, sealed: str) -> str:
        """Decrypt, or say that it cannot be: what lies in a wrong place must not be taken for what belongs there."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._key(tenant, key).decrypt(raw[:_NONCE], raw[_NONCE:], _bound(tenant, name)).decode()
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise Unavailable("A secret of the tenant cannot be read.", detail=f"{tenant}: {name}") from error

    def _key(self, tenant: str, key: DataKey) -> AESGCM:
        kept = self._open.get((tenant, key.sealed))
        if kept is None:
            kept = self._remember(tenant, key, self.sealer.open(base64.b64decode(key.sealed), _context(tenant)))
        return kept

    def _remember(self, tenant: str, key: DataKey, plain: bytes) -> AESGCM:
        if len(self._open) >= _MOST_OPEN:
            self._open.clear()
        opened = self._open[tenant, key.sealed] = AESGCM(plain)
        return opened


def _context(tenant: str) -> dict[str, str]:
    """Bind a sealed key to its tenant: another tenant's item, copied over, cannot be opened."""
    return {"tenant": tenant, "data_key": SECRETS}


def _bound(tenant: str, name: str) -> bytes:
    """Bind a secret to its tenant and its name. A tenant's name has no space."""
    return f"{tenant} {name}".encode()
