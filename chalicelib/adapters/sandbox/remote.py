"""Runs scripts in a Lambda function of its own, whose role may do nothing: the strict form, for production.

The function runs what `processes.py` runs, and sends the scripts' HTTP requests itself. It cannot write: what scripts
write to users' metadata comes back with the outcome and is written here, and a write that is refused refuses the
sign-in too. Its answers are judged as a worker's are.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.sandbox.outcomes import Heard, Untrue, checking, fault, read, refused_before
from chalicelib.core.sandbox import (
    FIXED,
    Fault,
    Finished,
    Job,
    OperationRefused,
    Outcome,
    Refused,
    fault_of_text,
)

MAX_PAYLOAD = 6_000_000
"""Bytes that Lambda takes and gives when it is waited for (6 MB)."""
PATIENCE = 28.0
"""Seconds for the answer: Lambda has given this function up by then, and API Gateway nearly us."""


@dataclass(slots=True)
class RemoteSandbox:
    """Invokes one function. Fits `core.sandbox.Sandbox`."""

    function: str
    region: str
    endpoint: str | None = None
    _client: Any = field(default=None, init=False)

    @property
    def client(self) -> Any:
        """The client of Lambda, made at first use. An invocation that failed is not tried again: it may have run."""
        if self._client is None:
            config = Config(connect_timeout=3, read_timeout=PATIENCE, retries={"total_max_attempts": 1})
            session = botocore.session.get_session()
            self._client = session.create_client(
                "lambda", region_name=self.region, endpoint_url=self.endpoint, config=config
            )
        return self._client

    def close(self) -> None:
        """Nothing is kept running here: Lambda ends its own."""

    def check(self, script: str) -> Fault | None:
        """Say why a script is not one function in JavaScript, without running it, or None."""
        found = fault_of_text(script)
        if found:
            return found
        heard, _ = self._heard(checking(script), {"check": script})
        return fault(heard)

    def run(self, job: Job) -> Outcome:
        """Run a job, and then write what its scripts wrote."""
        begun = time.perf_counter()
        event = {"job": described(job)}
        refused = refused_before(job) or _refused_by_lambda(event)
        if refused:
            return refused
        heard, updates = self._heard(job, event)
        failed = _written(job, updates)
        outcome = heard.outcome_after((time.perf_counter() - begun) * 1000)
        if failed and isinstance(outcome, Finished):
            return Refused("error", failed.message, heard.script, failed.code, "a write failed", outcome.record)
        return outcome

    def _heard(self, job: Job, event: dict[str, Any]) -> tuple[Heard, list[Any]]:
        heard = Heard(job)
        try:
            told = self._told(json.dumps(event).encode())
            heard.retell(told)
            return heard, _updates(told, job.limits.operations)
        except Untrue as error:
            heard = Heard(job)
            heard.stop("protocol", str(error))
        except (BotoCoreError, ClientError) as error:
            heard.stop("crash", str(error))
        return heard, []

    def _told(self, payload: bytes) -> dict[str, Any]:
        """Invoke the function and read its answer; raise Untrue for one that is none."""
        answer = self.client.invoke(FunctionName=self.function, Payload=payload)
        said = answer["Payload"].read(MAX_PAYLOAD + 1)
        if answer.get("FunctionError") or len(said) > MAX_PAYLOAD:
            raise Untrue(f"the function failed: {said[:500]!r}")
        return read(said, MAX_PAYLOAD)


def _refused_by_lambda(event: dict[str, Any]) -> Refused | None:
    """Refuse what Lambda would not take."""
    size = len(json.dumps(event))
    return Refused("size", FIXED["size"], detail=f"the job has {size:,} bytes") if size > MAX_PAYLOAD else None


def described(job: Job) -> dict[str, Any]:
    """Write a job as JSON, but for its host."""
    return {
        "kind": job.kind,
        "scripts": [asdict(script) for script in job.scripts],
        "inputs": job.inputs,
        "configuration": job.configuration,
        "auth0": job.auth0,
        "limits": asdict(job.limits),
    }


def _updates(told: dict[str, Any], most: int) -> list[Any]:
    """Give the writes that an answer brings, or raise Untrue: [["user" or "app", user id, metadata], ...]."""
    updates = told.get("updates")
    if not isinstance(updates, list) or len(updates) > most or not all(map(_is_update, updates)):
        raise Untrue("not such writes")
    return updates


def _is_update(update: Any) -> bool:
    if not isinstance(update, list) or len(update) != 3 or update[0] not in ("user", "app"):
        return False
    return isinstance(update[1], str) and isinstance(update[2], dict)


def _written(job: Job, updates: list[Any]) -> OperationRefused | None:
    """Write what scripts wrote, in their order, and give the refusal that ended it."""
    writers = {"user": job.host.update_user_metadata, "app": job.host.update_app_metadata}
    try:
        for which, user_id, metadata in updates:
            writers[which](user_id, metadata)
    except OperationRefused as refused:
        return refused
    return None
