"""This process: what it says, that it is the only one on its data, and that every signal ends it in good order."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(text: str) -> None:
    """Print at once. A terminal that was closed must not keep us from stopping in good order."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as we live


def end_on_signals() -> None:
    """Turn Ctrl-C, SIGTERM and a closed terminal into SystemExit, once; what follows cannot interrupt the stopping."""

    def end(number: int, frame: object) -> None:
        del number, frame
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(0)

    for each in _SIGNALS:
        # Under nohup a closed terminal is to be ignored.
        if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, end)


@contextmanager
def sole_user_of(directory: Path) -> Iterator[None]:
    """Hold the directory for this process; end with a sentence if another one does. The system lets go when we die."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SystemExit(f"{directory} cannot be used: {error.strerror}. Set DATA_DIR to another directory.") from None
    try:
        _hold(descriptor, directory)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int, directory: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise SystemExit(
            f"Another local stack (process {owner}) runs on {directory}. Stop it, or set DATA_DIR to another directory."
        ) from None
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
