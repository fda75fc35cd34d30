"""Deletions that reach further than one transaction.

What must vanish first is gone when the work is noted; the rest is swept.
The note is written in the transaction that hides what is deleted and removed when nothing is left, so a crash at any
point leaves work that the next sweep finishes. Sweeping twice does the same thing twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol

USER = "user"
CONNECTION = "connection"
CLIENT = "client"
RESOURCE_SERVER = "resource_server"
GENERATION = "generation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One deletion to finish: everything of a user, the accounts of a connection, the grants of a client or an API.

    Of a user who stays, work on a generation removes the sessions and refresh tokens of earlier ones. `mark` is that of
    a note that was read, and None of one that this process has made.
    """

    tenant: str
    id: str
    kind: str
    target: str
    noted_at: datetime
    mark: str | None = field(default=None, compare=False)

    @classmethod
    def on(cls, kind: str, target: str, tenant: str, now: datetime) -> Work:
        """Note what the deletion of `target` leaves: a user's id, a connection's, a client's, an API's identifier."""
        return cls(tenant=tenant, id=id_of(kind, target), kind=kind, target=target, noted_at=now)


def id_of(kind: str, target: str) -> str:
    """Give the id of the work on a target; the same each time, so that it is noted once."""
    return sha256(f"{kind}#{target}".encode()).hexdigest()


class Finisher(Protocol):
    """Carries work on at once, where waiting for the sweep would be seen."""

    def attempt(self, work: Work) -> bool:
        """Do a bounded part of it and say whether it is finished; what fails is left to the sweep."""


class WorkStore(Protocol):
    """Where work is noted."""

    def pending(self, limit: int) -> list[Work]:
        """Give the oldest work of each tenant, in turn."""

    def finish(self, work: Work) -> None:
        """Remove the note: nothing is left."""
