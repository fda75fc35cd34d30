"""Refresh tokens: rotation, reuse, leeway, ends, and the devices they are."""

from __future__ import annotations

import json

import pytest

from tests.flows.browsing import Browser, answer_of, claims_of, sign_in

OFFLINE = "openid profile offline_access"
REFUSED = (403, {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."})


def tokens_of(browser, application, **asked):
    code = answer_of(sign_in(browser, application, **{"scope": OFFLINE, **asked}))["code"]
    return json.loads(application.exchange(code).body)


def refresh(application, token, **form):
    answer = application.token(grant_type="refresh_token", refresh_token=token, **form)
    return answer.status_code, json.loads(answer.body)


@pytest.fixture
def tokens(browser, spa, ann):
    return tokens_of(browser, spa)


def test_a_refresh_gives_new_tokens_without_the_user(spa, tokens, ann):
    status, again = refresh(spa, tokens["refresh_token"])

    assert status == 200
    assert claims_of(again["id_token"])["sub"] == ann
    assert "nonce" not in claims_of(again["id_token"])
    assert again["refresh_token"] != tokens["refresh_token"]


@pytest.mark.security(26)
def test_the_use_of_a_replaced_token_ends_the_family(spa, tokens, api):
    _, following = refresh(spa, tokens["refresh_token"])

    assert refresh(spa, tokens["refresh_token"]) == REFUSED
    assert refresh(spa, following["refresh_token"]) == REFUSED
    assert "ferrt" in {event["type"] for event in api.get("/api/v2/logs").json}


@pytest.mark.security(26)
def test_within_the_leeway_a_replaced_token_still_works(browser, register, clock, ann):
    application = register(refresh_token={"leeway": 10})
    tokens = tokens_of(browser, application)
    refresh(application, tokens["refresh_token"])

    clock.advance(seconds=9)
    within, _ = refresh(application, tokens["refresh_token"])
    clock.advance(seconds=1)

    assert within == 200
    assert refresh(application, tokens["refresh_token"]) == REFUSED


def test_after_many_rotations_the_first_token_still_ends_the_family(spa, tokens):
    newest = tokens["refresh_token"]
    for _ in range(25):
        newest = refresh(spa, newest)[1]["refresh_token"]

    assert refresh(spa, tokens["refresh_token"]) == REFUSED
    assert refresh(spa, newest) == REFUSED


def test_a_token_that_does_not_rotate_stays_the_same(browser, register, ann):
    application = register(refresh_token={"rotation_type": "non-rotating", "expiration_type": "non-expiring"})
    tokens = tokens_of(browser, application)

    statuses = [refresh(application, tokens["refresh_token"]) for _ in range(2)]

    assert [status for status, _ in statuses] == [200, 200]
    assert "refresh_token" not in statuses[0][1]


@pytest.mark.security(27)
@pytest.mark.parametrize(("idle", "absolute", "days"), [(2, 30, 2), (30, 5, 5)])
def test_a_token_ends_when_idle_or_when_its_time_is_up(browser, register, clock, ann, idle, absolute, days):
    day = 86_400
    settings = {"idle_token_lifetime": idle * day, "token_lifetime": absolute * day}
    tokens = tokens_of(browser, application := register(refresh_token=settings))

    clock.advance(days=days, seconds=-1)
    status, following = refresh(application, tokens["refresh_token"])
    clock.advance(days=days)

    assert status == 200
    assert refresh(application, following["refresh_token"]) == REFUSED


@pytest.mark.security(27)
def test_use_does_not_put_off_the_absolute_end(browser, register, clock, ann):
    application = register(refresh_token={"idle_token_lifetime": 86_400, "token_lifetime": 3 * 86_400})
    newest = tokens_of(browser, application)["refresh_token"]

    for _ in range(3):
        clock.advance(hours=23)
        newest = refresh(application, newest)[1]["refresh_token"]
    clock.advance(hours=3)

    assert refresh(application, newest) == REFUSED


@pytest.mark.security(18)
def test_blocking_ends_refresh_tokens_and_unblocking_gives_none_back(spa, tokens, api, ann):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})
    blocked = refresh(spa, tokens["refresh_token"])
    api.patch(f"/api/v2/users/{ann}", {"blocked": False})

    assert blocked == (403, {"error": "unauthorized", "error_description": "user is blocked"})
    assert refresh(spa, tokens["refresh_token"]) == REFUSED


@pytest.mark.security(10)
def test_a_password_that_an_administrator_sets_ends_refresh_tokens(spa, tokens, api, ann):
    api.patch(f"/api/v2/users/{ann}", {"password": "another Horse battery 2"})

    assert refresh(spa, tokens["refresh_token"]) == REFUSED


def test_a_deleted_user_has_no_refresh_tokens(spa, tokens, api, ann):
    api.delete(f"/api/v2/users/{ann}")

    assert refresh(spa, tokens["refresh_token"]) == REFUSED


def test_a_token_issued_before_its_connection_was_turned_off_gives_nothing(spa, tokens, api):
    connection = api.get("/api/v2/connections").json[0]
    api.patch(f"/api/v2/connections/{connection['id']}/clients", [{"client_id": spa.client.client_id, "status": False}])

    status, body = refresh(spa, tokens["refresh_token"])

    assert (status, body["error"]) == (403, "unauthorized_client")


@pytest.mark.security(27)
def test_an_unlinked_device_is_signed_out_at_once_and_no_other(app, spa, tokens, api, ann):
    other = tokens_of(Browser(app), spa, device="Phone")
    devices = api.get("/api/v2/device-credentials", query={"user_id": ann}).json
    phone = next(device for device in devices if device["device_name"] == "Phone")

    answer = api.delete(f"/api/v2/device-credentials/{phone['id']}")

    assert answer.status == 204
    assert len(devices) == 2
    assert {device["type"] for device in devices} == {"rotating_refresh_token"}
    assert refresh(spa, other["refresh_token"]) == REFUSED
    assert refresh(spa, tokens["refresh_token"])[0] == 200


def test_a_device_shows_when_it_was_used_last_and_nothing_secret(spa, tokens, api, clock, ann):
    clock.advance(minutes=5)
    refresh(spa, tokens["refresh_token"])

    device = api.get("/api/v2/device-credentials", query={"user_id": ann}).json[0]

    assert device["last_used"] == "2026-03-01T12:05:00.000Z"
    assert set(device) == {"id", "device_name", "type", "user_id", "client_id", "last_used"}


def test_revoking_ends_a_token_and_asks_no_questions(spa, register, tokens, browser):
    stranger = register(name="Stranger")
    for who, token in ((stranger, tokens["refresh_token"]), (spa, "nonsense")):
        form = {"client_id": who.client.client_id, "token": token}
        assert browser.post("/oauth/revoke", form).status_code == 200
    following = refresh(spa, tokens["refresh_token"])
    assert following[0] == 200

    answer = browser.post("/oauth/revoke", {"client_id": spa.client.client_id, "token": following[1]["refresh_token"]})

    assert answer.status_code == 200
    assert refresh(spa, following[1]["refresh_token"]) == REFUSED


def test_another_client_cannot_use_a_token(register, tokens, spa):
    assert refresh(register(name="Thief"), tokens["refresh_token"]) == REFUSED
    assert refresh(spa, tokens["refresh_token"])[0] == 200


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "é.b.c", "a" * 999])
def test_nonsense_is_no_refresh_token(spa, token):
    assert refresh(spa, token) == REFUSED


def test_a_refresh_may_ask_for_less_but_not_for_more(spa, tokens):
    status, less = refresh(spa, tokens["refresh_token"], scope="openid")

    assert (status, less["scope"]) == (200, "openid")
    assert refresh(spa, less["refresh_token"], scope="openid email")[1]["error"] == "invalid_scope"


def test_an_api_that_gives_no_refresh_tokens_gives_none(browser, register, api, ann):
    api.post("/api/v2/resource-servers", {"identifier": "https://api", "allow_offline_access": False})

    tokens = tokens_of(browser, register(), audience="https://api")

    assert "refresh_token" not in tokens
