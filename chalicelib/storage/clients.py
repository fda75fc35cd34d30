"""Clients in the table: one document each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.clients import Client
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import CLIENT

if TYPE_CHECKING:
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table


def client_store(table: Table, cache: Cache) -> Documents[Client]:
    """Give the store of clients."""
    return Documents(table, cache, Client, CLIENT, id_field="client_id", called="client")
