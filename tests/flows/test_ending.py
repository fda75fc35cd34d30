"""Seeing and ending what lets a user in, through the Management API; and the user's own token for it."""

from __future__ import annotations

import json

import pytest

from tests.flows.browsing import Browser, answer_of, sign_in, state_of

OFFLINE = "openid offline_access"


@pytest.fixture
def tokens(browser, spa, ann):
    code = answer_of(sign_in(browser, spa, scope=OFFLINE))["code"]
    return json.loads(spa.exchange(code).body)


def silently(browser, spa):
    return answer_of(browser.get(spa.address(prompt="none"))).get("error")


def refresh(spa, tokens):
    return spa.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code


@pytest.mark.security(19)
def test_sessions_of_a_user_are_listed_and_shown(api, tokens, ann, spa):
    listed = api.get(f"/api/v2/users/{ann}/sessions").json["sessions"]

    shown = api.get(f"/api/v2/sessions/{listed[0]['id']}")

    assert (shown.status, shown.json) == (200, listed[0])
    assert listed[0]["clients"] == [{"client_id": spa.client.client_id}]
    assert listed[0]["device"]["initial_ip"] == "203.0.113.7"
    assert listed[0]["authentication"]["methods"] == [{"name": "pwd", "timestamp": "2026-03-01T12:00:00.000Z"}]


@pytest.mark.security(19)
def test_one_session_is_ended_and_no_other(api, app, browser, spa, tokens, ann):
    other = Browser(app)
    sign_in(other, spa)
    sessions = api.get(f"/api/v2/users/{ann}/sessions").json["sessions"]
    mine = browser.cookies["__Host-gatehouse"].split(".")[1]

    answer = api.delete(f"/api/v2/sessions/{mine}")

    assert (len(sessions), answer.status) == (2, 202)
    assert silently(browser, spa) == "login_required"
    assert silently(other, spa) is None
    assert refresh(spa, tokens) == 200


def test_all_sessions_of_a_user_are_ended_and_refresh_tokens_stay(api, browser, spa, tokens, ann):
    answer = api.delete(f"/api/v2/users/{ann}/sessions")

    assert answer.status == 202
    assert silently(browser, spa) == "login_required"
    assert refresh(spa, tokens) == 200


def test_refresh_tokens_are_listed_shown_and_ended(api, browser, spa, tokens, ann):
    listed = api.get(f"/api/v2/users/{ann}/refresh-tokens").json["tokens"]
    shown = api.get(f"/api/v2/refresh-tokens/{listed[0]['id']}").json

    answer = api.delete(f"/api/v2/refresh-tokens/{listed[0]['id']}")

    assert shown == listed[0]
    assert (shown["client_id"], shown["rotating"]) == (spa.client.client_id, True)
    assert shown["resource_servers"] == [{"audience": "", "scopes": OFFLINE}]
    assert answer.status == 202
    assert refresh(spa, tokens) == 403
    assert silently(browser, spa) is None


@pytest.mark.security(18)
def test_revoking_access_ends_everything_at_once_and_the_sweep_removes_it(api, core, browser, spa, tokens, ann):
    answer = api.post(f"/api/v2/users/{ann}/revoke-access")
    ended = (silently(browser, spa), refresh(spa, tokens))
    core.sweep.run()

    assert (answer.status, ended) == (204, ("login_required", 403))
    assert api.get("/api/v2/device-credentials", query={"user_id": ann}).json == []
    assert list(core.sessions.store.walk_for_user("main", ann)) == []


@pytest.mark.parametrize(("preserve", "status"), [(False, 403), (True, 200)])
def test_revoking_one_session_takes_its_refresh_tokens_unless_told(api, browser, spa, tokens, ann, preserve, status):
    session_id = browser.cookies["__Host-gatehouse"].split(".")[1]
    body = {"session_id": session_id, "preserve_refresh_tokens": preserve}

    api.post(f"/api/v2/users/{ann}/revoke-access", body)

    assert silently(browser, spa) == "login_required"
    assert refresh(spa, tokens) == status


def test_a_sweep_after_blocking_leaves_public_keys(api, core, tokens, ann):
    key = {"device_name": "Laptop", "type": "public_key", "value": "k", "device_id": "1"}
    token = api.token("create:current_user_device_credentials", subject=ann)
    assert api.post("/api/v2/device-credentials", key, token=token).status == 201

    api.patch(f"/api/v2/users/{ann}", {"blocked": True})
    core.sweep.run()

    kinds = [each["type"] for each in api.get("/api/v2/device-credentials", query={"user_id": ann}).json]
    assert kinds == ["public_key"]


@pytest.fixture
def own_token(browser, register, api, ann):
    """A Management API token of the user's own."""
    audience = api.app.core.hosts.management_audience("main")
    application = register()
    asked = {"audience": audience, "scope": "openid read:current_user update:current_user_metadata read:users"}
    asking = browser.get(sign_in(browser, application, **asked).headers["Location"])
    allowed = browser.post("/u/consent", {"state": state_of(asking), "decision": "allow"})
    return json.loads(application.exchange(answer_of(allowed)["code"]).body)["access_token"]


def test_a_users_own_token_reads_and_changes_that_user_only(api, own_token, ann):
    other = api.post(
        "/api/v2/users",
        {"connection": "Username-Password-Authentication", "email": "o@example.com", "password": "a Horse battery 1"},
    ).json["user_id"]

    changed = api.patch(f"/api/v2/users/{ann}", {"user_metadata": {"a": 1}}, token=own_token)

    assert changed.json["user_metadata"] == {"a": 1}
    assert api.get(f"/api/v2/users/{ann}", token=own_token).status == 200
    assert api.get(f"/api/v2/users/{other}", token=own_token).status == 403
    assert api.get("/api/v2/users", token=own_token).status == 403
    assert api.patch(f"/api/v2/users/{ann}", {"app_metadata": {"a": 1}}, token=own_token).status == 403


@pytest.mark.security(18)
def test_a_blocked_users_own_token_opens_nothing_from_the_next_request_on(api, own_token, ann):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})
    blocked = api.get(f"/api/v2/users/{ann}", token=own_token)
    api.patch(f"/api/v2/users/{ann}", {"blocked": False})

    assert blocked.status == 401
    assert api.get(f"/api/v2/users/{ann}", token=own_token).status == 401


@pytest.fixture
def third_party(register):
    return register(is_first_party=False, name="Other Inc.")


def test_a_third_party_is_given_what_the_user_allows(api, browser, third_party, ann):
    page = sign_in(browser, third_party)
    shown = browser.get(page.headers["Location"])

    answer = browser.post("/u/consent", {"state": state_of(shown), "decision": "allow"})

    assert page.headers["Location"].startswith("/u/consent?")
    assert b"Other Inc." in shown.body
    assert "code" in answer_of(answer)
    assert silently(browser, third_party) is None
    assert [each["scope"] for each in api.get("/api/v2/grants", query={"user_id": ann}).json] == [
        ["openid", "profile", "email"]
    ]


def test_a_third_party_is_told_when_the_user_denies(browser, third_party, ann):

    shown = browser.get(sign_in(browser, third_party).headers["Location"])

    answer = answer_of(browser.post("/u/consent", {"state": state_of(shown), "decision": "deny"}))

    assert (answer["error"], answer["error_description"]) == ("access_denied", "User did not authorize the request")


def test_what_was_taken_back_is_asked_for_again(api, browser, third_party, ann):

    shown = browser.get(sign_in(browser, third_party).headers["Location"])
    browser.post("/u/consent", {"state": state_of(shown), "decision": "allow"})
    grant = api.get("/api/v2/grants").json[0]

    assert api.delete(f"/api/v2/grants/{grant['id']}").status == 204

    assert silently(browser, third_party) == "consent_required"
