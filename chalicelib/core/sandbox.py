"""Running a tenant's own JavaScript: what goes in and what comes out. The engine is elsewhere (`adapters/sandbox/`).

A job is everything one sign-in needs: the scripts in order, their input, their configuration, and a host that answers
what they ask of the outside. An outcome is what came of it. Whatever goes wrong is a refusal: nothing here lets anybody
in by accident. Owns no rule, no connection and no text that a script did not write, but for the fixed ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

MAX_SCRIPT_BYTES = 100_000
"""Of UTF-8. Auth0 recommends as much for all rules together."""
MAX_INPUT_BYTES = 2_000_000
"""Of JSON: the user, the context and the configuration together."""
MAX_RESULT_BYTES = 1_000_000
"""Of JSON: what the scripts left of the user and the context, or what a database script answered."""
MAX_LEVELS = 32
"""How deep a result may be nested: as deep as DynamoDB takes it."""
MAX_MESSAGE = 1_000
"""Characters of a script's own message that are kept."""
AFTER_CALLBACK = 0.5
"""Seconds in which what was begun before the callback may end: a message to a chat, a write that nobody waits for."""

Kind = Literal["rules", "database"]
RefusalKind = Literal[
    "unauthorized",  # callback(new UnauthorizedError(...))
    "wrong_credentials",  # a database script's WrongUsernameOrPasswordError
    "invalid",  # a database script's ValidationError; `code` says which
    "error",  # any other error, thrown or called back, and a script that never calls back
    "timeout",
    "memory",
    "size",  # more went in or came out than may
    "crash",  # the process that ran it is gone
    "protocol",  # what came back is no outcome: somebody tampered with the engine
]
FIXED: dict[str, str] = {
    "timeout": "The script did not end in time.",
    "memory": "The script needs too much memory.",
    "size": "The script takes or gives too much.",
    "crash": "The script could not be run.",
    "protocol": "The script could not be run.",
}
"""What is said where the script itself says nothing. The causes are in `detail`, for the log alone."""

MODULES = (
    "@auth0/rule-utilities",
    "axios",
    "buffer",
    "crypto",
    "jsonwebtoken",
    "lodash",
    "node-fetch",
    "querystring",
    "request",
    "request-promise",
    "url",
    "util",
    "uuid",
)
"""What `require` finds, whatever version is asked for."""
_REQUIRED = re.compile(r"""\brequire\(\s*(["'`])([^"'`\s]{1,200})\1\s*\)""")
_VERSION = re.compile(r"(?<!^)@[^/]*$")


@dataclass(frozen=True, slots=True)
class Script:
    """One script: a JavaScript function."""

    id: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a script does not parse, and where: lines and columns from 1."""

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one job may use. Wall time is for all its scripts together, what they wait for included."""

    seconds: float = 5.0
    memory_mb: int = 64
    console_bytes: int = 64_000
    operations: int = 20
    request_seconds: float = 3.0


class OperationRefused(Exception):
    """The host does not do what a script asked for; the message is for the script."""

    def __init__(self, message: str, code: str = "REFUSED") -> None:
        """Keep a code as Node's errors have one: ENOTFOUND, ETIMEDOUT, ..."""
        super().__init__(message)
        self.message, self.code = message, code


class Requests(Protocol):
    """Sends HTTP requests for scripts, to where a tenant's code may go."""

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send one (`adapters.outgoing` says what is in it) and give the response, or raise OperationRefused."""
        ...


class Host(Requests, Protocol):
    """Answers what scripts ask of the outside, in JSON. Raises OperationRefused for what it does not do.

    `request` is called by several threads at once, the others by the thread that runs the job.
    """

    def update_user_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Merge into a user's own metadata and give the user."""
        ...

    def update_app_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Merge into an application's metadata of a user and give the user."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one run gets.

    For rules `inputs` is {"user": ..., "context": ...}, for a database script {"arguments": [...]}. `auth0` is what
    scripts see as `auth0`, beside `auth0.users`: domain, baseUrl and the like.
    """

    kind: Kind
    scripts: tuple[Script, ...]
    inputs: dict[str, Any]
    host: Host
    configuration: dict[str, str] = field(default_factory=dict, repr=False)
    auth0: dict[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """What a script wrote by `console.log` (level "log") and its kin."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a run however it ended."""

    milliseconds: float = 0.0
    console: tuple[ConsoleLine, ...] = ()
    console_cut: bool = False
    called_twice: tuple[str, ...] = ()
    """The names of scripts that called back again, or threw, when all was said. It changed nothing."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Every script called back without an error. `result` is {"user", "context"}, or what a database script gave."""

    result: Any
    record: Record = Record()


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody is not let in. `message` may be shown; `script` is the name of the one that refused, "" if none."""

    kind: RefusalKind
    message: str
    script: str = ""
    code: str = ""
    detail: str = ""
    """For the log alone: where in the script, and why."""
    record: Record = Record()


Outcome = Finished | Refused


class Sandbox(Protocol):
    """Runs scripts where they can do no harm."""

    def check(self, script: str) -> Fault | None:
        """Say why a script is not one function in JavaScript, without running it, or None."""
        ...

    def run(self, job: Job) -> Outcome:
        """Run a job. Never raises for what scripts do: that is an outcome."""
        ...

    def close(self) -> None:
        """End whatever is kept running between jobs; the next one starts it again."""
        ...


def fault_of_text(script: str) -> Fault | None:
    """Say what is wrong with a script before it is parsed: too long, or a character that no script has."""
    size = len(script.encode("utf-8", "surrogatepass"))
    if size > MAX_SCRIPT_BYTES:
        return Fault(f"The script has {size:,} bytes; at most {MAX_SCRIPT_BYTES:,} are allowed.", 1, 1)
    bad = re.search("[\x00\ud800-\udfff]", script)
    if bad:
        before = script[: bad.start()]
        line = before.count("\n") + 1
        return Fault("The script has a character that is no text.", line, len(before) - before.rfind("\n"))
    return None


def missing_modules(script: str) -> tuple[str, ...]:
    """Name what a script requires and will not find, in the order of their first appearance. A warning, not a fault."""
    asked = dict.fromkeys(match[2] for match in _REQUIRED.finditer(script))
    return tuple(name for name in asked if _VERSION.sub("", name.removeprefix("node:")) not in MODULES)
