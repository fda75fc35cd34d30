"""What a search of history demands of an event, and where events that fulfil it can lie. Knows no query language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.ambient import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from chalicelib.core.logs import LogEvent

_LAST_MILLISECOND = 10**13 - 1
"""The last that 13 digits of a log id can say."""


class Condition(Protocol):
    """What an event fulfils or does not."""

    def matches(self, event: LogEvent) -> bool:
        """Judge one event."""


@dataclass(frozen=True, slots=True)
class Term:
    """One of `fields` has this value; between `pieces` there may be anything."""

    fields: tuple[str, ...]
    pieces: tuple[str, ...]

    def matches(self, event: LogEvent) -> bool:
        """Compare whole values. What an event does not say has no value."""
        return any(value and _fits(self.pieces, value) for value in (getattr(event, name) for name in self.fields))


@dataclass(frozen=True, slots=True)
class Period:
    """The event is from this time: `since` and `until` are in it when they are inclusive, and None leaves it open."""

    since: datetime | None
    until: datetime | None
    since_inclusive: bool = True
    until_inclusive: bool = True

    def matches(self, event: LogEvent) -> bool:
        """Compare with the event's date."""
        if self.since and (event.date < self.since or (event.date == self.since and not self.since_inclusive)):
            return False
        return not (self.until and (event.date > self.until or (event.date == self.until and not self.until_inclusive)))


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    condition: Condition

    def matches(self, event: LogEvent) -> bool:
        """Judge the opposite."""
        return not self.condition.matches(event)


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them."""

    conditions: tuple[Condition, ...]

    def matches(self, event: LogEvent) -> bool:
        """Judge up to the first that fails."""
        return all(condition.matches(event) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of them."""

    conditions: tuple[Condition, ...]

    def matches(self, event: LogEvent) -> bool:
        """Judge up to the first that holds."""
        return any(condition.matches(event) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Search:
    """A query that was understood. What it demands in any case narrows where to look."""

    condition: Condition

    def matches(self, event: LogEvent) -> bool:
        """Say whether an event is searched for."""
        return self.condition.matches(event)

    @property
    def user_id(self) -> str | None:
        """The one user it is about, if there is one."""
        terms = (each for each in _demands(self.condition) if isinstance(each, Term) and each.fields == ("user_id",))
        return next((term.pieces[0] for term in terms if len(term.pieces) == 1), None)

    @property
    def window(self) -> tuple[str, str]:
        """What log ids lie between: every match is in it, not everything in it is a match."""
        periods = [each for each in _demands(self.condition) if isinstance(each, Period)]
        since = max((milliseconds(each.since) for each in periods if each.since), default=0)
        until = min((milliseconds(each.until) + 1 for each in periods if each.until), default=_LAST_MILLISECOND)
        return _log_id(since), _log_id(until)


def _demands(condition: Condition) -> Iterator[Condition]:
    """Give every condition that must hold whatever else does."""
    if isinstance(condition, All):
        for part in condition.conditions:
            yield from _demands(part)
    else:
        yield condition


def _fits(pieces: tuple[str, ...], value: str) -> bool:
    """Match in one pass over the value: no pattern makes this slow."""
    first, *rest = pieces
    if not rest:
        return value == first
    last, end = rest.pop(), len(value)
    if not value.startswith(first) or not value.endswith(last) or len(first) + len(last) > end:
        return False
    at = len(first)
    for piece in rest:
        found = value.find(piece, at, end - len(last))
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _log_id(milliseconds: int) -> str:
    return f"{min(max(milliseconds, 0), _LAST_MILLISECOND):013d}"
