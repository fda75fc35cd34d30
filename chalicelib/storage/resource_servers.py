"""Resource servers in the table: one document each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.resource_servers import ResourceServer
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import RESOURCE_SERVER

if TYPE_CHECKING:
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table


def resource_server_store(table: Table, cache: Cache) -> Documents[ResourceServer]:
    """Give the store of APIs."""
    return Documents(table, cache, ResourceServer, RESOURCE_SERVER, id_field="id", called="resource server")
