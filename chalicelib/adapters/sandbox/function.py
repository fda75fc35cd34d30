"""The Lambda function that runs scripts for `remote.py`: the same child process, in an account's emptiest corner.

Its role may do nothing. It has no table, no key and no setting; what it needs comes with each event and is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.outgoing import Outgoing
from chalicelib.adapters.sandbox.processes import ProcessSandbox
from chalicelib.core.sandbox import Job, Limits, Script

SANDBOX = ProcessSandbox()


@dataclass
class Deferring:
    """A host that sends requests, and keeps what scripts write for whoever may write it."""

    inputs: dict[str, Any]
    outgoing: Outgoing = field(default_factory=Outgoing)
    updates: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send an HTTP request."""
        return self.outgoing.request(request, seconds)

    def update_user_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Keep a write, and answer as it will be if the user is the one who signs in."""
        return self._later("user", user_id, metadata)

    def update_app_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Keep a write, and answer likewise."""
        return self._later("app", user_id, metadata)

    def _later(self, which: str, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        self.updates.append((which, user_id, metadata))
        user = self.inputs.get("user") or {}
        known = user.get(f"{which}_metadata") if user.get("user_id") == user_id else None
        merged = {**known, **metadata} if isinstance(known, dict) else metadata
        return {"user_id": user_id, f"{which}_metadata": {k: v for k, v in merged.items() if v is not None}}


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Check a script, or run a job, and tell what was heard."""
    del context
    if "check" in event:
        return {**SANDBOX.hear_check(event["check"]).retold(), "updates": []}
    told = event["job"]
    host = Deferring(told["inputs"])
    job = Job(
        kind=told["kind"],
        scripts=tuple(Script(**script) for script in told["scripts"]),
        inputs=told["inputs"],
        configuration=told["configuration"],
        auth0=told["auth0"],
        limits=Limits(**told["limits"]),
        host=host,
    )
    return {**SANDBOX.hear(job).retold(), "updates": host.updates}
