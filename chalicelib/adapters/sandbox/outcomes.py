"""Judges what a worker says. It may be anything: nothing of it is believed but what has the right shape and size.

Owns no process and no socket, so that the separate Lambda function's answers are judged by the same lines.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from chalicelib.core.documents import levels
from chalicelib.core.sandbox import (
    FIXED,
    MAX_INPUT_BYTES,
    MAX_LEVELS,
    MAX_MESSAGE,
    MAX_RESULT_BYTES,
    ConsoleLine,
    Fault,
    Finished,
    Job,
    Limits,
    OperationRefused,
    Outcome,
    Record,
    RefusalKind,
    Refused,
    Script,
    fault_of_text,
)

MAX_MESSAGE_BYTES = MAX_RESULT_BYTES + 100_000
"""Of one message of a worker."""
MAX_LINES = 1_000
"""Of the console: empty lines have no bytes to be counted."""
_DEEPEST = MAX_LEVELS + 8
"""Of a message, so that looking at it ends; how deep a result is nested is counted by itself."""
_SHOWN = 10_000
_CODE = 100
_BY_SCRIPTS = frozenset({"unauthorized", "wrong_credentials", "invalid", "error", "memory", "size"})
"""Kinds of refusal that the JavaScript side may name. The others are decided out here."""


class Untrue(Exception):
    """What a worker said has not the shape of anything it could mean."""


def read(message: bytes, most: int = MAX_MESSAGE_BYTES) -> dict[str, Any]:
    """Read a message, or raise Untrue. Whatever comes through is JSON without NaN, halves of characters or depth."""
    if len(message) > most:
        raise Untrue("the message is too large")
    try:
        value = json.loads(message, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Untrue("the message is no JSON") from error
    cleaned = _clean(value, _DEEPEST)
    if not isinstance(cleaned, dict):
        raise Untrue("the message is no object")
    return cleaned


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _clean(value: Any, levels: int) -> Any:
    """Refuse what is nested too deep and numbers that are none; mend texts that were cut within a character."""
    if levels < 0:
        raise Untrue("nested too deep")
    if isinstance(value, str):
        return value if value.isascii() else _whole(value)
    if isinstance(value, dict):
        return {_clean(name, levels): _clean(item, levels - 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, levels - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise Untrue("a number is too large")
    return value


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text(value: Any, most: int) -> str:
    """Give a text that is one, cut to a length."""
    if not isinstance(value, str):
        raise Untrue("not a text")
    return value[:most]


def number(value: Any, below: int) -> int:
    """Give a whole number from 0 that is below another."""
    if type(value) is not int or not 0 <= value < below:
        raise Untrue("not such a number")
    return value


class _Nobody:
    """The host of a check, in which nothing can be asked."""

    def __getattr__(self, name: str) -> Any:
        raise OperationRefused(name)


def checking(script: str) -> Job:
    """Give the job of a check."""
    return Job(kind="rules", scripts=(Script("", "", script),), inputs={}, host=_Nobody(), limits=Limits(seconds=1.0))


def fault(heard: Heard) -> Fault | None:
    """Read what a check came to."""
    try:
        return _fault(heard.outcome)
    except Untrue:
        return Fault("The script cannot be read.", 1, 1)


def _fault(outcome: Any) -> Fault | None:
    found = outcome.get("result") if isinstance(outcome, dict) and outcome.get("ok") is True else _untrue()
    if found is None:
        return None
    if not isinstance(found, dict):
        _untrue()
    line, column = (number(found.get(name), 10**6) for name in ("line", "column"))
    return Fault(text(found.get("message"), MAX_MESSAGE), max(1, line), max(1, column))


def refused_before(job: Job) -> Refused | None:
    """Refuse what need not be run to be refused, or give None."""
    for script in job.scripts:
        found = fault_of_text(script.source)
        if found:
            return Refused("error", found.message, script.name)
    size = sum(len(json.dumps(part)) for part in (job.inputs, job.configuration, job.auth0))
    if size > MAX_INPUT_BYTES:
        return Refused("size", FIXED["size"], detail=f"the input has {size:,} bytes")
    return None


def _untrue() -> NoReturn:
    raise Untrue("not an outcome")


@dataclass
class Heard:
    """What is known of a run so far: what its worker has said, and what has been decided about it."""

    job: Job
    current: int = -1
    outcome: Any = None
    stopped: tuple[RefusalKind, str] | None = None
    lines: list[ConsoleLine] = field(default_factory=list)
    bytes_left: int = 0
    cut: bool = False
    twice: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bytes_left = self.job.limits.console_bytes

    def begin(self, index: Any) -> None:
        """Note that the next script runs."""
        if number(index, len(self.job.scripts)) != self.current + 1:
            raise Untrue("a script out of turn")
        self.current += 1

    def end(self, outcome: Any) -> None:
        """Note the outcome. The first one stands."""
        if self.outcome is not None or not isinstance(outcome, dict):
            raise Untrue("not an outcome")
        self.outcome = outcome

    def stop(self, kind: RefusalKind, detail: str) -> None:
        """Note that the run cannot go on. It changes nothing when every script has called back."""
        self.stopped = self.stopped or (kind, detail)

    def write(self, lines: Any, *, cut: bool) -> None:
        """Keep lines of the console, as long as there is room."""
        if not isinstance(lines, list):
            raise Untrue("not lines")
        self.cut = self.cut or cut
        for line in lines:
            if not isinstance(line, list) or len(line) != 2:
                raise Untrue("not a line")
            self._write(ConsoleLine(text(line[0], 10), text(line[1], self.job.limits.console_bytes)))

    def _write(self, line: ConsoleLine) -> None:
        size = len(line.text.encode()) + 1
        if size > self.bytes_left + 1 or len(self.lines) >= MAX_LINES:
            self.cut = True
            return
        self.bytes_left -= size
        self.lines.append(line)

    def again(self, scripts: Any) -> None:
        """Note that scripts called back when they had already."""
        if not isinstance(scripts, list):
            raise Untrue("not scripts")
        self.twice = [*self.twice, *(number(index, len(self.job.scripts)) for index in scripts)][:MAX_LINES]

    @property
    def script(self) -> str:
        """The name of the script that runs, or ran last."""
        return self.job.scripts[self.current].name if self.current >= 0 else ""

    @property
    def _called_twice(self) -> tuple[str, ...]:
        return tuple(self.job.scripts[index].name for index in self.twice)

    def retold(self) -> dict[str, Any]:
        """Tell all of it, for `retell` elsewhere."""
        return {
            "begun": self.current + 1,
            "outcome": self.outcome,
            "stopped": self.stopped,
            "lines": [[line.level, line.text] for line in self.lines],
            "cut": self.cut,
            "twice": self.twice,
        }

    def retell(self, told: dict[str, Any]) -> None:
        """Hear what was heard elsewhere, and believe it as little as if it were said here."""
        self.current = number(told.get("begun"), len(self.job.scripts) + 1) - 1
        self.write(told.get("lines"), cut=told.get("cut") is True)
        self.again(told.get("twice"))
        if told.get("outcome") is not None:
            self.end(told["outcome"])
        stopped = told.get("stopped")
        if isinstance(stopped, list) and len(stopped) == 2 and stopped[0] in FIXED:
            self.stop(stopped[0], text(stopped[1], MAX_MESSAGE))

    def outcome_after(self, milliseconds: float) -> Outcome:
        """Decide. What is not plainly finished is refused."""
        record = Record(milliseconds, tuple(self.lines), self.cut, self._called_twice)
        if self.outcome is None:
            return self._fixed(*(self.stopped or ("crash", "the worker is gone")), record)
        if self.outcome.get("ok") is True:
            return self._finished(record)
        return self._refused(record)

    def _finished(self, record: Record) -> Outcome:
        result = self.outcome.get("result")
        if self.current != len(self.job.scripts) - 1:
            return self._fixed("protocol", "not every script ran", record)
        if self.job.kind == "rules" and not _is_pair(result):
            # A script may leave no object behind; whoever breaks the engine may leave anything.
            return self._fixed("protocol", "the user or the context is no object", record)
        if levels(result) - (self.job.kind == "rules") > MAX_LEVELS:
            return self._fixed("size", f"the result is nested deeper than {MAX_LEVELS} levels", record)
        return Finished(result, record)

    def _refused(self, record: Record) -> Outcome:
        kind = self.outcome.get("kind")
        if not isinstance(kind, str) or kind not in _BY_SCRIPTS:
            return self._fixed("protocol", "no such kind", record)
        if kind in FIXED:
            return self._fixed(cast("RefusalKind", kind), "", record)
        try:
            said = text(self.outcome.get("message"), MAX_MESSAGE)
            code, detail = text(self.outcome.get("code"), _CODE), text(self.outcome.get("detail"), _SHOWN)
        except Untrue as error:
            return self._fixed("protocol", str(error), record)
        return Refused(cast("RefusalKind", kind), said, self.script, code, detail, record)

    def _fixed(self, kind: RefusalKind, detail: str, record: Record) -> Refused:
        return Refused(kind, FIXED[kind], self.script, "", detail, record)


def _is_pair(result: Any) -> bool:
    if not isinstance(result, dict) or result.keys() != {"user", "context"}:
        return False
    return all(isinstance(value, dict) for value in result.values())
