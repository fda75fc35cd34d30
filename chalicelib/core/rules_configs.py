"""Rules configs: what a tenant's rules know and nobody may read, such as the keys of other services.

A value is encrypted when it comes and decrypted for the rules of one sign-in only: nothing else shows, lists or records
it. Limits: 100 a tenant; keys of 127 characters, values of 4,096.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.data_keys import present
from chalicelib.core.entities import retrying
from chalicelib.core.errors import Invalid
from chalicelib.core.logs import done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.data_keys import DataKey, Vault
    from chalicelib.core.logs import LogEvent

MAX_CONFIGS = 100
MAX_KEY = 127
_KEY = re.compile(r"[A-Za-z0-9_\-@*+:]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleConfig:
    """One value, sealed, and the key by which rules find it."""

    key: str
    sealed: str


class RuleConfigStore(Protocol):
    """Where rules configs lie, and the data key they are sealed with. Every write carries its event."""

    def walk(self, tenant: str) -> Sequence[RuleConfig]:
        """Read all of a tenant, by key."""

    def recall_all(self, tenant: str) -> Sequence[RuleConfig]:
        """Give all of a tenant as they were at most seconds ago. That there are none is kept too."""

    def recall_data_key(self, tenant: str) -> DataKey | None:
        """Give the tenant's data key, if it has one."""

    def has(self, tenant: str, key: str) -> bool:
        """Whether there is one of this key."""

    def create(self, tenant: str, config: RuleConfig, data_key: DataKey, event: LogEvent) -> None:
        """Write one there was not, and the data key if it is new; `changed` if somebody else wrote either meanwhile."""

    def replace(self, tenant: str, config: RuleConfig, event: LogEvent) -> None:
        """Write over one there is, whatever its value; `changed` if it is gone."""

    def delete(self, tenant: str, key: str, event: LogEvent) -> None:
        """Remove one there is; `changed` if it is gone."""


@dataclass(frozen=True, slots=True)
class RulesConfigs:
    """What can be done with rules configs."""

    store: RuleConfigStore
    vault: Vault
    ambient: Ambient

    def keys(self, caller: Caller) -> Sequence[str]:
        """List the keys in order. Nothing gives the values."""
        return [config.key for config in self.store.walk(caller.tenant)]

    def set(self, caller: Caller, key: str, value: str) -> None:
        """Have this value under the key, whether or not there was one."""
        _check_key(key)
        retrying(lambda: self._set(caller, key, value))

    def delete(self, caller: Caller, key: str) -> None:
        """Remove a value. Deleting what does not exist is no error, as with Auth0."""
        retrying(lambda: self._delete(caller, key))

    def opened(self, tenant: str) -> dict[str, str]:
        """Decrypt all values of a tenant, as of at most seconds ago: for the rules of one sign-in, then to be dropped.

        Unavailable if one of them was not sealed for its place.
        """
        configs = self.store.recall_all(tenant)
        if not configs:
            return {}
        data_key = present(tenant, self.store.recall_data_key(tenant))
        return {each.key: self.vault.open(tenant, data_key, _name(each.key), each.sealed) for each in configs}

    def _set(self, caller: Caller, key: str, value: str) -> None:
        # In this order: where there is a value there is a data key, so only a first value can meet a new key.
        known = self.store.has(caller.tenant, key)
        data_key = self.store.recall_data_key(caller.tenant) or self.vault.make(caller.tenant)
        config = RuleConfig(key=key, sealed=self.vault.seal(caller.tenant, data_key, _name(key), value))
        event = done(self.ambient, caller)
        if known:
            self.store.replace(caller.tenant, config, event)
        else:
            self.store.create(caller.tenant, config, data_key, event)

    def _delete(self, caller: Caller, key: str) -> None:
        if self.store.has(caller.tenant, key):
            self.store.delete(caller.tenant, key, done(self.ambient, caller))


def _name(key: str) -> str:
    return f"rules config {key}"


def _check_key(key: str) -> None:
    if len(key) > MAX_KEY:
        raise _bad_key(f"String is too long ({len(key)} chars), maximum {MAX_KEY}")
    if not _KEY.fullmatch(key):
        raise _bad_key(f"String does not match pattern: ^{_KEY.pattern}$")


def _bad_key(what: str) -> Invalid:
    return Invalid(f"Path validation error: '{what}' on property key.", code="invalid_uri")
