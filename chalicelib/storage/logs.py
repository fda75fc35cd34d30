"""Log events in the table: with their user or in the tenant's hour, found by time through the index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice, takewhile
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from chalicelib.core.ambient import milliseconds
from chalicelib.core.logs import HELD_BACK, KEPT_FOR, LOG_ID_LENGTH, WALKED, LogEvent, first_log_id
from chalicelib.core.marks import MARK_LENGTH
from chalicelib.core.paging import Page, cut
from chalicelib.storage import keys
from chalicelib.storage.encoding import AnyNumber, AnyText, brief
from chalicelib.storage.table import Item, batched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pynamodb.expressions.condition import Condition

    from chalicelib.core.paging import PageRequest
    from chalicelib.core.signing_keys import SigningKey
    from chalicelib.storage.table import Table

_BATCH = 100
MARKED = re.compile(rf"{keys.LOG}([0-9]{{13}}[0-9a-f]{{{LOG_ID_LENGTH - 13}}})#([0-9a-f]{{{MARK_LENGTH}}})")
"""The sort key of an event."""


class LogItem(Item):
    """One event as JSON text."""

    document = AnyText()
    expires_at = AnyNumber(null=True)


class TraceItem(Item):
    """What an event of a deleted user leaves: no word of what happened, but that something did."""

    mark = AnyText()
    removed_at = AnyNumber()
    expires_at = AnyNumber(null=True)


def event_item(
    table: Table, tenant: str, event: LogEvent, *, with_user: bool = True, signing_keys: Sequence[SigningKey] = ()
) -> LogItem:
    """Make the item of an event, for the transaction of the change it records; of a deletion not with the user.

    Its mark stands in the key, where the index shows it: sealing reads no event. `signing_keys` are those of a tenant
    that is not stored yet.
    """
    partition = keys.history(tenant, event.user_id if with_user else "", event.date)
    item = LogItem.at(
        keys.Key(partition, keys.LOG + event.log_id),
        document=brief(event),
        expires_at=ceil((event.date + KEPT_FOR).timestamp()),
        by_time_pk=keys.logs_by_time(tenant, keys.shard(event.log_id, table.shards)),
        by_time_sk=event.log_id,
    )
    item.sk += f"#{table.marker.mark(tenant, _text(item), signing_keys)}"
    return item


def genuine(table: Table, tenant: str, item: LogItem) -> bool:
    """Whether an event has the content, the place and the end that it was marked with."""
    _, log_id, mark = item.sk.split("#")
    return log_id == item.by_time_sk and table.marker.fits(tenant, mark, _text(item), moment_of(log_id))


def trace_item(table: Table, tenant: str, item: LogItem) -> TraceItem | None:
    """Make what an event leaves that goes with its user; None if it has expired, or was not written by Gatehouse.

    Otherwise whoever can write to the table could have anything explained as gone with a user.
    """
    if not MARKED.fullmatch(item.sk) or item.expires_at is None or item.expires_at <= table.now().timestamp():
        return None
    if not genuine(table, tenant, item):
        return None
    _, log_id, mark = item.sk.split("#")
    key = keys.Key(keys.traces(tenant, moment_of(log_id)), f"{keys.TRACE}{log_id}#{mark}")
    trace = TraceItem.at(key, removed_at=milliseconds(table.now()), expires_at=int(item.expires_at))
    trace.mark = table.marker.mark(tenant, trace_text(trace))
    return trace


def trace_text(item: TraceItem) -> bytes:
    """Give what the mark of a trace is made of."""
    return msgspec.json.encode(["trace", item.pk, item.sk, _whole(item.removed_at), _whole(item.expires_at)])


def moment_of(milliseconds: float | str) -> datetime:
    """Give the time of epoch milliseconds: a number, or the text that an id begins with."""
    number = int(milliseconds[:13]) if isinstance(milliseconds, str) else milliseconds
    return datetime.fromtimestamp(number / 1000, UTC)


def _text(item: LogItem) -> bytes:
    """Give what the mark of an event is made of: all of its item."""
    log_id = item.sk.split("#")[1]
    return msgspec.json.encode(["event", item.pk, log_id, item.by_time_pk, _whole(item.expires_at), item.document])


def _whole(number: float | None) -> int | None:
    """Read a number of DynamoDB's, which is written as it was read."""
    return None if number is None else int(number)


def copy_item(table: Table, tenant: str, event: LogEvent, user_id: str) -> LogItem:
    """Make a copy of an event for the history of a second person it is about.

    The tenant's list has the event once, and seals vouch for that one: a copy leaves no trace when it goes.
    """
    item = LogItem.at(
        keys.Key(keys.history(tenant, user_id, event.date), keys.LOG + event.log_id),
        document=brief(event),
        expires_at=ceil((event.date + KEPT_FOR).timestamp()),
    )
    item.sk += f"#{table.marker.mark(tenant, _text(item))}"
    return item


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

        What has expired and is not yet removed fills no page and counts in no total: the query begins after it. A
        checkpoint does not reach the newest events: one that got its id before them may still be on its way.
        """
        pks, oldest = self._partitions(tenant), first_log_id(self.table.now() - KEPT_FOR)
        where: Condition = Item.by_time_sk > oldest
        if request.checkpoint:
            after, until = max(oldest, request.start_after or ""), first_log_id(self.table.now() - HELD_BACK)
            if after >= until:
                return Page(items=[], limit=request.per_page)
            where = between(after, until)
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


def between(after: str, before: str) -> Condition:
    """Demand an id greater than `after`, whole or only its beginning, and less than `before`, which is a beginning."""
    # "$" sorts after the "#" that may follow an id, and before the digits that may follow its beginning.
    return Item.by_time_sk.between(f"{after}$", before)


def _decode(item: LogItem) -> LogEvent:
    return msgspec.json.decode(item.document, type=LogEvent)
