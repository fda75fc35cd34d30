"""What makes a database a custom one: the scripts that speak to it, and what they alone may know.

Owns how both come with a connection's options and are kept: scripts are checked and lie beside the connection, whose
settings everybody who signs in reads; values of `configuration` are encrypted and shown encrypted, as Auth0 does.
Running a script is `custom_databases`. Limits: 100,000 bytes a script; scripts count as part of their connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.data_keys import present
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.sandbox import fault_of_text, missing_modules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.connections import Connection
    from chalicelib.core.data_keys import DataKey, Vault
    from chalicelib.core.documents import Document
    from chalicelib.core.rules import ScriptChecker

NAMES = (
    "login",
    "get_user",
    "create",
    "verify",
    "change_password",
    "delete",
    "change_email",
    "change_username",
    "change_phone_number",
)
"""Every script that Auth0 knows. The last is kept and never run: no database here has phone numbers."""
MAX_KEY = 128
"""Characters of a key of `configuration`."""
SEALED = "2.0$"
"""What an encrypted value begins with where it is shown, so that nobody takes it for the value."""


class DataKeyStore(Protocol):
    """Where a tenant's data key lies."""

    def recall(self, tenant: str) -> DataKey | None:
        """Give the tenant's data key, if it has one."""

    def add(self, tenant: str, data_key: DataKey) -> None:
        """Write a tenant's first data key; a conflict if somebody else wrote one meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Customized:
    """Settings of a connection, ready to be kept: `texts` are scripts to write, or None to remove."""

    attributes: Document
    texts: Mapping[str, str | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatabaseScripts:
    """Prepares scripts and values to be kept, and opens the values for a run."""

    checker: ScriptChecker
    vault: Vault
    data_keys: DataKeyStore

    def prepared(self, tenant: str, name: str, attributes: Document, former: Connection | None) -> Customized:
        """Take scripts and values out of the options of the database `name`; those that are not sent are removed."""
        options = attributes.get("options") or {}
        texts = options.get("customScripts") or {}
        warnings = tuple(each for script, text in texts.items() for each in self._checked(script, text))
        kept = {option: value for option, value in options.items() if option != "customScripts"}
        if options.get("configuration"):
            known = former.options.get("configuration") or {} if former else {}
            kept["configuration"] = self._sealed(tenant, name, options["configuration"], known)
        gone = dict.fromkeys((former.scripts if former else {}).keys() - texts.keys())
        sizes = {script: len(text.encode()) for script, text in texts.items()}
        whole = {**attributes, "options": kept, "scripts": sizes}
        return Customized(attributes=whole, texts={**texts, **gone}, warnings=warnings)

    def opened(self, tenant: str, connection: Connection) -> dict[str, str]:
        """Decrypt what a connection's scripts may know: for one run, then to be dropped.

        Unavailable if one of the values cannot be opened.
        """
        sealed = connection.options.get("configuration") or {}
        if not sealed:
            return {}
        data_key = present(tenant, self.data_keys.recall(tenant))
        return {
            key: self.vault.open(tenant, data_key, _secret(connection.name, key), value.removeprefix(SEALED))
            for key, value in sealed.items()
        }

    def _checked(self, script: str, text: str) -> list[str]:
        """Refuse a script that cannot be run; give the warnings about one that can."""
        if script not in NAMES:
            raise Invalid(
                f"Payload validation error: 'Additional properties not allowed: {script[:64]}'"
                " on property options.customScripts."
            )
        if fault := fault_of_text(text) or self.checker.check(text):
            raise Invalid(
                f"Payload validation error: '{fault.message} (line {fault.line}, column {fault.column})'"
                f" on property options.customScripts.{script}."
            )
        return [f"{script}: Cannot find module '{module}'" for module in missing_modules(text)]

    def _sealed(self, tenant: str, name: str, values: Document, known: Document) -> dict[str, str]:
        """Encrypt what is new. An encrypted value that comes back as it was shown is the one that was there."""
        data_key = self._data_key(tenant)
        return {
            key: value
            if value == known.get(key)
            else SEALED + self.vault.seal(tenant, data_key, _secret(name, key), value)
            for key, value in values.items()
        }

    def _data_key(self, tenant: str) -> DataKey:
        known = self.data_keys.recall(tenant)
        if known is not None:
            return known
        made = self.vault.make(tenant)
        try:
            self.data_keys.add(tenant, made)
        except Conflict:
            return self.data_keys.recall(tenant) or made
        return made


def _secret(name: str, key: str) -> str:
    """Name a value for the vault. A connection's name has no space and never changes."""
    return f"connection {name} {key}"
