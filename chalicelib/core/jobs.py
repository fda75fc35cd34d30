"""Jobs: what goes on after the request that began it was answered, and how it went. Kept as long as history.

A mail that verifies an address is one, as with Auth0: pending while it waits in the outbox, completed when SES took it,
failed when it was given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller

VERIFICATION_EMAIL = "verification_email"
PENDING, COMPLETED, FAILED = "pending", "completed", "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job. `type` and `status` are Auth0's words."""

    id: str
    type: str
    status: str
    created_at: datetime


class JobStore(Protocol):
    """Where jobs lie; they are written with what begins and ends them."""

    def find(self, tenant: str, job_id: str) -> Job | None:
        """Read one."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """What can be done with jobs."""

    store: JobStore

    def get(self, caller: Caller, job_id: str) -> Job:
        """Give one, for as long as history is kept."""
        job = self.store.find(caller.tenant, job_id)
        if job is None:
            raise NotFound("The job does not exist.", code="inexistent_job")
        return job
