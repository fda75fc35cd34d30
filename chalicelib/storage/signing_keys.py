"""Signing keys in the table: few per tenant, read together in one query, private parts sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.signing_keys import SigningKey
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import SIGNING_KEY, Key, configuration
from chalicelib.storage.logs import event_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table


@dataclass(frozen=True, slots=True)
class SigningKeyStore:
    """Reads and writes the keys of a tenant, always all of them."""

    table: Table
    cache: Cache

    @property
    def documents(self) -> Documents[SigningKey]:
        """The keys as documents."""
        return Documents(self.table, self.cache, SigningKey, SIGNING_KEY, id_field="kid", called="signing key")

    def list(self, tenant: str) -> Sequence[SigningKey]:
        """Read all keys of a tenant."""
        return list(self.documents.walk(tenant))

    def recall(self, tenant: str) -> Sequence[SigningKey]:
        """Give all keys as they were at most seconds ago. A tenant that has none is asked again each time."""
        return self.cache.get(_together(tenant), lambda: self.list(tenant) or None) or []

    def write(self, tenant: str, changed: Sequence[SigningKey], dropped: Sequence[SigningKey], event: LogEvent) -> None:
        """Write and drop keys together; a conflict if one of them changed meanwhile."""
        transaction = self.table.write().put(event_item(self.table, tenant, event))
        for key in changed:
            self.documents.put(transaction, tenant, key)
        for key in dropped:
            transaction.delete(self.documents.key(tenant, key.kid))
        self.documents.commit_keys(transaction, _together(tenant))


def _together(tenant: str) -> Key:
    """Where the cache keeps all keys of a tenant."""
    return Key(configuration(tenant), SIGNING_KEY)
