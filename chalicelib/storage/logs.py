"""Log events in the table: with their user or in the tenant's hour, found by time through the index."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice, takewhile
from math import ceil
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.logs import KEPT_FOR, WALKED, LogEvent, first_log_id
from chalicelib.core.paging import Page, cut
from chalicelib.storage import keys
from chalicelib.storage.encoding import brief
from chalicelib.storage.table import Item, batched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chalicelib.core.paging import PageRequest
    from chalicelib.storage.table import Table

_BATCH = 100


class LogItem(Item):
    """One event as JSON text."""

    document = UnicodeAttribute()


def event_item(table: Table, tenant: str, event: LogEvent, *, with_user: bool = True) -> LogItem:
    """Make the item of an event, for the transaction of the change it records; of a deletion not with the user."""
    return LogItem.at(
        keys.log(tenant, event.user_id if with_user else "", event.log_id, event.date),
        document=brief(event),
        expires_at=ceil((event.date + KEPT_FOR).timestamp()),
        by_time_pk=keys.logs_by_time(tenant, keys.shard(event.log_id, table.shards)),
        by_time_sk=event.log_id,
    )


@dataclass(frozen=True, slots=True)
class LogStore:
    """Reads and writes events."""

    table: Table

    def record(self, tenant: str, event: LogEvent) -> None:
        """Write an event of its own."""
        self.table.put(event_item(self.table, tenant, event))

    def find(self, tenant: str, log_id: str) -> LogEvent | None:
        """Find by id: one query of the index, one read."""
        found = self.table.query_by_time(self._partitions(tenant), where=Item.by_time_sk == keys.sorting(log_id))
        events = self._read([key for _, key in found])
        return events[0] if events else None

    def list(self, tenant: str, request: PageRequest, *, newest_first: bool) -> Page[LogEvent]:
        """List by time: one query of the index, one batch of reads.

        What has expired and is not yet removed fills no page and counts in no total: the query begins after it.
        """
        pks, oldest = self._partitions(tenant), first_log_id(self.table.now() - KEPT_FOR)
        where = Item.by_time_sk > max(oldest, request.start_after or "")
        wanted = request.offset + request.per_page
        found = self.table.query_by_time(pks, where=where, newest_first=newest_first, page_size=wanted)
        page = [key for _, key in islice(found, request.offset, wanted)]
        total = self.table.count_by_time(pks, Item.by_time_sk > oldest) if request.include_totals else None
        return Page(items=self._read(page), start=request.offset, limit=request.per_page, total=total)

    def list_for_user(self, tenant: str, user_id: str, request: PageRequest, *, newest_first: bool) -> Page[LogEvent]:
        """List one user's events: one query."""
        partition = keys.user(tenant, user_id)
        found = self.table.query(
            LogItem, partition, prefix=keys.LOG, newest_first=newest_first, page_size=request.offset + request.per_page
        )
        return cut(self._kept(found), request, "log_id")

    def walk(
        self,
        tenant: str,
        since: str,
        until: str,
        *,
        user_id: str | None = None,
        newest_first: bool,
        page_size: int = WALKED,
    ) -> Iterator[LogEvent]:
        """Read events whose ids lie between two texts: a query for each page, of the tenant a batch of reads too."""
        since = max(since, first_log_id(self.table.now() - KEPT_FOR))
        if since >= until:
            return iter(())
        if user_id is not None:
            own = self._of_user(tenant, user_id, since, until, newest_first=newest_first, page_size=page_size)
            return self._kept(own)
        where = Item.by_time_sk.between(since, until)
        found = self.table.query_by_time(
            self._partitions(tenant), where=where, newest_first=newest_first, page_size=page_size
        )
        return chain.from_iterable(self._read(batch) for batch in batched((key for _, key in found), _BATCH))

    def _of_user(
        self, tenant: str, user_id: str, since: str, until: str, *, newest_first: bool, page_size: int
    ) -> Iterator[LogItem]:
        begin, end = (until, since) if newest_first else (since, until)
        items = self.table.query(
            LogItem,
            keys.user(tenant, user_id),
            prefix=keys.LOG,
            after=keys.LOG + begin,
            newest_first=newest_first,
            page_size=page_size,
            expired=True,  # so that the first of them ends the walk, however many DynamoDB has not yet deleted
        )
        beyond = keys.LOG + end
        return takewhile(lambda item: item.sk > beyond if newest_first else item.sk < beyond, items)

    def _partitions(self, tenant: str) -> Sequence[str]:
        return [keys.logs_by_time(tenant, shard) for shard in range(self.table.shards)]

    def _read(self, wanted: Iterable[keys.Key]) -> Sequence[LogEvent]:
        return list(self._kept(self.table.batch_get(LogItem, list(wanted))))

    def _kept(self, items: Iterable[LogItem]) -> Iterator[LogEvent]:
        """Give the events that are not older than two days, to the millisecond: `expires_at` has whole seconds."""
        horizon = self.table.now() - KEPT_FOR
        return (event for item in items if (event := _decode(item)).date > horizon)


def _decode(item: LogItem) -> LogEvent:
    return msgspec.json.decode(item.document, type=LogEvent)
