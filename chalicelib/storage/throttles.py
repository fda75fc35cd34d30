"""Counters of requests in the table: one for each tenant, kind and minute, which no other minute's waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from pynamodb.attributes import BooleanAttribute, NumberAttribute

from chalicelib.core.errors import Conflict
from chalicelib.storage import keys
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import Item

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.throttles import Window
    from chalicelib.storage.table import Table

_SLACK = timedelta(minutes=1)
"""How far the clock of a process may be behind."""


class RequestsItem(Item):
    """How many requests all processes have added, and whether history has it that there were too many."""

    requests = NumberAttribute(null=True)
    told = BooleanAttribute(null=True)


@dataclass(frozen=True, slots=True)
class ThrottleStore:
    """Adds to counters; nobody reads one."""

    table: Table

    def add(self, window: Window, requests: int) -> int:
        """Add and learn the total: one write."""
        item = RequestsItem.at(_key(window))
        self.table.change(item, [RequestsItem.requests.add(requests), _expiry(window)])
        return int(item.requests)

    def tell(self, window: Window, event: LogEvent) -> None:
        """Write the event together with a mark that it is written: of all processes one wins."""
        transaction = self.table.write().put(event_item(self.table, window.tenant, event))
        untold, told = RequestsItem.told.does_not_exist(), Conflict("Another process has told it.")
        actions = [RequestsItem.told.set(True), _expiry(window)]
        transaction.update(RequestsItem.at(_key(window)), actions, untold, told).commit()


def _key(window: Window) -> keys.Key:
    return keys.requests(window.tenant, window.kind, int(window.ends.timestamp()))


def _expiry(window: Window) -> Action:
    return RequestsItem.expires_at.set(ceil((window.ends + _SLACK).timestamp()))
