"""PATCH /api/v2/users/{id}: names, addresses, the block, and what only an identity provider may change."""

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.web.management.conftest import ROOT_ATTRIBUTES, USERS, path


@pytest.fixture
def ann(new_user):
    return new_user(email="ann@example.com", email_verified=True, given_name="Ann", user_metadata={"colour": "red"})


@pytest.fixture
def named(new_connection, new_user):
    new_connection("named", options={"requires_username": True})
    return new_user(connection="named", email="ann@example.com", username="ann")


# What anybody's profile says


def test_a_patch_changes_what_it_names_and_nothing_else(api, ann, clock):
    clock.advance(minutes=5)

    answer = api.patch(path(ann), {**ROOT_ATTRIBUTES, "user_metadata": {"colour": "blue"}, "app_metadata": {"plan": 1}})

    changed = {**ROOT_ATTRIBUTES, "user_metadata": {"colour": "blue"}, "app_metadata": {"plan": 1}}
    assert answer.status == 200
    assert answer.json == {**ann, **changed, "updated_at": "2026-03-01T12:05:00.000Z"}
    assert api.get(path(ann)).json == answer.json


def test_an_empty_patch_changes_nothing_but_the_time(api, ann):
    assert api.patch(path(ann), {}).json == ann


@pytest.mark.parametrize("name", ROOT_ATTRIBUTES)
def test_null_unsets_an_attribute_as_with_auth0(api, ann, name):
    api.patch(path(ann), ROOT_ATTRIBUTES)

    answer = api.patch(path(ann), {name: None})

    assert answer.status == 200
    assert ROOT_ATTRIBUTES.keys() - answer.json.keys() == {name}


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "x" * 301),
        ("given_name", "x" * 151),
        ("nickname", ""),
        ("picture", "http://example.com/"),
        ("blocked", "no"),
    ],
)
def test_a_patch_past_a_limit_is_refused_and_changes_nothing(api, ann, name, value):
    answer = api.patch(path(ann), {name: value, "user_metadata": {"colour": "blue"}})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert f"on property {name}" in answer.json["message"]
    assert api.get(path(ann)).json == ann


@pytest.mark.parametrize(
    "name", ["user_id", "created_at", "identities", "last_login", "logins_count", "last_ip", "locale"]
)
def test_what_is_not_ones_to_set_is_refused(api, ann, name):
    answer = api.patch(path(ann), {name: "x"})

    assert answer.status == 400
    assert answer.json["message"] == f"Payload validation error: 'Additional properties not allowed: {name}'."


def test_an_unknown_user_cannot_be_changed(api):
    answer = api.patch(f"{USERS}/auth0|nobody", {"name": "Ann"})

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")


def test_every_field_of_the_official_sdk_is_known(api, ann):
    body = {
        "connection": DEFAULT_CONNECTION,
        "client_id": "a-client",
        "email": "ann2@example.com",
        "verify_email": True,
        "verify_phone_number": False,
        "blocked": False,
    }

    assert api.patch(path(ann), body).status == 200


# The block


def test_blocked_is_a_field_of_a_patch(api, ann):
    blocked = api.patch(path(ann), {"blocked": True}).json
    unblocked = api.patch(path(ann), {"blocked": False}).json

    assert blocked == {**ann, "blocked": True}
    assert unblocked == ann


@pytest.mark.security(12)
@pytest.mark.parametrize("change", [{"password": "Another-long-1"}, {"email": "ann2@example.com"}, {"name": "Ann"}])
def test_no_other_change_takes_a_block_away(api, ann, change):
    api.patch(path(ann), {"blocked": True})

    answer = api.patch(path(ann), change)

    assert answer.status == 200
    assert api.get(path(ann)).json["blocked"] is True


# The names one signs in by


def test_a_new_address_signs_in_and_is_found_and_the_old_one_is_free(api, ann, opens, new_user):
    answer = api.patch(path(ann), {"email": "Ann.New@Example.com"})

    assert (answer.json["email"], answer.json["email_verified"]) == ("ann.new@example.com", False)
    assert opens("ann.new@example.com", "Long-enough-1")
    assert api.get("/api/v2/users-by-email", query={"email": "ann@example.com"}).json == []
    assert api.get("/api/v2/users-by-email", query={"email": "ann.new@example.com"}).json == [answer.json]
    assert new_user(email="ann@example.com")["user_id"] != ann["user_id"]


def test_the_name_one_was_given_by_default_stays_when_the_address_changes(api, ann):
    changed = api.patch(path(ann), {"email": "other@example.com"}).json

    assert [changed[name] for name in ("name", "nickname", "picture")] == [
        ann[name] for name in ("name", "nickname", "picture")
    ]


@pytest.mark.parametrize("email", ["ann@example.com", "ANN@example.com"])
def test_the_same_address_again_stays_verified(api, ann, email):
    assert api.patch(path(ann), {"email": email}).json == ann


def test_an_address_may_be_verified_in_the_patch_that_sets_it(api, ann):
    changed = api.patch(path(ann), {"email": "other@example.com", "email_verified": True}).json

    assert (changed["email"], changed["email_verified"]) == ("other@example.com", True)


@pytest.mark.parametrize("verified", [False, None])
def test_an_address_may_be_marked_as_not_verified(api, ann, verified):
    assert api.patch(path(ann), {"email_verified": verified}).json["email_verified"] is False


def test_an_address_somebody_has_is_refused_and_changes_nothing(api, ann, new_user, opens):
    new_user(email="bob@example.com", password="The-one-of-bob-1")

    answer = api.patch(path(ann), {"email": "bob@example.com", "name": "Bob"})

    assert (answer.status, answer.json["message"]) == (409, "The user already exists.")
    assert api.get(path(ann)).json == ann
    assert opens("bob@example.com", "The-one-of-bob-1")
    assert opens("ann@example.com", "Long-enough-1")


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("a" * 65 + "@example.com", "the limit is 64"),
        ("a@" + "b" * 253 + ".com", "the limit is 256"),
        ("no address", "format email"),
        (None, "Expected type string but found type null"),
    ],
)
def test_what_is_no_address_is_refused(api, ann, email, said):
    answer = api.patch(path(ann), {"email": email})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert said in answer.json["message"]
    assert api.get(path(ann)).json == ann


def test_a_new_user_name_signs_in_and_the_old_one_is_free(api, named, new_user, opens):
    answer = api.patch(path(named), {"username": "Fietje"})

    assert answer.json["username"] == "fietje"
    assert opens("fietje", "Long-enough-1", connection="named")
    assert opens("ann@example.com", "Long-enough-1", connection="named")
    assert new_user(connection="named", username="ann")["user_id"] != named["user_id"]


def test_a_user_name_somebody_has_is_refused(api, named, new_user):
    new_user(connection="named", username="bob")

    answer = api.patch(path(named), {"username": "Bob"})

    assert (answer.status, answer.json["message"]) == (409, "The user already exists.")
    assert api.get(path(named)).json == named


@pytest.mark.parametrize(
    ("username", "said"), [("a" * 16, "between 1 and 15"), ("a b", "only contain"), (None, "null")]
)
def test_what_is_no_user_name_is_refused(api, named, username, said):
    answer = api.patch(path(named), {"username": username})

    assert answer.status == 400
    assert said in answer.json["message"]


def test_a_user_name_is_refused_where_the_connection_has_none(api, ann):
    answer = api.patch(path(ann), {"username": "ann"})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")


def test_a_phone_number_of_an_sms_connection_can_be_changed(api, new_connection, new_user):
    new_connection("texts", "sms")
    user = new_user(connection="texts", email=None, password=None, phone_number="+1", phone_verified=True)

    changed = api.patch(path(user), {"phone_number": "+2"}).json
    verified = api.patch(path(user), {"phone_verified": True}).json

    assert (changed["phone_number"], changed["phone_verified"]) == ("+2", False)
    assert verified["phone_verified"] is True
    assert new_user(connection="texts", email=None, password=None, phone_number="+1")


@pytest.mark.parametrize(
    ("strategy", "names", "change"),
    [
        ("sms", {"phone_number": "+1"}, {"email": "ann@example.com"}),
        ("sms", {"phone_number": "+1"}, {"email_verified": True}),
        ("sms", {"phone_number": "+1"}, {"username": "ann"}),
        ("sms", {"phone_number": "+1"}, {"password": "Long-enough-1"}),
        ("email", {"email": "ann@example.com"}, {"phone_number": "+1"}),
        ("email", {"email": "ann@example.com"}, {"phone_verified": True}),
        ("email", {"email": "ann@example.com"}, {"password": "Long-enough-1"}),
    ],
)
def test_a_passwordless_user_has_one_name_and_no_password(api, new_connection, new_user, strategy, names, change):
    new_connection("passwordless", strategy)
    user = new_user(connection="passwordless", **{"email": None, "password": None, **names})

    answer = api.patch(path(user), change)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert api.get(path(user)).json == user


@pytest.mark.parametrize("change", [{"phone_number": "+1"}, {"phone_verified": True}])
def test_a_database_user_has_no_phone_number(api, ann, change):
    answer = api.patch(path(ann), change)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "b@example.com", "username": "bob"}, "email and username"),
        ({"email": "b@example.com", "password": "Another-long-1"}, "email and password"),
        ({"email_verified": True, "password": "Another-long-1"}, "email and password"),
        ({"username": "bob", "password": "Another-long-1"}, "password and username"),
        ({"phone_number": "+1", "email": "b@example.com"}, "email and phone_number"),
        ({"phone_verified": True, "username": "bob"}, "phone_number and username"),
        (
            {"email": "b@example.com", "username": "bob", "password": "Another-long-1"},
            "email and password and username",
        ),
    ],
)
def test_one_kind_of_name_or_password_is_changed_at_a_time(api, named, change, said):
    answer = api.patch(path(named), change)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == f"Cannot update {said} simultaneously"
    assert api.get(path(named)).json == named


def test_an_address_and_the_rest_of_the_profile_may_change_together(api, ann):
    body = {
        "email": "other@example.com",
        "email_verified": True,
        "name": "Ann",
        "blocked": True,
        "user_metadata": {"a": 1},
    }

    answer = api.patch(path(ann), body)

    assert answer.status == 200
    assert {name: answer.json[name] for name in body} == {**body, "user_metadata": {"colour": "red", "a": 1}}


# Which account


@pytest.mark.parametrize("connection", [None, DEFAULT_CONNECTION])
def test_the_connection_may_be_named_or_left_out(api, ann, connection):
    body = {"email": "other@example.com", **({"connection": connection} if connection else {})}

    assert api.patch(path(ann), body).json["email"] == "other@example.com"


@pytest.mark.parametrize("connection", ["people", "unknown"])
def test_a_connection_at_which_the_user_has_no_account_is_refused(api, ann, people, connection):
    answer = api.patch(path(ann), {"password": "Another-long-1", "connection": connection})

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_connection")


@pytest.mark.security(33)
def test_another_tenant_cannot_change_the_user(api, acme, ann):
    answer = acme.patch(path(ann), {"name": "Theirs"})

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")
    assert api.get(path(ann)).json == ann
