"""The way to the account page: signing in to what is no application's."""

from __future__ import annotations

import re

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, SESSION, Browser, Visitor, sign_in, state_of

FLOW = "__Host-gatehouse-flow"


def knocks(app, spa, password) -> int:
    """Try to sign in to the application, and give what came of it."""
    return sign_in(Browser(app), spa, password=password).status_code


def test_whoever_has_no_session_signs_in_on_the_login_page_and_lands_here(app, spa, ann):
    visitor = Visitor(Browser(app))
    asked = visitor.see()
    login = visitor.see(asked.headers["Location"])

    form = {"state": state_of(login), "username": EMAIL, "password": PASSWORD}
    entered = visitor.browser.post("/u/login", form)

    assert asked.status_code == 303
    assert asked.headers["Location"].startswith("/u/login?state=")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/u/account")
    assert f"Signed in as {EMAIL}" in visitor.page()


def knock(app, **form):
    """Fill in the login page in front of the account page."""
    visitor = Visitor(Browser(app))
    login = visitor.see(visitor.see().headers["Location"])
    return visitor.browser.post("/u/login", {"state": state_of(login), "username": EMAIL, "password": PASSWORD, **form})


def test_a_sign_in_to_the_page_counts_and_is_in_the_history_like_any_other(app, api, spa, ann):
    knock(app)

    user, event = api.get(f"/api/v2/users/{ann}").json, api.get(f"/api/v2/users/{ann}/logs").json[0]

    assert (user["logins_count"], user["last_ip"]) == (1, "203.0.113.7")
    assert (event["type"], event["connection"], event.get("client_id")) == ("s", DEFAULT_CONNECTION, None)


@pytest.mark.security(15)
def test_a_sign_in_to_the_page_ends_the_session_that_the_browser_had(app, ann_there):
    before = dict(ann_there.browser.cookies)
    asked = Browser(app, cookies={FLOW: before[FLOW]}).get("/u/account")
    login = ann_there.see(asked.headers["Location"])

    ann_there.browser.post("/u/login", {"state": state_of(login), "username": EMAIL, "password": PASSWORD})

    assert ann_there.browser.cookies[SESSION] != before[SESSION]
    assert ann_there.is_in
    assert not Visitor(Browser(app, cookies=before)).is_in


@pytest.mark.security(8)
def test_failures_at_the_page_count_with_those_at_applications(app, spa, ann):
    failed = [knock(app, password="wrong").status_code for _ in range(10)]

    assert failed == [403] * 10
    assert knock(app).status_code == 429
    assert knocks(app, spa, PASSWORD) == 429


def test_the_tenth_failure_at_the_page_is_told_by_mail(app, spa, ann, mailbox):
    for _ in range(10):
        knock(app, password="wrong")

    (mail,) = mailbox.to(EMAIL)

    assert mail.subject == "Too many attempts to sign in to main"
    assert Browser(app).post(mail.link, {}).status_code == 200
    assert knock(app).status_code == 303


def test_a_blocked_user_does_not_get_in(app, api, spa, ann):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})

    answer = knock(app)

    assert answer.status_code == 403
    assert b"user is blocked" in answer.body


@pytest.mark.security(18)
def test_whoever_is_blocked_meanwhile_is_told_so_and_ends_nothing(api, ann_there, ann):
    state = state_of(ann_there.see())
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})

    shown = ann_there.see()
    pressed = ann_there.browser.post("/u/account/others", {"state": state})

    assert (shown.status_code, pressed.status_code) == (403, 403)
    assert b"user is blocked" in shown.body
    assert b"user is blocked" in pressed.body


def test_a_forgotten_password_is_replaced_from_the_way_to_the_page(app, spa, ann, mailbox):
    visitor = Visitor(Browser(app))
    login = visitor.page(visitor.see().headers["Location"])
    reset = visitor.see(re.search(r'href="(/u/reset-password\?[^"]+)"', login)[1])

    sent = visitor.browser.post("/u/reset-password", {"state": state_of(reset), "email": EMAIL})

    assert sent.status_code == 200
    assert [mail.to for mail in mailbox.mails] == [EMAIL]
    assert b'href="/u/login?state=' in sent.body


def test_nobody_signs_up_on_the_way_to_the_page(app, spa, ann):
    visitor = Visitor(Browser(app))
    login = visitor.see(visitor.see().headers["Location"])

    refused = visitor.see(f"/u/signup?state={state_of(login)}")

    assert b"/u/signup" not in login.body
    assert refused.status_code == 400


@pytest.mark.parametrize("page", ["consent", "signup"])
def test_the_state_of_the_page_is_none_of_an_applications_sign_in(app, spa, ann, page):
    visitor = Visitor(Browser(app))
    state = state_of(visitor.see(visitor.see().headers["Location"]))

    form = {"decision": "allow", "email": "new@example.com", "password": PASSWORD}
    answer = visitor.browser.post(f"/u/{page}", {"state": state, **form})

    assert answer.status_code == 400


@pytest.mark.security(20)
def test_a_sign_in_to_the_page_cannot_be_finished_in_another_browser(app, spa, ann):
    first, stranger = Visitor(Browser(app)), Visitor(Browser(app))
    login = first.see(first.see().headers["Location"])

    answer = stranger.browser.post("/u/login", {"state": state_of(login), "username": EMAIL, "password": PASSWORD})

    assert answer.status_code == 400
    assert SESSION not in stranger.browser.cookies


def test_a_sign_in_to_the_page_that_was_left_for_an_hour_is_over(app, spa, ann, clock):
    visitor = Visitor(Browser(app))
    login = visitor.see(visitor.see().headers["Location"])
    clock.advance(hours=1)

    answer = visitor.browser.post("/u/login", {"state": state_of(login), "username": EMAIL, "password": PASSWORD})

    assert answer.status_code == 400


@pytest.fixture
def staff(api):
    """A second database, with Bob in it, that is turned on for an application."""
    client_id = api.post("/api/v2/clients", {"name": "Till"}).json["client_id"]
    api.post("/api/v2/connections", {"name": "staff", "strategy": "auth0", "enabled_clients": [client_id]})
    bob = {"connection": "staff", "email": "bob@example.com", "password": PASSWORD}
    return api.post("/api/v2/users", bob).json["user_id"]


def lets_in(app, address, email) -> bool:
    visitor = Visitor(Browser(app))
    login = visitor.see(visitor.see(address).headers["Location"])
    form = {"state": state_of(login), "username": email, "password": PASSWORD}
    return visitor.browser.post("/u/login", form).status_code == 303


def test_one_signs_in_at_the_connection_that_is_named_else_at_the_default_one(app, api, spa, ann, staff):
    named = lets_in(app, "/u/account?connection=staff", "bob@example.com")
    elsewhere = lets_in(app, f"/u/account?connection={DEFAULT_CONNECTION}", "bob@example.com")
    api.patch("/api/v2/tenants/settings", {"default_directory": "staff"})

    assert (named, elsewhere) == (True, False)
    assert lets_in(app, "/u/account", "bob@example.com")


@pytest.fixture
def default_off(api):
    """Turn the default connection off for every application."""
    connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
    api.patch(f"/api/v2/connections/{connection['id']}", {"enabled_clients": []})


def test_without_a_default_one_signs_in_at_the_first_database_that_lets_anybody_in(app, ann, staff, default_off):
    assert lets_in(app, "/u/account", "bob@example.com")
    assert not lets_in(app, "/u/account", EMAIL)


@pytest.mark.parametrize("name", ["nowhere", "google", DEFAULT_CONNECTION])
def test_a_connection_that_lets_nobody_in_is_no_way_to_the_page(app, api, staff, default_off, name):
    api.post("/api/v2/connections", {"name": "google", "strategy": "google-oauth2", "enabled_clients": ["any"]})

    answer = Browser(app).get(f"/u/account?connection={name}")

    assert answer.status_code == 400
    assert b"<h1>This does not work</h1>" in answer.body
