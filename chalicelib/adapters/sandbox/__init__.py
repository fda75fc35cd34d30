"""Where a tenant's JavaScript runs. Nothing of it is loaded, and no process started, before the first script.

`processes.py` is the ordinary form: a child process for each Gatehouse process, and in it a fork for each run.
`remote.py` is the strict one: a Lambda function of its own, which may do nothing in AWS, runs the same. What comes back
from either is judged in `outcomes.py`. What scripts can use is in `javascript/`, what runs in the child in `child/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.core.sandbox import Fault, Job, Outcome, Sandbox


@dataclass(frozen=True)
class LateSandbox:
    """The sandbox that a deployment chose, opened by the first script. Fits `core.sandbox.Sandbox`."""

    function: str | None = None
    region: str = ""
    endpoint: str | None = None

    @cached_property
    def opened(self) -> Sandbox:
        """The real one. Imported here: a deployment without a script pays nothing for it."""
        if self.function:
            from chalicelib.adapters.sandbox.remote import RemoteSandbox  # noqa: PLC0415

            return RemoteSandbox(self.function, self.region, self.endpoint)
        from chalicelib.adapters.sandbox.processes import ProcessSandbox  # noqa: PLC0415

        return ProcessSandbox()

    def close(self) -> None:
        """End what the first script started, if there was one."""
        if "opened" in self.__dict__:
            self.opened.close()

    def check(self, script: str) -> Fault | None:
        """Say why a script is not one function in JavaScript, without running it, or None."""
        return self.opened.check(script)

    def run(self, job: Job) -> Outcome:
        """Run a job."""
        return self.opened.run(job)
