"""Consents in the table: with their user, listed for a tenant through the index by time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.consents import Consent
from chalicelib.storage import keys
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, Item, batched
from chalicelib.storage.users import in_generation, profile_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table

_BATCH = 100


class ConsentItem(Item):
    """One consent as JSON text."""

    document = UnicodeAttribute()
    version = NumberAttribute()


@dataclass(frozen=True, slots=True)
class ConsentStore:
    """Reads and writes consents. In the index they are sorted by id, so that an id finds its item."""

    table: Table

    def find(self, tenant: str, user_id: str, consent_id: str) -> Consent | None:
        """Read one of a user."""
        item = self.table.get(ConsentItem, _key(tenant, user_id, consent_id))
        return _decode(item) if item else None

    def find_anywhere(self, tenant: str, consent_id: str) -> Consent | None:
        """Find by id: one query of the index, one read."""
        found = self.table.query_by_time([keys.consents_of(tenant)], where=Item.by_time_sk == consent_id)
        items = self.table.batch_get(ConsentItem, [key for _, key in found])
        return _decode(items[0]) if items else None

    def walk(self, tenant: str) -> Iterator[Consent]:
        """Read all of a tenant, a hundred at a time."""
        found = (key for _, key in self.table.query_by_time([keys.consents_of(tenant)], page_size=_BATCH))
        for batch in batched(found, _BATCH):
            yield from map(_decode, self.table.batch_get(ConsentItem, batch))

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[Consent]:
        """Read all of a user: one query."""
        yield from map(_decode, self.table.query(ConsentItem, keys.user(tenant, user_id), prefix=keys.CONSENT))

    def put(self, tenant: str, user: User, consent: Consent, event: LogEvent) -> None:
        """Write one over the version that was read, while its user stands."""
        item = ConsentItem.at(
            _key(tenant, consent.user_id, consent.id),
            document=msgspec.json.encode(consent).decode(),
            version=consent.version + 1,
            by_time_pk=keys.consents_of(tenant),
            by_time_sk=consent.id,
        )
        unchanged = ConsentItem.version == consent.version if consent.version else ABSENT
        transaction = self.table.write().check(profile_key(tenant, user.user_id), *in_generation(user))
        transaction.put(item, unchanged).put(event_item(self.table, tenant, event)).commit()

    def delete(self, tenant: str, consent: Consent, event: LogEvent) -> None:
        """Remove one with its event."""
        transaction = self.table.write().delete(_key(tenant, consent.user_id, consent.id))
        transaction.put(event_item(self.table, tenant, event)).commit()


def _key(tenant: str, user_id: str, consent_id: str) -> keys.Key:
    return keys.Key(keys.user(tenant, user_id), keys.CONSENT + consent_id)


def _decode(item: ConsentItem) -> Consent:
    return replace(msgspec.json.decode(item.document, type=Consent), version=int(item.version))
