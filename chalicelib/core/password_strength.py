"""The five strengths of a password: what each demands, and what a password lacks, in the words Auth0's clients expect.

Owns length, types of characters and repetition; dictionaries, personal information and history are in
`chalicelib.core.passwords`. The shapes are those of Auth0's password-sheriff, as Auth0's servers answer them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.documents import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


Rule = Callable[[str], dict[str, Any]]

_TYPES = {
    "lowerCase": ("lower case letters (a-z)", re.compile("[a-z]")),
    "upperCase": ("upper case letters (A-Z)", re.compile("[A-Z]")),
    "numbers": ("numbers (i.e. 0-9)", re.compile("[0-9]")),
    "specialCharacters": ("special characters (e.g. !@#$%^&*)", re.compile(r"[ -/:-@\[-`{-~]")),
}
"""Type of character: what people read, and which count. ASCII only, as with Auth0; the space is special (OWASP)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Strength:
    """What is demanded: a length in code points, `of` so many of `types`, and a longest run of one character."""

    min_length: int
    types: tuple[str, ...] = ()
    of: int = 0
    longest_run: int = 0

    def missing(self, password: str) -> Document:
        """Say of each rule whether the password keeps it; `verified` is true when it keeps all."""
        rules = [rule(password) for rule in self._rules()]
        return {"rules": rules, "verified": all(rule["verified"] for rule in rules)}

    def explain(self) -> str:
        """Give the rules as the bulleted text that is shown to people."""
        return "\n".join(_lines(self.missing("")["rules"]))

    def _rules(self) -> Iterator[Rule]:
        yield self._length
        if self.types:
            yield self._all_types if self.of == len(self.types) else self._some_types
        if self.longest_run:
            yield self._run

    def _length(self, password: str) -> dict[str, Any]:
        verified = len(password) >= self.min_length
        if self.min_length == 1:
            return {"message": "Non-empty password required", "code": "nonEmpty", "verified": verified}
        message = "At least %d characters in length"
        return {"message": message, "format": [self.min_length], "code": "lengthAtLeast", "verified": verified}

    def _all_types(self, password: str) -> dict[str, Any]:
        items = _present(self.types, password)
        verified = all(item["verified"] for item in items)
        return {"message": "Should contain:", "code": "shouldContain", "items": items, "verified": verified}

    def _some_types(self, password: str) -> dict[str, Any]:
        items = _present(self.types, password)
        return {
            "message": "Contain at least %d of the following %d types of characters:",
            "code": "containsAtLeast",
            "format": [self.of, len(self.types)],
            "items": items,
            "verified": sum(item["verified"] for item in items) >= self.of,
        }

    def _run(self, password: str) -> dict[str, Any]:
        # An empty password keeps no rule at all in password-sheriff, not even this one.
        longer = re.compile(rf"(.)\1{{{self.longest_run}}}", re.DOTALL)
        return {
            "message": 'No more than %d identical characters in a row (e.g., "%s" not allowed)',
            "code": "identicalChars",
            "format": [self.longest_run, "a" * (self.longest_run + 1)],
            "verified": bool(password) and longer.search(password) is None,
        }


def _present(types: tuple[str, ...], password: str) -> list[dict[str, Any]]:
    found = ((code, *_TYPES[code]) for code in types)
    return [
        {"message": message, "code": code, "verified": pattern.search(password) is not None}
        for code, message, pattern in found
    ]


def _lines(rules: list[dict[str, Any]], level: int = 0) -> Iterator[str]:
    for rule in rules:
        text = rule["message"] % tuple(rule["format"]) if "format" in rule else rule["message"]
        yield f"{' ' * level}* {text}"
        yield from _lines(rule.get("items", []), level + 1)


_THREE = ("lowerCase", "upperCase", "numbers")
_FOUR = (*_THREE, "specialCharacters")

STRENGTHS = {
    "none": Strength(min_length=1),
    "low": Strength(min_length=6),
    "fair": Strength(min_length=8, types=_THREE, of=3),
    "good": Strength(min_length=8, types=_FOUR, of=3),
    "excellent": Strength(min_length=10, types=_FOUR, of=3, longest_run=2),
}
"""Auth0's policies by name."""
