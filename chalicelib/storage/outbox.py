"""Letters that wait to be sent: one item each, listed across tenants through the index by time, in order of due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.ambient import milliseconds
from chalicelib.core.errors import Conflict, Gone
from chalicelib.core.jobs import COMPLETED, FAILED, PENDING
from chalicelib.core.outbox import KEPT_FOR, Waiting
from chalicelib.storage import keys
from chalicelib.storage.jobs import put_job
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import PRESENT, Item
from chalicelib.storage.turns import LOOKED_AT, in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.table import Table, Transaction


class MailItem(Item):
    """One letter. Tenant and id stand beside the key, for whoever follows the stream. Times in epoch milliseconds."""

    tenant = UnicodeAttribute()
    id = UnicodeAttribute()
    sealed = UnicodeAttribute()
    noted_at = NumberAttribute()
    next_at = NumberAttribute()
    tries = NumberAttribute()
    is_job = BooleanAttribute(null=True)


@dataclass(frozen=True, slots=True)
class OutboxStore:
    """Reads, claims and removes letters; they are written with what they tell of."""

    table: Table

    def due(self, now: datetime, limit: int) -> Sequence[Waiting]:
        """Give the letters whose time has come, of each tenant in turn: one query of the index, one batch of reads."""
        after_now = f"{milliseconds(now) + 1:013d}"
        found = self.table.query_by_time([keys.PENDING_MAIL], where=Item.by_time_sk < after_now, page_size=LOOKED_AT)
        items = self.table.batch_get(MailItem, in_turn((key for _, key in found), limit))
        # The index may lag: what was claimed a moment ago is not due any more.
        return [waiting for item in items if (waiting := _decode(item)).next_at <= now]

    def find(self, tenant: str, letter_id: str) -> Waiting | None:
        """Read one."""
        item = self.table.get(MailItem, keys.mail(tenant, letter_id))
        return _decode(item) if item else None

    def claim(self, waiting: Waiting, next_at: datetime) -> bool:
        """Put a letter off until `next_at`, over exactly the try that was read."""
        item = MailItem.at(keys.mail(waiting.tenant, waiting.id))
        actions = [
            MailItem.tries.set(waiting.tries + 1),
            MailItem.next_at.set(milliseconds(next_at)),
            MailItem.by_time_sk.set(keys.moment(next_at, waiting.id)),
        ]
        try:
            self.table.write().update(item, actions, MailItem.tries == waiting.tries).commit()
        except Conflict:
            return False
        return True

    def remove(self, waiting: Waiting, event: LogEvent | None = None) -> None:
        """Remove one, and write how it went."""
        key, transaction = keys.mail(waiting.tenant, waiting.id), self.table.write()
        if waiting.is_job:
            put_job(transaction, waiting.tenant, waiting.job(COMPLETED if event is None else FAILED))
        if event is None:
            transaction.delete(key).commit()
            return
        try:
            transaction.delete(key, PRESENT, Gone("It was given up already."))
            transaction.put(event_item(self.table, waiting.tenant, event)).commit()
        except Gone:
            pass


def put_letter(transaction: Transaction, waiting: Waiting) -> None:
    """Add a new letter to the transaction of what it tells of."""
    item = MailItem.at(
        keys.mail(waiting.tenant, waiting.id),
        tenant=waiting.tenant,
        id=waiting.id,
        sealed=waiting.sealed,
        noted_at=milliseconds(waiting.noted_at),
        next_at=milliseconds(waiting.next_at),
        tries=waiting.tries,
        is_job=waiting.is_job or None,
        expires_at=ceil((waiting.noted_at + KEPT_FOR).timestamp()),
        by_time_pk=keys.PENDING_MAIL,
        by_time_sk=keys.moment(waiting.next_at, waiting.id),
    )
    transaction.put(item)
    if waiting.is_job:
        put_job(transaction, waiting.tenant, waiting.job(PENDING))


def _decode(item: MailItem) -> Waiting:
    return Waiting(
        tenant=item.tenant,
        id=item.id,
        sealed=item.sealed,
        noted_at=_moment(item.noted_at),
        next_at=_moment(item.next_at),
        tries=int(item.tries),
        is_job=bool(item.is_job),
    )


def _moment(epoch_milliseconds: float) -> datetime:
    return datetime.fromtimestamp(epoch_milliseconds / 1000, UTC)
