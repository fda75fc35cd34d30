"""Data keys: what encrypts the secrets that a tenant keeps here for as long as it likes.

Not the signing keys, which are rotated and revoked for reasons of their own: whatever was sealed with one is lost with
it. A tenant's data key is made when its first secret comes, and stays. Owns what a data key is; how one encrypts is
the vault's, a protocol here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.core.errors import Unavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class DataKey:
    """One key. `sealed` is the key itself, encrypted by the key service for this tenant."""

    id: str
    sealed: str
    created_at: datetime
    version: int = 0


SECRETS = "secrets"
"""The id of the one data key that a tenant has."""


def present(tenant: str, known: DataKey | None) -> DataKey:
    """Give the key that a tenant's secrets were sealed with; unavailable if it is not there any more."""
    if known is None:
        raise Unavailable("A secret of the tenant cannot be read.", detail=f"{tenant} has no data key")
    return known


class Vault(Protocol):
    """Encrypts with data keys, which never leave it unsealed. `name` is what a secret is for, and no other opens it."""

    def make(self, tenant: str) -> DataKey:
        """Make a tenant's data key, which is not stored yet."""

    def seal(self, tenant: str, key: DataKey, name: str, secret: str) -> str:
        """Encrypt a secret of any length."""

    def open(self, tenant: str, key: DataKey, name: str, sealed: str) -> str:
        """Decrypt what was sealed with the same arguments; unavailable if it was not."""
