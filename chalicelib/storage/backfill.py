"""How far the backfill is, in one item of the whole deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.backfill import Progress
from chalicelib.core.errors import Conflict
from chalicelib.storage import keys
from chalicelib.storage.table import ABSENT, Item
from chalicelib.storage.user_entries import put_entries, shard_of
from chalicelib.storage.users import UserItem, profile_key

if TYPE_CHECKING:
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table


class BackfillItem(Item):
    """The progress, as JSON."""

    document = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class BackfillStore:
    """Reads and writes the progress, walks the tenants, and gives users their entries."""

    table: Table

    def progress(self) -> Progress:
        """Read how far it is: one read."""
        item = self.table.get(BackfillItem, keys.USER_ENTRIES)
        return msgspec.json.decode(item.document, type=Progress) if item else Progress()

    def advance(self, before: Progress, after: Progress) -> None:
        """Write over exactly the progress that was read."""
        as_read = BackfillItem.document == _encode(before)
        if before == Progress():
            as_read |= ABSENT
        actions = [BackfillItem.document.set(_encode(after))]
        faster = Conflict("Another run was faster.", code="changed")
        self.table.update(BackfillItem.at(keys.USER_ENTRIES), actions, as_read, faster)

    def tenant_after(self, position: str) -> tuple[str, str] | None:
        """Find the tenant that was made next: one query of the index."""
        where = Item.by_time_sk > position if position else None
        found = self.table.query_by_time([keys.TENANTS], where=where, page_size=1)
        return next(((keys.tenant_of(key), at) for at, key in found), None)

    def enlist(self, tenant: str, user: User) -> None:
        """Write the entries of a user who has none; a conflict if anything of the user changed since they were read."""
        shard = shard_of(self.table, user)
        actions = [UserItem.listed_in.set(shard), UserItem.version.set(user.version + 1)]
        as_read = (UserItem.version == user.version) & UserItem.listed_in.does_not_exist()
        if not user.logins_count:
            as_read &= UserItem.logins_count.does_not_exist() | (UserItem.logins_count == 0)
        changed = Conflict("The user was changed at the same moment.", code="changed")
        transaction = self.table.write()
        transaction.update(UserItem.at(profile_key(tenant, user.user_id)), actions, as_read, changed)
        put_entries(transaction, tenant, user, shard)
        transaction.commit()


def _encode(progress: Progress) -> str:
    return msgspec.json.encode(progress).decode()
