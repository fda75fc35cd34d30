"""Log seals in the table, and history as they see it: ids and marks from the index, without reading events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from chalicelib.core.errors import Conflict
from chalicelib.core.log_seals import Entry, LogSeal, Newest, Trace
from chalicelib.core.logs import KEPT_FOR
from chalicelib.storage import keys
from chalicelib.storage.encoding import AnyNumber, AnyText
from chalicelib.storage.logs import MARKED, LogItem, TraceItem, between, genuine, moment_of, trace_text
from chalicelib.storage.table import ABSENT, Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.storage.table import Table

_SLACK = timedelta(hours=1)


class LogSealItem(Item):
    """A seal, or which seal is the newest, as JSON text."""

    document = AnyText()
    expires_at = AnyNumber(null=True)


@dataclass(frozen=True, slots=True)
class LogSealStore:
    """Reads and writes seals."""

    table: Table

    def tenants(self) -> Sequence[str]:
        """Name all tenants: one query of the index for some thousands of them."""
        prefix = keys.configuration("")
        return [key.pk.removeprefix(prefix) for _, key in self.table.query_by_time([keys.TENANTS])]

    def newest(self, tenants: Sequence[str]) -> Sequence[Newest | None]:
        """Say of each tenant which seal is the newest: one batch for a hundred."""
        wanted = [_newest_key(tenant) for tenant in tenants]
        found = {item.pk: _newest(item) for item in self.table.batch_get(LogSealItem, wanted)} if wanted else {}
        return [found.get(key.pk) for key in wanted]

    def write(self, tenant: str, seal: LogSeal, newest: Newest, before: Newest | None) -> bool:
        """Write a seal, and that it is the newest, over exactly the one that was before."""
        other = Conflict("Another seal was written at the same time.", code="changed")
        item = LogSealItem.at(
            _key(tenant, seal.number),
            document=_encoded(seal),
            expires_at=ceil((seal.until + KEPT_FOR + _SLACK).timestamp()),
        )
        end = LogSealItem.at(_newest_key(tenant), document=_encoded(newest))
        unchanged = LogSealItem.document == _encoded(before) if before else ABSENT
        try:
            self.table.write().put(item, ABSENT, other).put(end, unchanged, other).commit()
        except Conflict:
            return False
        return True

    def list(self, tenant: str) -> tuple[Newest | None, Sequence[LogSeal]]:
        """Read all seals in order, and which is the newest: one query."""
        newest, seals = None, []
        for item in self.table.query(LogSealItem, keys.log_seals(tenant)):
            if item.sk == keys.NEWEST_LOG_SEAL:
                newest = _newest(item)
            else:
                seals.append(_seal(item))
        return newest, seals

    def find(self, tenant: str, number: int) -> tuple[LogSeal | None, LogSeal | None]:
        """Read the seal before one, and that one: one batch."""
        wanted = [(LogSealItem, _key(tenant, each)) for each in (number - 1, number)]
        before, seal = (_seal(item) if item else None for item in self.table.get_each(wanted))
        return before, seal

    def entries(self, tenant: str, after: str, before: str, page_size: int = 1_000) -> Iterator[Entry]:
        """Walk the index: a query for a thousand events and shard."""
        if after >= before:
            return
        pks = [keys.logs_by_time(tenant, shard) for shard in range(self.table.shards)]
        for log_id, key in self.table.query_by_time(pks, where=between(after, before), page_size=page_size):
            named = MARKED.fullmatch(key.sk)
            yield Entry(log_id, named[2] if named and named[1] == log_id else "", key.pk)

    def read(self, tenant: str, entries: Sequence[Entry]) -> Sequence[bool | None]:
        """Read events, strongly consistent: a batch for a hundred. What has expired is not there."""
        wanted = [keys.Key(entry.partition, keys.LOG + entry.name) for entry in entries]
        items = self.table.batch_get(LogItem, wanted)
        known = {item.key: genuine(self.table, tenant, item) for item in items}
        return [known.get(key) for key in wanted]

    def traces(self, tenant: str, after: str, before: str) -> Sequence[Trace]:
        """Read what is left of events that went with their users: a query for each day."""
        if after >= before:
            return []
        day, found = moment_of(after), []
        while day.date() <= moment_of(before).date():
            items = self.table.query(
                TraceItem, keys.traces(tenant, day), prefix=keys.TRACE, after=f"{keys.TRACE}{after}$", page_size=250
            )
            found += [
                self._trace(tenant, item) for item in takewhile(lambda item: item.sk < keys.TRACE + before, items)
            ]
            day += timedelta(days=1)
        return found

    def _trace(self, tenant: str, item: TraceItem) -> Trace:
        _, log_id, mark = f"{item.sk}##".split("#")[:3]
        fits = self.table.marker.fits(tenant, item.mark, trace_text(item), moment_of(item.removed_at))
        return Trace(log_id, mark, fits)


def _key(tenant: str, number: int) -> keys.Key:
    return keys.Key(keys.log_seals(tenant), f"{keys.LOG_SEAL}{number:012}")


def _newest_key(tenant: str) -> keys.Key:
    return keys.Key(keys.log_seals(tenant), keys.NEWEST_LOG_SEAL)


def _encoded(document: LogSeal | Newest) -> str:
    return msgspec.json.encode(document).decode()


def _seal(item: LogSealItem) -> LogSeal:
    """Make the seal of an item. Its number is its place; one that cannot be read is one that was changed."""
    number = item.sk.removeprefix(keys.LOG_SEAL)
    try:
        seal = msgspec.json.decode(item.document, type=LogSeal)
    except msgspec.DecodeError:
        end = moment_of((item.expires_at or 0) * 1000) - KEPT_FOR - _SLACK
        seal = LogSeal(number=0, since=end, until=end, sealed_at=end, previous="", minutes=())
    return replace(seal, number=int(number) if number.isdecimal() else 0)


def _newest(item: LogSealItem) -> Newest:
    try:
        return msgspec.json.decode(item.document, type=Newest)
    except msgspec.DecodeError:
        return Newest(number=0, until=moment_of(0), sealed_at=moment_of(0), seal="")
