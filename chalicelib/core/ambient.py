"""The things no function may take from the air: the time, new ids, new secrets, and what came after what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_MILLISECOND = 1 << 16
"""Ticks in one: what does not fit goes on in the next."""


@dataclass(frozen=True, slots=True)
class Ambient:
    """What surrounds every operation; tests move it, the program takes the real one.

    `now` is aware UTC. `new_id(n)` gives n lower-case hexadecimal characters. `new_secret(n)` gives n characters of
    `A-Za-z0-9_-`, 6 random bits each, so 43 and more carry at least 256 bits. `new_tick` is that of a `Ticks`.
    """

    now: Callable[[], datetime]
    new_id: Callable[[int], str]
    new_secret: Callable[[int], str]
    new_tick: Callable[[datetime], str]


@dataclass(slots=True)
class Ticks:
    """The order in which a process did things, finer than the clock's milliseconds; for any number of threads.

    Of two processes, what each did in the same millisecond has no order between them.
    """

    _last: int = 0
    _lock: Lock = field(default_factory=Lock)

    def new(self, now: datetime) -> str:
        """Give 13 digits of epoch milliseconds and 4 hexadecimal ones, greater as text than all that were given before.

        A clock that is set back is waited for: until it catches up, the ticks go on from the latest.
        """
        with self._lock:
            self._last = max(milliseconds(now) * _A_MILLISECOND, self._last + 1)
            whole, part = divmod(self._last, _A_MILLISECOND)
        return f"{whole:013d}{part:04x}"


def milliseconds(moment: datetime) -> int:
    """Give the whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
