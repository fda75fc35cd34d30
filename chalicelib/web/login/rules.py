"""How the pages say what a connection demands of a password, and why one was refused. Owns no rule and no check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.passwords import (
    PasswordDictionaryError,
    PasswordError,
    PasswordHistoryError,
    PasswordLeakedError,
    PasswordNoUserInfoError,
    PasswordStrengthError,
)
from chalicelib.web.login.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.password_strength import Strength
    from chalicelib.web.login.texts import ErrorKey, RuleKey

_SAYINGS: Mapping[str, tuple[RuleKey, tuple[str, ...]]] = {
    "nonEmpty": ("rule.nonEmpty", ()),
    "lengthAtLeast": ("rule.lengthAtLeast", ("count",)),
    "shouldContain": ("rule.shouldContain", ()),
    "containsAtLeast": ("rule.containsAtLeast", ("count", "of")),
    "lowerCase": ("rule.lowerCase", ()),
    "upperCase": ("rule.upperCase", ()),
    "numbers": ("rule.numbers", ()),
    "specialCharacters": ("rule.specialCharacters", ()),
    "identicalChars": ("rule.identicalChars", ("count", "example")),
}
"""Code of a rule: what says it, and how that calls the values of the rule's `format`."""

_REFUSALS: Mapping[type[PasswordError], ErrorKey] = {
    PasswordStrengthError: "error.password_weak",
    PasswordDictionaryError: "error.password_common",
    PasswordNoUserInfoError: "error.password_personal",
    PasswordHistoryError: "error.password_reused",
    PasswordLeakedError: "error.password_leaked",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One demand. `met` is None while no password was judged; `code` and `count` let the page judge while one types."""

    code: str
    text: Text
    met: bool | None = None
    count: int = 0
    items: tuple[Rule, ...] = ()


def password_rules(strength: Strength, password: str | None = None) -> tuple[Rule, ...]:
    """List what a connection demands; with a password, also which of it the password keeps."""
    rules = strength.missing(password or "")["rules"]
    return tuple(_rule(rule, judged=password is not None) for rule in rules)


def password_error(error: PasswordError) -> Text:
    """Say why a password was refused."""
    return Text(_REFUSALS[type(error)])


def _rule(rule: Mapping[str, Any], *, judged: bool) -> Rule:
    key, names = _SAYINGS[rule["code"]]
    values = dict(zip(names, rule.get("format", ()), strict=True))
    return Rule(
        code=rule["code"],
        text=Text(key, values),
        met=rule["verified"] if judged else None,
        count=values.get("count", 0),
        items=tuple(_rule(item, judged=judged) for item in rule.get("items", ())),
    )
