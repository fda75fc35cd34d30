"""Searching history: the query language of Auth0's log search, which is a part of Lucene's, and what it means.

Terms are `field:value`, `field:"a value"`, `field:val*`, `field:(one OR another)`, `date:[from TO to}`, or a value
alone; AND, OR, NOT, `-` and parentheses combine them, and terms side by side are ANDed. AND binds closer than OR.
Values are whole and case-sensitive. Limits: 1,000 characters, 50 terms, 10 levels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NoReturn

from chalicelib.core.errors import Invalid
from chalicelib.core.log_conditions import All, Either, Not, Period, Search, Term

if TYPE_CHECKING:
    from chalicelib.core.log_conditions import Condition

MAX_LENGTH = 1_000
MAX_TERMS = 50
MAX_LEVELS = 10

FIELDS = (
    "audience",
    "client_id",
    "client_name",
    "connection",
    "connection_id",
    "description",
    "hostname",
    "ip",
    "log_id",
    "scope",
    "strategy",
    "strategy_type",
    "type",
    "user_agent",
    "user_id",
    "user_name",
)
"""What can be searched, beside `date`."""
BARE = ("client_name", "connection", "description", "ip", "log_id", "type", "user_name")
"""What a value without a field is looked for in."""

_DATES = ("date",)
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*):")
_VALUE = re.compile(r'(?:\\.|[^\s()\[\]{}"^~?\\])+')
_PHRASE = re.compile(r'"((?:\\.|[^"\\])*)"')
_PERIOD = re.compile(r"([\[{])\s*([^\s\[\]{}()\"]+)\s+TO\s+([^\s\[\]{}()\"]+)\s*([\]}])")
_PART = re.compile(r"\\(.)|(\*)|([^\\*]+)")
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
_KEYWORDS = frozenset({"AND", "OR", "NOT", "TO"})
_NOT_OURS = ("+", "!", "/", "&&", "||")


def parse(text: str) -> Search:
    """Understand a query, or raise Invalid that says at which character it cannot be."""
    parser = _Parser(text)
    if len(text) > MAX_LENGTH:
        parser.refuse(f"A query has at most {MAX_LENGTH} characters", MAX_LENGTH)
    condition = parser.either(_Scope(BARE), 0)
    parser.demand_end()
    return Search(condition)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which fields a value is for: several while none is named, the named one within its parentheses."""

    fields: tuple[str, ...]
    named: bool = False


@dataclass(slots=True)
class _Parser:
    """Recursive descent: a method for each rule of the grammar, and `at` is the next character."""

    text: str
    at: int = 0
    terms: int = 0

    def either(self, scope: _Scope, level: int) -> Condition:
        options = [self.all(scope, level)]
        while self.keyword("OR"):
            options.append(self.all(scope, level))
        return options[0] if len(options) == 1 else Either(tuple(options))

    def all(self, scope: _Scope, level: int) -> Condition:
        parts = [self.part(scope, level)]
        while self.keyword("AND") or self.more():
            parts.append(self.part(scope, level))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def part(self, scope: _Scope, level: int) -> Condition:
        if level > MAX_LEVELS:
            self.refuse(f"A query has at most {MAX_LEVELS} levels", self.at)
        if self.keyword("NOT") or self.take("-"):
            return Not(self.part(scope, level + 1))
        if self.take("("):
            return self.closed(scope, level + 1)
        name = _NAME.match(self.text, self.at)
        if name is None:
            return self.value(scope)
        return self.field(name[1], scope, level)

    def field(self, name: str, scope: _Scope, level: int) -> Condition:
        if scope.named:
            self.refuse(f"Another field within {scope.fields[0]}: put a value with a colon in quotes", self.at)
        if name not in FIELDS and name != "date":
            self.refuse(f"There is no field {name[:50]}; there are {', '.join(FIELDS)} and date", self.at)
        self.at += len(name) + 1
        inner = _Scope((name,), named=True)
        return self.closed(inner, level + 1) if self.take("(") else self.value(inner)

    def closed(self, scope: _Scope, level: int) -> Condition:
        opened = self.at - 1
        condition = self.either(scope, level)
        if not self.take(")"):
            self.refuse("This parenthesis is not closed", opened)
        return condition

    def value(self, scope: _Scope) -> Condition:
        self.skip()
        start, self.terms = self.at, self.terms + 1
        if self.terms > MAX_TERMS:
            self.refuse(f"A query has at most {MAX_TERMS} terms", start)
        found: Condition
        if self.text.startswith(("[", "{"), start):
            found = self.period(scope)
        else:
            pieces = self.pieces()
            found = self.day(pieces, start) if scope.fields == _DATES else Term(scope.fields, pieces)
        if not self.ends_here(self.at, ")"):
            self.refuse(f"{self.text[self.at]!r} is not understood here", self.at)
        return found

    def pieces(self) -> tuple[str, ...]:
        """Read a phrase, in which a star is a star, or a word, in which it stands for anything."""
        start = self.at
        if self.text.startswith('"', start):
            phrase = _PHRASE.match(self.text, start) or self.refuse("This quotation is not closed", start)
            self.at = phrase.end()
            return (re.sub(r"\\(.)", r"\1", phrase[1]) or self.refuse("A value is missing", start),)
        word = _VALUE.match(self.text, start)
        if word is None or word[0] in _KEYWORDS or word[0].startswith(_NOT_OURS):
            found = f"{self.text[start]!r} is not understood here" if start < len(self.text) else "the query ends"
            self.refuse(f"A term is missing: {found}", start)
        self.at = word.end()
        return _between_stars(word[0])

    def period(self, scope: _Scope) -> Period:
        start = self.at
        if scope.fields != _DATES:
            self.refuse("Only date has ranges", start)
        match = _PERIOD.match(self.text, start) or self.refuse("A range is like [2026-01-01 TO 2026-01-02]", start)
        self.at = match.end()
        since, until = (None if match[side] == "*" else self.moment(match[side], match.start(side)) for side in (2, 3))
        return Period(since, until, since_inclusive=match[1] == "[", until_inclusive=match[4] == "]")

    def day(self, pieces: tuple[str, ...], start: int) -> Period:
        moment = self.moment("*".join(pieces), start)
        return Period(moment, moment)

    def moment(self, text: str, start: int) -> datetime:
        try:
            return _moment(text)
        except ValueError:
            self.refuse("A date is like 2026-01-01 or 2026-01-01T12:00:00.000Z", start)

    def more(self) -> bool:
        """Say whether another term stands here, joined by nothing."""
        self.skip()
        return self.at < len(self.text) and self.text[self.at] != ")" and not self.sees("OR")

    def keyword(self, word: str) -> bool:
        self.skip()
        if not self.sees(word):
            return False
        self.at += len(word)
        return True

    def sees(self, word: str) -> bool:
        """Say whether a keyword stands here: alone, not as the beginning of a value."""
        return self.text.startswith(word, self.at) and self.ends_here(self.at + len(word), '()"[{-')

    def ends_here(self, at: int, others: str) -> bool:
        """Say whether a word that reached up to here is at its end: before a space, one of `others`, or nothing."""
        following = self.text[at : at + 1]
        return not following or following.isspace() or following in others

    def take(self, character: str) -> bool:
        self.skip()
        if not self.text.startswith(character, self.at):
            return False
        self.at += 1
        return True

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def demand_end(self) -> None:
        self.skip()
        if self.at < len(self.text):
            self.refuse(f"{self.text[self.at]!r} is not understood here", self.at)

    def refuse(self, what: str, at: int) -> NoReturn:
        raise Invalid(
            f"Query validation error: '{what} (character {at + 1})' on property q.", code="invalid_query_string"
        )


def _between_stars(word: str) -> tuple[str, ...]:
    pieces = [""]
    for escaped, star, plain in _PART.findall(word):
        if star:
            pieces.append("")
        else:
            pieces[-1] += escaped or plain
    return tuple(pieces)


def _moment(text: str) -> datetime:
    """Read a date; what is not given is nought, as Auth0 has it. Raises ValueError."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    parts = (int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    return datetime(*parts, microsecond, tzinfo=_zone(zone))


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:])
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
