"""Looking at history and its seals: is it what was written, and all of it? Reads only; says what it finds and where.

An event that has expired, or went with its user, is not missing: the first is known from the clock, the second from the
trace it left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import TYPE_CHECKING

from chalicelib.core.errors import NotFound
from chalicelib.core.log_seals import MINUTE, PERIOD, Minute, floor, minute_of
from chalicelib.core.logs import KEPT_FOR, first_log_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.log_seals import Entry, LogSeal, LogSealStore, Newest, Trace
    from chalicelib.core.marks import Marker
    from chalicelib.core.tenants import TenantStore

MOST_VERIFIED = 2_000
"""Events that one look reads; the answer says where to go on."""
LATE = timedelta(minutes=30)
"""A seal is written within 22 minutes of its end; one that came later says nothing of the time in between."""
UNSEALED = "unsealed"
"""The id of what no seal covers yet."""
_SEAL_ID = re.compile(r"seal_([1-9][0-9]{0,11})_[0-9a-f]{32}\Z")

FINDINGS = {
    "event_changed": "an event does not have the content it was written with, or was never written by Gatehouse",
    "events_missing": "a minute has fewer events than were sealed",
    "events_added": "a minute has more events than were sealed",
    "events_replaced": "a minute has as many events as were sealed, but others",
    "trace_changed": "what says that an event went with its user was not written by Gatehouse",
    "seal_changed": "a seal is not as it was written, or not at its place",
    "seal_missing": "a seal is gone",
    "sealed_late": "a seal was written long after its end: nothing speaks for the time in between",
    "begins_late": "the first seal is of a later time than the tenant's first event",
    "newest_missing": "which seal is the newest is not said any more",
    "newest_changed": "another seal is said to be the newest than the one that is",
    "unsealed": "events that should have been sealed are not",
}
"""Everything a look can find."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as it was written: the number of the seal, the event or the minute that it is about."""

    kind: str
    seal: int | None = None
    log_id: str = ""
    minute: datetime | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a look came: the last event, and what was counted of its minute."""

    log_id: str
    count: int
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """The seals of the last two days, the newest first, and what is wrong with them."""

    sealed_until: datetime | None
    seals: Sequence[LogSeal]
    findings: Sequence[Finding]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What a look at the events of a seal found. `seal` is None of what is not sealed yet; `next` says to go on."""

    seal: LogSeal | None
    since: datetime
    until: datetime
    events: int
    removed: int
    expired: int
    findings: Sequence[Finding]
    next: Checkpoint | None


@dataclass(frozen=True, slots=True)
class LogVerification:
    """Looks at a tenant's history."""

    store: LogSealStore
    tenants: TenantStore
    marks: Marker
    ambient: Ambient

    def chain(self, caller: Caller) -> Chain:
        """Look at the seals of the last two days: all there, as they were written, up to now. No event is read."""
        tenant = caller.tenant
        newest, stored = self.store.list(tenant)
        seals = [seal for seal in stored if seal.until > self._horizon]
        findings = [each for pair in zip([None, *seals], seals, strict=False) for each in self._links(tenant, *pair)]
        findings += self._end(tenant, newest, seals)
        sealed_until = newest.until if newest else seals[-1].until if seals else None
        findings += self._unsealed(tenant, sealed_until)
        return Chain(sealed_until=sealed_until, seals=seals[::-1], findings=findings)

    def verify(self, caller: Caller, seal_id: str, checkpoint: Checkpoint | None = None) -> Verification:
        """Look at up to 2,000 events of a seal, or of what is not sealed yet, from a checkpoint on.

        Not found if there is no such seal. Minutes that have begun to expire are left out.
        """
        tenant = caller.tenant
        if seal_id == UNSEALED:
            (newest,) = self.store.newest([tenant])
            # A millisecond more, so that what happened just now is in it.
            until = self.ambient.now() + timedelta(milliseconds=1)
            return self._look(tenant, None, newest.until if newest else self._horizon, until, checkpoint, [])
        before, seal = self._seal(tenant, seal_id)
        findings = [] if checkpoint else list(self._links(tenant, before, seal))
        return self._look(tenant, seal, seal.since, seal.until, checkpoint, findings)

    @property
    def _horizon(self) -> datetime:
        return self.ambient.now() - KEPT_FOR

    def _seal(self, tenant: str, seal_id: str) -> tuple[LogSeal | None, LogSeal]:
        named = _SEAL_ID.match(seal_id)
        before, seal = self.store.find(tenant, int(named[1])) if named else (None, None)
        if seal is None or seal.id != seal_id or seal.until <= self._horizon:
            raise NotFound("The log seal does not exist.", code="inexistent_log_seal")
        return before, seal

    def _links(self, tenant: str, before: LogSeal | None, seal: LogSeal) -> Iterator[Finding]:
        """Look at one seal, and whether it follows the one before."""
        number = seal.number
        if not self.marks.fits(tenant, seal.mark, seal.text, seal.sealed_at):
            yield Finding(kind="seal_changed", seal=number)
        elif before is not None and number != before.number + 1:
            yield Finding(kind="seal_missing", seal=before.number + 1, count=number - before.number - 1)
        elif before is not None and (seal.previous, seal.since) != (before.mark, before.until):
            yield Finding(kind="seal_changed", seal=number)
        elif before is None and number > 1 and seal.since > self._horizon:
            yield Finding(kind="seal_missing", seal=number - 1, count=1)
        elif number == 1 and self._begins_late(tenant, seal):
            yield Finding(kind="begins_late", seal=number)
        if seal.sealed_at - seal.until > LATE:
            yield Finding(kind="sealed_late", seal=number)

    def _begins_late(self, tenant: str, seal: LogSeal) -> bool:
        """A tenant begins with an event, so its first seal begins with the tenant."""
        known = self.tenants.recall(tenant)
        return known is not None and seal.since > known.created_at + PERIOD

    def _end(self, tenant: str, newest: Newest | None, seals: Sequence[LogSeal]) -> Iterator[Finding]:
        """Look at whether the last seal is the one that is said to be the newest."""
        if newest is None:
            if seals:
                yield Finding(kind="newest_missing")
            return
        if not self.marks.fits(tenant, newest.mark, newest.text, newest.sealed_at):
            yield Finding(kind="newest_changed")
            return
        last = seals[-1].number if seals else newest.number - (newest.until > self._horizon)
        if newest.number > last:
            yield Finding(kind="seal_missing", seal=last + 1, count=newest.number - last)
        elif seals and (newest.number, newest.seal) != (last, seals[-1].mark):
            yield Finding(kind="newest_changed", seal=newest.number)

    def _unsealed(self, tenant: str, sealed_until: datetime | None) -> Iterator[Finding]:
        """Look for events that the schedule should have sealed long ago."""
        now = self.ambient.now()
        begin = max(sealed_until or self._horizon, self._horizon)
        end = floor(now - LATE, PERIOD)
        if begin < end:
            waiting = self.store.entries(tenant, first_log_id(begin), first_log_id(end), page_size=1)
            for entry in islice(waiting, 1):
                yield Finding(kind="unsealed", log_id=entry.log_id)

    def _look(
        self,
        tenant: str,
        seal: LogSeal | None,
        since: datetime,
        until: datetime,
        checkpoint: Checkpoint | None,
        findings: list[Finding],
    ) -> Verification:
        begin = max(since, floor(self._horizon, MINUTE) + 2 * MINUTE)
        after, counted = first_log_id(begin), {}
        if checkpoint and checkpoint.log_id > after:
            after, start = checkpoint.log_id, minute_of(checkpoint.log_id)
            begin, counted = start, {start: Minute(start, checkpoint.count, checkpoint.digest)}
        entries = list(islice(self.store.entries(tenant, after, first_log_id(until)), MOST_VERIFIED + 1))
        part, reached = entries[:MOST_VERIFIED], None
        if len(entries) > MOST_VERIFIED:
            reached = next((entry.log_id for entry in reversed(part) if entry.mark), None)
        states = self.store.read(tenant, part)
        # Read after the events: whichever goes with its user meanwhile is seen here or there.
        traces = self.store.traces(tenant, after, f"{reached}~" if reached else first_log_id(until))
        findings += _changed(part, states, traces)
        _count(counted, part, states, traces)
        end = minute_of(reached) if reached else until
        last = counted.get(end, Minute(end))
        if seal is not None:
            findings += _compared(seal.minutes, counted, begin, end)
        return Verification(
            seal=seal,
            since=since,
            until=until,
            events=sum(state is not None for state in states),
            removed=sum(trace.genuine for trace in traces),
            expired=0 if seal is None or checkpoint else sum(each.start < begin for each in seal.minutes),
            findings=findings,
            next=Checkpoint(reached, last.count, last.digest) if reached else None,
        )


def _changed(entries: Iterable[Entry], states: Iterable[bool | None], traces: Iterable[Trace]) -> Iterator[Finding]:
    for entry, state in zip(entries, states, strict=True):
        if not entry.mark or state is False:
            yield Finding(kind="event_changed", log_id=entry.log_id)
    for trace in traces:
        if not trace.genuine:
            yield Finding(kind="trace_changed", log_id=trace.log_id)


def _count(
    counted: dict[datetime, Minute], entries: Iterable[Entry], states: Iterable[bool | None], traces: Iterable[Trace]
) -> None:
    """Count what is there, and what went with its user, minute by minute."""
    there = {entry.name for entry, state in zip(entries, states, strict=True) if entry.mark and state is not None}
    gone = {trace.name for trace in traces if trace.genuine}
    for start, group in groupby(sorted(there | gone), key=minute_of):
        counted[start] = counted.get(start, Minute(start)).joined(group)


def _compared(
    sealed: Iterable[Minute], counted: dict[datetime, Minute], begin: datetime, end: datetime
) -> Iterator[Finding]:
    """Compare the minutes from `begin` up to `end` with what was sealed of them."""
    known = {minute.start: minute for minute in sealed}
    for start in sorted(known.keys() | counted.keys()):
        was, now_is = known.get(start, Minute(start)), counted.get(start, Minute(start))
        if not begin <= start < end or was == now_is:
            continue
        kinds = {-1: "events_missing", 0: "events_replaced", 1: "events_added"}
        more = now_is.count - was.count
        yield Finding(kind=kinds[(more > 0) - (more < 0)], minute=start, count=abs(more) or None)
