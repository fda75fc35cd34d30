"""Rules configs in the table: an item each, sealed, and the tenant's tally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.data_keys import SECRETS, DataKey
from chalicelib.core.errors import TooMany
from chalicelib.core.rules_configs import MAX_CONFIGS, RuleConfig
from chalicelib.storage.keys import RULE_CONFIG, RULE_CONFIG_TALLY, Key, configuration, entity
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, PRESENT, Item
from chalicelib.storage.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.documents import Documents
    from chalicelib.storage.table import Table, Transaction


class RuleConfigItem(Item):
    """One value, sealed."""

    config_key = UnicodeAttribute()
    sealed = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class RuleConfigStore:
    """Reads and writes rules configs."""

    table: Table
    data_keys: Documents[DataKey]

    def walk(self, tenant: str) -> Sequence[RuleConfig]:
        """Read all of a tenant, by key."""
        items = self.table.query(RuleConfigItem, configuration(tenant), prefix=RULE_CONFIG)
        return [RuleConfig(key=item.config_key, sealed=item.sealed) for item in items]

    def recall_all(self, tenant: str) -> Sequence[RuleConfig]:
        """Give all of a tenant as they were at most seconds ago, or that there are none."""
        return self.data_keys.cache.get(_together(tenant), lambda: self.walk(tenant)) or ()

    def recall_data_key(self, tenant: str) -> DataKey | None:
        """Give the tenant's data key, if it has one."""
        return self.data_keys.recall(tenant, SECRETS)

    def has(self, tenant: str, key: str) -> bool:
        """Whether there is one of this key."""
        return self.table.get(RuleConfigItem, _key(tenant, key)) is not None

    def create(self, tenant: str, config: RuleConfig, data_key: DataKey, event: LogEvent) -> None:
        """Write one there was not, and the data key if it was never written."""
        transaction = self.table.write().put(_item(tenant, config), ABSENT)
        if data_key.version == 0:
            transaction.put(self.data_keys.item(tenant, data_key), ABSENT)
        _tally(tenant).add(transaction, 1, 0)
        self._commit(transaction, tenant, event)

    def replace(self, tenant: str, config: RuleConfig, event: LogEvent) -> None:
        """Write over one there is: of two at once the later stays, and neither is refused."""
        self._commit(self.table.write().put(_item(tenant, config), PRESENT), tenant, event)

    def delete(self, tenant: str, key: str, event: LogEvent) -> None:
        """Remove one there is."""
        transaction = self.table.write().delete(_key(tenant, key), PRESENT)
        _tally(tenant).add(transaction, -1, 0)
        self._commit(transaction, tenant, event)

    def _commit(self, transaction: Transaction, tenant: str, event: LogEvent) -> None:
        self.data_keys.commit_keys(transaction.put(event_item(self.table, tenant, event)), _together(tenant))


def _item(tenant: str, config: RuleConfig) -> RuleConfigItem:
    return RuleConfigItem.at(_key(tenant, config.key), config_key=config.key, sealed=config.sealed)


def _key(tenant: str, key: str) -> Key:
    return entity(tenant, RULE_CONFIG, key)


def _tally(tenant: str) -> Tally:
    full = TooMany(f"A tenant has at most {MAX_CONFIGS} rules configs.")
    return Tally(Key(configuration(tenant), RULE_CONFIG_TALLY), MAX_CONFIGS, 0, full)


def _together(tenant: str) -> Key:
    """Where the cache keeps all rules configs of a tenant, sealed."""
    return Key(configuration(tenant), RULE_CONFIG)
