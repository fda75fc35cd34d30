"""What a sign-in gains by its rules: with 0, 1, 5 and 20 small ones, when the sandbox is cold and when it is warm."""

from __future__ import annotations

import time
from statistics import median, quantiles
from typing import Any

from chalicelib.adapters.sandbox.processes import ProcessSandbox
from chalicelib.core.sandbox import Finished, Job, Script
from tests.bench.tables import show

RULES = (0, 1, 5, 20)
COLD = 7
WARM = 200
_RULE = """function (user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  const roles = user.app_metadata.roles || [];
  if (context.clientName === 'Closed' && !roles.includes('staff')) return callback(new UnauthorizedError('no'));
  context.idToken['https://shop.example/roles'] = roles;
  callback(null, user, context);
}"""
_USER = {"user_id": "auth0|1", "email": "ann@example.com", "name": "Ann", "app_metadata": {"roles": ["staff"]}}
_CONTEXT = {"clientName": "Shop", "protocol": "oidc-basic-profile", "idToken": {}, "accessToken": {}}


def measure() -> None:
    """Print the medians, and what nine of ten runs stay below."""
    rows = []
    for rules in RULES:
        cold = [_cold(rules) for _ in range(COLD)]
        warm, processor = _warm(rules)
        rows.append([rules, median(cold), median(warm), quantiles(warm, n=10)[-1], processor])
    columns = ["rules", "cold, ms", "warm, ms", "warm, 9 of 10 below, ms", "CPU of this process, ms"]
    show(f"Rules of a sign-in: {COLD} cold runs and {WARM} warm ones each", columns, rows)


def _cold(rules: int) -> float:
    sandbox = ProcessSandbox()
    begun = time.perf_counter()
    _run(sandbox, rules)
    taken = (time.perf_counter() - begun) * 1000
    sandbox.close()
    return taken


def _warm(rules: int) -> tuple[list[float], float]:
    sandbox = ProcessSandbox()
    _run(sandbox, rules)
    used, taken = time.process_time(), []
    for _ in range(WARM):
        begun = time.perf_counter()
        _run(sandbox, rules)
        taken.append((time.perf_counter() - begun) * 1000)
    used = (time.process_time() - used) * 1000 / WARM
    sandbox.close()
    return taken, used


def _run(sandbox: ProcessSandbox, rules: int) -> None:
    scripts = tuple(Script(str(number), f"rule {number}", _RULE) for number in range(rules))
    inputs: dict[str, Any] = {"user": _USER, "context": _CONTEXT}
    outcome = sandbox.run(Job(kind="rules", scripts=scripts, inputs=inputs, host=_Nobody()))
    assert isinstance(outcome, Finished), outcome


class _Nobody:
    """A host that is not asked for anything."""

    def __getattr__(self, name: str) -> Any:
        return self._refuse

    def _refuse(self, *known: object) -> dict[str, Any]:
        raise AssertionError(known)


if __name__ == "__main__":
    measure()
