"""A sandbox with a real child process, which all tests of a session share: that nothing is left is what they prove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.sandbox.processes import ProcessSandbox
from chalicelib.core.sandbox import Finished, Job, Limits, OperationRefused, Outcome, Refused, Script

USER = {"user_id": "auth0|1", "email": "ann@example.com", "app_metadata": {"plan": "gold"}, "user_metadata": {}}
CONTEXT = {
    "clientID": "c1",
    "clientName": "Shop",
    "protocol": "oidc-basic-profile",
    "request": {"hostname": "login.example.com", "ip": "203.0.113.7", "query": {}},
    "idToken": {},
    "accessToken": {},
}
PASSING = "function (user, context, callback) { callback(null, user, context); }"


@dataclass
class Host:
    """The outside as a test wants it: what is asked is noted, and answered by what the test gave."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        self.asked.append(("request", request))
        self.seconds.append(seconds)
        answer = self.answers.get("request", {"text": "{}"})
        given = answer(request) if callable(answer) else answer
        return {"status": 200, "statusText": "OK", "headers": {}, "url": request["url"], **given}

    def update_user_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        return self._update("updateUserMetadata", user_id, metadata)

    def update_app_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        return self._update("updateAppMetadata", user_id, metadata)

    def _update(self, operation: str, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, user_id, metadata))
        if "refuses" in self.answers:
            raise OperationRefused(self.answers["refuses"], "ENOENT")
        return {"user_id": user_id, "metadata": metadata}


@dataclass
class Runner:
    """Runs scripts and gives what came of them."""

    sandbox: Any
    host: Host

    def rules(self, *sources: str, user: Any = USER, context: Any = CONTEXT, **known: Any) -> Outcome:
        return self._run("rules", sources, {"user": user, "context": context}, known)

    def database(self, source: str, *arguments: Any, **known: Any) -> Outcome:
        return self._run("database", [source], {"arguments": list(arguments)}, known)

    def value(self, expression: str, **known: Any) -> Any:
        """Give what a JavaScript expression is worth, awaited."""
        outcome = self.database(f"async function (callback) {{ callback(null, await ({expression})); }}", **known)
        assert isinstance(outcome, Finished), outcome
        return outcome.result

    def _run(self, kind: Any, sources: Any, inputs: Any, known: dict[str, Any]) -> Outcome:
        return self.sandbox.run(self.job(kind, sources, inputs, **known))

    def job(self, kind: Any, sources: Any, inputs: Any = None, **known: Any) -> Job:
        scripts = tuple(Script(f"rul_{n}", f"rule {n}", source) for n, source in enumerate(sources, 1))
        limits = Limits(**known.pop("limits", {}))
        given = inputs or {"user": USER, "context": CONTEXT}
        return Job(kind=kind, scripts=scripts, inputs=given, host=self.host, limits=limits, **known)

    def refusal(self, *sources: str, **known: Any) -> tuple[str, str, str]:
        outcome = self.rules(*sources, **known)
        assert isinstance(outcome, Refused), outcome
        return outcome.kind, outcome.message, outcome.script


@pytest.fixture(scope="session")
def sandbox() -> Iterator[ProcessSandbox]:
    opened = ProcessSandbox()
    yield opened
    opened.close()


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def runner(sandbox: ProcessSandbox, host: Host) -> Runner:
    return Runner(sandbox, host)
