"""Configuration kept in the Lambda for seconds. Never past a write made through the same process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.storage.keys import Key

T = TypeVar("T")

SECONDS = 5.0
_MOST = 2_000
"""Entries before the cache starts anew: a Lambda that serves very many tenants must not grow without end."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Values by key, each for five seconds. What does not exist is not remembered: it may be created any moment."""

    now: Callable[[], datetime]
    entries: dict[Key, tuple[float, Any]] = field(default_factory=dict)

    def get(self, key: Key, load: Callable[[], T | None]) -> T | None:
        """Give the value kept under `key`, or load and keep it."""
        kept = self.entries.get(key)
        now = self.now().timestamp()
        if kept is not None and 0 <= now - kept[0] < SECONDS:
            value: T = kept[1]
            return value
        loaded = load()
        if loaded is not None:
            if len(self.entries) >= _MOST:
                self.entries.clear()
            self.entries[key] = (now, loaded)
        return loaded

    def drop(self, key: Key) -> None:
        """Forget what was written."""
        self.entries.pop(key, None)
