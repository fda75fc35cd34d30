"""How an impersonation link is followed: once, by a person, in one browser, and what it gives (S36, S37, S38, S41)."""

from __future__ import annotations

import json

import pytest

from tests.flows.browsing import CALLBACK, EMAIL, Browser, answer_of, claims_of, shown_by, sign_in, state_of
from tests.flows.impersonating import JANE, LOGIN_URI, confirm, followed

SAYS_SO = ("impersonated", "impersonator", "act")


def given(support, web, browser, **parameters):
    """Follow a classic link and exchange its code."""
    answer = answer_of(browser.get(followed(support.make_classic(web, parameters))))
    return json.loads(web.exchange(answer["code"]).body)


def info(support, token):
    return Browser(support.api.app).get("/userinfo", Authorization=f"Bearer {token}")


PREFETCHES = {
    "a prefetch": {"Sec-Purpose": "prefetch"},
    "a prerender": {"Sec-Purpose": "prefetch;prerender"},
    "an old Chromium's": {"Purpose": "prefetch"},
    "an old Firefox's": {"X-Moz": "prefetch"},
    "a preview of Safari": {"X-Purpose": "preview"},
}


@pytest.mark.security(36)
@pytest.mark.parametrize("headers", PREFETCHES.values(), ids=PREFETCHES)
def test_a_browser_that_guesses_ahead_spends_nothing(headers, support, web, browser):
    link = followed(support.make_classic(web))

    ahead, afterwards = browser.get(link, **headers), browser.get(link)

    assert (ahead.status_code, ahead.body) == (503, b"")
    assert ahead.headers["Cache-Control"] == "no-store"
    assert answer_of(afterwards)["code"]


PREVIEWERS = {
    "Slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Facebook and Apple": "facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Skype and Teams": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Telegram": "TelegramBot (like TwitterBot)",
    "WhatsApp": "WhatsApp/2.23.20.0 A",
    "LinkedIn": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Office": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
    "Gmail": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Bing": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
}


@pytest.mark.security(36, 41)
@pytest.mark.parametrize("agent", PREVIEWERS.values(), ids=PREVIEWERS)
def test_a_previewer_spends_nothing_and_learns_nothing(agent, support, web, browser):
    link = followed(support.make_classic(web))

    preview, afterwards = browser.get(link, **{"User-Agent": agent}), browser.get(link)

    assert preview.status_code == 200
    assert not any(secret in preview.body.decode() for secret in (EMAIL, JANE, support.user_id, web.client.name))
    assert answer_of(afterwards)["code"]


PEOPLE = {
    "Chrome": "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Firefox": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "a phone by Cubot": "Mozilla/5.0 (Linux; Android 12; CUBOT P60) AppleWebKit/537.36 Chrome/120.0 Mobile",
    "a script": "python-requests/2.32.3",
}


@pytest.mark.parametrize("agent", PEOPLE.values(), ids=PEOPLE)
def test_a_person_and_a_script_are_no_previewers(agent, support, web, browser):
    answer = browser.get(followed(support.make_classic(web)), **{"User-Agent": agent})

    assert answer_of(answer)["code"]


@pytest.mark.security(36)
def test_a_head_request_spends_nothing(support, web, browser):
    link = followed(support.make_classic(web))

    head = browser.send("HEAD", link)

    assert head.status_code == 405
    assert answer_of(browser.get(link))["code"]


@pytest.mark.security(20, 36, 41)
def test_opening_a_link_that_asks_first_changes_nothing(support, web, browser):
    link = support.make(web)["link"]

    pages = [browser.get(followed(link)).status_code for _ in range(3)]

    assert pages == [200] * 3
    assert support.types() == ["simp"]
    assert confirm(browser, link).status_code == 303


@pytest.mark.security(41)
def test_going_back_after_a_link_was_used_shows_a_page_that_tells_nothing(support, web, browser):
    link = support.make(web, reason="Ticket 1")["link"]
    confirm(browser, link)

    back = browser.get(followed(link))

    assert back.status_code == 410
    secrets = (EMAIL, JANE, support.user_id, support.jane, web.client.name, "Ticket 1")
    assert not any(secret in back.body.decode() for secret in secrets)


STATES = {
    "used": (lambda support, browser, link, clock: browser.get(followed(link)), "used before"),
    "expired": (lambda support, browser, link, clock: clock.advance(minutes=5), "has expired"),
    "revoked": (
        lambda support, browser, link, clock: support.api.delete(
            f"/api/v2/users/{support.user_id}/impersonation-links/{support.links()[0]['id']}"
        ),
        "was revoked",
    ),
}


@pytest.mark.security(41)
@pytest.mark.parametrize(("make_over", "said"), STATES.values(), ids=STATES)
def test_what_has_become_of_a_link_is_told_to_its_impersonator_alone(make_over, said, support, web, app, clock):
    jane, stranger = Browser(app), Browser(app)
    sign_in(jane, web, email=JANE)
    link = support.make_classic(web)
    make_over(support, Browser(app), link, clock)

    to_jane, to_stranger = jane.get(followed(link)), stranger.get(followed(link))

    assert said in to_jane.body.decode()
    assert said not in to_stranger.body.decode()
    assert (to_jane.status_code, to_stranger.status_code) == (410, 410)


@pytest.mark.security(41)
def test_a_link_that_never_was_looks_like_one_that_is_over(support, web, browser):
    link = followed(support.make_classic(web))
    browser.get(link)

    over, never = browser.get(link), browser.get(link[:-3] + "xxx")

    assert (over.status_code, over.body) == (never.status_code, never.body)


def test_a_link_names_its_impersonator_and_no_other(support, web, browser):
    link = followed(support.make_classic(web)).replace(support.jane.replace("|", "%7C"), "auth0%7Cother")

    assert "auth0%7Cother" in link
    assert browser.get(link).status_code == 410


ANSWERS = {
    "a code": ({}, CALLBACK + "?", "code"),
    "a code in the fragment": ({"response_mode": "fragment"}, CALLBACK + "#", "code"),
    "tokens": ({"response_type": "token", "scope": "openid email"}, CALLBACK + "#", "access_token"),
}


@pytest.mark.parametrize(("parameters", "beginning", "name"), ANSWERS.values(), ids=ANSWERS)
def test_a_classic_link_answers_as_it_was_asked_to(parameters, beginning, name, support, register, browser):
    grant_types = ["authorization_code", "implicit"]
    application = register(app_type="regular_web", grant_types=grant_types)

    answer = browser.get(followed(support.make_classic(application, parameters)))

    assert answer.headers["Location"].startswith(beginning)
    assert answer_of(answer)[name]
    assert answer_of(answer)["state"] == "xyz"


def test_a_classic_link_answers_by_a_form(support, web, browser):
    answer = browser.get(followed(support.make_classic(web, {"response_mode": "form_post"})))

    assert answer.status_code == 200
    assert f'action="{CALLBACK}"' in answer.body.decode()


@pytest.mark.security(38)
def test_tokens_in_the_fragment_say_so_too(support, register, browser):
    application = register(app_type="regular_web", grant_types=["implicit"])

    answer = answer_of(browser.get(followed(support.make_classic(application, {"response_type": "token"}))))

    claims = claims_of(answer["id_token"])
    assert [name in claims for name in SAYS_SO] == [True] * 3
    assert info(support, answer["access_token"]).json_body["act"] == {"sub": support.jane}


@pytest.mark.security(38)
def test_an_impersonation_has_no_refresh_token_and_no_api(support, register, browser):
    application = register(app_type="regular_web")
    api = {"identifier": "https://orders.example.com", "allow_offline_access": True, "scopes": [{"value": "read:all"}]}
    assert support.api.post("/api/v2/resource-servers", api).status == 201
    asked = {"scope": "openid offline_access read:all", "audience": api["identifier"]}

    tokens = given(support, application, browser, **asked)

    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"
    assert support.api.get("/api/v2/users", token=tokens["access_token"]).status == 403


@pytest.mark.security(38)
def test_the_applications_own_request_gets_no_refresh_token_and_no_api_either(support, web, browser):
    confirm(browser, support.make(web)["link"])
    audience = support.api.app.core.hosts.management_audience("main")
    asked = {"scope": "openid offline_access read:current_user", "audience": audience}

    tokens = json.loads(web.exchange(answer_of(browser.get(web.address(**asked)))["code"]).body)

    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"


@pytest.mark.security(38)
@pytest.mark.parametrize(("allowed", "expected"), [(60, 60), (3_600, 3_600), (86_400, 36_000)])
def test_tokens_live_as_long_as_the_tenant_allows(allowed, expected, support, web, browser, clock):
    support.api.patch("/api/v2/tenants/settings", {"impersonation": {"token_lifetime": allowed}})

    tokens = given(support, web, browser)

    claims = claims_of(tokens["id_token"])
    assert claims["exp"] - claims["iat"] == expected
    assert tokens["expires_in"] == allowed
    clock.advance(seconds=allowed)
    assert info(support, tokens["access_token"]).status_code == 401


@pytest.mark.security(38)
def test_time_is_counted_from_the_use_and_not_from_the_exchange(support, web, browser, clock):
    support.api.patch("/api/v2/tenants/settings", {"impersonation": {"token_lifetime": 60}})
    code = answer_of(browser.get(followed(support.make_classic(web))))["code"]
    clock.advance(seconds=45)

    tokens = web.exchange(code).json_body

    assert tokens["expires_in"] == 15


def test_a_tenant_keeps_scopes_and_claims_from_impersonators(support, web, browser):
    kept = {"denied_scopes": ["phone", "profile"], "denied_claims": ["email_verified"]}
    policies = {"client_policies": {web.client.client_id: kept}}
    assert support.api.patch("/api/v2/tenants/settings", {"impersonation": policies}).status == 200

    tokens = given(support, web, browser, scope="openid profile email phone")

    claims = claims_of(tokens["id_token"])
    assert tokens["scope"] == "openid email"
    assert (claims["email"], "email_verified" in claims, "name" in claims) == (EMAIL, False, False)
    assert "email_verified" not in info(support, tokens["access_token"]).json_body


@pytest.mark.security(39)
def test_neither_person_is_touched(support, web, browser, app):
    jane = Browser(app)
    sign_in(jane, web, email=JANE)
    before = [support.api.get(f"/api/v2/users/{person}").json for person in (support.user_id, support.jane)]
    cookies = dict(jane.cookies)

    jane.get(followed(support.make_classic(web)))

    assert before == [support.api.get(f"/api/v2/users/{person}").json for person in (support.user_id, support.jane)]
    assert support.api.get(f"/api/v2/users/{support.user_id}/sessions").json["sessions"] == []
    assert jane.cookies == cookies


@pytest.mark.security(37)
def test_no_session_outlives_an_impersonation(support, web, browser):
    confirm(browser, support.make(web)["link"])
    browser.get(web.address())

    silent = browser.get(web.address(prompt="none"))

    assert answer_of(silent)["error"] == "login_required"
    assert "__Host-gatehouse-as" not in browser.cookies


@pytest.mark.security(37)
def test_the_answer_belongs_to_the_browser_that_used_the_link(support, web, browser, app):
    confirm(browser, support.make(web)["link"])

    elsewhere = Browser(app).get(web.address())

    assert elsewhere.headers["Location"].startswith("/u/login")
    assert answer_of(browser.get(web.address()))["code"]


@pytest.mark.security(37)
def test_the_answer_belongs_to_the_application_the_link_was_for(support, web, register, browser):
    other = register(app_type="regular_web", initiate_login_uri=LOGIN_URI)
    confirm(browser, support.make(web)["link"])

    elsewhere = browser.get(other.address())

    assert elsewhere.headers["Location"].startswith("/u/login")


@pytest.mark.security(37, 43)
@pytest.mark.parametrize(("seconds", "answered"), [(119.999, True), (120, False)])
def test_an_application_asks_within_two_minutes(seconds, answered, support, web, browser, clock):
    confirm(browser, support.make(web)["link"])
    clock.advance(seconds=seconds)

    answer = browser.get(web.address())

    assert answer.headers["Location"].startswith(CALLBACK if answered else "/u/login")


@pytest.mark.security(37)
def test_an_application_that_asks_silently_is_not_answered_as_the_user(support, web, browser):
    confirm(browser, support.make(web)["link"])

    silent = browser.get(web.address(prompt="none"))

    assert answer_of(silent)["error"] == "login_required"
    assert answer_of(browser.get(web.address()))["code"]


@pytest.mark.security(37)
def test_a_public_client_is_answered_with_its_own_proof_key(support, register, browser):
    spa = register(initiate_login_uri=LOGIN_URI)
    confirm(browser, support.make(spa)["link"])

    code = answer_of(browser.get(spa.address()))["code"]

    assert spa.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK).status_code == 403
    assert claims_of(spa.exchange(code).json_body["id_token"])["impersonated"] is True


@pytest.mark.security(37)
def test_whoever_was_blocked_since_the_link_was_used_is_not_entered(support, web, browser):
    confirm(browser, support.make(web)["link"])
    support.api.patch(f"/api/v2/users/{support.user_id}", {"blocked": True})

    answer = answer_of(browser.get(web.address()))

    assert answer["error"] == "access_denied"
    assert support.types() == ["simp", "simpu", "fimp"]


@pytest.mark.security(20)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_cannot_press_the_button(headers, support, web, browser):
    link = followed(support.make(web)["link"])

    assert browser.send("POST", link, {}, **headers).status_code == 403
    assert support.types() == ["simp"]


@pytest.mark.security(21)
def test_the_page_says_who_becomes_whom_where_and_why_and_loads_nothing_from_elsewhere(support, web, browser):
    page = browser.get(followed(support.make(web, reason="Ticket <1>")["link"]))

    shown = page.body.decode()
    assert all(words in shown for words in (EMAIL, JANE, web.client.name, "Ticket &lt;1&gt;"))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "img-src 'self' data:;" in page.headers["Content-Security-Policy"]


ISSUER = "iss=https%3A%2F%2Fgatehouse.test%2F"


@pytest.mark.parametrize(
    ("registered", "led_to"),
    [
        ("https://app.example.com/login?from=support", f"https://app.example.com/login?from=support&{ISSUER}"),
        ("https://app.example.com/#/login", f"https://app.example.com/?{ISSUER}#/login"),
        ("https://app.example.com/?a=b#/login?c", f"https://app.example.com/?a=b&{ISSUER}#/login?c"),
    ],
)
def test_the_issuer_is_told_in_the_query_and_the_route_of_an_application_is_kept(
    registered, led_to, support, web, browser
):
    support.api.patch(f"/api/v2/clients/{web.client.client_id}", {"initiate_login_uri": registered})

    led = confirm(browser, support.make(web)["link"])

    assert led.headers["Location"] == led_to


def test_a_link_that_does_not_ask_first_leads_on_at_once(support, web, browser):
    link = support.make(web, confirm=False)["link"]

    led = browser.get(followed(link))

    assert led.headers["Location"].startswith(LOGIN_URI)


def test_a_classic_link_may_ask_first(support, web, browser):
    link = support.make_classic(web, confirm=True)

    answer = confirm(browser, link)

    assert answer.headers["Location"].startswith(CALLBACK)


def test_the_login_page_works_as_ever_beside_an_impersonation(support, web, browser):
    confirm(browser, support.make(web)["link"])
    browser.get(web.address())

    state = state_of(shown_by(browser, web))

    form = {"state": state, "username": JANE, "password": "correct Horse battery 1"}
    assert browser.post("/u/login", form).headers["Location"].startswith(CALLBACK)
