"""Throttles: how many requests a tenant may send in a minute, so that none slows or fills what others use (S42).

Each process counts in memory. One that has counted more than a step of requests adds them to a counter of all
processes, which tells how many there are: a quiet tenant costs no round trip, a busy one a write for each step. Past
the limit a process refuses from memory until the minute is over. So the limit is exact for one process; of several,
each may let in a step of requests that the others do not know of. Owns no answer: how a refusal looks is the web's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING, NoReturn, Protocol

from chalicelib.core.errors import GatehouseError, TooMany, Unavailable
from chalicelib.core.logs import happened

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.logs import LogEvent

LOG = logging.getLogger("gatehouse")
MANAGEMENT = "management"
AUTHENTICATION = "authentication"
"""The two kinds of requests, counted apart: strangers at the door do not keep a tenant's own programs out."""
WINDOW = timedelta(minutes=1)
LEAST_STEP = 10
STEPS = 200
"""A step is a two-hundredth of what is left of the limit, and 10 at least."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What is left of a minute, as far as this process knows. `resets_at` is in epoch seconds, `wait` in seconds."""

    limit: int
    remaining: int
    resets_at: int
    wait: int


class LimitReached(TooMany):
    """The tenant has sent as many requests of a kind as a minute allows. In Auth0's words."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__("Global limit has been reached")
        self.allowance = allowance


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A minute of one tenant's requests of one kind. Minutes begin where the clock's do, for all processes."""

    tenant: str
    kind: str
    ends: datetime


class ThrottleStore(Protocol):
    """Where the counters of all processes lie."""

    def add(self, window: Window, requests: int) -> int:
        """Add requests to a counter and give how many there are now."""

    def tell(self, window: Window, event: LogEvent) -> None:
        """Write the event of a window's first refusal; a conflict if somebody did."""


@dataclass(slots=True)
class _Tally:
    """What this process knows of a window: `counted` requests of all processes, and `uncounted` of its own since.

    `due` is after how many uncounted ones it adds them.
    """

    window: Window
    due: int
    counted: int = 0
    uncounted: int = 0
    adding: bool = False
    told: bool = False

    @property
    def seen(self) -> int:
        """How many requests there were at least."""
        return self.counted + self.uncounted

    def take(self) -> int:
        """Count one request; give how many are to be added to the counter of all processes now, by one thread."""
        self.uncounted += 1
        if self.adding or self.uncounted <= self.due:
            return 0
        self.adding = True
        return self.uncounted


@dataclass(slots=True)
class Throttles:
    """Counts requests and refuses those past the limit. `limits` are for a minute, by kind; 0 is none."""

    store: ThrottleStore
    ambient: Ambient
    limits: Mapping[str, int]
    tallies: dict[tuple[str, str], _Tally] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def demand_left(self, caller: Caller, kind: str) -> None:
        """Refuse a request that is known to be past the limit, before anything is looked at. Counts nothing."""
        with self._lock:
            tally = self.tallies.get((caller.tenant, kind))
            spent = tally is not None and self._is_current(tally) and tally.seen >= self._limit(kind)
        if tally is not None and spent:
            self._refuse(caller, tally)

    def count(self, caller: Caller, kind: str) -> None:
        """Count a request of a tenant that exists, or refuse it. A counter that does not answer refuses nobody."""
        limit = self._limit(kind)
        if not limit:
            return
        with self._lock:
            tally = self._tally(caller.tenant, kind)
            spent = tally.seen >= limit
            adding = 0 if spent else tally.take()
        if adding:
            self._add(tally, adding)
            spent = tally.counted > limit
        if spent:
            self._refuse(caller, tally)

    def allowance(self, tenant: str, kind: str) -> Allowance | None:
        """Say what is left of the current minute; None where nothing was counted."""
        with self._lock:
            tally = self.tallies.get((tenant, kind))
            return self._allowance(tally) if tally is not None and self._is_current(tally) else None

    def _limit(self, kind: str) -> int:
        return self.limits.get(kind, 0)

    def _tally(self, tenant: str, kind: str) -> _Tally:
        """Give the tally of the current minute. Those of any other are forgotten, also if the clock was set back."""
        tally = self.tallies.get((tenant, kind))
        if tally is None or not self._is_current(tally):
            ends = self._now_ends()
            for key in [key for key, kept in self.tallies.items() if kept.window.ends != ends]:
                del self.tallies[key]
            window = Window(tenant=tenant, kind=kind, ends=ends)
            tally = self.tallies[tenant, kind] = _Tally(window, due=_step(self._limit(kind)))
        return tally

    def _is_current(self, tally: _Tally) -> bool:
        return timedelta() < tally.window.ends - self.ambient.now() <= WINDOW

    def _now_ends(self) -> datetime:
        seconds = int(WINDOW.total_seconds())
        begun = int(self.ambient.now().timestamp()) // seconds * seconds
        return datetime.fromtimestamp(begun, UTC) + WINDOW

    def _add(self, tally: _Tally, requests: int) -> None:
        """Add to the counter of all processes. While it does not answer, this process counts on for itself."""
        limit, total = self._limit(tally.window.kind), None
        try:
            total = self.store.add(tally.window, requests)
        except Unavailable as error:
            LOG.warning("requests of tenant %s are not counted together: %s", tally.window.tenant, error.detail)
        finally:
            with self._lock:
                tally.adding = False
                if total is None:
                    tally.due = tally.uncounted + _step(limit)
                else:
                    tally.counted, tally.due = total, _step(limit - total)
                    tally.uncounted -= requests

    def _refuse(self, caller: Caller, tally: _Tally) -> NoReturn:
        """Refuse, and have the history say so once for all processes; that must not turn a 429 into a 500."""
        with self._lock:
            first, tally.told = not tally.told, True
            allowance = self._allowance(tally)
        if first:
            try:
                self.store.tell(tally.window, self._event(caller, tally))
            except GatehouseError as error:
                LOG.info("the event of a limit was not written here: %s", error.message)
        raise LimitReached(allowance)

    def _event(self, caller: Caller, tally: _Tally) -> LogEvent:
        why = f"More than {self._limit(tally.window.kind)} {tally.window.kind} requests within a minute"
        return happened(self.ambient, caller, "api_limit", why=why)

    def _allowance(self, tally: _Tally) -> Allowance:
        limit = self._limit(tally.window.kind)
        return Allowance(
            limit=limit,
            remaining=max(0, limit - tally.seen),
            resets_at=int(tally.window.ends.timestamp()),
            wait=max(1, ceil((tally.window.ends - self.ambient.now()).total_seconds())),
        )


def _step(left: int) -> int:
    return max(LEAST_STEP, left // STEPS)
