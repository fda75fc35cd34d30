"""The sentences of the recent activity: one for each type of event, and one for every other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.core.account_page import OTHERS
from chalicelib.core.custom_accounts import BROUGHT
from chalicelib.core.logs import TYPES, LogEvent
from chalicelib.web.login.activity import SENTENCES, entry, sentence
from chalicelib.web.login.texts import said
from chalicelib.web.pages import LANGUAGES
from tests.documents import table

ANN = "auth0|ann"
EVENT = LogEvent(
    log_id="1",
    date=datetime(2026, 3, 1, tzinfo=UTC),
    type="s",
    description="Success Login",
    user_id=ANN,
    ip="203.0.113.7",
    user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    location_info={"country_code": "BE", "country_name": "Belgium", "city_name": "Ghent"},
)


def by(subject: str) -> dict[str, object]:
    return {"request": {"auth": {"subject": subject, "client_id": ""}}}


def told(event: LogEvent, language: str = "en") -> str:
    return said(language, sentence(event, lambda _: "Shop"))


def test_every_type_that_has_a_sentence_is_one_that_is_written_and_is_documented():
    documented = {
        row["type"]: row["said in English"] for row in table("docs/account-page.md", "type", "said in English")
    }

    said_here = {kind: told(replace(EVENT, type=kind, details=by("tests@clients"))) for kind in SENTENCES}

    assert list(documented) == [kind for kind in TYPES if kind in SENTENCES]
    filled = {kind: text.replace("{application}", "Shop").replace("{who}", "") for kind, text in documented.items()}
    assert said_here == filled


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*SENTENCES, "unknown"])
def test_a_sentence_is_short_and_is_one(kind, language):
    text = told(replace(EVENT, type=kind), language)

    assert text.endswith(".")
    assert text.count(".") == 1
    assert len(text) <= 100


@pytest.mark.security(38)
@pytest.mark.parametrize("kind", [kind for kind in SENTENCES if "imp" in kind])
def test_who_acted_as_the_user_is_named(kind):
    about = {"impersonation": {"impersonator": {"user_id": "auth0|jane", "email": "jane@support.example"}}}

    assert "jane@support.example" in told(replace(EVENT, type=kind, details=about))


@pytest.mark.parametrize("kind", ["unknown", "", "gd_start_auth"])
def test_of_an_unknown_type_it_is_said_that_something_happened(kind):
    assert told(replace(EVENT, type=kind)) == "Something happened in your account."


@pytest.mark.parametrize(
    ("ended", "text"),
    [
        ({}, "You signed out."),
        ({"ended": "ses_1"}, "You signed another browser out."),
        ({"ended": OTHERS}, "You signed out everywhere else."),
    ],
)
def test_a_sign_out_says_of_what(ended, text):
    assert told(replace(EVENT, type="slo", details=ended)) == text


@pytest.mark.parametrize("subject", ["", ANN])
def test_what_the_user_changed_is_their_own_doing(subject):
    assert told(replace(EVENT, type="sapi", details=by(subject))) == "You changed your account."


@pytest.mark.parametrize(
    ("kind", "text"),
    [("ss", "Your account was added here."), ("sapi", "Your account was changed by those who run it.")],
)
def test_what_a_database_brought_is_not_the_users_own_doing(kind, text):
    assert told(replace(EVENT, type=kind, details={**by(""), BROUGHT: True})) == text


def test_a_line_says_when_from_where_and_by_which_browser():
    row = entry(EVENT, lambda _: "Shop")

    assert (row.at, row.place, row.ip) == (EVENT.date, "Ghent, Belgium", "203.0.113.7")
    assert said("en", row.browser) == "Firefox on Linux"


def test_what_a_program_did_has_no_place_of_the_users():
    row = entry(replace(EVENT, type="scp", details=by("tests@clients")), lambda _: "Shop")

    assert (row.place, row.ip, row.browser) == ("", "", "")
