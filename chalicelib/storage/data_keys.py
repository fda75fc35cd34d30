"""Data keys in the table: one document a tenant, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.data_keys import SECRETS, DataKey
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import DATA_KEY

if TYPE_CHECKING:
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table


def data_key_store(table: Table, cache: Cache) -> Documents[DataKey]:
    """Give the store of data keys."""
    return Documents(table, cache, DataKey, DATA_KEY, id_field="id", called="data key")


@dataclass(frozen=True, slots=True)
class DataKeyStore:
    """The one data key that a tenant has, for whatever keeps secrets that are no rules configs."""

    documents: Documents[DataKey]

    def recall(self, tenant: str) -> DataKey | None:
        """Give the tenant's data key, if it has one."""
        return self.documents.recall(tenant, SECRETS)

    def add(self, tenant: str, data_key: DataKey) -> None:
        """Write a tenant's first data key. The event is that of what it encrypts, which is written next."""
        transaction = self.documents.table.write()
        self.documents.put(transaction, tenant, data_key)
        self.documents.commit_keys(transaction, self.documents.key(tenant, data_key.id))
