"""Rules: a tenant's own code that runs after a user has proved who it is and before tokens are made.

Owns what a rule is and the order rules stand in; not how one runs. Names and orders are unique in a tenant. Limits: 100
rules a tenant, 100,000 bytes a script, 1,000,000 bytes of scripts in all, all in UTF-8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.entities import patched, retrying
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.logs import done
from chalicelib.core.paging import cut
from chalicelib.core.sandbox import missing_modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.documents import Document
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.sandbox import Fault

LOGIN_SUCCESS = "login_success"
"""The one stage there is. Auth0's others would never run here, and so none of them is accepted."""

MAX_RULES = 100
MAX_SCRIPT_BYTES = 100_000
MAX_SCRIPTS_BYTES = 1_000_000
MAX_ORDER = 1_000_000_000

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""Control characters but for white space. A script has no use for them, and each takes six bytes where it is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. Those with lower `order` run first; one that is not enabled does not run."""

    id: str
    name: str
    script: str
    order: int
    enabled: bool = True
    stage: str = LOGIN_SUCCESS
    version: int = 0

    @property
    def size(self) -> int:
        """How many bytes its script has."""
        return len(self.script.encode())


class ScriptChecker(Protocol):
    """Reads a script without running it. Fits `core.sandbox.Sandbox`."""

    def check(self, script: str) -> Fault | None:
        """Say why a script cannot be read as a function, and where, or None."""


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A rule that was written, and what its author should know of it."""

    rule: Rule
    warnings: tuple[str, ...] = ()


class RuleStore(Protocol):
    """Where rules lie. Every write carries the event that records it."""

    def find(self, tenant: str, rule_id: str) -> Rule | None:
        """Read one, or None."""

    def walk(self, tenant: str) -> Iterator[Rule]:
        """Read all of a tenant."""

    def recall_enabled(self, tenant: str) -> Sequence[Rule]:
        """Give those that are enabled, in order, as they were at most seconds ago. That there are none is kept too."""

    def last_order(self, tenant: str) -> int:
        """Give the highest order in use; 0 without rules."""

    def create(self, tenant: str, rule: Rule, event: LogEvent) -> None:
        """Write a new one; `name_taken` or `order_taken` if it is, too many if the tenant has as many as it may."""

    def change(self, tenant: str, before: Rule, after: Rule, event: LogEvent) -> None:
        """Write over exactly the version that was read; refused as `create` is."""

    def remove(self, tenant: str, rule: Rule, event: LogEvent) -> None:
        """Remove exactly the version that was read."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be done with rules.

    `checker` is where rules run. What keeps a script from running at all is told when it is saved.
    """

    store: RuleStore
    ambient: Ambient
    checker: ScriptChecker

    def create(self, caller: Caller, attributes: Document) -> SavedRule:
        """Add a rule, after the last one unless its order is given; a conflict if its name or order is taken."""
        warnings = self._checked(attributes["script"])
        order = attributes.get("order")
        while True:
            rule = self._make(attributes, self.store.last_order(caller.tenant) + 1 if order is None else order)
            try:
                self.store.create(caller.tenant, rule, done(self.ambient, caller))
            except OrderTaken:
                if order is not None:
                    raise
                continue  # another rule was made meanwhile and is the last one now: at most as often as there may be
            return SavedRule(rule, warnings)

    def get(self, caller: Caller, rule_id: str) -> Rule:
        """Give one rule."""
        rule = self.store.find(caller.tenant, rule_id)
        if rule is None:
            raise NotFound("The rule does not exist.", code="inexistent_rule")
        return rule

    def list(self, caller: Caller, request: PageRequest, *, enabled: bool | None = None) -> Page[Rule]:
        """List rules in the order they run in."""
        rules = sorted(self.store.walk(caller.tenant), key=lambda rule: rule.order)
        return cut((rule for rule in rules if enabled in {None, rule.enabled}), request, "id")

    def enabled(self, tenant: str) -> Sequence[Rule]:
        """Give the rules that a sign-in runs, in order, as of at most seconds ago."""
        return self.store.recall_enabled(tenant)

    def update(self, caller: Caller, rule_id: str, patch: Document) -> SavedRule:
        """Change what `patch` names; a conflict if its new name or order is taken."""
        warnings = self._checked(patch["script"]) if "script" in patch else ()
        return SavedRule(retrying(lambda: self._update(caller, rule_id, patch)), warnings)

    def delete(self, caller: Caller, rule_id: str) -> None:
        """Remove a rule. Deleting what does not exist is no error, as with Auth0."""
        retrying(lambda: self._delete(caller, rule_id))

    def _make(self, attributes: Document, order: int) -> Rule:
        blank = Rule(id=f"rul_{self.ambient.new_id(16)}", name=attributes["name"], script="", order=order)
        return _valid(patched(blank, {**attributes, "order": order}))

    def _update(self, caller: Caller, rule_id: str, patch: Document) -> Rule:
        before = self.get(caller, rule_id)
        after = _valid(patched(before, patch))
        self.store.change(caller.tenant, before, after, done(self.ambient, caller))
        return after

    def _delete(self, caller: Caller, rule_id: str) -> None:
        rule = self.store.find(caller.tenant, rule_id)
        if rule is not None:
            self.store.remove(caller.tenant, rule, done(self.ambient, caller))

    def _checked(self, script: str) -> tuple[str, ...]:
        """Refuse a script that cannot be read; give the warnings about one that can."""
        check_text(script)
        if fault := self.checker.check(script):
            raise _invalid_script(f"{fault.message} (line {fault.line}, column {fault.column})")
        return tuple(f"Cannot find module '{name}'" for name in missing_modules(script))


class NameTaken(Conflict):
    """Another rule of the tenant has the name."""

    def __init__(self) -> None:
        super().__init__("A rule with the same name already exists", code="rule_conflict")


class OrderTaken(Conflict):
    """Another rule of the tenant has the order."""

    def __init__(self) -> None:
        super().__init__("A rule with the same order already exists", code="rule_conflict")


def check_text(script: str) -> None:
    """Refuse a script that is too long to keep, or that no editor shows as it is."""
    if (size := len(script.encode())) > MAX_SCRIPT_BYTES:
        raise _invalid_script(f"script is {size} bytes long, the limit is {MAX_SCRIPT_BYTES}")
    if match := _UNPRINTABLE.search(script):
        raise _invalid_script(f"script has the control character U+{ord(match[0]):04X}")


def _valid(rule: Rule) -> Rule:
    if rule.order > MAX_ORDER:
        raise Invalid(f"Payload validation error: 'exceeds {MAX_ORDER}' on property order.")
    return rule


def _invalid_script(why: str) -> Invalid:
    return Invalid(f"Payload validation error: '{why}' on property script.")
