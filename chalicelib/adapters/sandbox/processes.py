"""Runs scripts in a child process of this one, and each run in a fork of that child which is made for it.

The child has no environment, no file, nothing of AWS; the fork can also open nothing, connect to nothing and start
nothing (`child/walls.py`). Both hold one socket. Owns the processes; what is said to them is in `conversation.py`.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.adapters.sandbox.child import walls
from chalicelib.adapters.sandbox.conversation import Conversation, Gone, Worker, check_message, message, order
from chalicelib.adapters.sandbox.outcomes import Heard, Untrue, checking, fault, refused_before
from chalicelib.core.sandbox import Fault, Job, Outcome, fault_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
JAVASCRIPT = Path(__file__).with_name("javascript")
_BEGIN = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from chalicelib.adapters.sandbox.child.zygote import main; main(*sys.argv[2:])"
)
_ORDER = struct.Struct(">cQ")


class ProcessSandbox:
    """Starts its child with the first run, and another when one is lost. Fits `core.sandbox.Sandbox`."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._child: Child | None = None

    def check(self, script: str) -> Fault | None:
        """Say why a script is not one function in JavaScript, without running it, or None."""
        return fault_of_text(script) or fault(self.hear_check(script))

    def run(self, job: Job) -> Outcome:
        """Run a job, within its time and half a second."""
        begun = time.perf_counter()
        return refused_before(job) or self.hear(job).outcome_after((time.perf_counter() - begun) * 1000)

    def hear_check(self, script: str) -> Heard:
        """Check a script, and give what was heard of it."""
        job = checking(script)
        return self._heard(job, order(job, scripts=0), check_message(script))

    def hear(self, job: Job) -> Heard:
        """Run a job, and give what was heard of it."""
        return self._heard(job, order(job, scripts=len(job.scripts)), message(job))

    def _heard(self, job: Job, told: bytes, script: bytes) -> Heard:
        """Have one run, in a child that is started if there is none."""
        heard = Heard(job)
        child = None
        try:
            child = self._running()
            with child.worker() as worker:
                Conversation(heard, worker).hold(told, script)
        except (Gone, OSError) as error:
            heard.stop("crash", str(error))
            self._leave(child)
        except Untrue as error:
            # Whoever says such things has taken the engine over. What it said before is worth as little.
            heard.outcome, heard.stopped = None, ("protocol", str(error))
            self._leave(child)
        return heard

    def _running(self) -> Child:
        with self._lock:
            if self._child and self._child.process.poll() is not None:
                self._child.end()
                self._child = None
            self._child = self._child or Child.started()
            return self._child

    def _leave(self, child: Child | None) -> None:
        """Have no more workers of a child: the next crash would tell where things lie in its memory. Others may end."""
        with self._lock:
            if child is self._child:
                self._child = None
        if child:
            child.end_after_others()

    def close(self) -> None:
        """End the child and everything in it. The next run starts another."""
        with self._lock:
            child, self._child = self._child, None
        if child:
            child.end()


@dataclass
class Child:
    """The process that forks workers, and our socket to it."""

    process: subprocess.Popen[bytes]
    orders: socket.socket
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    running: set[int] = field(default_factory=set)
    left: bool = False

    @classmethod
    def started(cls) -> Child:
        """Start it: isolated from the environment, from the user's packages and from this directory."""
        engine = find_spec("_quickjs")  # finds the file, and does not load it
        if engine is None or engine.origin is None:
            raise Gone("quickjs-ng is not installed")
        ours, theirs = socket.socketpair()
        with theirs:
            # All arguments are our own.
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", "-B", "-c", _BEGIN, str(ROOT), engine.origin, str(JAVASCRIPT)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={},
                cwd="/",
                close_fds=True,
                start_new_session=True,
            )
        walls.look_away()
        return cls(process, ours)

    def worker(self) -> Worker:
        """Have a worker forked, or raise Gone."""
        ours, theirs = socket.socketpair()
        with theirs, self.lock:
            number = next(self.numbers)
            try:
                self._order(b"R", number, [theirs.fileno()])
            except Gone:
                ours.close()
                raise
            self.running.add(number)
        return Worker(ours, partial(self.stop, number))

    def stop(self, number: int) -> None:
        """Have a worker ended, if it has not."""
        with self.lock:
            self.running.discard(number)
            with suppress(Gone):
                self._order(b"S", number, [])
        self.end_after_others(only_if_left=True)

    def _order(self, letter: bytes, number: int, descriptors: list[int]) -> None:
        try:
            socket.send_fds(self.orders, [_ORDER.pack(letter, number)], descriptors)
        except OSError as error:
            raise Gone("the child is gone") from error

    def end_after_others(self, *, only_if_left: bool = False) -> None:
        """End it now, or when the last of its workers is done."""
        with self.lock:
            self.left = self.left or not only_if_left
            if not self.left or self.running:
                return
        self.end()

    def end(self) -> None:
        """Kill it with all its workers."""
        if self.process.poll() is None:
            # It has not been waited for, so that its number is nobody else's.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.orders.close()
