"""Profiles of a tenant's own database: what of them is taken, and in which form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.connections import Connection
from chalicelib.core.outside_profiles import OutsideProfile, Unusable
from tests.conftest import START

DATABASE = Connection(id="con_1", name="people", strategy="auth0", created_at=START, updated_at=START)
NAMED = replace(DATABASE, options={"requires_username": True})


def made(said, *, connection=DATABASE, typed="kim@example.com"):
    profile = OutsideProfile.of(said)
    return profile.new_user(connection, profile.id or "made", typed, START)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({"user_id": "7"}, "7"),
        ({"user_id": 7}, "7"),
        ({"user_id": 0}, "0"),
        ({"id": "7"}, "7"),
        ({"user_id": "a|b"}, "a|b"),
        ({"user_id": None, "id": 7}, "7"),
        ({"user_id": True}, ""),
        ({"user_id": {"$oid": "7"}}, ""),
        ({}, ""),
    ],
)
def test_an_id_is_a_text_or_a_number(said, known):
    assert OutsideProfile.of(said).id == known


@pytest.mark.parametrize("user_id", ["a\x00", "a\nb", "\x7f7"])
def test_an_id_that_cannot_be_shown_is_none(user_id):
    with pytest.raises(Unusable):
        OutsideProfile.of({"user_id": user_id})


@pytest.mark.security(43)
def test_an_id_has_at_most_255_characters_with_its_provider():
    assert len(made({"user_id": "a" * 249}).user_id) == 255

    with pytest.raises(Unusable, match="too long"):
        made({"user_id": "a" * 250})


def test_a_user_has_what_is_known_and_defaults_for_the_rest():
    user = made({"user_id": "7", "email": " Kim@Example.com ", "given_name": "Kim", "team": ["a"], "none": None})

    assert (user.user_id, user.email, user.name, user.nickname) == (
        "auth0|7",
        "kim@example.com",
        "kim@example.com",
        "kim",
    )
    assert (user.given_name, user.email_verified, user.attributes) == ("Kim", False, {"team": ["a"]})
    assert user.main.names == ("kim@example.com",)
    assert user.picture.startswith("https://s.gravatar.com/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "none"),
        ("email", 7),
        ("name", ["Kim"]),
        ("name", " "),
        ("picture", "http://example.com/kim.png"),
        ("picture", "javascript:alert(1)"),
        ("email_verified", "true"),
        ("email_verified", 1),
        ("username", "a\x00b"),
        ("username", "a" * 129),
    ],
)
def test_what_has_not_the_form_of_its_kind_is_left_out(name, value):
    assert OutsideProfile.of({"user_id": "7", name: value}).known == {}


@pytest.mark.security(43)
@pytest.mark.parametrize(("name", "most"), [("name", 300), ("given_name", 150), ("nickname", 300), ("username", 128)])
def test_names_are_at_most_as_long_as_those_of_others(name, most):
    known = OutsideProfile.of({name: "a" * most}).known

    assert len(known[name]) == most
    assert len(OutsideProfile.of({name: "a" * (most + 1)}).known.get(name, "")) in {0, most}


def test_without_an_address_or_a_name_it_is_the_one_that_was_typed():
    assert made({"user_id": "7"}, typed="typed@example.com").email == "typed@example.com"

    with pytest.raises(Unusable):
        made({"user_id": "7"}, typed="typed")


def test_a_user_name_signs_in_where_the_connection_has_user_names():
    said = {"user_id": "7", "username": "Kim", "email": "kim@example.com"}

    assert made(said, connection=NAMED).main.names == ("kim@example.com", "kim")
    assert made(said).main.names == ("kim@example.com",)
    with pytest.raises(Unusable):
        made({"user_id": "7", "username": "kim"})


@pytest.mark.security(10)
@pytest.mark.parametrize("name", ["password", "password_hash", "oldPassword", "hash", "Salt", "blocked", "generation"])
def test_what_is_secret_or_ours_to_say_is_not_kept(name):
    assert OutsideProfile.of({"user_id": "7", name: "x"}).attributes == {}


def test_metadata_goes_by_both_of_its_names_without_what_is_reserved():
    said = {"metadata": {"a": 1, "blocked": True}, "app_metadata": {"b": 2}, "user_metadata": [1]}

    profile = OutsideProfile.of(said)

    assert (profile.app_metadata, profile.user_metadata) == ({"a": 1, "b": 2}, {})


def test_a_profile_that_is_too_large_is_refused():
    with pytest.raises(Unusable, match="380000"):
        made({"user_id": "7", "big": "a" * 380_000})


def test_a_renewed_user_keeps_what_is_not_said_and_loses_no_metadata():
    user = made({"user_id": "7", "email": "kim@example.com", "nickname": "k", "team": 1, "user_metadata": {"a": 1}})

    after = OutsideProfile.of({"user_id": "7", "name": "Kim", "user_metadata": {"b": 2}}).renewed(DATABASE, user)

    assert (after.name, after.nickname, after.email) == ("Kim", "k", "kim@example.com")
    assert (after.attributes, after.user_metadata) == ({}, {"a": 1})


def test_another_address_is_not_verified_unless_it_is_said():
    user = replace(made({"user_id": "7", "email": "kim@example.com"}), email_verified=True)

    silent = OutsideProfile.of({"email": "k@example.com"}).renewed(DATABASE, user)
    same = OutsideProfile.of({"email": "kim@example.com"}).renewed(DATABASE, user)

    assert (silent.email_verified, silent.main.names) == (False, ("k@example.com",))
    assert same == replace(user, attributes={})
