"""POST /api/v2/users in each kind of connection: which names it takes, and which it refuses."""

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.web.management.conftest import USERS


@pytest.fixture
def with_usernames(new_connection):
    return new_connection("named", options={"requires_username": True})


# The connection


def test_the_connection_is_required(api):
    answer = api.post(USERS, {"email": "ann@example.com", "password": "Long-enough-1"})

    assert answer.status == 400
    assert answer.json["message"] == "Payload validation error: 'Missing required property: connection'."


@pytest.mark.parametrize("name", ["unknown", DEFAULT_CONNECTION.lower(), "con_0000000000000000", "x#y"])
def test_a_connection_there_is_not_is_refused(post_user, name):
    answer = post_user(connection=name)

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_connection")
    assert answer.json["message"] == "The connection does not exist."


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["", "x" * 129, 7])
def test_what_is_no_name_of_a_connection_is_refused(post_user, name):
    answer = post_user(connection=name)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert "on property connection" in answer.json["message"]


def test_a_connection_must_be_enabled_for_at_least_one_client(api, post_user, new_connection):
    connection = new_connection("people", enabled_clients=[])
    before = post_user(connection="people")

    api.patch(f"/api/v2/connections/{connection['id']}/clients", [{"client_id": "any", "status": True}])

    assert before.status == 400
    assert before.json["message"] == "The connection is not enabled for any application."
    assert post_user(connection="people").status == 201


@pytest.mark.parametrize("missing", ["email", "password"])
def test_a_database_needs_an_address_and_a_password(post_user, missing):
    answer = post_user(**{missing: None})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert answer.json["message"] == f"Payload validation error: 'Missing required property: {missing}'."


def test_a_database_takes_no_phone_number(post_user):
    answer = post_user(phone_number="+491701234567")

    assert answer.status == 400
    assert "Additional properties not allowed: phone_number" in answer.json["message"]


@pytest.mark.parametrize("strategy", ["google-oauth2", "samlp", "oidc", "waad"])
def test_users_of_identity_providers_are_made_by_signing_in(post_user, new_connection, strategy):
    new_connection("theirs", strategy)

    answer = post_user(connection="theirs")

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == f"Users of a {strategy} connection are created by signing in."


# User names


def test_a_user_name_is_kept_in_lower_case_and_signs_in(post_user, opens, with_usernames):
    created = post_user(connection="named", email="ann@example.com", username="Ann.Dyck")

    assert created.json["username"] == "ann.dyck"
    assert created.json["nickname"] == "ann.dyck"
    assert created.json["name"] == "ann@example.com"
    assert opens("ann.dyck", "Long-enough-1", connection="named")
    assert opens("ann@example.com", "Long-enough-1", connection="named")


def test_a_user_name_is_used_once_in_a_connection(post_user, with_usernames):
    post_user(connection="named", username="ann")

    answer = post_user(connection="named", username="ANN")

    assert (answer.status, answer.json["message"]) == (409, "The user already exists.")


def test_a_user_name_is_required_where_the_connection_says_so(post_user, with_usernames):
    answer = post_user(connection="named")

    assert answer.status == 400
    assert answer.json["message"] == "Payload validation error: 'Missing required property: username'."


def test_a_user_name_is_refused_where_the_connection_has_none(post_user):
    answer = post_user(username="ann")

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == "Cannot set username for connection without requires_username"


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("username", "said"),
    [
        ("a" * 16, "Username must have between 1 and 15 characters"),
        ("a" * 129, "length <= 128"),
        ("", "length >= 1"),
        ("ann dyck", "Username can only contain a-z, 0-9"),
        ("ann@example.com", "Username can't be an email"),
    ],
)
def test_another_user_name_is_refused_with_the_reason(post_user, with_usernames, username, said):
    answer = post_user(connection="named", username=username)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert said in answer.json["message"]
    assert "on property username" in answer.json["message"]


@pytest.mark.security(43)
def test_a_connection_may_allow_other_lengths_of_user_names(post_user, new_connection):
    options = {"requires_username": True, "validation": {"username": {"min": 3, "max": 128}}}
    new_connection("named", options=options)

    answers = [post_user(connection="named", username="a" * length) for length in (2, 3, 128)]

    assert [answer.status for answer in answers] == [400, 201, 201]
    assert "between 3 and 128 characters" in answers[0].json["message"]


# Passwordless


def test_a_user_of_an_sms_connection_is_a_phone_number(post_user, new_connection):
    new_connection("texts", "sms")

    created = post_user(connection="texts", email=None, password=None, phone_number="+491701234567")

    assert created.status == 201
    assert created.json["user_id"].startswith("sms|")
    assert created.json["phone_number"] == created.json["name"] == "+491701234567"
    assert created.json["phone_verified"] is False
    assert not {"email", "email_verified"} & created.json.keys()


def test_a_user_of_an_email_connection_is_an_address(post_user, new_connection):
    new_connection("letters", "email")

    created = post_user(connection="letters", email="Ann@example.com", password=None, email_verified=True)

    assert created.status == 201
    assert created.json["user_id"].startswith("email|")
    assert (created.json["email"], created.json["email_verified"]) == ("ann@example.com", True)


@pytest.mark.parametrize(
    ("strategy", "attributes", "said"),
    [
        ("sms", {"email": None, "password": None}, "Missing required property: phone_number"),
        ("sms", {"password": None, "phone_number": "+49170"}, "Additional properties not allowed: email"),
        ("sms", {"email": None, "phone_number": "+49170"}, "Additional properties not allowed: password"),
        ("sms", {"email": None, "password": None, "phone_number": "0170"}, "String does not match pattern"),
        ("email", {"email": None, "password": None}, "Missing required property: email"),
        ("email", {}, "Additional properties not allowed: password"),
        ("email", {"password": None, "username": "ann"}, "Additional properties not allowed: username"),
        ("email", {"password": None, "phone_number": "+49170"}, "Additional properties not allowed: phone_number"),
    ],
)
def test_a_passwordless_connection_takes_its_one_name_only(post_user, new_connection, strategy, attributes, said):
    new_connection("passwordless", strategy)

    answer = post_user(connection="passwordless", **attributes)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert said in answer.json["message"]
