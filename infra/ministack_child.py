"""The child process that is MiniStack: serves on an inherited socket, takes snapshots, ends cleanly on end of input.

MiniStack by itself saves only when it is stopped cleanly, and keeps to itself when it cannot. Here it also ends cleanly
when its parent is gone, however that died, saves every few seconds if something changed, and fails when its last save
does. Run by `infra.ministack`, not by people.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
import time
import venv
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterable

SNAPSHOT_SHARE = 20
"""A snapshot that took s seconds is followed by at least 20 s seconds without: MiniStack stands still meanwhile."""

_READS = ("Get", "BatchGet", "TransactGet", "Query", "Scan", "List", "Describe", "Encrypt", "Decrypt")


class Changes:
    """MiniStack as an ASGI application that notes whether anything may have changed."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._changed = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on; note it afterwards, so that no snapshot can clear the note before the change."""
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "http" and may_change(scope["method"], scope["headers"]):
                self.note()

    def note(self) -> None:
        """Note that something changed, or that what had changed could not be saved."""
        self._changed = True

    def take(self) -> bool:
        """Say whether anything may have changed since last asked."""
        changed, self._changed = self._changed, False
        return changed


def may_change(method: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell writes from reads; what is not known is a write."""
    target = next((value.decode("latin-1") for name, value in headers if name == b"x-amz-target"), None)
    if target is None:
        return method not in {"GET", "HEAD"}
    return not target.rpartition(".")[2].startswith(_READS)


def main() -> None:
    """Serve until end of input or SIGTERM, then save and end."""
    descriptor, snapshot_seconds = int(sys.argv[1]), float(sys.argv[2])
    if sys.argv[3:] == ["bare"]:
        sys.executable = _empty_python(Path(os.environ["STATE_DIR"]) / "python")
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    state = Path(os.environ["STATE_DIR"]) if os.environ["PERSIST_STATE"] == "1" else None
    if state:
        _await_former(state)
    # Only now: importing it loads the state, which a former child may have been saving until here.
    ministack = import_module("ministack.app")
    if state:
        _refuse_unreadable(state)
    asyncio.run(_serve(ministack, descriptor, state, snapshot_seconds))
    if state and not _saved(ministack, state):
        os._exit(1)
    # Its threads never end by themselves, and everything is saved.
    os._exit(0)


def _empty_python(folder: Path) -> str:
    """Make a Python with nothing installed: run by it, functions find their package and nothing else, as in Lambda."""
    venv.create(folder, symlinks=True, with_pip=False)
    return str(folder / "bin" / "python")


def _await_former(state: Path) -> None:
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)


def _refuse_unreadable(state: Path) -> None:
    """End rather than start empty over a state that could not be read: the next save would overwrite it."""
    for service, what in (("dynamodb", "tables"), ("kms", "keys")):
        path = state / f"{service}.json"
        loaded = import_module(f"ministack.services.{service}").get_state()[what]
        if path.exists() and not loaded._data and not _is_empty(path, what):  # noqa: SLF001 - the public view shows one account only
            sys.exit(f"The saved state {path} cannot be read. Move it away to start empty, or restore it.")


def _is_empty(path: Path, what: str) -> bool:
    """Tell a state in which nothing had been made yet from one that is damaged."""
    try:
        return bool(json.loads(path.read_bytes())["payload"][what]["data"] == {})
    except (ValueError, LookupError, TypeError):
        return False


async def _serve(ministack: Any, descriptor: int, state: Path | None, snapshot_seconds: float) -> None:
    stop = _stop_event()
    changes = Changes(ministack.app)
    snapshots = asyncio.create_task(_take_snapshots(ministack, changes, state, snapshot_seconds)) if state else None
    await serve(changes, _config(descriptor), shutdown_trigger=stop.wait)
    if snapshots:
        snapshots.cancel()


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stop.set()

    # Nothing is ever written to us: readable means that the parent closed its end, or is gone.
    loop.add_reader(sys.stdin.fileno(), end)
    loop.add_signal_handler(signal.SIGTERM, end)
    return stop


def _config(descriptor: int) -> Config:
    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = "WARNING"
    return config


async def _take_snapshots(ministack: Any, changes: Changes, state: Path, seconds: float) -> None:
    pause = seconds
    while True:
        await asyncio.sleep(pause)
        if changes.take():
            started = time.monotonic()
            # On the event loop, where every write is one step: no snapshot sees half a transaction.
            if not _saved(ministack, state):
                changes.note()
            pause = max(seconds, SNAPSHOT_SHARE * (time.monotonic() - started))


def _saved(ministack: Any, state: Path) -> bool:
    """Save and say whether that worked; why it did not goes into the log, and the snapshot before is still there."""
    try:
        save(ministack, state)
    except OSError as error:
        print(f"The state could not be saved: {error}", file=sys.stderr, flush=True)
        return False
    return True


def save(ministack: Any, state: Path) -> None:
    """Write everything to the state's directory. Keys go first: what they sealed is worth nothing without them."""
    states = ministack._build_persistence_save_dict()  # noqa: SLF001 - what its own shutdown saves
    dynamodb = import_module("ministack.services.dynamodb")
    # The thread that removes what has expired takes this lock too.
    with dynamodb._lock:  # noqa: SLF001
        for service, get_state in sorted(states.items(), key=lambda each: each[0] != "kms"):
            _store(state / f"{service}.json", service, get_state())


def _store(path: Path, service: str, content: Any) -> None:
    """Replace one file whole, in MiniStack's format: its own function keeps to itself that a disk is full."""
    form = import_module("ministack.core.persistence")
    wrapped = {"__ministack_format__": form._state_format_version(service), "payload": content}  # noqa: SLF001
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w", encoding="ascii") as file:
        file.write(json.dumps(wrapped, default=form._json_default))  # noqa: SLF001
        file.flush()
        # Without it a machine that stops may keep the new name and lose the content.
        os.fsync(file.fileno())
    partial.replace(path)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
