"""Work that runs beside the gateway in a thread and ends when it is told to."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STOP_SECONDS = 10


@contextmanager
def running(name: str, work: Callable[[Event], None]) -> Iterator[None]:
    """Run `work` in a thread; at the end set its event and wait for it, a while."""
    stop = Event()
    thread = Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)
