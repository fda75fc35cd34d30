"""Lists of users in the table: by creation and by connection through the index by time, else through their own entries.

One query per shard finds who, and one batch reads them; who is at a connection is another one before it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.core.user_walks import AT_CONNECTION, BEGINNING, BLOCKED, EVERYBODY, PENDING, Entry, Look
from chalicelib.storage import keys
from chalicelib.storage.table import Item
from chalicelib.storage.user_entries import UserEntryItem
from chalicelib.storage.users import IdentityItem, UserItem, decode_user, profile_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chalicelib.core.user_walks import Source
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table

_TIMED = {EVERYBODY, AT_CONNECTION}
_SHARDED = {
    EVERYBODY: keys.users_by_creation,
    BLOCKED: keys.blocked_users,
    PENDING: keys.pending_users,
    BEGINNING: keys.user_words,
}


@dataclass(frozen=True, slots=True)
class UserListStore:
    """Reads lists of users."""

    table: Table

    def look(
        self, tenant: str, source: Source, *, most: int, start: str | None = None, skip: int = 0, descending: bool
    ) -> Look:
        """Read a part of an index, strongly consistent where the entries are our own, and the users it leads to."""
        size = skip + most + 1
        if source.kind in _TIMED:
            found = self._timed(tenant, source, start, size, descending=descending)
        else:
            found = self._entries(tenant, source, start, size, descending=descending)
        part = list(islice(found, skip, size))
        users = self._read(tenant, source, [key for _, key in part[:most]])
        seen = [Entry(position, user, keys.word_of(position)) for (position, _), user in zip(part, users, strict=False)]
        return Look(seen, more=len(part) > most)

    def count(self, tenant: str, source: Source) -> int:
        """Count the entries of an index."""
        pks = self._partitions(tenant, source)
        return self.table.count_by_time(pks) if source.kind in _TIMED else self.table.count(pks)

    def _timed(
        self, tenant: str, source: Source, start: str | None, size: int, *, descending: bool
    ) -> Iterator[tuple[str, keys.Key]]:
        where = None
        if start is not None:
            where = Item.by_time_sk < start if descending else Item.by_time_sk > start
        pks = self._partitions(tenant, source)
        return self.table.query_by_time(pks, where=where, newest_first=descending, page_size=size)

    def _entries(
        self, tenant: str, source: Source, start: str | None, size: int, *, descending: bool
    ) -> Iterator[tuple[str, keys.Key]]:
        walks = [
            self.table.query(
                UserEntryItem, pk, prefix=source.name, after=start, newest_first=descending, page_size=size
            )
            for pk in self._partitions(tenant, source)
        ]
        merged = heapq.merge(*walks, key=lambda item: item.sk, reverse=descending)
        return ((item.sk, profile_key(tenant, item.user_id)) for item in merged)

    def _partitions(self, tenant: str, source: Source) -> Sequence[str]:
        if source.kind == AT_CONNECTION:
            return [keys.accounts_of(tenant, source.name)]
        return [_SHARDED[source.kind](tenant, shard) for shard in range(self.table.shards)]

    def _read(self, tenant: str, source: Source, found: Sequence[keys.Key]) -> Iterable[User | None]:
        """Read the users that keys lead to, in order. One who has two accounts at a connection is given once."""
        if source.kind == AT_CONNECTION:
            accounts = {item.key: item.user_id for item in self.table.batch_get(IdentityItem, found)}
            found = [profile_key(tenant, accounts.get(key, "")) for key in found]
        users = {item.key: decode_user(item) for item in self.table.batch_get(UserItem, list(dict.fromkeys(found)))}
        if source.kind == AT_CONNECTION:
            return [users.pop(key, None) for key in found]
        return [users.get(key) for key in found]
