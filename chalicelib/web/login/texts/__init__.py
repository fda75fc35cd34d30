"""What the sign-in pages say: one file of texts for each language, all with the same keys.

A template names its own texts. The families below are for the code that shows a page: it says them with `Text`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

_FOLDER = Path(__file__).parent

ErrorKey: TypeAlias = Literal[
    "error.current_password_missing",
    "error.current_password_wrong",
    "error.database_unavailable",
    "error.email_invalid",
    "error.email_missing",
    "error.login_missing",
    "error.password_common",
    "error.password_leaked",
    "error.password_missing",
    "error.password_personal",
    "error.password_reused",
    "error.password_weak",
    "error.passwords_differ",
    "error.signup_refused",
    "error.too_many_attempts",
    "error.too_many_sign_ups",
    "error.username_invalid",
    "error.username_missing",
    "error.username_taken",
    "error.wrong_credentials",
]
"""What is wrong with what was typed. `error.username_invalid` takes `min` and `max`."""

NoticeKey: TypeAlias = Literal[
    "notice.account_device",
    "notice.account_impersonation",
    "notice.account_old_page",
    "notice.account_others",
    "notice.account_password",
    "notice.account_session",
    "notice.email_verified",
    "notice.password_changed",
    "notice.sign_in_again",
    "notice.signed_out",
    "notice.verify_email",
]
"""What somebody should know before filling in a form, or what became of one."""

MessageName: TypeAlias = Literal[
    "access_denied",
    "blocked",
    "email_verified",
    "failed",
    "impersonation_expired",
    "impersonation_over",
    "impersonation_preview",
    "impersonation_revoked",
    "impersonation_used",
    "invalid_request",
    "link_expired",
    "password_changed",
    "sign_in_expired",
    "signed_out",
    "too_many_attempts",
    "too_many_requests",
    "unblocked",
    "verify_email",
]
"""A page that only says something: each has a `message.<name>.title` and a `message.<name>.text`."""

ConfirmationName: TypeAlias = Literal["unblock", "verify_email"]
"""What a link does when it is used: each has a `confirmation.<name>.title`, `.text` with an `email`, and `.submit`."""

EndingName: TypeAlias = Literal["others", "session"]
"""What ends together: each has an `ending.<name>.title`, `.text` and `.submit`."""

RuleKey: TypeAlias = Literal[
    "rule.containsAtLeast",
    "rule.identicalChars",
    "rule.lengthAtLeast",
    "rule.lowerCase",
    "rule.nonEmpty",
    "rule.numbers",
    "rule.shouldContain",
    "rule.specialCharacters",
    "rule.upperCase",
]
"""The rules of `core.password_strength`, under its codes."""

ScopeKey: TypeAlias = Literal["scope.email", "scope.offline_access", "scope.openid", "scope.profile"]
"""The scopes of OpenID Connect that an application may ask for."""

ActivityKey: TypeAlias = Literal[
    "activity.f",
    "activity.fcp",
    "activity.fcpr",
    "activity.feacft",
    "activity.ferrt",
    "activity.fimp",
    "activity.fn",
    "activity.fp",
    "activity.fv",
    "activity.limit_wc",
    "activity.other",
    "activity.s",
    "activity.sapi",
    "activity.sapi_own",
    "activity.sce",
    "activity.scp",
    "activity.scpr",
    "activity.scu",
    "activity.seacft",
    "activity.sepft",
    "activity.sertft",
    "activity.simp",
    "activity.simpa",
    "activity.simpe",
    "activity.simpr",
    "activity.simps",
    "activity.simpu",
    "activity.slo",
    "activity.slo_other",
    "activity.slo_others",
    "activity.srrt",
    "activity.ss",
    "activity.ss_brought",
    "activity.ssa",
    "activity.sv",
    "activity.svr",
    "activity.ublkdu",
]
"""What happened, by the type of its event. Each may name the `application`."""

BrowserKey: TypeAlias = Literal["browser.gone_application", "browser.on_system", "browser.unknown"]
"""What browsers and applications are called where they do not say it themselves."""


@dataclass(frozen=True, slots=True)
class Text:
    """Something to say in the language of the page."""

    key: ErrorKey | NoticeKey | RuleKey | ScopeKey | ActivityKey | BrowserKey
    values: Mapping[str, object] = field(default_factory=dict)


Said: TypeAlias = Text | str
"""A text of ours, or words from elsewhere that are shown as they are."""


@cache
def texts(language: str) -> Mapping[str, str]:
    """Give all texts of a language."""
    read: Mapping[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return read


def text(language: str, key: str, **values: object) -> str:
    """Give one text with its values filled in. Values are never read as texts with values of their own."""
    return texts(language)[key].format_map(values)


def said(language: str, words: Said) -> str:
    """Give the words a view model carries."""
    return text(language, words.key, **words.values) if isinstance(words, Text) else words
