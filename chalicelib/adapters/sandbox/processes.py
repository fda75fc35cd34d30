"""Runs scripts in a child process of this one, and each run in a fork of that child which is made for it.

The child has no environment, no file, nothing of AWS; the fork can also open nothing, connect to nothing and start
nothing (`child/walls.py`). Both hold one socket. Here is the clock: whoever is not done in time is killed.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.sandbox.child import walls
from chalicelib.adapters.sandbox.outcomes import MAX_MESSAGE_BYTES, Heard, Untrue, fault, read
from chalicelib.core.sandbox import (
    AFTER_CALLBACK,
    FIXED,
    MAX_INPUT_BYTES,
    MAX_RESULT_BYTES,
    Fault,
    Job,
    Limits,
    OperationRefused,
    Outcome,
    Refused,
    Script,
    fault_of_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
JAVASCRIPT = Path(__file__).with_name("javascript")
MARGIN = 0.25
"""Seconds that a worker has to say itself that its time is over, before it is killed."""
START = 10.0
"""Seconds that the child may take to start: a tenth of one is usual."""
MAX_TRAFFIC = 8 * 2**20
"""Bytes that one worker may say in all."""
_BEGIN = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from chalicelib.adapters.sandbox.child.zygote import main; main(*sys.argv[2:])"
)
_ORDER = struct.Struct(">cQ")
_LENGTH = struct.Struct(">I")
_CHECKING = Limits(seconds=1.0)


class Gone(Exception):
    """The child or the worker is not there any more."""


class ProcessSandbox:
    """Starts its child with the first run, and another when one is lost. Fits `core.sandbox.Sandbox`."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._child: Child | None = None

    def check(self, script: str) -> Fault | None:
        """Say why a script is not one function in JavaScript, without running it, or None."""
        found = fault_of_text(script)
        if found:
            return found
        job = Job(kind="rules", scripts=(Script("", "", script),), inputs={}, host=_Nobody(), limits=_CHECKING)
        heard = self._heard(job, _order(job, scripts=0), _checking(script))
        if heard.outcome is None:
            return Fault("The script cannot be read.", 1, 1)
        try:
            return fault(heard.outcome)
        except Untrue:
            return Fault("The script cannot be read.", 1, 1)

    def run(self, job: Job) -> Outcome:
        """Run a job, within its time and half a second."""
        begun = time.perf_counter()
        for script in job.scripts:
            found = fault_of_text(script.source)
            if found:
                return Refused("error", found.message, script.name)
        message = _message(job)
        if len(message) > MAX_INPUT_BYTES + sum(len(json.dumps(script.source)) for script in job.scripts):
            return Refused("size", FIXED["size"], detail=f"the input has {len(message):,} bytes")
        heard = self._heard(job, _order(job, scripts=len(job.scripts)), message)
        return heard.outcome_after((time.perf_counter() - begun) * 1000)

    def _heard(self, job: Job, order: bytes, message: bytes) -> Heard:
        """Have one run, in a child that is started if there is none."""
        heard = Heard(job)
        try:
            child = self._running()
            with child.worker() as worker:
                Conversation(heard, worker).hold(order, message)
        except (Gone, OSError) as error:
            heard.stop("crash", str(error))
            self.close()
        except Untrue as error:
            # Whoever says such things has taken the engine over.
            heard.outcome = None
            heard.stop("protocol", str(error))
            self.close()
        else:
            if heard.stopped and heard.stopped[0] in ("crash", "protocol"):
                self.close()
        return heard

    def _running(self) -> Child:
        with self._lock:
            if self._child is None or self._child.process.poll() is not None:
                self._child = Child.started()
            return self._child

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
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def started(cls) -> Child:
        """Start it: isolated from the environment, from the user's packages and from this directory."""
        engine = find_spec("_quickjs")  # finds the file, and does not load it
        if engine is None or engine.origin is None:
            raise Gone("quickjs-ng is not installed")
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
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
        """Have a worker forked."""
        number = next(self.numbers)
        ours, theirs = socket.socketpair()
        with theirs:
            self.order(b"R", number, [theirs.fileno()])
        return Worker(self, number, ours)

    def order(self, letter: bytes, number: int, descriptors: list[int]) -> None:
        """Tell the child what to do, or raise Gone."""
        try:
            with self.lock:
                socket.send_fds(self.orders, [_ORDER.pack(letter, number)], descriptors)
        except OSError as error:
            raise Gone("the child is gone") from error

    def end(self) -> None:
        """Kill it with all its workers."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        self.orders.close()


@dataclass
class Worker:
    """A fork that runs one job, and our end of its socket."""

    child: Child
    number: int
    socket: socket.socket
    heard: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whether or not it is done."""
        with suppress(Gone):
            self.child.order(b"S", self.number, [])
        with self.lock:
            self.socket.close()

    def send(self, message: bytes, seconds: float) -> None:
        """Send a message. A worker that does not listen is none."""
        with self.lock:
            self.socket.settimeout(seconds)
            self.socket.sendall(_LENGTH.pack(len(message)) + message)

    def receive(self, deadline: float) -> bytes | None:
        """Wait for a message until a time, or give None when it is past; raise Gone when there is nobody."""
        try:
            (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
            self.heard += length
            if length > MAX_MESSAGE_BYTES or self.heard > MAX_TRAFFIC:
                raise Untrue("the worker says too much")
            return self._exactly(length, deadline)
        except TimeoutError:
            return None

    def _exactly(self, size: int, deadline: float) -> bytes:
        parts = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            part = self.socket.recv(min(size, 1 << 20))
            if not part:
                raise Gone("the worker is gone")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


@dataclass
class Conversation:
    """One run, seen from outside: what the worker says, and what it is answered."""

    heard: Heard
    worker: Worker
    asked: int = 0
    deadline: float = 0.0

    def hold(self, order: bytes, message: bytes) -> None:
        """Talk until the worker says goodbye or its time is over."""
        limits = self.heard.job.limits
        self.deadline = time.monotonic() + limits.seconds + MARGIN + START
        self.worker.send(order, START)
        self.worker.send(message, START)
        # The time counts from when the worker is there: starting the child is not the scripts' fault.
        first = self.worker.receive(self.deadline)
        self.deadline = time.monotonic() + limits.seconds + MARGIN
        while first is not None and self.obey(read(first)):
            first = self.worker.receive(self.deadline)
        if first is None:
            self.heard.stop("timeout", "killed when the time was over")

    def obey(self, said: dict[str, Any]) -> bool:
        """Do what one message is about, and say whether another may come."""
        kind = said.get("type")
        if kind == "bye":
            return False
        known: dict[Any, Callable[[dict[str, Any]], None]] = {
            "ready": lambda _: None,
            "script": lambda it: self.heard.begin(it.get("index")),
            "outcome": self.end,
            "stopped": self.stop,
            "console": lambda it: self.heard.write(it.get("lines")),
            "twice": lambda it: self.heard.again(it.get("script")),
            "ask": self.ask,
        }
        if kind not in known:
            raise Untrue("no such message")
        known[kind](said)
        return True

    def end(self, said: dict[str, Any]) -> None:
        """Note the outcome; what is still under way gets a little time."""
        self.heard.end(said.get("outcome"))
        self.deadline = time.monotonic() + AFTER_CALLBACK + MARGIN

    def stop(self, said: dict[str, Any]) -> None:
        """Note that the engine gave up."""
        kind = said.get("kind")
        if kind not in ("timeout", "memory", "crash"):
            raise Untrue("no such end")
        self.heard.stop(kind, str(said.get("detail"))[:1000])

    def ask(self, said: dict[str, Any]) -> None:
        """Have the host do something, at most as often as the limits say."""
        self.asked += 1
        arguments = said.get("arguments")
        if self.asked > self.heard.job.limits.operations or not isinstance(arguments, dict):
            raise Untrue("not such a question")
        number = said.get("id")
        if type(number) is not int:
            raise Untrue("a question without a number")
        if said.get("operation") == "request":
            threading.Thread(target=self.answer, args=(number, self.request, arguments), daemon=True).start()
        elif said.get("operation") in ("updateUserMetadata", "updateAppMetadata"):
            self.answer(number, self.update(said["operation"]), arguments)
        else:
            raise Untrue("no such operation")

    def request(self, arguments: dict[str, Any]) -> Any:
        """Send an HTTP request for at most what is left of the time."""
        asked = arguments.pop("seconds", None)
        most = min(self.heard.job.limits.request_seconds, max(0.001, self.deadline - MARGIN - time.monotonic()))
        seconds = min(most, asked) if isinstance(asked, (int, float)) and asked > 0 else most
        return self.heard.job.host.request(arguments, seconds)

    def update(self, operation: str) -> Callable[[dict[str, Any]], Any]:
        """Give what writes metadata."""
        host = self.heard.job.host
        write = host.update_user_metadata if operation == "updateUserMetadata" else host.update_app_metadata

        def updated(arguments: dict[str, Any]) -> Any:
            user_id, metadata = arguments.get("user_id"), arguments.get("metadata")
            if not isinstance(user_id, str) or not isinstance(metadata, dict):
                raise OperationRefused("A user id and an object are needed", "EINVAL")
            return write(user_id, metadata)

        return updated

    def answer(self, number: int, do: Callable[[dict[str, Any]], Any], arguments: dict[str, Any]) -> None:
        """Do it, and tell the worker what came of it: also when that is a failure nobody thought of."""
        reply: dict[str, Any] = {"id": number, "refused": {"message": "It could not be done", "code": "EFAILED"}}
        try:
            reply = {"id": number, "answer": do(arguments)}
        except OperationRefused as refused:
            reply["refused"] = {"message": refused.message, "code": refused.code}
        finally:
            # The run may be over meanwhile, and the socket closed.
            with suppress(OSError):
                self.worker.send(json.dumps(reply).encode("ascii"), MARGIN)


class _Nobody:
    """The host of a check, in which nothing is asked."""

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        raise OperationRefused("not now")

    def update_user_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        raise OperationRefused("not now")

    def update_app_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        raise OperationRefused("not now")


def _order(job: Job, scripts: int) -> bytes:
    """Write what Python in the worker has to know."""
    order = {
        "scripts": scripts,
        "seconds": job.limits.seconds,
        "memory_mb": job.limits.memory_mb,
        "after": AFTER_CALLBACK,
        "result_bytes": MAX_RESULT_BYTES,
    }
    return json.dumps(order).encode("ascii")


def _message(job: Job) -> bytes:
    """Write what JavaScript in the worker has to know. In ASCII: nothing in it can be cut or mistaken on the way."""
    message = {
        "kind": job.kind,
        "scripts": [{"name": script.name, "source": script.source} for script in job.scripts],
        "inputs": job.inputs,
        "configuration": job.configuration,
        "auth0": job.auth0,
        "console": job.limits.console_bytes,
        "operations": job.limits.operations,
        "random": os.urandom(32).hex(),
    }
    return json.dumps(message).encode("ascii")


def _checking(script: str) -> bytes:
    message = {
        "kind": "check",
        "scripts": [{"name": "", "source": script}],
        "console": 0,
        "operations": 0,
        "random": os.urandom(32).hex(),
    }
    return json.dumps(message).encode("ascii")
