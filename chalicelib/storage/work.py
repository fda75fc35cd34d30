"""Notes of deletions to finish, listed across tenants through the index by time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import Gone
from chalicelib.core.work import Work
from chalicelib.storage import keys
from chalicelib.storage.table import Item
from chalicelib.storage.turns import LOOKED_AT, in_turn

if TYPE_CHECKING:
    from chalicelib.storage.table import Table


class WorkItem(Item):
    """One note."""

    document = UnicodeAttribute()
    mark = UnicodeAttribute(default="")


def work_item(table: Table, work: Work) -> WorkItem:
    """Make the item of a note, for the transaction that hides what is deleted."""
    document = _encode(work)
    return WorkItem.at(
        keys.work(work.tenant, work.id),
        document=document,
        mark=table.marker.mark(work.tenant, _text(document)),
        by_time_pk=keys.PENDING_WORK,
        by_time_sk=keys.moment(work.noted_at, work.tenant + work.id),
    )


def decode(item: WorkItem) -> Work:
    """Make the note of an item."""
    return replace(msgspec.json.decode(item.document, type=Work), mark=item.mark)


def genuine(table: Table, work: Work) -> bool:
    """Whether a note was written by Gatehouse: only then may history that it removes count as removed."""
    if work.mark is None:
        return True
    return table.marker.fits(work.tenant, work.mark, _text(_encode(work)), work.noted_at)


@dataclass(frozen=True, slots=True)
class WorkStore:
    """Reads and removes notes."""

    table: Table

    def pending(self, limit: int) -> list[Work]:
        """Give the oldest work of each tenant in turn: one query of the index, one batch of reads."""
        found = self.table.query_by_time([keys.PENDING_WORK], page_size=LOOKED_AT)
        return [decode(item) for item in self.table.batch_get(WorkItem, in_turn((key for _, key in found), limit))]

    def finish(self, work: Work) -> None:
        """Remove the note; removing it twice is one removal."""
        finish(self.table, work)


def finish(table: Table, work: Work) -> None:
    """Remove exactly this note: one made later for the same target, by another deletion, stays."""
    with suppress(Gone):
        table.write().delete(
            keys.work(work.tenant, work.id), WorkItem.document == _encode(work), Gone("Finished already.")
        ).commit()


def _encode(work: Work) -> str:
    return msgspec.json.encode(replace(work, mark=None)).decode()


def _text(document: str) -> bytes:
    """Give what the mark of a note is made of."""
    return b"work" + document.encode()
