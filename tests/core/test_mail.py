"""Our mails: what each says, in three languages, and that nothing hostile gets into a header or the HTML."""

import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from html import unescape
from string import Formatter

import pytest

from chalicelib.core import mail
from chalicelib.core.errors import Invalid
from chalicelib.core.mail import Mail, Occasion, Recipient, language_of
from chalicelib.core.mail_texts import WORDINGS

LINK = "https://acme.example/u/ticket?value=abc&kind=1"
A_DAY = timedelta(days=1)
ANN = Recipient(address="ann@example.com", tenant_name="Acme")
OCCASION = Occasion(
    when=datetime(2026, 3, 1, 12, 30, tzinfo=UTC), place="Ghent, Belgium", ip="192.0.2.1", device="Firefox on Linux"
)
MAILS = {
    "verify_email": lambda to: mail.verify_email(to, LINK, A_DAY),
    "change_password": lambda to: mail.change_password(to, LINK, A_DAY),
    "password_changed": lambda to: mail.password_changed(to, OCCASION),
    "email_changed": lambda to: mail.email_changed(to, OCCASION),
    "impersonated": lambda to: mail.impersonated(to, OCCASION),
    "second_factor_changed": lambda to: mail.second_factor_changed(to, OCCASION),
    "unblock": lambda to: mail.unblock(to, OCCASION, LINK, A_DAY),
    "new_place": lambda to: mail.new_place(to, OCCASION, LINK, A_DAY),
    "new_place_without_link": lambda to: mail.new_place(to, OCCASION, "", A_DAY),
    "blocked": mail.blocked,
}
LANGUAGES = ("en", "de", "es")
WITH_LINK = ("verify_email", "change_password", "unblock", "new_place")
NOTICES = (
    "password_changed",
    "email_changed",
    "impersonated",
    "second_factor_changed",
    "unblock",
    "new_place",
    "new_place_without_link",
)

every_kind = pytest.mark.parametrize("kind", MAILS)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def shown(html):
    """Give the text that a reader of the HTML sees."""
    return unescape(re.sub(r"<[^>]+>", " ", html))


# What they say


def test_there_is_a_test_of_every_mail_in_every_language():
    assert set(WORDINGS) == set(LANGUAGES)
    assert all(set(WORDINGS[language]) == set(MAILS) for language in LANGUAGES)


@every_kind
@every_language
def test_a_mail_names_its_tenant_and_its_kind_and_has_no_gap_left(kind, language):
    composed = MAILS[kind](replace(ANN, language=language))

    assert (composed.to, composed.kind) == ("ann@example.com", kind)
    assert "Acme" in composed.subject
    assert not re.search(r"[{}]", composed.subject + composed.text + composed.html)


@every_kind
@every_language
def test_a_mail_says_as_text_what_it_says_as_html(kind, language):
    composed = MAILS[kind](replace(ANN, language=language))

    html = " ".join(shown(composed.html).split())
    assert all(" ".join(line.split()) in html for line in composed.text.splitlines())


@every_kind
def test_a_mail_has_the_same_parts_in_every_language(kind):
    def parts(language):
        wording = WORDINGS[language][kind]
        return {
            part.name: {name for _, name, _, _ in Formatter().parse(getattr(wording, part.name)) if name}
            for part in fields(wording)
            if getattr(wording, part.name)
        }

    assert parts("de").keys() == parts("es").keys() == parts("en").keys()
    assert (
        set().union(*parts("de").values()) == set().union(*parts("es").values()) == set().union(*parts("en").values())
    )


@every_kind
def test_a_mail_differs_from_language_to_language(kind):
    texts = [MAILS[kind](replace(ANN, language=language)) for language in LANGUAGES]

    assert len({composed.subject for composed in texts}) == len({composed.text for composed in texts}) == 3
    assert [f'<html lang="{language}">' in text.html for language, text in zip(LANGUAGES, texts, strict=True)] == [
        True
    ] * 3


@every_language
@pytest.mark.parametrize("kind", WITH_LINK)
def test_a_mail_with_a_link_has_it_on_a_line_of_its_own_and_as_a_button(kind, language):
    composed = MAILS[kind](replace(ANN, language=language))

    assert LINK in composed.text.splitlines()
    assert composed.html.count('href="https://acme.example/u/ticket?value=abc&amp;kind=1"') == 2


@pytest.mark.parametrize("kind", sorted(MAILS.keys() - set(WITH_LINK)))
def test_a_mail_that_only_tells_has_no_link(kind):
    composed = MAILS[kind](ANN)

    assert "http" not in composed.text
    assert "href" not in composed.html


@pytest.mark.security(14)
@every_language
@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_says_when_and_from_where(kind, language):
    composed = MAILS[kind](replace(ANN, language=language))

    assert all(fact in composed.text for fact in ("2026-03-01 12:30 UTC", "Ghent, Belgium", "192.0.2.1", "Firefox"))


@pytest.mark.security(14)
def test_a_notice_leaves_out_what_is_not_known():
    composed = mail.password_changed(ANN, Occasion(when=OCCASION.when))

    assert "Time: 2026-03-01 12:30 UTC\n" in composed.text
    assert not re.search("Place|IP address|Device", composed.text)


def test_a_notice_shows_its_time_in_utc_whatever_zone_it_came_in():
    tokyo = timezone(timedelta(hours=9))

    composed = mail.password_changed(ANN, Occasion(when=datetime(2026, 3, 1, 21, 30, tzinfo=tokyo)))

    assert "2026-03-01 12:30 UTC" in composed.text


def test_the_mail_to_an_address_that_was_given_up_names_it_and_no_other():
    composed = mail.email_changed(ANN, OCCASION)

    assert re.findall(r"\S+@\S+", composed.text) == ["ann@example.com"]


@pytest.mark.parametrize(
    ("lifetime", "said"),
    [
        (timedelta(minutes=1), "1 minute."),
        (timedelta(minutes=10), "10 minutes."),
        (timedelta(minutes=90), "90 minutes."),
        (timedelta(hours=1), "1 hour."),
        (timedelta(hours=36), "36 hours."),
        (timedelta(days=1), "1 day."),
        (timedelta(seconds=432_000), "5 days."),
    ],
)
def test_a_lifetime_is_said_in_the_largest_unit_that_is_exact(lifetime, said):
    composed = mail.change_password(ANN, LINK, lifetime)

    assert f"The link works once, for {said}" in composed.text


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        (["de"], "de"),
        (["de-AT"], "de"),
        (["es_MX"], "es"),
        (["ES"], "es"),
        (["fr", "de-CH", "en"], "de"),
        (["fr"], "en"),
        (["", "-", "deutsch"], "en"),
        ([], "en"),
    ],
)
def test_the_language_is_that_of_the_first_tag_we_speak_and_else_english(tags, language):
    assert language_of(*tags) == language


# What must not get in

BREAKS = [
    "\r\nBcc: eve@example.com",
    "\nBcc: eve@example.com",
    "\r",
    "\n",
    "\x00",
    "\x0b",
    "\x85",
    "\u2028",
    "\u2029",
    "\ud800",
]


@pytest.mark.parametrize("ending", BREAKS)
def test_a_tenant_whose_name_ends_a_line_gets_no_mail(ending):
    with pytest.raises(Invalid, match="one line") as refused:
        mail.blocked(replace(ANN, tenant_name=f"Acme{ending}"))

    assert refused.value.code == "invalid_mail"


@pytest.mark.parametrize("ending", BREAKS)
def test_an_address_that_ends_a_line_gets_no_mail(ending):
    with pytest.raises(Invalid):
        mail.blocked(replace(ANN, address=f"ann@example.com{ending}"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@example.com,eve@example.com",
        "ann@example.com, eve@example.com",
        "ann@example.com;eve@example.com",
        "ann@example.com eve@example.com",
        "Ann <ann@example.com>",
        "<ann@example.com>",
        "ann@example.com\r\nBcc: eve@example.com",
        "a" * 65 + "@example.com",
    ],
)
def test_what_is_not_one_address_gets_no_mail(address):
    with pytest.raises(Invalid):
        mail.blocked(replace(ANN, address=address))


@pytest.mark.security(43)
def test_a_subject_has_at_most_300_characters():
    known = {"to": "ann@example.com", "text": "", "html": "", "kind": "blocked"}

    assert Mail(subject="a" * 300, **known).subject == "a" * 300
    for refused in ("a" * 301, ""):
        with pytest.raises(Invalid, match="at most 300"):
            Mail(subject=refused, **known)


@every_kind
def test_a_tenant_name_is_no_html(kind):
    composed = MAILS[kind](replace(ANN, tenant_name="<script>alert(\"1\")</script> & 'Sons'"))

    assert "<script" not in composed.html
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#x27;Sons&#x27;" in composed.html
    assert "<script>" in composed.subject


@every_kind
def test_a_tenant_name_is_no_template(kind):
    composed = MAILS[kind](replace(ANN, tenant_name="{link} {0} {tenant.__class__} %s {"))

    assert "{link} {0} {tenant.__class__} %s {" in composed.subject
    assert "{link} {0} {tenant.__class__} %s {" in composed.html


def test_a_link_cannot_leave_its_attribute():
    composed = mail.verify_email(ANN, 'https://acme.example/"><img src=x onerror=alert(1)>', A_DAY)

    assert "<img" not in composed.html
    assert 'href="https://acme.example/&quot;&gt;&lt;img' in composed.html


def test_a_place_is_no_html_and_stays_on_its_line():
    composed = mail.new_place(ANN, replace(OCCASION, place="<b>Ghent</b>\r\nPlace: Rome\u2028"), LINK, A_DAY)

    assert "Place: <b>Ghent</b> Place: Rome\n" in composed.text
    assert "&lt;b&gt;Ghent&lt;/b&gt; Place: Rome<br>" in composed.html


@every_kind
@every_language
def test_a_mail_loads_nothing_and_runs_nothing(kind, language):
    composed = MAILS[kind](replace(ANN, language=language))

    assert not re.search(r"<(img|script|link|iframe|style|object|form)|\bsrc=|url\(|@import|\bon\w+=", composed.html)
