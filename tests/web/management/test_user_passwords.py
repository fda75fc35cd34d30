"""Passwords that administrators set: each policy over HTTP, any length, exactly as typed, and never to be read."""

import json
import unicodedata

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.web.management.conftest import USERS, path

WEAK = "PasswordStrengthError: Password is too weak"


@pytest.fixture
def demanding(new_connection):
    """Make a database that has these options and no list of common passwords."""

    def make(policy="none", **options):
        options = {"passwordPolicy": policy, "password_dictionary": {"enable": False}, **options}
        return new_connection("demanding", options=options)

    return make


# Length and exactness


@pytest.mark.security(2)
def test_a_password_of_100_000_characters_verifies_and_one_with_another_end_does_not(post_user, opens):
    password = "Aa1!" + "x" * 99_996

    created = post_user(email="ann@example.com", password=password)

    assert created.status == 201
    assert opens("ann@example.com", password)
    assert not opens("ann@example.com", password[:-1] + "y")
    assert not opens("ann@example.com", password[:-1])
    assert not opens("ann@example.com", password + "x")


@pytest.mark.security(2)
def test_two_passwords_of_10_000_characters_that_differ_in_the_last_are_two(api, new_user, opens):
    one, other = "Aa1!" + "x" * 9_995 + "1", "Aa1!" + "x" * 9_995 + "2"
    user = new_user(email="ann@example.com", password=one)

    changed = api.patch(path(user), {"password": other})

    assert changed.status == 200
    assert opens("ann@example.com", other)
    assert not opens("ann@example.com", one)


@pytest.mark.security(3)
@pytest.mark.parametrize(
    "password",
    [
        "  Long-enough-1  ",
        "Long\x00enough\x001",
        "Long-enough-1\n",
        "Long-😀-enough-1",
        "Ünïcödé-Enough-1",
        "密码很长-Enough-1",
        "\u202eLong-enough-1",
    ],
)
def test_a_password_is_kept_exactly_as_typed(new_user, opens, password):
    new_user(email="ann@example.com", password=password)

    assert opens("ann@example.com", password)
    assert not opens("ann@example.com", password.strip().replace("\x00", "") + " ")


@pytest.mark.security(3)
def test_composed_and_decomposed_letters_are_two_passwords(new_user, opens):
    composed = unicodedata.normalize("NFC", "Längé-enough-1")

    new_user(email="ann@example.com", password=composed)

    assert opens("ann@example.com", composed)
    assert not opens("ann@example.com", unicodedata.normalize("NFD", composed))


@pytest.mark.parametrize("password", ["", None, 12345678, ["Long-enough-1"], {}])
def test_what_is_no_password_is_refused(api, new_user, password):
    user = new_user()

    answer = api.patch(path(user), {"password": password})

    assert answer.status == 400
    assert api.get(path(user)).json == user


def test_half_a_surrogate_pair_is_refused(api):
    body = f'{{"connection": "{DEFAULT_CONNECTION}", "email": "ann@example.com", "password": "Long-enough-1\\ud800"}}'

    answer = api.post(USERS, body.encode())

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


# Policies


@pytest.mark.security(1, 4)
@pytest.mark.parametrize(
    ("policy", "password"),
    [
        (None, "x"),
        ("none", "x"),
        ("low", "x" * 6),
        ("none", "correct horse battery staple"),
        ("low", "correct horse battery staple"),
        ("fair", "abcdeF12"),
        ("good", "abcdeF12"),
        ("good", "abcde-12"),
        ("excellent", "aabbcc-112"),
    ],
)
def test_a_password_at_the_limit_of_its_policy_is_accepted(demanding, post_user, policy, password):
    demanding(policy)

    assert post_user(connection="demanding", password=password).status == 201


@pytest.mark.security(1)
@pytest.mark.parametrize(
    ("policy", "password"),
    [
        ("low", "x" * 5),
        ("fair", "abcdeF1"),
        ("fair", "abcdefg1"),
        ("fair", "abcde-12"),
        ("good", "abcdeF1"),
        ("good", "abcdefg1"),
        ("excellent", "abcdeF-12"),
        ("excellent", "aaabcc-112"),
    ],
)
def test_a_password_one_past_the_limit_of_its_policy_is_refused(demanding, post_user, policy, password):
    demanding(policy)

    answer = post_user(connection="demanding", password=password)

    assert answer.status == 400
    assert answer.json == {"statusCode": 400, "error": "Bad Request", "message": WEAK, "errorCode": "invalid_password"}


@pytest.mark.security(1)
@pytest.mark.parametrize(("length", "status"), [(11, 400), (12, 201)])
def test_a_connections_own_length_takes_the_place_of_the_policys(demanding, post_user, length, status):
    demanding("low", password_complexity_options={"min_length": 12})

    assert post_user(connection="demanding", password="x" * length).status == status


@pytest.mark.security(1)
def test_a_new_connection_demands_8_characters(new_connection, post_user):
    new_connection("fresh")

    short, long = (post_user(connection="fresh", password=password) for password in ("Ab1-efg", "Ab1-efgh"))

    assert (short.json["message"], long.status) == (WEAK, 201)


@pytest.mark.security(5)
@pytest.mark.parametrize("password", ["Password1", "QwErty123", "Passw0rd"])
def test_a_common_password_is_refused_when_made_and_when_changed(api, post_user, new_user, password):
    created = post_user(password=password)
    changed = api.patch(path(new_user()), {"password": password})

    assert (created.status, created.json["errorCode"]) == (400, "invalid_password")
    assert created.json["message"] == "PasswordDictionaryError: Password is too common"
    assert changed.json == created.json


@pytest.mark.security(5)
def test_a_connections_own_words_are_refused(new_connection, post_user):
    options = {"password_dictionary": {"enable": True, "dictionary": ["Gatehouse-2026"]}}
    new_connection("demanding", options=options)

    answers = [post_user(connection="demanding", password=word) for word in ("gateHOUSE-2026", "Gatehouse-2027")]

    assert answers[0].json["message"] == "PasswordDictionaryError: Password is too common"
    assert answers[1].status == 201


@pytest.mark.parametrize(
    "password", ["xx-ann-xx", "xx-ANN-xx", "xx-sofie-xx", "xx-dyck-xx", "xx-fietje-xx", "xx-haddock-xx"]
)
def test_a_password_with_something_the_user_is_called_is_refused(demanding, post_user, password):
    demanding(password_no_personal_info={"enable": True})
    person = {"email": "ann@example.com", "given_name": "Sofie", "family_name": "van Dyck", "nickname": "fietje"}

    refused = post_user(connection="demanding", password=password, user_metadata={"last": "Haddock"}, **person)
    accepted = post_user(connection="demanding", password="xx-example-xx", **person)

    assert refused.json["message"] == "PasswordNoUserInfoError: Password contains user information"
    assert (refused.status, refused.json["errorCode"], accepted.status) == (400, "invalid_password", 201)


def test_a_new_password_is_held_against_what_the_user_is_called_by_now(api, demanding, new_user):
    demanding(password_no_personal_info={"enable": True})
    user = new_user(connection="demanding", email="ann@example.com")
    api.patch(path(user), {"nickname": "fietje"})

    answer = api.patch(path(user), {"password": "xx-fietje-xx"})

    assert answer.json["message"] == "PasswordNoUserInfoError: Password contains user information"


@pytest.mark.parametrize("size", [1, 3])
def test_the_last_passwords_are_refused_and_the_one_before_them_is_not(api, demanding, new_user, size):
    demanding(password_history={"enable": True, "size": size})
    user = new_user(connection="demanding", password="password-0")
    for number in range(1, size + 1):
        assert api.patch(path(user), {"password": f"password-{number}"}).status == 200

    refused = [api.patch(path(user), {"password": f"password-{number}"}) for number in range(1, size + 1)]
    accepted = api.patch(path(user), {"password": "password-0"})

    messages = {answer.json["message"] for answer in refused}
    assert messages == {"PasswordHistoryError: Password has previously been used"}
    assert accepted.status == 200


def test_the_password_in_use_counts_also_where_the_history_was_switched_on_later(api, demanding, new_user):
    connection = demanding()
    user = new_user(connection="demanding", password="password-0")
    options = {**connection["options"], "password_history": {"enable": True, "size": 2}}
    api.patch(f"/api/v2/connections/{connection['id']}", {"options": options})

    answer = api.patch(path(user), {"password": "password-0"})

    assert answer.json["message"] == "PasswordHistoryError: Password has previously been used"


def test_without_a_history_the_same_password_may_be_set_again(api, new_user):
    user = new_user(password="Long-enough-1")

    assert api.patch(path(user), {"password": "Long-enough-1"}).status == 200


def test_a_refused_password_changes_nothing(api, new_user, opens):
    user = new_user(email="ann@example.com")

    answer = api.patch(path(user), {"password": "short", "name": "Ann", "user_metadata": {"a": 1}})

    assert answer.json["message"] == WEAK
    assert api.get(path(user)).json == user
    assert opens("ann@example.com", "Long-enough-1")


def test_a_policy_applies_when_a_password_is_set_and_not_to_those_there_are(api, demanding, new_user, opens):
    connection = demanding("none")
    new_user(connection="demanding", email="ann@example.com", password="x")

    api.patch(f"/api/v2/connections/{connection['id']}", {"options": {"passwordPolicy": "excellent"}})

    assert opens("ann@example.com", "x", connection="demanding")


# Setting


def test_a_password_that_was_set_opens_every_name_of_the_account_and_the_old_one_none(
    api, new_connection, new_user, opens
):
    new_connection("named", options={"requires_username": True})
    user = new_user(connection="named", email="ann@example.com", username="ann")

    api.patch(path(user), {"password": "Another-long-1"})

    for name in ("ann", "ann@example.com"):
        assert opens(name, "Another-long-1", connection="named")
        assert not opens(name, "Long-enough-1", connection="named")


def test_setting_a_password_notes_when(api, new_user, clock):
    user = new_user()
    clock.advance(hours=1)

    changed = api.patch(path(user), {"password": "Another-long-1"}).json

    assert "last_password_reset" not in user
    assert changed["last_password_reset"] == changed["updated_at"] == "2026-03-01T13:00:00.000Z"
    assert api.get(path(user)).json == changed


def test_the_profile_may_change_in_the_patch_that_sets_a_password(api, new_user, opens):
    user = new_user(email="ann@example.com")

    changed = api.patch(path(user), {"password": "Another-long-1", "name": "Ann", "connection": DEFAULT_CONNECTION})

    assert changed.json["name"] == "Ann"
    assert opens("ann@example.com", "Another-long-1")


def test_the_password_of_a_linked_account_is_set_by_its_connection(api, people, new_user, opens):
    user, linked = new_user(email="ann@example.com"), new_user(email="ann@work.example", connection="people")
    api.post(f"{path(user)}/identities", {"provider": "auth0", "user_id": linked["user_id"]})

    unnamed = api.patch(path(user), {"password": "Another-long-1"})
    named = api.patch(path(user), {"password": "Another-long-1", "connection": "people"})

    assert unnamed.json["message"] == "Payload validation error: 'Missing required property: connection'."
    assert named.status == 200
    assert opens("ann@work.example", "Another-long-1", connection="people")
    assert opens("ann@example.com", "Long-enough-1")


def test_earlier_passwords_of_an_account_count_also_while_it_is_linked(api, demanding, new_user):
    demanding(password_history={"enable": True, "size": 5})
    user, linked = new_user(), new_user(connection="demanding", password="password-0")
    api.patch(path(linked), {"password": "password-1"})
    api.post(f"{path(user)}/identities", {"provider": "auth0", "user_id": linked["user_id"]})

    answer = api.patch(path(user), {"password": "password-0", "connection": "demanding"})

    assert answer.json["message"] == "PasswordHistoryError: Password has previously been used"


# Reading


@pytest.mark.security(10, 40)
def test_nobody_can_read_a_password_or_its_hash(api, new_connection, new_user):
    secrets = ["The-first-secret-1", "The-second-secret-2", "short3"]
    new_connection("kept", options={"password_history": {"enable": True, "size": 5}})
    user = new_user(connection="kept", email="ann@example.com", password=secrets[0])
    answers = [api.patch(path(user), {"password": secret}).text for secret in secrets[1:]]

    doors = ["", "/logs", "?fields=password,password_hash,credentials"]
    answers += [api.get(path(user) + door).text for door in doors]
    answers += [api.get(door).text for door in (USERS, "/api/v2/logs", "/api/v2/users-by-email?email=ann@example.com")]

    shown = "\n".join([*answers, json.dumps(user)])
    assert "ann@example.com" in shown
    assert [word for word in (*secrets, "argon2", "password_hash", "PASSWORD_HISTORY") if word in shown] == []


@pytest.mark.security(10)
def test_the_history_says_that_a_password_was_set_and_by_whom(api, new_user):
    user = new_user()

    api.patch(path(user), {"password": "Another-long-1", "name": "Ann"})

    event = next(event for event in api.get(f"{path(user)}/logs").json if event["type"] == "scp")
    assert event["details"]["changed"] == ["name", "password"]
    assert event["details"]["request"]["auth"]["subject"] == "tests@clients"
