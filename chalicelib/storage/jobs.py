"""Jobs in the table: one item each, which expires with the history of the day it began."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.jobs import Job
from chalicelib.core.logs import KEPT_FOR
from chalicelib.storage import keys
from chalicelib.storage.table import Item

if TYPE_CHECKING:
    from chalicelib.storage.table import Table, Transaction


class JobItem(Item):
    """One job as JSON text."""

    document = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class JobStore:
    """Reads jobs."""

    table: Table

    def find(self, tenant: str, job_id: str) -> Job | None:
        """Read one."""
        item = self.table.get(JobItem, keys.job(tenant, job_id))
        return msgspec.json.decode(item.document, type=Job) if item else None


def put_job(transaction: Transaction, tenant: str, job: Job) -> Transaction:
    """Add a job, as it is now, to the transaction of what begins or ends it."""
    ends = ceil((job.created_at + KEPT_FOR).timestamp())
    document = msgspec.json.encode(job).decode()
    return transaction.put(JobItem.at(keys.job(tenant, job.id), document=document, expires_at=ends))
