"""Small configuration items, one JSON document each: clients, connections, grants, APIs, keys, tenants.

Owns how an entity becomes a document and back, optimistic versions, and listing. A noun's store names its prefix and
adds what only it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.entities import Entity
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.storage.keys import configuration, entity
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, PRESENT, Item, Transaction
from chalicelib.storage.work import work_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.work import Work
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.keys import Key
    from chalicelib.storage.table import Table


E = TypeVar("E", bound=Entity)


class DocumentItem(Item):
    """An entity as JSON text, so that every number and every empty string comes back as it was."""

    document = UnicodeAttribute()
    version = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Documents(Generic[E]):
    """The entities of one kind. `prefix` begins their sort keys in the tenant's configuration partition.

    `id_field` names the entity's id; `called` is what people call it, in messages and error codes.
    """

    table: Table
    cache: Cache
    kind: type[E]
    prefix: str
    id_field: str
    called: str

    def find(self, tenant: str, entity_id: str) -> E | None:
        """Read it, strongly consistent."""
        item = self.table.get(DocumentItem, self.key(tenant, entity_id))
        return self.decode(item) if item else None

    def recall(self, tenant: str, entity_id: str) -> E | None:
        """Read it as it was at most seconds ago."""
        return self.cache.get(self.key(tenant, entity_id), lambda: self.find(tenant, entity_id))

    def walk(self, tenant: str, start_after: str | None = None) -> Iterator[E]:
        """Read all of them in order of id, lazily."""
        after = self.prefix + start_after if start_after else None
        for item in self.table.query(DocumentItem, configuration(tenant), prefix=self.prefix, after=after):
            yield self.decode(item)

    def create(self, tenant: str, entity: E, event: LogEvent) -> None:
        """Write a new entity with its event; a conflict if the id is in use."""
        self.commit(self.put(self.table.write(), tenant, entity), tenant, entity, event)

    def replace(self, tenant: str, entity: E, event: LogEvent) -> None:
        """Write over the version that was read; a conflict if another write came between, or it is gone."""
        self.commit(self.put(self.table.write(), tenant, entity), tenant, entity, event)

    def delete(self, tenant: str, entity_id: str, event: LogEvent) -> None:
        """Remove it with its event; not found if it is not there."""
        key = self.key(tenant, entity_id)
        transaction = self.table.write().delete(key, PRESENT, self.missing())
        self.commit_keys(transaction.put(event_item(self.table, tenant, event)), key)

    def retire(self, tenant: str, entity: E, work: Work, event: LogEvent) -> None:
        """Remove it and note the work that it leaves, together; not found if it is not there."""
        key = self.key(tenant, self.id_of(entity))
        self.commit_keys(self.removal(tenant, entity, work, event), key)

    def removal(self, tenant: str, entity: E, work: Work, event: LogEvent) -> Transaction:
        """Make the transaction that retires an entity."""
        transaction = self.table.write().delete(self.key(tenant, self.id_of(entity)), PRESENT, self.missing())
        return transaction.put(work_item(self.table, work)).put(event_item(self.table, tenant, event))

    def missing(self) -> NotFound:
        """Say that there is no such entity."""
        return NotFound(f"The {self.called} does not exist.", code=f"inexistent_{self.called.replace(' ', '_')}")

    def put(self, transaction: Transaction, tenant: str, entity: E) -> Transaction:
        """Add the writing of `entity` to a transaction: new when its version is 0, else over exactly that version."""
        item = self.item(tenant, entity)
        if entity.version == 0:
            return transaction.put(item, ABSENT, Conflict(f"The {self.called} exists already."))
        return transaction.put(item, DocumentItem.version == entity.version)

    def item(self, tenant: str, entity: E) -> DocumentItem:
        """Make the item of the entity's next version."""
        document = msgspec.json.encode(entity).decode()
        return DocumentItem.at(self.key(tenant, self.id_of(entity)), document=document, version=entity.version + 1)

    def commit(self, transaction: Transaction, tenant: str, entity: E, event: LogEvent) -> None:
        """Write the event with the change and carry both out."""
        self.commit_keys(transaction.put(event_item(self.table, tenant, event)), self.key(tenant, self.id_of(entity)))

    def commit_keys(self, transaction: Transaction, *written: Key) -> None:
        """Carry a transaction out and forget what was cached, also if the outcome is unknown."""
        try:
            transaction.commit()
        finally:
            for key in written:
                self.cache.drop(key)

    def key(self, tenant: str, entity_id: str) -> Key:
        """Where the entity with this id lies."""
        return entity(tenant, self.prefix, entity_id)

    def id_of(self, entity: E) -> str:
        """Give the entity's id."""
        return str(getattr(entity, self.id_field))

    def decode(self, item: DocumentItem) -> E:
        """Make the entity of an item; the version comes from the item, which is what conditions look at."""
        entity = msgspec.json.decode(item.document, type=self.kind)
        return replace(entity, version=int(item.version))
