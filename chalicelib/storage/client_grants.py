"""Client grants in the table: one document each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.client_grants import ClientGrant
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import CLIENT_GRANT

if TYPE_CHECKING:
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table


def client_grant_store(table: Table, cache: Cache) -> Documents[ClientGrant]:
    """Give the store of client grants."""
    return Documents(table, cache, ClientGrant, CLIENT_GRANT, id_field="id", called="client grant")
