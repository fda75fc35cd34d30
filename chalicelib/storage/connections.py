"""Connections in the table: a document each, and a small item that holds the name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.connections import MAX_BYTES, Connection, too_many
from chalicelib.core.errors import Conflict
from chalicelib.storage import keys
from chalicelib.storage.documents import DocumentItem, Documents
from chalicelib.storage.keys import CONNECTION, CONNECTION_NAME, Key, configuration
from chalicelib.storage.keys import entity as entity_key
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, Item
from chalicelib.storage.work import work_item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.work import Work
    from chalicelib.storage.table import Transaction


class ConnectionNameItem(Item):
    """Guards that a name is used once, and finds the connection by it."""

    connection_id = UnicodeAttribute()


class ScriptItem(Item):
    """One script of a custom database."""

    text = UnicodeAttribute()


class ConnectionsItem(Item):
    """How many bytes all connections of a tenant take."""

    held = NumberAttribute()


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

    def create(
        self, tenant: str, entity: Connection, event: LogEvent, texts: Mapping[str, str | None] | None = None
    ) -> None:
        """Write a new connection, its name and its scripts."""
        transaction = self.put_new(self.table.write(), tenant, entity)
        self._commit_with(transaction, tenant, entity, event, texts or {})

    def replace(
        self, tenant: str, entity: Connection, event: LogEvent, texts: Mapping[str, str | None] | None = None
    ) -> None:
        """Write over the version that was read; of `texts` each script is written, or removed where it is None."""
        self._commit_with(self.put(self.table.write(), tenant, entity), tenant, entity, event, texts or {})

    def scripts(self, tenant: str, connections: Sequence[Connection]) -> Mapping[str, Mapping[str, str]]:
        """Read the scripts of connections, by their ids: one batch, or nothing where there are none."""
        wanted = {
            keys.connection_script(tenant, each.id, name): (each.id, name)
            for each in connections
            for name in each.scripts
        }
        found: dict[str, dict[str, str]] = {each.id: {} for each in connections}
        for item in self.table.batch_get(ScriptItem, list(wanted)) if wanted else ():
            connection_id, name = wanted[item.key]
            found[connection_id][name] = item.text
        return found

    def recall_script(self, tenant: str, connection_id: str, name: str) -> str | None:
        """Give a script, as it was at most seconds ago."""
        key = keys.connection_script(tenant, connection_id, name)
        return self.cache.get(key, lambda: item.text if (item := self.table.get(ScriptItem, key)) else None)

    def _commit_with(
        self,
        transaction: Transaction,
        tenant: str,
        connection: Connection,
        event: LogEvent,
        texts: Mapping[str, str | None],
    ) -> None:
        written = {keys.connection_script(tenant, connection.id, name): text for name, text in texts.items()}
        for key, text in written.items():
            if text is None:
                transaction.delete(key)
            else:
                transaction.put(ScriptItem.at(key, text=text))
        transaction.put(event_item(self.table, tenant, event))
        self.commit_keys(transaction, self.key(tenant, connection.id), *written)

    def put_new(self, transaction: Transaction, tenant: str, connection: Connection) -> Transaction:
        """Add a new connection and its name to a transaction."""
        name = ConnectionNameItem.at(_name_key(tenant, connection.name), connection_id=connection.id)
        taken = Conflict("A connection with the same name already exists", code="connection_conflict")
        return self.put(transaction, tenant, connection).put(name, ABSENT, taken)

    def item(self, tenant: str, entity: Connection) -> DocumentItem:
        """Make the item of its next version. How much that is, is known when it is read."""
        return Documents.item(self, tenant, replace(entity, size=0))

    def decode(self, item: DocumentItem) -> Connection:
        """Make the connection of an item."""
        connection = Documents.decode(self, item)
        return replace(connection, size=_weight(item, connection))

    def put(self, transaction: Transaction, tenant: str, entity: Connection) -> Transaction:
        """Add its writing to a transaction, and what it takes more than before to what all of the tenant take."""
        self._weigh(transaction, tenant, _weight(self.item(tenant, entity), entity) - entity.size)
        return Documents.put(self, transaction, tenant, entity)

    def delete(self, tenant: str, entity_id: str, event: LogEvent) -> None:
        """Remove it and its name, which is then free; not found if it is not there."""
        connection = self.find(tenant, entity_id)
        if connection is None:
            raise self.missing()
        self._remove(tenant, connection, self.table.write().put(event_item(self.table, tenant, event)))

    def retire(self, tenant: str, entity: Connection, work: Work, event: LogEvent) -> None:
        """Remove it and its name, and note the work that its users leave."""
        transaction = self.table.write().put(work_item(self.table, work)).put(event_item(self.table, tenant, event))
        self._remove(tenant, entity, transaction)

    def _remove(self, tenant: str, connection: Connection, transaction: Transaction) -> None:
        """Remove exactly the version that was read, with its name: another takes another size."""
        key, name = self.key(tenant, connection.id), _name_key(tenant, connection.name)
        transaction.delete(key, DocumentItem.version == connection.version).delete(name)
        for script in connection.scripts:
            transaction.delete(keys.connection_script(tenant, connection.id, script))
        self._weigh(transaction, tenant, -connection.size)
        try:
            self.commit_keys(transaction, key, name)
        except Conflict:
            if self.find(tenant, connection.id) is None:
                raise self.missing() from None
            raise

    def _weigh(self, transaction: Transaction, tenant: str, more: int) -> None:
        """Have the database decide whether there is room for so many bytes more."""
        fits = ConnectionsItem.held.does_not_exist() | (ConnectionsItem.held <= MAX_BYTES - more)
        counter = ConnectionsItem.at(keys.connections(tenant))
        transaction.update(counter, [ConnectionsItem.held.add(more)], fits if more > 0 else None, too_many())

    def _id_named(self, tenant: str, name: str) -> str | None:
        item = self.table.get(ConnectionNameItem, _name_key(tenant, name))
        return item.connection_id if item else None


def _name_key(tenant: str, name: str) -> Key:
    return entity_key(tenant, CONNECTION_NAME, name)


def _weight(item: DocumentItem, connection: Connection) -> int:
    """Measure a connection, its scripts included, in bytes."""
    return len(item.document.encode()) + sum(connection.scripts.values())
