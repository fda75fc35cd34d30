"""Connections in the table: a document each, and a small item that holds the name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.connections import Connection
from chalicelib.core.errors import Conflict
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import CONNECTION, CONNECTION_NAME, Key, configuration
from chalicelib.storage.keys import entity as entity_key
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, PRESENT, Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.work import Work
    from chalicelib.storage.table import Transaction


class ConnectionNameItem(Item):
    """Guards that a name is used once, and finds the connection by it."""

    connection_id = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class ConnectionStore(Documents[Connection]):
    """Reads and writes connections."""

    kind: type[Connection] = Connection
    prefix: str = CONNECTION
    id_field: str = "id"
    called: str = "connection"

    def recall_named(self, tenant: str, name: str) -> Connection | None:
        """Find by name, as it was at most seconds ago."""
        connection_id = self.cache.get(_name_key(tenant, name), lambda: self._id_named(tenant, name))
        return self.recall(tenant, connection_id) if connection_id else None

    def recall_all(self, tenant: str) -> Sequence[Connection]:
        """Give all of a tenant, as they were at most seconds ago."""
        return self.cache.get(Key(configuration(tenant), CONNECTION), lambda: list(self.walk(tenant)) or None) or ()

    def commit_keys(self, transaction: Transaction, *written: Key) -> None:
        """Forget with each connection that is written what was cached of all."""
        partitions = {Key(key.pk, CONNECTION) for key in written}
        Documents.commit_keys(self, transaction, *written, *partitions)

    def create(self, tenant: str, entity: Connection, event: LogEvent) -> None:
        """Write a new connection and its name."""
        self.commit(self.put_new(self.table.write(), tenant, entity), tenant, entity, event)

    def put_new(self, transaction: Transaction, tenant: str, connection: Connection) -> Transaction:
        """Add a new connection and its name to a transaction."""
        name = ConnectionNameItem.at(_name_key(tenant, connection.name), connection_id=connection.id)
        taken = Conflict("A connection with the same name already exists", code="connection_conflict")
        return self.put(transaction, tenant, connection).put(name, ABSENT, taken)

    def delete(self, tenant: str, entity_id: str, event: LogEvent) -> None:
        """Remove it and its name, which is then free; not found if it is not there."""
        connection = self.find(tenant, entity_id)
        if connection is None:
            raise self.missing()
        key, name = self.key(tenant, entity_id), _name_key(tenant, connection.name)
        transaction = self.table.write().delete(key, PRESENT, self.missing()).delete(name)
        self.commit_keys(transaction.put(event_item(self.table, tenant, event)), key, name)

    def retire(self, tenant: str, entity: Connection, work: Work, event: LogEvent) -> None:
        """Remove it and its name, and note the work that its users leave."""
        name = _name_key(tenant, entity.name)
        transaction = self.removal(tenant, entity, work, event).delete(name)
        self.commit_keys(transaction, self.key(tenant, entity.id), name)

    def _id_named(self, tenant: str, name: str) -> str | None:
        item = self.table.get(ConnectionNameItem, _name_key(tenant, name))
        return item.connection_id if item else None


def _name_key(tenant: str, name: str) -> Key:
    return entity_key(tenant, CONNECTION_NAME, name)
