"""Log seals: what the history of a tenant held, stated soon after it happened, each seal chained to the one before.

An event carries a mark, so that a changed one is found; a seal says how many there were in each minute and in which
order, so that a dropped one is found. A seal covers all time since the seal before it: what it names no minute of was
empty. Owns the writing of seals; what a look at them finds is `log_verification`'s.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.errors import GatehouseError
from chalicelib.core.logs import KEPT_FOR, first_log_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.marks import Marker

LOG = logging.getLogger("gatehouse")
MINUTE, PERIOD = timedelta(minutes=1), timedelta(minutes=10)
SETTLES_IN = timedelta(minutes=2)
"""After this no event of a period comes any more: a request takes 29 seconds at most, and the index lags by less."""
MOST_SEALED = 10_000
"""Events after which a seal ends with the minute, so that looking at it stays bounded."""
TENANTS_PER_RUN = 250
EVENTS_PER_RUN = 50_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as an index names it: its id, its mark and where it lies. Without a mark it is none of ours."""

    log_id: str
    mark: str
    partition: str = ""

    @property
    def name(self) -> str:
        """What a seal says of it."""
        return f"{self.log_id}#{self.mark}"


@dataclass(frozen=True, slots=True)
class Trace:
    """What is left of an event that went with its user: its id and its mark. `genuine` is whether we left it."""

    log_id: str
    mark: str
    genuine: bool

    @property
    def name(self) -> str:
        """What a seal said of the event."""
        return f"{self.log_id}#{self.mark}"


@dataclass(frozen=True, slots=True)
class Minute:
    """How many events there were in a minute, and a digest over their ids and marks in order."""

    start: datetime
    count: int = 0
    digest: str = ""

    def joined(self, names: Iterable[str]) -> Minute:
        """Count further events in."""
        count, digest = self.count, self.digest
        for name in names:
            count, digest = count + 1, sha256(f"{digest}{name}".encode()).hexdigest()
        return Minute(self.start, count, digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogSeal:
    """What happened from `since` up to `until`. `previous` is the mark of the seal before; `mark` is over all of it."""

    number: int
    since: datetime
    until: datetime
    sealed_at: datetime
    previous: str
    minutes: tuple[Minute, ...]
    mark: str = ""

    @property
    def id(self) -> str:
        """Its id; whoever keeps it can tell later whether it is still the same seal."""
        return f"seal_{self.number}_{self.mark}"

    @property
    def events(self) -> int:
        """How many events it covers."""
        return sum(minute.count for minute in self.minutes)

    @property
    def text(self) -> bytes:
        """What its mark is made of."""
        minutes = [[each.start.isoformat(), each.count, each.digest] for each in self.minutes]
        times = [each.isoformat() for each in (self.since, self.until, self.sealed_at)]
        return json.dumps(["seal", self.number, *times, self.previous, minutes]).encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """Which seal of a tenant is the newest, so that nobody can cut the last ones off. `seal` is that seal's mark."""

    number: int
    until: datetime
    sealed_at: datetime
    seal: str
    mark: str = ""

    @property
    def text(self) -> bytes:
        """What its mark is made of."""
        return json.dumps(
            ["newest", self.number, self.until.isoformat(), self.sealed_at.isoformat(), self.seal]
        ).encode()


class LogSealStore(Protocol):
    """Where seals lie, and what they are about. `after` and `before` are what log ids begin with."""

    def tenants(self) -> Sequence[str]:
        """Name all tenants, by creation."""

    def newest(self, tenants: Sequence[str]) -> Sequence[Newest | None]:
        """Say of each tenant which seal is the newest, a hundred a round trip."""

    def write(self, tenant: str, seal: LogSeal, newest: Newest, before: Newest | None) -> bool:
        """Write a seal and that it is the newest, together; False if another was written meanwhile."""

    def list(self, tenant: str) -> tuple[Newest | None, Sequence[LogSeal]]:
        """Read all seals of a tenant, the oldest first, and which is said to be the newest."""

    def find(self, tenant: str, number: int) -> tuple[LogSeal | None, LogSeal | None]:
        """Read a seal and the one before it."""

    def entries(self, tenant: str, after: str, before: str, page_size: int = 1_000) -> Iterator[Entry]:
        """Walk what the index names, in order, lazily."""

    def read(self, tenant: str, entries: Sequence[Entry]) -> Sequence[bool | None]:
        """Read events; say whether each has the content it was marked for, and None of one that is not there."""

    def traces(self, tenant: str, after: str, before: str) -> Sequence[Trace]:
        """Read what is left of events that went with their users."""


@dataclass(frozen=True, slots=True)
class LogSeals:
    """Seals what has settled: idempotent, resumable, bounded per run."""

    store: LogSealStore
    marks: Marker
    ambient: Ambient
    _behind: list[str] = field(default_factory=list)
    """Tenants that the last run had no room for. A process that forgets them finds them again within a period."""

    def run(self) -> int:
        """Seal what is due of this minute's share of the tenants; give how many seals were written.

        One that fails holds up no other. What one run has no room for is left to the next.
        """
        share = _share(self.store.tenants(), self.ambient.now())
        due = list(dict.fromkeys([*self._behind, *share]))
        self._behind.clear()
        left, written = EVENTS_PER_RUN, 0
        for tenant, newest in zip(due, self.store.newest(due), strict=True):
            if left <= 0:
                self._behind.append(tenant)
                continue
            seals = self._attempt(tenant, newest, left)
            left -= sum(seal.events for seal in seals)
            written += len(seals)
            if left <= 0:
                self._behind.append(tenant)
        return written

    def seal(self, tenant: str, newest: Newest | None, most: int = EVENTS_PER_RUN) -> Iterator[LogSeal]:
        """Write the seals that are due, one after another, until they cover `most` events; the rest is due again.

        A period in which nothing happened gets none: the next seal covers it.
        """
        now = self.ambient.now()
        after = first_log_id(max(newest.until if newest else _EPOCH, now - KEPT_FOR))
        entries = self.store.entries(tenant, after, first_log_id(floor(now - SETTLES_IN, PERIOD)))
        for until, part in _parts(entry for entry in entries if entry.mark):
            # Here, because where nothing happened not even the key is needed.
            if newest is not None and not self.marks.fits(tenant, newest.mark, newest.text, newest.sealed_at):
                LOG.error("history of %s is not sealed: what is said to be its newest seal is not ours", tenant)
                return
            since = newest.until if newest else floor(minute_of(part[0].log_id), PERIOD)
            # Read after the events: whichever goes with its user meanwhile is seen here or there.
            traces = self.store.traces(tenant, max(after, first_log_id(since)), first_log_id(until))
            names = {each.name for each in part} | {each.name for each in traces if each.genuine}
            seal = self._sealed(tenant, newest, since, until, names)
            following = self._named(tenant, seal)
            if not self.store.write(tenant, seal, following, newest):
                return
            # Kept where nobody who can write to the table can: it tells when a table was set back.
            LOG.warning("history of %s is sealed up to %s: %s", tenant, f"{until:%Y-%m-%dT%H:%MZ}", seal.id)
            yield seal
            newest, after, most = following, first_log_id(until), most - seal.events
            if most <= 0:
                return

    def _attempt(self, tenant: str, newest: Newest | None, most: int) -> list[LogSeal]:
        try:
            return list(self.seal(tenant, newest, most))
        except GatehouseError as error:
            LOG.warning("history of %s is sealed later: %s (%s)", tenant, error.message, error.detail)
            return []

    def _sealed(
        self, tenant: str, newest: Newest | None, since: datetime, until: datetime, names: Iterable[str]
    ) -> LogSeal:
        seal = LogSeal(
            number=newest.number + 1 if newest else 1,
            since=since,
            until=until,
            sealed_at=self.ambient.now(),
            previous=newest.seal if newest else "",
            minutes=minutes_of(sorted(names)),
        )
        return replace(seal, mark=self.marks.mark(tenant, seal.text))

    def _named(self, tenant: str, seal: LogSeal) -> Newest:
        newest = Newest(number=seal.number, until=seal.until, sealed_at=seal.sealed_at, seal=seal.mark)
        return replace(newest, mark=self.marks.mark(tenant, newest.text))


def floor(moment: datetime, step: timedelta) -> datetime:
    """Give the beginning of the minute, or the period, that a moment is in."""
    return moment - (moment - _EPOCH) % step


def minute_of(log_id: str) -> datetime:
    """Give the minute that the id of an event is from."""
    return _EPOCH + timedelta(minutes=int(log_id[:13]) // 60_000)


def minutes_of(names: Iterable[str]) -> tuple[Minute, ...]:
    """Count what happened in each minute, of names in order."""
    return tuple(Minute(start).joined(group) for start, group in groupby(names, key=minute_of))


def _parts(entries: Iterable[Entry]) -> Iterator[tuple[datetime, list[Entry]]]:
    """Cut events where seals end: with their period, or with a minute when there are very many."""
    part: list[Entry] = []
    end = _EPOCH
    for minute, group in groupby(entries, key=lambda entry: minute_of(entry.log_id)):
        if part and (minute >= end or len(part) >= MOST_SEALED):
            yield min(end, minute_of(part[-1].log_id) + MINUTE) if minute < end else end, part
            part = []
        part.extend(group)
        end = floor(minute, PERIOD) + PERIOD
    if part:
        yield end, part


def _share(tenants: Sequence[str], now: datetime) -> Sequence[str]:
    """Choose the tenants of this minute: in each period every tenant is looked at once, the first ones at once.

    There is nothing to remember for it. Who comes first changes with the period, so that nobody is always last.
    """
    minutes = (now - SETTLES_IN - _EPOCH) // MINUTE
    shares = max(PERIOD // MINUTE, -(-len(tenants) // TENANTS_PER_RUN))
    begin = minutes % shares * TENANTS_PER_RUN
    share = tenants[begin : begin + TENANTS_PER_RUN]
    turn = minutes // shares % max(1, len(share))
    return [*share[turn:], *share[:turn]]
