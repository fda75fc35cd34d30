"""Data keys in the table: one document a tenant, sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.data_keys import DataKey
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import DATA_KEY

if TYPE_CHECKING:
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table


def data_key_store(table: Table, cache: Cache) -> Documents[DataKey]:
    """Give the store of data keys."""
    return Documents(table, cache, DataKey, DATA_KEY, id_field="id", called="data key")
