"""One-time links of the Management API: what they take, and what is refused."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION

EVERY_KIND = pytest.mark.parametrize("kind", ["email-verification", "password-change"])


@pytest.fixture
def ask(api, new_user):
    """Ask for a link for a user, who is made when there is none."""

    def post(kind, **body):
        return api.post(f"/api/v2/tickets/{kind}", body or {"user_id": new_user()["user_id"]})

    return post


@EVERY_KIND
def test_a_ticket_is_an_address_with_a_secret_of_256_bits(ask, kind):
    answer = ask(kind)

    link = urlsplit(answer.json["ticket"])
    (ticket,) = parse_qs(link.query)["ticket"]
    assert (answer.status, list(answer.json)) == (201, ["ticket"])
    assert (link.scheme, link.netloc) == ("https", "gatehouse.test")
    assert len(ticket.rpartition(".")[2]) == 43


@pytest.mark.parametrize(
    ("kind", "path"), [("email-verification", "/u/verify-email"), ("password-change", "/u/reset-password")]
)
def test_a_ticket_leads_to_its_page(ask, kind, path):
    assert urlsplit(ask(kind).json["ticket"]).path == path


@EVERY_KIND
def test_a_ticket_is_in_the_history_of_its_user(api, ask, new_user, kind):
    user_id = new_user()["user_id"]
    ask(kind, user_id=user_id)

    event = api.get(f"/api/v2/users/{quote(user_id)}/logs").json[0]

    assert event["type"] == {"email-verification": "svr", "password-change": "scpr"}[kind]
    assert event["details"]["request"]["auth"]["subject"] == "tests@clients"


@EVERY_KIND
def test_a_ticket_of_an_unknown_user_is_refused(ask, kind):
    answer = ask(kind, user_id="auth0|unknown")

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")
    assert answer.json["message"] == "The user does not exist."


@EVERY_KIND
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ttl_sec": -1}, "Expected `int` >= 0"),
        ({"ttl_sec": 2_592_001}, "Expected `int` <= 2592000"),
        ({"ttl_sec": "60"}, "Expected type integer but found type string"),
        ({"result_url": "app.example.com"}, "matching regex"),
        ({"result_url": "https://a/\n"}, "matching regex"),
        ({"includeEmailInRedirect": "yes"}, "Expected type boolean but found type string"),
        ({"identity": {"user_id": "1"}}, "Missing required property: provider"),
        ({"organization_id": "org_1"}, "Additional properties not allowed: organization_id"),
        ({"new_password": "Long-enough-2"}, "Additional properties not allowed: new_password"),
    ],
)
def test_a_field_that_will_not_do_is_named(ask, new_user, kind, body, message):
    answer = ask(kind, user_id=new_user()["user_id"], **body)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert message.replace("`", "") in answer.json["message"]


@pytest.mark.security(43)
@EVERY_KIND
def test_the_longest_life_is_thirty_days(ask, new_user, kind):
    assert ask(kind, user_id=new_user()["user_id"], ttl_sec=2_592_000).status == 201


@EVERY_KIND
def test_a_ticket_for_an_unknown_client_is_refused(ask, new_user, kind):
    answer = ask(kind, user_id=new_user()["user_id"], client_id="unknown")

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_client")


def test_a_verification_goes_on_to_a_client_or_an_address_and_not_to_both(api, ask, new_user):
    client = api.post("/api/v2/clients", {"name": "App"}).json["client_id"]

    answer = ask(
        "email-verification", user_id=new_user()["user_id"], client_id=client, result_url="https://app.example.com"
    )

    assert answer.status == 400
    assert "Cannot specify both result_url and client_id" in answer.json["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required property: user_id"),
        ({"email": "a@example.com"}, "Missing required property: connection_id"),
        ({"connection_id": "con_1"}, "Missing required property: email"),
        ({"user_id": "auth0|1", "email": "a@example.com"}, "Cannot specify both user_id and email"),
        ({"user_id": "auth0|1", "connection_id": "con_1"}, "Cannot specify both user_id and connection_id"),
        ({"identity": {"user_id": "1", "provider": "auth0"}}, "Missing required property: user_id"),
    ],
)
def test_a_password_change_names_one_user_in_one_way(api, body, message):
    answer = api.post("/api/v2/tickets/password-change", body)

    assert answer.status == 400
    assert message in answer.json["message"]


def test_a_password_change_finds_a_user_by_address_at_a_connection(api, ask, new_user):
    user = new_user(email="ann@example.com")
    connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]["id"]

    answer = ask("password-change", email="Ann@Example.com", connection_id=connection)
    other = ask("password-change", email="bob@example.com", connection_id=connection)

    event = api.get(f"/api/v2/users/{quote(user['user_id'])}/logs").json[0]
    assert (answer.status, event["type"]) == (201, "scpr")
    assert (other.status, other.json["errorCode"]) == (404, "inexistent_user")


def test_a_password_change_at_an_unknown_connection_is_refused(ask):
    answer = ask("password-change", email="ann@example.com", connection_id="con_unknown")

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_connection")


def test_the_password_of_another_provider_cannot_be_changed_here(ask, outsider):
    answer = ask("password-change", user_id=outsider()["user_id"])

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == "The user's main connection does not support this operation"


def test_the_address_of_another_provider_is_verified_by_naming_its_account(ask, outsider):
    user_id = outsider()["user_id"]

    answer = ask("email-verification", user_id=user_id, identity={"provider": "google-oauth2", "user_id": "117"})

    assert answer.status == 201


@EVERY_KIND
@pytest.mark.parametrize("name", [{"user_id": "unknown"}, {"connection_id": "con_elsewhere"}])
def test_an_account_that_the_user_does_not_have_is_refused(ask, new_user, kind, name):
    user_id = new_user()["user_id"]
    account = {"provider": "auth0", "user_id": user_id.removeprefix("auth0|"), **name}

    answer = ask(kind, user_id=user_id, identity=account)

    assert answer.status == 400
    assert answer.json["errorCode"] in {"inexistent_identity", "operation_not_supported"}


def test_the_password_of_a_linked_account_is_changed_by_naming_it(api, ask, outsider, new_user):
    user_id, second = outsider()["user_id"], new_user(email="second@example.com")["user_id"]
    api.post(f"/api/v2/users/{quote(user_id)}/identities", {"provider": "auth0", "user_id": second})

    account = {"provider": "auth0", "user_id": second.removeprefix("auth0|")}

    assert ask("password-change", user_id=user_id, identity=account).status == 201


@pytest.mark.security(33)
@EVERY_KIND
def test_another_tenants_user_gets_no_ticket(acme, new_user, kind):
    answer = acme.post(f"/api/v2/tickets/{kind}", {"user_id": new_user()["user_id"]})

    assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"user_id": "auth0|unknown"}, "inexistent_user"),
        ({}, "invalid_body"),
        ({"client_id": "unknown"}, "inexistent_client"),
        ({"identity": {"provider": "auth0", "user_id": "unknown"}}, "inexistent_identity"),
    ],
)
def test_a_verification_mail_that_cannot_be_is_refused(api, new_user, mailbox, body, code):
    given = {"user_id": new_user(verify_email=False)["user_id"]} if body and "user_id" not in body else {}

    answer = api.post("/api/v2/jobs/verification-email", {**given, **body})

    assert (answer.status, answer.json["errorCode"]) == (400, code)
    assert mailbox.mails == []
