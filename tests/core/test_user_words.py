"""Words: what people are found by is compared without case and accents, and says nothing twice."""

from datetime import UTC, datetime

import pytest

from chalicelib.core.identities import Identity
from chalicelib.core.user_words import MAX_WORD, folded, texts_of, word_for, words_of
from chalicelib.core.users import User

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def user(**known):
    identity = Identity(connection="people", connection_id="con_people", provider="auth0", user_id="ann")
    return User(user_id="auth0|ann", identities=(identity,), created_at=WHEN, updated_at=WHEN, **known)


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("Ann", "ann"),
        ("  Ann \t Marie ", "ann marie"),
        ("José", "jose"),
        ("Jose\u0301", "jose"),
        ("ÅSE Øyen", "ase oyen"),
        ("Weiß", "weiss"),
        ("Łukasz", "lukasz"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("\u0130pek I\u015f\u0131k", "ipek isik"),
        ("\ufb01ona", "fiona"),
        ("\uff21\uff2e\uff2e", "ann"),
        ("Ann\u200d\u0000\x1f", "ann"),
        ("山田", "山田"),
        ("Ann@Example.com", "ann@example.com"),
        ("\u0301", ""),
        ("", ""),
    ],
)
def test_a_text_is_compared_without_case_accents_and_what_cannot_be_seen(text, compared):
    assert folded(text) == compared
    assert folded(compared) == compared


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, ()),
        ({"email": "ann@example.com", "name": "ann@example.com", "nickname": "ann"}, ("ann@example.com",)),
        ({"phone_number": "+4917", "name": "+4917", "nickname": "+4917"}, ("+4917",)),
        ({"name": "Ann Smith", "given_name": "Ann", "family_name": "Smith"}, ("ann smith", "smith")),
        ({"name": "Ann Marie Smith"}, ("ann marie smith", "smith")),
        ({"name": "Smith"}, ("smith",)),
        ({"given_name": "Zoë", "nickname": "zoe-1", "username": "zoe"}, ("zoe-1",)),
        ({"email": "x@example.com", "nickname": "\u0301"}, ("x@example.com",)),
    ],
)
def test_a_word_that_another_one_begins_with_is_left_out(known, words):
    assert words_of(user(**known)) == words


def test_nobody_has_more_than_eight_words():
    fields = ("email", "username", "phone_number", "given_name", "family_name", "nickname")

    words = words_of(user(name="a b", **{name: f"{name[::-1]} of mine" for name in fields}))

    assert len(words) == 8


def test_a_long_word_is_kept_to_its_hundredth_character_and_compared_whole():
    long = user(email="x" * MAX_WORD + "@example.com")

    (word,) = words_of(long)

    assert word == "x" * MAX_WORD
    assert word_for(long, "x" * (MAX_WORD + 1)) == word
    assert texts_of(long) == ["x" * MAX_WORD + "@example.com"]


@pytest.mark.parametrize(
    ("beginning", "word"), [("a", "ann smith"), ("ann", "ann smith"), ("anna", "anna"), ("s", "smith"), ("b", None)]
)
def test_a_user_is_shown_at_the_first_of_the_words_with_a_beginning(beginning, word):
    assert word_for(user(name="Zed Smith", nickname="anna", given_name="Ann Smith"), beginning) == word


def test_fields_that_are_named_are_the_only_ones():
    ann = user(name="Ann Smith", nickname="annie")

    assert texts_of(ann, ("name",)) == ["ann smith"]
    assert sorted(texts_of(ann)) == ["ann smith", "annie", "smith"]
