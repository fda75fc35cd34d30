"""The texts of the sign-in pages: the same in every language, none too many, none missing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from chalicelib.web.login import texts
from chalicelib.web.pages import LANGUAGES

FOLDER = Path(texts.__file__).parent
TEMPLATES = Path(texts.__file__).parents[2] / "templates" / "login"
NAMED_IN_PARTS = {"field.email", "field.email_or_username", "rules.met", "rules.unmet"}
"""Texts of which a template puts the key together."""


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def said_by_code() -> set[str]:
    families = (
        *(texts.ErrorKey, texts.NoticeKey, texts.RuleKey, texts.ScopeKey),
        *(texts.ActivityKey, texts.BrowserKey),
    )
    messages = {f"message.{name}.{part}" for name in get_args(texts.MessageName) for part in ("title", "text")}
    names, parts = get_args(texts.ConfirmationName), ("title", "text", "submit")
    confirmations = {f"confirmation.{name}.{part}" for name in names for part in parts}
    endings = {f"ending.{name}.{part}" for name in get_args(texts.EndingName) for part in parts}
    return {key for family in families for key in get_args(family)} | messages | confirmations | endings


def test_there_is_one_file_of_texts_for_each_language_of_the_pages():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(LANGUAGES)


def test_every_text_is_used_and_every_used_text_exists():
    named = re.compile(r"'([a-z_]+\.[a-zA-Z_]+)'")
    in_templates = {key for path in TEMPLATES.glob("*.html") for key in named.findall(path.read_text("utf-8"))}

    used = in_templates | said_by_code() | NAMED_IN_PARTS

    assert used == set(texts.texts("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_same_texts_with_the_same_values_as_english(language):
    english, other = texts.texts("en"), texts.texts(language)

    assert list(other) == list(english)
    assert {key: placeholders(other[key]) for key in other} == {key: placeholders(english[key]) for key in english}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_twice_in_its_file_or_has_markup(language):
    pairs = json.loads((FOLDER / f"{language}.json").read_text("utf-8"), object_pairs_hook=list)

    assert len({key for key, _ in pairs}) == len(pairs)
    assert all(text.strip() and not re.search("[<>]", text) for _, text in pairs)


def test_braces_in_a_value_stay_what_they_are():
    hostile = "{email} {0.__class__}"

    assert hostile in texts.text("en", "consent.trust", application=hostile)
