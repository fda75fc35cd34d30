"""Counters of failed attempts in the table: those of a name together, one for each address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from pynamodb.attributes import NumberAttribute

from chalicelib.core.attempts import ANYWHERE, Blocked
from chalicelib.core.errors import Conflict, TooMany
from chalicelib.storage import keys
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import MAX_TRANSACTION, Item, batched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.expressions.condition import Condition

    from chalicelib.core.attempts import Counter
    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.table import Table, Transaction


_ATTEMPTS = 20
_TWO_DAYS = timedelta(days=2)


class FailuresItem(Item):
    """How many attempts failed since the last success."""

    failures = NumberAttribute()


@dataclass(frozen=True, slots=True)
class AttemptStore:
    """Counts failures."""

    table: Table

    def read(self, tenant: str, wanted: Sequence[Counter]) -> tuple[Counter, ...]:
        """Read counters in one round trip; what has expired counts nothing."""
        items = self.table.get_each([(FailuresItem, counter_key(tenant, counter)) for counter in wanted])
        return tuple(counted(counter, item) for counter, item in zip(wanted, items, strict=True))

    def fail(self, tenant: str, counters: Sequence[Counter], until: datetime, event: LogEvent) -> tuple[Counter, ...]:
        """Count a failure in each, in one transaction with its event, while none of them is full."""
        for _ in range(_ATTEMPTS):
            if any(counter.full for counter in counters):
                break
            try:
                self._count(tenant, counters, until, event)
            except Conflict:  # somebody else counted since we read
                counters = self.read(tenant, counters)
            else:
                return tuple(counter for counter in counters if counter.count == counter.limit - 1)
        raise TooMany("Too many attempts failed.")

    def admit(self, tenant: str, network: str, limit: int, now: datetime) -> None:
        """Count a sign-up, with one conditional write that nothing has to be read for: each day has its own item."""
        item = FailuresItem.at(keys.sign_ups(tenant, network, now))
        below = FailuresItem.failures.does_not_exist() | (FailuresItem.failures < limit)
        actions = [FailuresItem.failures.add(1), FailuresItem.expires_at.set(ceil((now + _TWO_DAYS).timestamp()))]
        self.table.update(item, actions, below, TooMany("Too many sign-ups from this address."))

    def blocked(
        self, tenant: str, connection_id: str, name: str, *, pair_limit: int, name_limit: int
    ) -> Sequence[Blocked]:
        """Give the addresses from which a name is refused: one query."""
        partition = keys.failures(tenant, connection_id, name, "").pk
        items = self.table.query(FailuresItem, partition, prefix=keys.FAILURES)
        return [
            Blocked(
                connection_id=connection_id, name=name, ip=ip, until=datetime.fromtimestamp(item.expires_at or 0, UTC)
            )
            for item in items
            if item.failures >= (name_limit if (ip := item.sk.removeprefix(keys.FAILURES)) == ANYWHERE else pair_limit)
        ]

    def clear(self, tenant: str, connection_id: str, names: Sequence[str], event: LogEvent) -> None:
        """Forget the failures of names from everywhere, with the event that says so."""
        transaction = self.table.write().put(event_item(self.table, tenant, event))
        forget(self.table, transaction, tenant, connection_id, names)

    def _count(self, tenant: str, counters: Sequence[Counter], until: datetime, event: LogEvent) -> None:
        transaction, now = self.table.write().put(event_item(self.table, tenant, event)), self.table.now()
        for counter in counters:
            key, end = counter_key(tenant, counter), ceil(until.timestamp())
            if counter.count:
                # Whoever fills a counter must know it, so the last step is taken from exactly where it was read.
                last = counter.limit - 1
                below = FailuresItem.failures == last if counter.count == last else FailuresItem.failures < last
                still = below & (FailuresItem.expires_at > int(now.timestamp()))
                actions = [FailuresItem.failures.add(1), FailuresItem.expires_at.set(end)]
                transaction.update(FailuresItem.at(key), actions, still)
            else:
                unused = FailuresItem.failures.does_not_exist() | (FailuresItem.expires_at <= int(now.timestamp()))
                transaction.put(FailuresItem.at(key, failures=1, expires_at=end), unused)
        transaction.commit()


def forget(table: Table, transaction: Transaction, tenant: str, connection_id: str, names: Sequence[str]) -> None:
    """Commit a transaction together with the end of all failures of names: one query each.

    An attacker decides from how many addresses names are tried. What does not fit the transaction follows it, and what
    a crash leaves of that ends by itself within a day.
    """
    partitions = [keys.failures(tenant, connection_id, name, "").pk for name in names]
    found = [item.key for pk in partitions for item in table.query(FailuresItem, pk, prefix=keys.FAILURES)]
    fits = MAX_TRANSACTION - transaction.size
    for key in found[:fits]:
        transaction.delete(key)
    transaction.commit()
    for part in batched(found[fits:], MAX_TRANSACTION):
        rest = table.write()
        for key in part:
            rest.delete(key)
        rest.commit()


def counter_key(tenant: str, counter: Counter) -> keys.Key:
    """Where a counter lies."""
    return keys.failures(tenant, counter.connection_id, counter.name, counter.ip)


def counted(counter: Counter, item: FailuresItem | None) -> Counter:
    """Give a counter with what was read of it."""
    return replace(counter, count=int(item.failures) if item else 0)


def demand_below(transaction: Transaction, tenant: str, counter: Counter, now: datetime) -> None:
    """Let a sign-in succeed only below the limit, and forget the failures of its name.

    Where nothing was counted when it was read, only the limit of a name from anywhere is held against those who count
    meanwhile: one unit of capacity for each sign-in rather than three.
    """
    full = TooMany("Too many attempts failed.")
    if counter.count and counter.name:
        transaction.delete(counter_key(tenant, counter), below_limit(counter, now), full)
    elif counter.count or counter.ip == ANYWHERE:
        transaction.check(counter_key(tenant, counter), below_limit(counter, now), full)


def below_limit(counter: Counter, now: datetime) -> Condition:
    """Demand that a counter is not full, or that its time is up."""
    open_again = FailuresItem.expires_at <= int(now.timestamp())
    below: Condition = FailuresItem.failures.does_not_exist() | (FailuresItem.failures < counter.limit) | open_again
    return below
