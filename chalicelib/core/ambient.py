"""The three things no function may take from the air: the time, new ids and new secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Ambient:
    """What surrounds every operation; tests move it, the program takes the real one.

    `now` is aware UTC. `new_id(n)` gives n lower-case hexadecimal characters. `new_secret(n)` gives n characters of
    `A-Za-z0-9_-`, 6 random bits each, so 43 and more carry at least 256 bits.
    """

    now: Callable[[], datetime]
    new_id: Callable[[int], str]
    new_secret: Callable[[int], str]
