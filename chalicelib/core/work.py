"""Deletions too large for one transaction. What must vanish first is gone when the work is noted; the rest is swept.

The note is written in the transaction that hides what is deleted and removed when nothing is left, so a crash at any
point leaves work that the next sweep finishes. Sweeping twice does the same thing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Protocol

USER = "user"
CONNECTION = "connection"


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One deletion to finish: everything of a user, or every account of a connection."""

    tenant: str
    id: str
    kind: str
    target: str
    noted_at: datetime

    @classmethod
    def user(cls, tenant: str, user_id: str, now: datetime) -> Work:
        """Note that a user's items are to be removed."""
        return cls(tenant=tenant, id=id_of(USER, user_id), kind=USER, target=user_id, noted_at=now)

    @classmethod
    def connection(cls, tenant: str, connection_id: str, now: datetime) -> Work:
        """Note that a connection's accounts are to be removed."""
        return cls(
            tenant=tenant, id=id_of(CONNECTION, connection_id), kind=CONNECTION, target=connection_id, noted_at=now
        )


def id_of(kind: str, target: str) -> str:
    """Give the id of the work on a target; the same each time, so that it is noted once."""
    return sha256(f"{kind}#{target}".encode()).hexdigest()


class WorkStore(Protocol):
    """Where work is noted."""

    def pending(self, limit: int) -> list[Work]:
        """Give the oldest work of all tenants."""

    def finish(self, work: Work) -> None:
        """Remove the note: nothing is left."""
