"""POST /api/v2/users: who can be made, what is filled in, and what is refused."""

from hashlib import md5
from urllib.parse import quote

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.web.management.conftest import USERS, path

# What a new user is


def test_a_new_user_has_auth0s_defaults(post_user):
    digest = md5(b"ann@example.com", usedforsecurity=False).hexdigest()

    answer = post_user(email="ann@example.com")

    identity_id = answer.json["user_id"].removeprefix("auth0|")
    assert answer.status == 201
    assert len(identity_id) == 24
    assert answer.json == {
        "user_id": f"auth0|{identity_id}",
        "email": "ann@example.com",
        "email_verified": False,
        "name": "ann@example.com",
        "nickname": "ann",
        "picture": f"https://s.gravatar.com/avatar/{digest}?s=480&r=pg&d=initials&initials=an",
        "created_at": "2026-03-01T12:00:00.000Z",
        "updated_at": "2026-03-01T12:00:00.000Z",
        "identities": [
            {"connection": DEFAULT_CONNECTION, "user_id": identity_id, "provider": "auth0", "isSocial": False}
        ],
        "logins_count": 0,
    }


def test_a_user_who_never_signed_in_has_no_last_login_and_no_counted_one(api, new_user):
    user = api.get(f"{USERS}/{new_user()['user_id']}").json

    assert user["logins_count"] == 0
    assert not {"last_login", "last_ip", "last_password_reset", "blocked"} & user.keys()


def test_everything_that_was_sent_comes_back(api, post_user):
    sent = {
        "email": "ann@example.com",
        "email_verified": True,
        "name": "Ann-Sofie van Dyck",
        "given_name": "Ann-Sofie",
        "family_name": "van Dyck",
        "nickname": "fietje",
        "picture": "https://example.com/ann.png",
        "blocked": True,
        "user_metadata": {"colour": "red"},
        "app_metadata": {"plan": "gold"},
    }

    created = post_user(**sent, verify_email=False).json

    assert sent.items() <= created.items()
    assert api.get(path(created)).json == created


def test_what_is_null_is_as_if_it_was_not_sent(api, post_user):
    names = ("name", "given_name", "family_name", "nickname", "picture", "email_verified", "blocked", "username")
    plain = post_user(email="ann@example.com", user_id="one").json

    body = {"connection": DEFAULT_CONNECTION, "email": "ann2@example.com", "password": "Long-enough-1"}
    created = api.post(USERS, {**body, **dict.fromkeys((*names, "user_metadata", "app_metadata"))})

    assert created.status == 201
    assert created.json.keys() == plain.keys()
    assert created.json["name"] == "ann2@example.com"


@pytest.mark.parametrize(
    "email",
    [
        "ann+shop@example.com",
        "dörte@müller.example",
        "用户@例え.テスト",
        '"ann van dyck"@example.com',
        '"ann@home"@example.com',
        "o'brien@example.com",
        "a" * 64 + "@example.com",
        "a@" + "b" * 252 + ".com",
    ],
)
def test_an_unusual_address_is_kept_and_found(api, post_user, opens, email):
    created = post_user(email=email)

    found = api.get("/api/v2/users-by-email", query={"email": email}).json
    assert created.status == 201, created.text
    assert created.json["email"] == email
    assert [user["user_id"] for user in found] == [created.json["user_id"]]
    assert opens(email, "Long-enough-1")


def test_an_address_is_kept_in_lower_case(post_user, opens):
    created = post_user(email="Ann.Van.Dyck@EXAMPLE.com")

    assert created.json["email"] == "ann.van.dyck@example.com"
    assert opens("ann.van.dyck@example.com", "Long-enough-1")


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("a" * 65 + "@example.com", "The part before the @ is 65 characters long, the limit is 64"),
        ("a@" + "b" * 253 + ".com", "The part after the @ is 257 characters long, the limit is 256"),
        ("a" * 1_001, "length <= 1000"),
        ("no address", "Object didn't pass validation for format email: no address"),
    ],
)
def test_an_address_past_a_limit_is_refused_with_the_limit(api, post_user, email, said):
    answer = post_user(email=email)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert said in answer.json["message"]
    assert "on property email" in answer.json["message"]
    assert api.get(USERS).json == []


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("name", "x" * 300, "x" * 301),
        ("nickname", "x" * 300, "x" * 301),
        ("given_name", "x" * 150, "x" * 151),
        ("family_name", "x" * 150, "x" * 151),
        ("picture", "https://" + "x" * 2_040, "https://" + "x" * 2_041),
        ("picture", "https://example.com/a.png", "http://example.com/a.png"),
        ("picture", "https://example.com/a.png", "javascript:alert(1)"),
        ("picture", "https://example.com/a.png", "https://example.com/a.png\n"),
        ("name", "x", ""),
        ("given_name", "x", ""),
    ],
)
def test_a_name_or_picture_is_kept_at_its_limit_and_refused_past_it(post_user, name, accepted, refused):
    created, other = post_user(**{name: accepted}), post_user(**{name: refused})

    assert created.json[name] == accepted
    assert (other.status, other.json["errorCode"]) == (400, "invalid_body")
    assert f"on property {name}" in other.json["message"]


# Ids


@pytest.mark.parametrize("given", ["ann", "507f1f77", "a|b", "a/b", "a#b", "a%b", "a b", "älteste", "😀", "a?b&c=d"])
def test_a_user_id_of_ones_own_is_put_behind_the_provider_and_can_be_read(api, post_user, given):
    created = post_user(user_id=given).json

    assert created["user_id"] == f"auth0|{given}"
    assert created["identities"][0]["user_id"] == given
    assert api.get(f"{USERS}/{quote(created['user_id'], safe='')}").json == created


@pytest.mark.security(43)
def test_a_user_id_has_255_characters_with_its_provider(post_user):
    longest, longer = post_user(user_id="x" * 249), post_user(user_id="x" * 250)

    assert len(longest.json["user_id"]) == 255
    assert longer.status == 400
    assert "The user id is longer than 255 characters' on property user_id" in longer.json["message"]


@pytest.mark.parametrize("given", ["", "a\x00b", "a\nb", "ann\n", "\x7f", 7])
def test_a_user_id_that_no_path_can_name_is_refused(post_user, given):
    answer = post_user(user_id=given)

    assert answer.status == 400
    assert "on property user_id" in answer.json["message"]


def test_a_user_id_is_used_once_also_in_another_connection(post_user, new_connection):
    new_connection("people")
    first = post_user(user_id="ann")

    again, elsewhere = post_user(user_id="ann"), post_user(user_id="ann", connection="people")

    assert (first.status, again.status, elsewhere.status) == (201, 409, 409)
    assert again.json["message"] == "The user already exists."


# Once in a connection


@pytest.mark.parametrize("again", ["ann@example.com", "ANN@Example.Com"])
def test_an_address_is_used_once_in_a_connection(api, post_user, opens, again):
    post_user(email="ann@example.com", password="The-first-one-1")

    answer = post_user(email=again, password="The-second-one-2")

    assert answer.status == 409
    assert answer.json == {
        "statusCode": 409,
        "error": "Conflict",
        "message": "The user already exists.",
        "errorCode": "auth0_idp_error",
    }
    assert opens("ann@example.com", "The-first-one-1")
    assert len(api.get(USERS).json) == 1


def test_the_same_address_in_another_connection_is_another_user(api, new_user, new_connection, opens):
    new_connection("people")

    one = new_user(email="ann@example.com", password="The-first-one-1")
    other = new_user(email="ann@example.com", password="The-second-one-2", connection="people")

    found = api.get("/api/v2/users-by-email", query={"email": "ann@example.com"}).json
    assert {user["user_id"] for user in found} == {one["user_id"], other["user_id"]}
    assert opens("ann@example.com", "The-first-one-1")
    assert opens("ann@example.com", "The-second-one-2", connection="people")


@pytest.mark.security(33)
def test_the_same_address_and_id_in_another_tenant_are_another_user(api, acme, new_user):
    mine = new_user(email="ann@example.com", user_id="ann", name="Mine")

    body = {"connection": DEFAULT_CONNECTION, "email": "ann@example.com", "password": "Long-enough-1"}
    theirs = acme.post(USERS, {**body, "user_id": "ann", "name": "Theirs"})

    assert theirs.status == 201
    assert api.get(path(mine)).json["name"] == "Mine"
    assert acme.get(path(mine)).json["name"] == "Theirs"


# What a caller cannot set


@pytest.mark.parametrize(
    "name",
    [
        "created_at",
        "updated_at",
        "identities",
        "last_login",
        "last_ip",
        "logins_count",
        "multifactor",
        "client_id",
        "age",
    ],
)
def test_what_is_not_ones_to_set_is_refused(post_user, name):
    answer = post_user(**{name: "x"})

    assert answer.status == 400
    assert answer.json["message"] == f"Payload validation error: 'Additional properties not allowed: {name}'."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", 7),
        ("blocked", "yes"),
        ("email_verified", 1),
        ("user_metadata", []),
        ("app_metadata", "x"),
        ("name", {}),
    ],
)
def test_a_wrong_type_is_refused_with_its_place(post_user, name, value):
    answer = post_user(**{name: value})

    assert answer.status == 400
    assert answer.json["message"].startswith("Payload validation error: 'Expected type ")
    assert f"on property {name}" in answer.json["message"]
