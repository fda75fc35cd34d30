"""What a request asks of the table, counted where it is asked for and told where the request is answered."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Measures:
    """Calls that were made, and the capacity they took: read and write request units, as the store says."""

    round_trips: int = 0
    read_units: float = 0.0
    write_units: float = 0.0


_CURRENT: ContextVar[Measures | None] = ContextVar("measures", default=None)


def begin() -> Measures:
    """Begin to count anew in this thread, or whatever else has a context of its own."""
    measures = Measures()
    _CURRENT.set(measures)
    return measures


def count(read_units: float = 0.0, write_units: float = 0.0) -> None:
    """Count one call, if anybody wants to know."""
    measures = _CURRENT.get()
    if measures is not None:
        measures.round_trips += 1
        measures.read_units += read_units
        measures.write_units += write_units
