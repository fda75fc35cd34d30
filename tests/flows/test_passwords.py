"""Passwords at the door: the grant types for them, blocked users, and too many attempts."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, Browser, answer_of, claims_of, sign_in, state_of

REALM = "http://auth0.com/oauth/grant-type/password-realm"
WRONG = (403, {"error": "invalid_grant", "error_description": "Wrong email or password."})


@pytest.fixture
def trusted(register):
    return register(app_type="regular_web", grant_types=["password", REALM, "refresh_token", "authorization_code"])


def ask(application, password=PASSWORD, username=EMAIL, **form):
    sent = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": username, "password": password, **form}
    answer = application.token(**sent)
    return answer.status_code, json.loads(answer.body)


def test_a_client_that_may_signs_a_user_in_by_password(trusted, ann):
    status, tokens = ask(trusted, scope="openid email offline_access")

    assert status == 200
    assert claims_of(tokens["id_token"])["email"] == EMAIL
    assert tokens["refresh_token"]


@pytest.mark.security(25)
@pytest.mark.parametrize("grant_type", ["password", REALM])
def test_the_password_grants_are_off_until_a_client_asks_for_them(register, ann, grant_type):
    application = register(app_type="regular_web")

    status, body = ask(application, grant_type=grant_type)

    assert (status, body["error"]) == (403, "unauthorized_client")


def test_the_plain_password_grant_uses_the_default_directory(trusted, api, ann):
    without = ask(trusted, grant_type="password")
    api.patch("/api/v2/tenants/settings", {"default_directory": DEFAULT_CONNECTION})

    assert without[1]["error"] == "server_error"
    assert ask(trusted, grant_type="password")[0] == 200


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"username": None}, "Missing required parameter: username"),
        ({"password": None}, "Missing required parameter: password"),
        ({"realm": ""}, "Missing required parameter: realm"),
        ({"realm": "Nowhere"}, "The connection Nowhere is not enabled for the client."),
    ],
)
def test_what_is_missing_is_named(trusted, ann, form, said):
    sent = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": EMAIL, "password": PASSWORD, **form}

    answer = trusted.token(**{name: value for name, value in sent.items() if value is not None})

    assert json.loads(answer.body)["error_description"] == said


@pytest.mark.parametrize("name", [EMAIL.upper(), f"  {EMAIL} "])
def test_a_name_is_found_however_it_is_written(trusted, ann, name):
    assert ask(trusted, username=name)[0] == 200


@pytest.mark.security(7)
def test_a_wrong_password_and_an_unknown_user_get_one_answer(trusted, ann):
    assert ask(trusted, "wrong") == WRONG
    assert ask(trusted, "wrong", username="nobody@example.com") == WRONG


@pytest.mark.security(2, 3)
@pytest.mark.parametrize("password", [" spaces Around 1 ", "NUL\x00in 1 A", "emoji 😀 Horse 1", "L" * 10_000 + "a1"])
def test_passwords_sign_in_exactly_as_typed(trusted, api, password):
    api.post("/api/v2/users", {"connection": DEFAULT_CONNECTION, "email": "b@example.com", "password": password})

    assert ask(trusted, password, username="b@example.com")[0] == 200
    assert ask(trusted, password[:-1] + "?", username="b@example.com") == WRONG


@pytest.mark.security(6)
def test_a_weaker_hash_is_replaced_at_the_next_sign_in(trusted, core, ann):
    store = core.users.store
    connection = core.connections.named("main", DEFAULT_CONNECTION)
    before = store.login("main", connection.id, EMAIL).password_hash
    weaker = before  # made with the tests' cheap parameters
    core.sign_ins.hasher._cost = type(core.sign_ins.hasher._cost)(16, 1, 1)

    try:
        status, _ = ask(trusted)
    finally:
        core.sign_ins.hasher._cost = type(core.sign_ins.hasher._cost)(8, 1, 1)

    assert status == 200
    assert store.login("main", connection.id, EMAIL).password_hash != weaker
    assert ask(trusted)[0] == 200


def test_a_sign_in_counts_and_a_refused_one_does_not(trusted, api, ann, clock):
    ask(trusted, "wrong")
    ask(trusted)

    user = api.get(f"/api/v2/users/{ann}").json

    assert (user["logins_count"], user["last_login"], user["last_ip"]) == (1, "2026-03-01T12:00:00.000Z", "203.0.113.7")


def test_a_blocked_user_is_told_so_and_the_attempt_counts(trusted, api, ann):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})

    answer = ask(trusted)
    user, events = api.get(f"/api/v2/users/{ann}").json, api.get(f"/api/v2/users/{ann}/logs").json

    assert answer == (403, {"error": "unauthorized", "error_description": "user is blocked"})
    assert user["logins_count"] == 1
    assert (events[0]["type"], events[0]["description"]) == ("f", "user is blocked")


def test_a_blocked_user_reads_it_on_the_page(browser, spa, api, ann):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})

    answer = sign_in(browser, spa)

    assert answer.status_code == 403
    assert b"user is blocked" in answer.body
    assert "__Host-gatehouse" not in browser.cookies


def test_a_blocked_user_with_a_wrong_password_is_told_nothing(trusted, api, ann):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})

    assert ask(trusted, "wrong") == WRONG


@pytest.mark.security(8)
def test_ten_failures_from_an_address_refuse_even_the_right_password(trusted, ann):
    failures = [ask(trusted, "wrong") for _ in range(10)]

    status, body = ask(trusted)

    assert failures == [WRONG] * 10
    assert (status, body["error"]) == (429, "too_many_attempts")


@pytest.mark.security(8)
def test_nine_failures_are_forgotten_with_a_success(trusted, ann):
    for _ in range(2):
        assert [ask(trusted, "wrong") for _ in range(9)] == [WRONG] * 9
        assert ask(trusted)[0] == 200


@pytest.mark.security(8)
def test_nobody_is_locked_out_for_ever(trusted, clock, ann):
    for _ in range(10):
        ask(trusted, "wrong")

    clock.advance(hours=24)

    assert ask(trusted)[0] == 200


@pytest.mark.security(8)
def test_another_address_still_gets_in(app, browser, spa, ann):
    for _ in range(10):
        page = browser.get(browser.get(spa.address()).headers["Location"])
        browser.post("/u/login", {"state": state_of(page), "username": EMAIL, "password": "wrong"})
    refused = sign_in(browser, spa)

    elsewhere = sign_in(Browser(app, ip="198.51.100.9"), spa)

    assert refused.status_code == 429
    assert "code" in answer_of(elsewhere)


@pytest.mark.security(8)
def test_a_name_is_never_tried_more_than_a_hundred_times_in_a_row(app, trusted, ann):
    answers = []
    for n in range(101):
        form = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": EMAIL, "password": "wrong"}
        proof = {"client_id": trusted.client.client_id, "client_secret": trusted.secret}
        answers.append(Browser(app, ip=f"198.51.100.{n}").post("/oauth/token", {**form, **proof}).status_code)

    assert answers == [403] * 100 + [429]


@pytest.mark.security(8)
def test_an_address_is_refused_after_a_hundred_failures_over_many_names(trusted, ann):
    answers = [ask(trusted, "wrong", username=f"user{n}@example.com")[0] for n in range(100)]

    assert answers == [403] * 100
    assert ask(trusted)[0] == 429


def test_a_connection_may_do_without_protection_for_one_address(trusted, api, ann):
    connection = api.get("/api/v2/connections").json[0]
    api.patch(f"/api/v2/connections/{connection['id']}", {"options": {"brute_force_protection": False}})

    for _ in range(11):
        assert ask(trusted, "wrong") == WRONG
    assert ask(trusted)[0] == 200


def test_history_tells_an_unknown_name_from_a_wrong_password(trusted, api, ann):
    ask(trusted, "wrong")
    ask(trusted, "wrong", username="nobody@example.com")

    kinds = [(event["type"], event["user_name"]) for event in api.get("/api/v2/logs").json[:2]]

    assert kinds == [("fu", "nobody@example.com"), ("fp", EMAIL)]


CODES = {
    "http://auth0.com/oauth/grant-type/mfa-otp": {"mfa_token": "m", "otp": "123456"},
    "http://auth0.com/oauth/grant-type/mfa-oob": {"mfa_token": "m", "oob_code": "o", "binding_code": "123456"},
    "http://auth0.com/oauth/grant-type/mfa-recovery-code": {"mfa_token": "m", "recovery_code": "ABCDEFGH"},
    "http://auth0.com/oauth/grant-type/passwordless/otp": {"username": EMAIL, "otp": "123456", "realm": "email"},
}


@pytest.mark.security(13)
@pytest.mark.parametrize(("grant_type", "form"), CODES.items(), ids=CODES)
def test_no_one_time_code_is_taken_however_often_it_is_tried(register, ann, grant_type, form):
    application = register(app_type="regular_web", grant_types=[grant_type])

    answers = [application.token(grant_type=grant_type, **form) for _ in range(2)]

    assert [(answer.status_code, answer.json_body["error"]) for answer in answers] == [
        (403, "unsupported_grant_type")
    ] * 2
