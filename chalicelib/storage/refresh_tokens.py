"""Refresh tokens in the table: device credentials with a second document that no list shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.refresh_tokens import RefreshToken
from chalicelib.storage import keys
from chalicelib.storage.device_credentials import DeviceItem, credential_key, device_item
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, Item
from chalicelib.storage.users import UserItem, decode_user, in_generation, profile_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table, Transaction


class RefreshTokenItem(DeviceItem):
    """A refresh token: what lists show in `document`, the rest in `token`."""

    token = UnicodeAttribute()
    version = NumberAttribute()
    generation = NumberAttribute()


@dataclass(frozen=True, slots=True)
class RefreshTokenStore:
    """Reads and writes refresh tokens."""

    table: Table

    def with_user(self, tenant: str, user_id: str, token_id: str) -> tuple[User | None, RefreshToken | None]:
        """Read a token and its user in one round trip."""
        token_key = keys.Key(keys.user(tenant, user_id), keys.DEVICE + token_id)
        user, token = self.table.get_each([(UserItem, profile_key(tenant, user_id)), (RefreshTokenItem, token_key)])
        return decode_user(user) if user else None, _decode(token) if token and token.token else None

    def find(self, tenant: str, token_id: str) -> RefreshToken | None:
        """Find by id: one query of the index, one read."""
        found = self.table.query_by_time([keys.devices_of(tenant)], where=Item.by_time_sk == token_id)
        items = self.table.batch_get(RefreshTokenItem, [key for _, key in found])
        return _decode(items[0]) if items and items[0].token else None

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[RefreshToken]:
        """Read all of a user: one query."""
        for item in self.table.query(RefreshTokenItem, keys.user(tenant, user_id), prefix=keys.DEVICE):
            if item.token:
                yield _decode(item)

    def use(self, tenant: str, token: RefreshToken, user: User, event: LogEvent) -> None:
        """Write what a use changed over the version that was read, while the user's generation is the same."""
        transaction = self.table.write().check(profile_key(tenant, user.user_id), *in_generation(user))
        transaction.put(refresh_token_item(tenant, token), RefreshTokenItem.version == token.version)
        transaction.put(event_item(self.table, tenant, event)).commit()

    def revoke(self, tenant: str, token: RefreshToken, event: LogEvent) -> None:
        """Remove one with its event."""
        transaction = self.table.write().delete(credential_key(tenant, token.credential))
        transaction.put(event_item(self.table, tenant, event)).commit()


def decode_refresh_token(item: RefreshTokenItem) -> RefreshToken | None:
    """Make the refresh token of an item; None for a device credential that is none."""
    return _decode(item) if item.token else None


def put_refresh_token(transaction: Transaction, tenant: str, token: RefreshToken) -> None:
    """Add the writing of a new refresh token to a transaction."""
    transaction.put(refresh_token_item(tenant, token), ABSENT)


def refresh_token_item(tenant: str, token: RefreshToken) -> RefreshTokenItem:
    """Make the item of the token's next version."""
    return device_item(
        RefreshTokenItem,
        tenant,
        token.credential,
        token=msgspec.json.encode(replace(token, version=0)).decode(),
        version=token.version + 1,
        generation=token.generation,
    )


def _decode(item: RefreshTokenItem) -> RefreshToken:
    return replace(msgspec.json.decode(item.token, type=RefreshToken), version=int(item.version))
