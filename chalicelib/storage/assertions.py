"""Assertions that were used, by digest, until they expire."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from chalicelib.core.errors import Conflict
from chalicelib.storage import keys
from chalicelib.storage.table import ABSENT, Item

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.storage.table import Table


@dataclass(frozen=True, slots=True)
class AssertionStore:
    """Remembers assertions."""

    table: Table

    def use(self, tenant: str, digest: str, until: datetime) -> None:
        """Remember one with a conditional write: of two uses at once, one wins."""
        item = Item.at(keys.one_time(tenant, digest, keys.ASSERTION), expires_at=ceil(until.timestamp()))
        self.table.write().put(item, ABSENT, Conflict("It was used before.")).commit()
