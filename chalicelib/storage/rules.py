"""Rules in the table: a document each, small items that hold the name and the order, and the tenant's tally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import TooMany
from chalicelib.core.rules import MAX_RULES, MAX_SCRIPTS_BYTES, NameTaken, OrderTaken, Rule
from chalicelib.storage.documents import DocumentItem, Documents
from chalicelib.storage.keys import RULE, RULE_NAME, RULE_ORDER, RULE_TALLY, Key, configuration, entity
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, Item
from chalicelib.storage.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table, Transaction

_DIGITS = 10
"""Of an order in a key, so that the last one is the highest."""


class RuleGuardItem(Item):
    """Guards that a name, or an order, is used once."""

    rule_id = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class RuleStore:
    """Reads and writes rules."""

    table: Table
    cache: Cache

    @property
    def documents(self) -> Documents[Rule]:
        """The rules as documents, without what guards them."""
        return Documents(self.table, self.cache, Rule, RULE, id_field="id", called="rule")

    def find(self, tenant: str, rule_id: str) -> Rule | None:
        """Read one, strongly consistent."""
        return self.documents.find(tenant, rule_id)

    def walk(self, tenant: str) -> Iterator[Rule]:
        """Read all of a tenant, lazily."""
        return self.documents.walk(tenant)

    def recall_enabled(self, tenant: str) -> Sequence[Rule]:
        """Give those that are enabled, in order, as they were at most seconds ago.

        A tenant without any is not asked again for as long either: most have none, and each sign-in wants to know.
        """
        return self.cache.get(_together(tenant), lambda: self._enabled(tenant)) or ()

    def last_order(self, tenant: str) -> int:
        """Give the highest order in use; 0 without rules."""
        guards = self.table.query(
            RuleGuardItem, configuration(tenant), prefix=RULE_ORDER, newest_first=True, page_size=1
        )
        last = next(guards, None)
        return int(last.sk.removeprefix(RULE_ORDER)) if last else 0

    def create(self, tenant: str, rule: Rule, event: LogEvent) -> None:
        """Write a new one with its name and order."""
        transaction = self.documents.put(self.table.write(), tenant, rule)
        _take_name(transaction, tenant, rule)
        _take_order(transaction, tenant, rule)
        _tally(tenant).add(transaction, 1, rule.size)
        self._commit(transaction, tenant, event)

    def change(self, tenant: str, before: Rule, after: Rule, event: LogEvent) -> None:
        """Write over the version that was read; what it is no longer called is free again."""
        transaction = self.documents.put(self.table.write(), tenant, after)
        if after.name != before.name:
            _take_name(transaction.delete(_name_key(tenant, before)), tenant, after)
        if after.order != before.order:
            _take_order(transaction.delete(_order_key(tenant, before)), tenant, after)
        _tally(tenant).add(transaction, 0, after.size - before.size)
        self._commit(transaction, tenant, event)

    def remove(self, tenant: str, rule: Rule, event: LogEvent) -> None:
        """Remove it with its name and its order."""
        key = self.documents.key(tenant, rule.id)
        transaction = self.table.write().delete(key, DocumentItem.version == rule.version)
        transaction.delete(_name_key(tenant, rule)).delete(_order_key(tenant, rule))
        _tally(tenant).add(transaction, -1, -rule.size)
        self._commit(transaction, tenant, event)

    def _enabled(self, tenant: str) -> Sequence[Rule]:
        return sorted((rule for rule in self.walk(tenant) if rule.enabled), key=lambda rule: rule.order)

    def _commit(self, transaction: Transaction, tenant: str, event: LogEvent) -> None:
        self.documents.commit_keys(transaction.put(event_item(self.table, tenant, event)), _together(tenant))


def _take_name(transaction: Transaction, tenant: str, rule: Rule) -> None:
    transaction.put(RuleGuardItem.at(_name_key(tenant, rule), rule_id=rule.id), ABSENT, NameTaken())


def _take_order(transaction: Transaction, tenant: str, rule: Rule) -> None:
    transaction.put(RuleGuardItem.at(_order_key(tenant, rule), rule_id=rule.id), ABSENT, OrderTaken())


def _name_key(tenant: str, rule: Rule) -> Key:
    return entity(tenant, RULE_NAME, rule.name)


def _order_key(tenant: str, rule: Rule) -> Key:
    return entity(tenant, RULE_ORDER, f"{rule.order:0{_DIGITS}d}")


def _tally(tenant: str) -> Tally:
    full = TooMany(f"A tenant has at most {MAX_RULES} rules, with {MAX_SCRIPTS_BYTES} bytes of scripts in all.")
    return Tally(Key(configuration(tenant), RULE_TALLY), MAX_RULES, MAX_SCRIPTS_BYTES, full)


def _together(tenant: str) -> Key:
    """Where the cache keeps the enabled rules of a tenant."""
    return Key(configuration(tenant), RULE)
