"""One run, seen from outside: what its worker is told, what it says, and what it is answered.

Here is the clock: a worker that is not done in time is ended. Owns no process; whoever forks workers hands them in.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from chalicelib.adapters.sandbox.outcomes import MAX_MESSAGE_BYTES, Heard, Untrue, read
from chalicelib.core.sandbox import AFTER_CALLBACK, MAX_RESULT_BYTES, Job, OperationRefused

MARGIN = 0.25
"""Seconds that a worker has to say itself that its time is over, before it is killed."""
START = 5.0
"""Seconds that the child may take to start: a tenth of one is usual."""
MAX_TRAFFIC = 8 * 2**20
"""Bytes that one worker may say in all."""
_LENGTH = struct.Struct(">I")


class Gone(Exception):
    """The child or the worker is not there any more."""


@dataclass
class Worker:
    """A fork that runs one job, and our end of its socket. One thread listens; several may speak."""

    socket: socket.socket
    stop: Callable[[], None]
    heard: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whether or not it is done."""
        with self.lock:
            self.socket.close()
        self.stop()

    def send(self, message: bytes, seconds: float) -> None:
        """Send a message within a time, or raise an OSError: the worker does not listen, or the run is over."""
        end = time.monotonic() + seconds
        left = memoryview(_LENGTH.pack(len(message)) + message)
        with self.lock:
            while left:
                self._wait(select.POLLOUT, end)
                left = left[self.socket.send(left, socket.MSG_DONTWAIT) :]

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
            self._wait(select.POLLIN, deadline)
            part = self.socket.recv(min(size, 1 << 20))
            if not part:
                raise Gone("the worker is gone")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, event: int, until: float) -> None:
        """Wait without the socket's own timeout, which threads would change for each other."""
        if self.socket.fileno() < 0:
            raise ConnectionError("the run is over")
        poll = select.poll()
        poll.register(self.socket, event)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise TimeoutError


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
        said = self.worker.receive(self.deadline)
        if said is None:
            raise Gone("the child did not start in time")
        self.deadline = time.monotonic() + limits.seconds + MARGIN
        while said is not None and self.obey(read(said)):
            said = self.worker.receive(self.deadline)
        if said is None:
            self.heard.stop("timeout", "killed when the time was over")

    def obey(self, said: dict[str, Any]) -> bool:
        """Do what one message is about, and say whether another may come."""
        kind = said.get("type")
        if kind == "bye":
            return False
        known: dict[str, Callable[[dict[str, Any]], None]] = {
            "ready": lambda _: None,
            "script": lambda it: self.heard.begin(it.get("index")),
            "outcome": self.end,
            "stopped": self.stop,
            "console": lambda it: self.heard.write(it.get("lines"), cut=it.get("cut") is True),
            "twice": lambda it: self.heard.again(it.get("scripts")),
            "ask": self.ask,
        }
        if not isinstance(kind, str) or kind not in known:
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


def order(job: Job, scripts: int) -> bytes:
    """Write what Python in the worker has to know."""
    said = {
        "scripts": scripts,
        "seconds": job.limits.seconds,
        "memory_mb": job.limits.memory_mb,
        "after": AFTER_CALLBACK,
        "outcome_bytes": MAX_RESULT_BYTES + len('{"ok":true,"result":}'),
    }
    return json.dumps(said).encode("ascii")


def message(job: Job) -> bytes:
    """Write what JavaScript in the worker has to know. In ASCII: nothing in it can be cut or mistaken on the way."""
    said = {
        "kind": job.kind,
        "scripts": [{"source": script.source} for script in job.scripts],
        "console": job.limits.console_bytes,
        "operations": job.limits.operations,
        "random": os.urandom(32).hex(),
        "inputs": job.inputs,
        "configuration": job.configuration,
        "auth0": job.auth0,
    }
    return json.dumps(said).encode("ascii")


def check_message(script: str) -> bytes:
    """Write what JavaScript in the worker has to know of a check."""
    said = {
        "kind": "check",
        "scripts": [{"source": script}],
        "console": 0,
        "operations": 0,
        "random": os.urandom(32).hex(),
    }
    return json.dumps(said).encode("ascii")
