"""Device credentials in the table: with their user, listed for a tenant through the index by time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.device_credentials import MAX_PUBLIC_KEYS, PUBLIC_KEY, DeviceCredential, too_many
from chalicelib.core.errors import Gone
from chalicelib.core.users import missing
from chalicelib.storage import keys
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, PRESENT, Item, batched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.table import Table

_BATCH = 100
I = TypeVar("I", bound="DeviceItem")  # noqa: E741 - the letter stands for Item


class DeviceItem(Item):
    """One credential as JSON text."""

    document = UnicodeAttribute()


class PublicKeysItem(Item):
    """How many public keys a user has: what decides when several are made at once."""

    held = NumberAttribute()


@dataclass(frozen=True, slots=True)
class DeviceCredentialStore:
    """Reads and writes device credentials. In the index they are sorted by id, so that an id finds its item."""

    table: Table

    def find(self, tenant: str, credential_id: str) -> DeviceCredential | None:
        """Find by id: one query of the index, one read."""
        found = self.table.query_by_time(
            [keys.devices_of(tenant)], where=Item.by_time_sk == keys.sorting(credential_id)
        )
        items = self.table.batch_get(DeviceItem, [key for _, key in found])
        return decode_credential(items[0]) if items else None

    def walk(self, tenant: str) -> Iterator[DeviceCredential]:
        """Read all of a tenant, a hundred at a time."""
        found = (key for _, key in self.table.query_by_time([keys.devices_of(tenant)], page_size=_BATCH))
        for batch in batched(found, _BATCH):
            for item in self.table.batch_get(DeviceItem, batch):
                yield decode_credential(item)

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[DeviceCredential]:
        """Read all of a user: one query."""
        for item in self.table.query(DeviceItem, keys.user(tenant, user_id), prefix=keys.DEVICE):
            yield decode_credential(item)

    def create(self, tenant: str, credential: DeviceCredential, event: LogEvent) -> None:
        """Write a new public key with its event, if its user exists and has room for it."""
        profile = keys.Key(keys.user(tenant, credential.user_id), keys.PROFILE)
        transaction = self.table.write().check(profile, PRESENT, missing())
        room = PublicKeysItem.held.does_not_exist() | (PublicKeysItem.held < MAX_PUBLIC_KEYS)
        counter = PublicKeysItem.at(keys.public_keys(tenant, credential.user_id))
        transaction.update(counter, [PublicKeysItem.held.add(1)], room, too_many())
        transaction.put(device_item(DeviceItem, tenant, credential), ABSENT)
        transaction.put(event_item(self.table, tenant, event)).commit()

    def delete(self, tenant: str, credential: DeviceCredential, event: LogEvent) -> None:
        """Remove one with its event; once, so that it leaves room for one."""
        key = credential_key(tenant, credential)
        transaction = self.table.write().delete(key, PRESENT, Gone("It was removed already."))
        if credential.type == PUBLIC_KEY:
            counter = PublicKeysItem.at(keys.public_keys(tenant, credential.user_id))
            transaction.update(counter, [PublicKeysItem.held.add(-1)])
        with suppress(Gone):
            transaction.put(event_item(self.table, tenant, event)).commit()


def device_item(kind: type[I], tenant: str, credential: DeviceCredential, **more: Any) -> I:
    """Make the item of a credential; a kind of item that holds more is given it in `more`."""
    return kind.at(
        credential_key(tenant, credential),
        document=msgspec.json.encode(credential).decode(),
        by_time_pk=keys.devices_of(tenant),
        by_time_sk=credential.id,
        expires_at=ceil(credential.expires_at.timestamp()) if credential.expires_at else None,
        **more,
    )


def credential_key(tenant: str, credential: DeviceCredential) -> keys.Key:
    """Where a credential lies."""
    return keys.Key(keys.user(tenant, credential.user_id), keys.DEVICE + credential.id)


def decode_credential(item: DeviceItem) -> DeviceCredential:
    """Make the credential of an item."""
    return msgspec.json.decode(item.document, type=DeviceCredential)
