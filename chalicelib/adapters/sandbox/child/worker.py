"""One run, from the job to the outcome, in a process that is made for it and ends with it.

The worker tells its parent which script it runs, what the scripts ask for, and what came of them. What it says is
judged by the parent: whoever breaks the engine can say anything, and can do nothing else.
"""

from __future__ import annotations

import json
import time
from typing import Any

from chalicelib.adapters.sandbox.child import walls
from chalicelib.adapters.sandbox.child.engine import Engine, Stopped
from chalicelib.adapters.sandbox.child.frames import Channel

MAX_ORDER = 64 * 2**20
"""What comes from the parent is not judged here; this only finds a broken message."""
_TO_SAY_WHY = 0.05
"""Seconds to fetch the last lines of the console from a context that was stopped."""


def work(engine: Engine, channel: Channel) -> None:
    """Do what the parent asks for: check a script, or run some."""
    order = json.loads(channel.receive(MAX_ORDER))
    job = channel.receive(MAX_ORDER).decode("ascii")
    walls.around_a_worker(order["memory_mb"], int(order["seconds"]) + 2)
    Work(engine, channel, order).do(job)


class Work:
    """A run that is under way."""

    def __init__(self, engine: Engine, channel: Channel, order: dict[str, Any]) -> None:
        """Begin to count the time."""
        self.engine, self.channel, self.order = engine, channel, order
        engine.limit(order["memory_mb"], time.monotonic() + order["seconds"])

    def do(self, job: str) -> None:
        """Say what came of it, give what is still under way a little time, and say goodbye."""
        self.say("ready")
        try:
            self.channel.send(b'{"type":"outcome","outcome":' + self.outcome(job).encode("utf-8") + b"}")
            self.engine.deadline = time.monotonic() + self.order["after"]
            self.wait(until_settled=False)
        except Stopped as stopped:
            self.say("stopped", kind=stopped.kind, detail=stopped.detail[:1000])
            self.last_words()
        except (ValueError, TypeError, LookupError) as error:
            # A script has spoilt what our JavaScript stands on, so that it said no JSON, or not what it should.
            self.say("stopped", kind="crash", detail=f"the engine said nonsense: {error!r}"[:1000])
        self.say("bye")

    def outcome(self, job: str) -> str:
        """Run script after script until one refuses or all are done. The answer is JSON that JavaScript wrote."""
        self.engine.enter("begin", job)
        for index in range(self.order["scripts"]):
            self.say("script", index=index)
            self.engine.enter("start", str(index))
            settled = self.wait(until_settled=True)
            if settled != {"ok": True}:
                return json.dumps(settled)
        result = self.engine.enter("result")
        return result if len(result.encode()) <= self.order["outcome_bytes"] else '{"kind":"size"}'

    def wait(self, *, until_settled: bool) -> Any:
        """Run promises, timers and replies until the script called back, or nothing can happen any more."""
        while True:
            done = self.engine.settle()
            status = self.status()
            if until_settled and status["settled"] is not None:
                return status["settled"]
            if done and not self.next_event(status):
                return json.loads(self.engine.enter("idle")) if until_settled else None

    def next_event(self, status: Any) -> bool:
        """Wait for the next timer or reply, whichever is first, and say whether there is one to wait for."""
        left = self.engine.left
        due = left + 1 if status["due"] is None else status["due"] / 1000
        if status["pending"]:
            if self.channel.waits(min(left, due)):
                self.engine.enter("reply", self.channel.receive(MAX_ORDER).decode("ascii"))
                return True
        elif status["due"] is None:
            return False
        if due > left:
            raise Stopped("timeout", "waiting for what comes too late")
        time.sleep(0 if status["pending"] else due)
        self.engine.enter("tick")
        return True

    def status(self) -> Any:
        """Pass on what scripts wrote and asked for, and give the rest."""
        status = json.loads(self.engine.enter("status"))
        self.pass_on(status)
        return status

    def pass_on(self, status: Any) -> None:
        """Tell the parent what happened since it was told last."""
        if status["console"] or status["cut"]:
            self.say("console", lines=status["console"], cut=status["cut"])
        if status["twice"]:
            self.say("twice", scripts=status["twice"])
        for asked in status["asked"]:
            self.say("ask", **asked)

    def last_words(self) -> None:
        """Pass on the console of a context that was stopped, if that can still be had."""
        self.engine.limit(2 * self.order["memory_mb"], time.monotonic() + _TO_SAY_WHY)
        try:
            self.pass_on({**json.loads(self.engine.enter("status")), "asked": []})
        except (Stopped, ValueError):
            return

    def say(self, type: str, **more: Any) -> None:  # noqa: A002 - what it is called on the wire
        """Send the parent a message."""
        self.channel.send(json.dumps({"type": type, **more}).encode("ascii"))
