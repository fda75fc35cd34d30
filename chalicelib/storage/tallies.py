"""Tallies: how many things of a kind a tenant has, and how long they are in all, so that a limit holds for everybody.

A tally is counted in the transaction of what it counts, over a condition: of any number at once no one gets past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.attributes import NumberAttribute

from chalicelib.storage.table import Item

if TYPE_CHECKING:
    from chalicelib.core.errors import GatehouseError
    from chalicelib.storage.keys import Key
    from chalicelib.storage.table import Transaction


class TallyItem(Item):
    """How many, and how many bytes."""

    things = NumberAttribute()
    size = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts at one key, up to `most` things of `largest` bytes in all. `full` is what is said past that."""

    key: Key
    most: int
    largest: int
    full: GatehouseError

    def add(self, transaction: Transaction, count: int, size: int) -> None:
        """Count in a transaction what it writes, or with negative numbers what it removes."""
        if not count and not size:
            return
        fits = (TallyItem.things <= self.most - count) & (TallyItem.size <= self.largest - size)
        actions = [TallyItem.things.add(count), TallyItem.size.add(size)]
        transaction.update(TallyItem.at(self.key), actions, TallyItem.things.does_not_exist() | fits, self.full)
