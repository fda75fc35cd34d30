"""Single sign-on: the browser's session, its ends, silent authentication and signing out."""

from __future__ import annotations

import json

import pytest

from tests.flows.browsing import CALLBACK, EMAIL, Browser, answer_of, claims_of, sign_in, state_of


@pytest.fixture
def signed_in(browser, spa, ann):
    sign_in(browser, spa)
    return browser


def silently(browser, application, **asked):
    return answer_of(browser.get(application.address(prompt="none", **asked)))


def test_a_second_application_needs_no_password(signed_in, register):
    other = register(name="Other")

    back = answer_of(signed_in.get(other.address()))

    assert other.exchange(back["code"]).status_code == 200


def test_silent_authentication_answers_from_the_session(signed_in, spa):
    assert "code" in silently(signed_in, spa)


def test_prompt_login_asks_again_and_changes_the_session(signed_in, spa):
    before = signed_in.cookies["__Host-gatehouse"]

    answer = sign_in(signed_in, spa, prompt="login")

    assert "code" in answer_of(answer)
    assert signed_in.cookies["__Host-gatehouse"] != before


@pytest.mark.security(15)
def test_signing_in_again_ends_the_session_the_browser_had(signed_in, spa, app):
    old = Browser(app, cookies={"__Host-gatehouse": signed_in.cookies["__Host-gatehouse"]})

    sign_in(signed_in, spa, prompt="login")

    assert silently(old, spa)["error"] == "login_required"


@pytest.mark.security(15)
def test_a_session_is_stored_by_the_digest_of_its_secret(signed_in, aws, settings):
    secret = signed_in.cookies["__Host-gatehouse"].split(".")[2]

    items = json.dumps(aws["dynamodb"].scan(TableName=settings.table)["Items"], default=str)

    assert len(secret) >= 43
    assert secret not in items


@pytest.mark.security(16)
def test_cookies_are_bound_to_the_host_and_hidden_from_scripts(browser, spa, ann):
    browser.get(spa.address())
    flow = browser.set_cookies
    sign_in(browser, spa)

    for cookie in (*flow, *browser.set_cookies):
        assert cookie.startswith("__Host-gatehouse")
        assert {"Path=/", "Secure", "HttpOnly"} <= set(cookie.split("; "))
        assert len(cookie) < 4096
    assert len(flow) == len(browser.set_cookies) == 1


@pytest.mark.security(17)
@pytest.mark.parametrize(("hours", "error"), [(71.9, None), (72.1, "login_required")])
def test_an_idle_session_ends(signed_in, spa, clock, hours, error):
    clock.advance(hours=hours)

    assert silently(signed_in, spa).get("error") == error


@pytest.mark.security(17)
def test_use_keeps_a_session_but_not_beyond_its_absolute_end(signed_in, spa, clock):
    found = []
    for _ in range(4):
        clock.advance(hours=48)
        found.append(silently(signed_in, spa).get("error"))

    assert found == [None, None, None, "login_required"]


@pytest.mark.security(17)
def test_the_tenant_decides_how_long_sessions_live(api, browser, spa, clock, ann):
    api.patch("/api/v2/tenants/settings", {"session_lifetime": 1, "idle_session_lifetime": 0.5})
    sign_in(browser, spa)

    clock.advance(minutes=31)

    assert silently(browser, spa)["error"] == "login_required"


def test_max_age_asks_again_when_the_sign_in_is_too_old(signed_in, spa, clock):
    clock.advance(seconds=61)

    assert silently(signed_in, spa, max_age="60")["error"] == "login_required"
    assert "code" in silently(signed_in, spa, max_age="61")


def test_with_max_age_the_id_token_says_when(signed_in, spa, clock):
    signed_in_at = int(clock.now().timestamp())
    clock.advance(seconds=30)

    code = silently(signed_in, spa, max_age="60")["code"]

    assert claims_of(json.loads(spa.exchange(code).body)["id_token"])["auth_time"] == signed_in_at


@pytest.mark.security(18)
def test_a_blocked_users_session_answers_that_and_stays_dead_after(signed_in, spa, api, ann):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})
    blocked = silently(signed_in, spa)
    api.patch(f"/api/v2/users/{ann}", {"blocked": False})

    assert (blocked["error"], blocked["error_description"]) == ("unauthorized", "user is blocked")
    assert silently(signed_in, spa)["error"] == "login_required"


@pytest.mark.security(18)
def test_a_deleted_users_session_is_dead(signed_in, spa, api, ann):
    api.delete(f"/api/v2/users/{ann}")

    assert silently(signed_in, spa)["error"] == "login_required"


@pytest.mark.parametrize("cookie", ["nonsense", "a.b.c", "", "YXV0aDB8eA.ses_0.secret", "\x00", "x" * 5000])
def test_nonsense_in_the_cookie_is_no_session(app, spa, cookie):
    browser = Browser(app, cookies={"__Host-gatehouse": cookie})

    assert silently(browser, spa)["error"] == "login_required"


def test_a_session_of_one_tenant_is_none_of_another(signed_in, app, acme):
    client = acme.post("/api/v2/clients", {"name": "App", "callbacks": [CALLBACK], "app_type": "spa"}).json
    connection = acme.get("/api/v2/connections").json[0]
    acme.patch(f"/api/v2/connections/{connection['id']}/clients", [{"client_id": client["client_id"], "status": True}])
    stranger = Browser(app, "acme", cookies=dict(signed_in.cookies))
    challenge = "a" * 43

    back = answer_of(
        stranger.get(
            f"/authorize?client_id={client['client_id']}&response_type=code&prompt=none"
            f"&code_challenge={challenge}&code_challenge_method=S256"
        )
    )

    assert back["error"] == "login_required"


def test_signing_out_ends_the_session_and_goes_to_a_registered_address(signed_in, register, spa):
    application = register(allowed_logout_urls=["https://app.example.com/bye"])
    held = dict(signed_in.cookies)

    answer = signed_in.get(
        f"/v2/logout?client_id={application.client.client_id}&returnTo=https%3A%2F%2Fapp.example.com%2Fbye"
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "https://app.example.com/bye")
    assert "__Host-gatehouse" not in signed_in.cookies
    signed_in.cookies = held
    assert silently(signed_in, spa)["error"] == "login_required"


@pytest.mark.security(31)
def test_signing_out_goes_nowhere_that_is_not_registered(signed_in, register, spa):
    application = register(allowed_logout_urls=["https://app.example.com/bye"])

    answer = signed_in.get(f"/v2/logout?client_id={application.client.client_id}&returnTo=https://evil.example/")

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "code" in silently(signed_in, spa)


def test_signing_out_without_an_address_says_so(signed_in):
    answer = signed_in.get("/v2/logout")

    assert answer.status_code == 200
    assert "__Host-gatehouse" not in signed_in.cookies


def test_oidc_logout_reads_the_client_from_an_old_id_token(signed_in, register, clock, ann):
    application = register(allowed_logout_urls=["https://app.example.com/bye"])
    code = silently(signed_in, application)["code"]
    id_token = json.loads(application.exchange(code).body)["id_token"]
    clock.advance(days=1)

    answer = signed_in.get(
        f"/oidc/logout?id_token_hint={id_token}&post_logout_redirect_uri=https://app.example.com/bye&state=s%20t"
    )

    assert answer.headers["Location"] == "https://app.example.com/bye?state=s+t"


def test_oidc_logout_refuses_a_hint_that_is_none_of_ours(signed_in, spa):
    answer = signed_in.get("/oidc/logout?id_token_hint=a.b.c")

    assert answer.status_code == 400
    assert "code" in silently(signed_in, spa)


@pytest.mark.security(20)
def test_a_sign_in_cannot_be_finished_in_another_browser(browser, spa, app, ann):
    page = browser.get(browser.get(spa.address()).headers["Location"])
    stranger = Browser(app)

    answer = stranger.post("/u/login", {"state": state_of(page), "username": EMAIL, "password": "x"})

    assert answer.status_code == 400
    assert not stranger.cookies


@pytest.mark.security(20)
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_form_that_another_site_posts_is_refused(browser, spa, ann, headers):
    page = browser.get(browser.get(spa.address()).headers["Location"])
    form = {"state": state_of(page), "username": EMAIL, "password": "correct Horse battery 1"}

    answer = browser.post("/u/login", form, **headers)

    assert answer.status_code == 403


def test_a_page_that_was_left_open_for_an_hour_says_so(browser, spa, clock, ann):
    page = browser.get(browser.get(spa.address()).headers["Location"])
    clock.advance(hours=1)

    answer = browser.post("/u/login", {"state": state_of(page), "username": EMAIL, "password": "x"})

    assert answer.status_code == 400
