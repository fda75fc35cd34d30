"""The account page: what somebody sees of their own account there, and what they end and change."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest

from chalicelib.core.account_page import ACTIVITY, SHOWN
from chalicelib.core.callers import Caller
from chalicelib.core.oauth.authorize import Browser as Cookies
from chalicelib.core.sign_ins import Authenticated
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, Browser, answer_of, sign_in, state_of

NEW = "another Horse battery 2"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1"
SESSION = "__Host-gatehouse"


@dataclass
class Visitor:
    """Somebody who is at the account page with a browser."""

    browser: Browser

    def see(self, address: str = "/u/account", **headers: str) -> Any:
        return self.browser.get(address, **headers)

    def page(self, address: str = "/u/account") -> str:
        shown = self.see(address)
        assert shown.status_code == 200, shown.body
        return unescape(shown.body.decode())

    def press(self, name: str, **form: str) -> Any:
        """Press a button of the page as it is now."""
        return self.browser.post(f"/u/account/{name}", {"state": state_of(self.see()), **form})

    def change(self, current: str = PASSWORD, password: str = NEW, again: str | None = None, **form: str) -> Any:
        """Fill in the form for a new password."""
        typed = {"current_password": current, "password": password, "password_again": again or password}
        return self.press("password", **{"end_sessions": "yes", **typed, **form})

    def follow(self, answer: Any) -> str:
        assert answer.status_code == 303, answer.body
        return self.page(answer.headers["Location"])

    @property
    def session_id(self) -> str:
        return self.browser.cookies[SESSION].split(".")[1]


@pytest.fixture
def enter(app, spa):
    """Sign in to the application with a browser, and go to the account page with it."""

    def make(**known: Any) -> Visitor:
        browser = Browser(app)
        assert answer_of(sign_in(browser, spa, **known))["code"]
        return Visitor(browser)

    return make


@pytest.fixture
def ann_there(enter, ann):
    return enter()


@pytest.fixture
def stay(spa):
    """Let the application stay signed in with what the browser's session gives it, and give its refresh token."""

    def ask(visitor: Visitor, **asked: Any) -> str:
        back = visitor.browser.get(spa.address(prompt="none", scope="openid offline_access", **asked))
        return json.loads(spa.exchange(answer_of(back)["code"]).body)["refresh_token"]

    return ask


@pytest.fixture
def works(spa):
    """Say whether a refresh token still gives tokens."""
    return lambda token: spa.token(grant_type="refresh_token", refresh_token=token).status_code == 200


def is_in(visitor: Visitor) -> bool:
    return visitor.see().status_code == 200


def knocks(app, spa, password) -> int:
    return sign_in(Browser(app), spa, password=password).status_code


def ids(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', page)


# Getting in


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
    login = ann_there.see(Browser(app).get("/u/account").headers["Location"])
    asked = Visitor(Browser(app, cookies={"__Host-gatehouse-flow": before["__Host-gatehouse-flow"]})).see()
    login = ann_there.see(asked.headers["Location"])

    ann_there.browser.post("/u/login", {"state": state_of(login), "username": EMAIL, "password": PASSWORD})

    assert ann_there.browser.cookies[SESSION] != before[SESSION]
    assert is_in(ann_there)
    assert not is_in(Visitor(Browser(app, cookies=before)))


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

    answer = visitor.browser.post(f"/u/{page}", {"state": state, "decision": "allow", "email": EMAIL, "password": NEW})

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


# What is shown


@pytest.mark.security(19)
def test_the_page_lists_browsers_with_where_when_and_which_applications(app, api, spa, ann, clock):
    here, there = Browser(app, ip="193.190.1.1"), Browser(app)
    page = here.get(here.get(spa.address()).headers["Location"])
    form = {"state": state_of(page), "username": EMAIL, "password": PASSWORD}
    here.post("/u/login", form, **{"User-Agent": FIREFOX})
    clock.advance(minutes=7)
    sign_in(there, spa)

    shown = Visitor(here).page()

    rows = re.findall(r"<li>(.*?)</li>", shown.partition('id="devices"')[0], re.DOTALL)
    assert len(rows) == 2
    assert "Firefox on Windows" in rows[0]
    assert "This browser" in rows[0]
    assert "Belgium · 193.190.1.1" in rows[0]
    assert "Applications: App" in rows[0]
    assert "2026-03-01 12:00 UTC" in rows[0]
    assert "This browser" not in rows[1]
    assert "2026-03-01 12:07 UTC" in rows[1]


@pytest.mark.security(19)
def test_the_page_lists_devices_with_their_application_and_last_use(ann_there, spa, stay, clock):
    token = stay(ann_there, device="Ann's telephone")
    before = ann_there.page()
    clock.advance(hours=1)
    spa.token(grant_type="refresh_token", refresh_token=token)

    after = ann_there.page()

    assert "App on Ann's telephone" in before
    assert "Not used since" in before
    assert "2026-03-01 13:00 UTC" in after.partition('id="devices"')[2].partition('id="activity"')[0]


def test_a_device_that_no_application_named_is_called_by_its_browser(ann_there, spa):
    back = ann_there.see(spa.address(prompt="none", scope="openid offline_access"), **{"User-Agent": SAFARI})
    spa.exchange(answer_of(back)["code"])

    assert "App on Safari on iPhone" in ann_there.page()


@pytest.mark.security(19)
def test_public_keys_are_listed_and_ended_too(api, ann_there, ann):
    key = {"device_name": "Laptop", "type": "public_key", "value": "k", "device_id": "1"}
    token = api.token("create:current_user_device_credentials", subject=ann)
    api.post("/api/v2/device-credentials", key, token=token)
    page = ann_there.page()

    ended = ann_there.press("devices", device_id=ids(page, "device_id")[0])

    assert "on Laptop" in page
    assert "on Laptop" not in ann_there.follow(ended).partition('id="activity"')[0]
    assert api.get("/api/v2/device-credentials", query={"user_id": ann}).json == []


def test_what_is_over_is_not_listed(api, app, enter, ann, stay, clock):
    old = enter()
    stay(old)
    clock.advance(hours=71)
    visitor = enter()
    clock.advance(hours=2)
    idle = visitor.page()
    clock.advance(days=2, hours=12)

    assert ids(idle, "session_id") == [visitor.session_id]
    assert len(ids(idle, "device_id")) == 1


def test_of_very_many_browsers_the_last_used_are_shown_and_the_rest_is_counted(core, enter, ann, clock):
    first = enter()
    for _ in range(SHOWN):
        clock.advance(seconds=1)
        visitor = enter()

    page = visitor.page()

    shown = ids(page, "session_id")
    assert len(shown) == SHOWN
    assert shown[0] == visitor.session_id
    assert first.session_id not in shown
    assert "1 more are not shown." in page


def test_exactly_as_many_browsers_as_are_shown_are_all(enter, ann, clock):
    for _ in range(SHOWN):
        visitor = enter()

    assert "more are not shown" not in visitor.page()


@pytest.mark.security(20)
def test_looking_changes_nothing(ann_there, enter, contents, stay):
    stay(enter())
    before = contents.read()

    answers = [ann_there.see(address).status_code for address in ("/u/account", "/u/account/others")]

    assert answers == [200, 200]
    assert contents.read() == before


@pytest.mark.security(21)
def test_the_page_loads_nothing_from_elsewhere(api, ann_there):
    api.patch("/api/v2/tenants/settings", {"picture_url": "https://cdn.example/logo.png"})

    page = ann_there.see()

    assert "img-src 'self' data:;" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert b"cdn.example" not in page.body


@pytest.mark.parametrize(("language", "heading"), [("en", "Your account"), ("de", "Ihr Konto"), ("es", "Su cuenta")])
def test_the_page_speaks_the_language_of_the_browser(api, ann_there, language, heading):
    api.patch("/api/v2/tenants/settings", {"enabled_locales": ["en", "de", "es"]})

    page = ann_there.see(**{"Accept-Language": language})

    assert f"<h1>{heading}</h1>" in page.body.decode()


# Ending


@pytest.mark.security(19)
def test_another_browser_is_signed_out_at_once_and_this_one_stays(api, enter, ann):
    here, there = enter(), enter()

    page = here.follow(here.press("sessions", session_id=there.session_id))

    assert "That browser is signed out." in page
    assert ids(page, "session_id") == [here.session_id]
    assert (is_in(here), is_in(there)) == (True, False)
    assert api.get(f"/api/v2/users/{ann}/logs").json[0]["type"] == "slo"


@pytest.mark.security(19)
def test_what_stays_signed_in_through_a_browser_ends_with_it_after_asking(enter, ann, stay, works):
    here, there = enter(), enter()
    token, other = stay(there, device="Telephone"), stay(here)

    asked = here.press("sessions", session_id=there.session_id)
    kept = is_in(there)
    here.press("sessions", session_id=there.session_id, confirmed="yes")

    assert asked.status_code == 200
    assert b"<h1>Sign this browser out?</h1>" in asked.body
    assert b"App on Telephone" in asked.body
    assert kept
    assert (is_in(there), works(token), works(other)) == (False, False, True)


def test_the_question_leads_on_to_what_was_asked_for(enter, ann, stay):
    here, there = enter(), enter()
    stay(there)
    asked = here.press("sessions", session_id=there.session_id).body.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked))

    action = re.search(r'<form method="post" action="([^"]+)"', asked)[1]
    here.browser.post(action, {**fields, "confirmed": "yes"})

    assert not is_in(there)


def test_signing_this_browser_out_says_so_and_drops_the_cookie(app, ann_there):
    held = dict(ann_there.browser.cookies)

    answer = ann_there.press("sessions", session_id=ann_there.session_id)

    assert answer.status_code == 200
    assert b"<h1>You are signed out</h1>" in answer.body
    assert SESSION not in ann_there.browser.cookies
    assert not is_in(Visitor(Browser(app, cookies=held)))


@pytest.mark.security(19, 27)
def test_a_device_is_ended_and_its_browser_stays_signed_in(api, ann_there, ann, stay, works):
    token, other = stay(ann_there, device="Telephone"), stay(ann_there, device="Laptop")
    page = ann_there.page()
    telephone = re.search(r'App on Telephone.*?name="device_id" value="([^"]+)"', page, re.DOTALL)[1]

    after = ann_there.follow(ann_there.press("devices", device_id=telephone))

    assert "The access is ended." in after
    assert (works(token), works(other)) == (False, True)
    assert ids(after, "session_id") == [ann_there.session_id]
    assert [event["type"] for event in api.get(f"/api/v2/users/{ann}/logs").json[:2]] == ["sertft", "srrt"]


@pytest.mark.parametrize("name", ["sessions", "devices"])
def test_what_is_gone_already_or_never_was_is_no_error_and_no_event(api, enter, ann, stay, name):
    here, there = enter(), enter()
    stay(there)
    gone = {"session_id": there.session_id, "device_id": ids(here.page(), "device_id")[0], "confirmed": "yes"}
    here.press(name, **gone)
    events = len(api.get(f"/api/v2/users/{ann}/logs").json)

    again = [here.press(name, **sent) for sent in (gone, {"session_id": "x", "device_id": "é" * 100}, {})]

    assert [answer.status_code for answer in again] == [303] * 3
    assert len(api.get(f"/api/v2/users/{ann}/logs").json) == events


@pytest.fixture
def bob(api):
    body = {"connection": DEFAULT_CONNECTION, "email": "bob@example.com", "password": PASSWORD}
    return api.post("/api/v2/users", body).json["user_id"]


@pytest.mark.security(19, 34)
def test_nobody_ends_what_is_another_users(enter, ann, bob, stay, works):
    hers, his = enter(), enter(email="bob@example.com")
    token = stay(his)
    his_device = ids(his.page(), "device_id")[0]

    hers.press("sessions", session_id=his.session_id, confirmed="yes")
    hers.press("devices", device_id=his_device)
    hers.press("others")

    assert is_in(his)
    assert works(token)


@pytest.mark.security(20)
@pytest.mark.parametrize("name", ["sessions", "devices", "others", "password"])
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_presses_no_button(ann_there, contents, name, headers):
    form = {"state": state_of(ann_there.see()), "session_id": ann_there.session_id, "current_password": PASSWORD}
    before = contents.read()

    answer = ann_there.browser.post(f"/u/account/{name}", {**form, "password": NEW, "password_again": NEW}, **headers)

    assert answer.status_code == 403
    assert contents.read() == before


@pytest.mark.security(20)
@pytest.mark.parametrize("name", ["sessions", "devices", "others", "password"])
def test_a_form_without_the_pages_own_state_changes_nothing(enter, ann, contents, name):
    here, there = enter(), enter()
    form = {"session_id": here.session_id, "current_password": PASSWORD, "password": NEW, "password_again": NEW}
    states = ["", "nonsense", state_of(there.see())]
    before = contents.read()

    answers = [here.browser.post(f"/u/account/{name}", {**form, "state": state}) for state in states]

    assert all("This page was old" in here.follow(answer) for answer in answers)
    assert contents.read() == before


def test_a_page_that_was_left_open_for_a_day_is_old(ann_there, clock):
    form = {"state": state_of(ann_there.see()), "session_id": ann_there.session_id}
    clock.advance(hours=24)

    answer = ann_there.browser.post("/u/account/sessions", form)

    assert "This page was old" in ann_there.follow(answer)


@pytest.mark.parametrize("name", ["sessions", "devices", "others", "password"])
def test_whoever_is_signed_out_meanwhile_is_asked_to_sign_in(api, ann_there, ann, name):
    form = {"state": state_of(ann_there.see()), "current_password": PASSWORD, "password": NEW, "password_again": NEW}
    api.delete(f"/api/v2/users/{ann}/sessions")

    answer = ann_there.browser.post(f"/u/account/{name}", form)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/u/account")
    assert ann_there.see().headers["Location"].startswith("/u/login?")


# Signing out everywhere else


@pytest.mark.security(18, 19)
def test_everything_else_ends_at_once_after_asking_and_this_browser_stays(core, enter, ann, stay, works):
    here, there = enter(), enter()
    tokens = [stay(here, device="Laptop"), stay(there, device="Telephone")]
    asked = here.page("/u/account/others")

    page = here.follow(here.press("others"))

    assert "Sign out everywhere else?" in asked
    assert all(name in asked for name in ("App on Laptop", "App on Telephone", "Unknown browser"))
    assert "You are signed out everywhere else." in page
    assert (is_in(here), is_in(there)) == (True, False)
    assert [works(token) for token in tokens] == [False, False]


@pytest.mark.security(15)
def test_this_browser_goes_on_under_another_id_and_secret_to_the_same_end(app, enter, ann, clock):
    here, _ = enter(), enter()
    held = dict(here.browser.cookies)
    clock.advance(hours=70)

    here.press("others")

    assert here.session_id != held[SESSION].split(".")[1]
    assert here.browser.cookies[SESSION].split(".")[2] != held[SESSION].split(".")[2]
    assert not is_in(Visitor(Browser(app, cookies=held)))
    assert here.browser.set_cookies[0].endswith(f"Max-Age={(168 - 70) * 3600}")


def test_a_browser_that_was_renewed_still_lets_applications_in(spa, enter, ann):
    here, _ = enter(), enter()

    here.press("others")

    assert "code" in answer_of(here.see(spa.address(prompt="none")))


def test_who_is_signed_in_nowhere_else_is_not_asked(ann_there):
    assert "/u/account/others" not in ann_there.page()
    assert ann_there.see("/u/account/others").headers["Location"] == "/u/account"


def test_what_is_left_of_the_others_is_swept(core, enter, ann):
    here, _ = enter(), enter()
    here.press("others")

    core.sweep.run()

    assert [session.id for session in core.sessions.store.walk_for_user("main", ann)] == [here.session_id]


def test_public_keys_stay_when_everything_else_ends(api, ann_there, ann):
    key = {"device_name": "Laptop", "type": "public_key", "value": "k", "device_id": "1"}
    api.post("/api/v2/device-credentials", key, token=api.token("create:current_user_device_credentials", subject=ann))

    ann_there.press("others")

    assert "on Laptop" in ann_there.page()


# Changing the password


@pytest.mark.security(9)
def test_a_password_is_changed_with_the_current_one(app, spa, ann_there):
    page = ann_there.follow(ann_there.change())

    assert "Your password is changed." in page
    assert (knocks(app, spa, PASSWORD), knocks(app, spa, NEW)) == (403, 303)


@pytest.mark.security(9)
def test_to_end_all_other_sessions_is_offered_and_ticked(ann_there):
    box = re.search(r'<input type="checkbox"[^>]*>', ann_there.page())[0]

    assert 'name="end_sessions"' in box
    assert box.endswith(" checked>")


@pytest.mark.security(9, 18)
@pytest.mark.parametrize(("tick", "kept"), [("yes", False), ("", True)])
def test_other_sessions_end_with_the_old_password_if_one_wants(enter, ann, stay, works, tick, kept):
    here, there = enter(), enter()
    token = stay(there)

    here.change(end_sessions=tick)

    assert is_in(here)
    assert (is_in(there), works(token)) == (kept, kept)


@pytest.mark.security(9, 15)
@pytest.mark.parametrize("tick", ["yes", ""])
def test_this_browser_stays_signed_in_under_another_id_and_secret(app, ann_there, tick):
    held = dict(ann_there.browser.cookies)

    ann_there.change(end_sessions=tick)

    assert is_in(ann_there)
    assert ann_there.session_id != held[SESSION].split(".")[1]
    assert not is_in(Visitor(Browser(app, cookies=held)))


@pytest.mark.security(14)
def test_a_changed_password_is_told_by_mail_and_is_in_the_history(api, ann_there, ann, mailbox):
    ann_there.change()

    (told,) = mailbox.to(EMAIL)
    user, event = api.get(f"/api/v2/users/{ann}").json, api.get(f"/api/v2/users/{ann}/logs").json[0]
    assert told.subject == "Your password for main was changed"
    assert (event["type"], event["connection"]) == ("scp", DEFAULT_CONNECTION)
    assert user["last_password_reset"] == "2026-03-01T12:00:00.000Z"


@pytest.mark.security(9)
def test_a_wrong_current_password_changes_nothing_and_is_in_the_history(app, api, spa, ann_there, ann):
    refused = ann_there.change("wrong")

    event = api.get(f"/api/v2/users/{ann}/logs").json[0]
    assert refused.status_code == 403
    assert b"This is not your current password." in refused.body
    assert event["type"] == "fcp"
    assert knocks(app, spa, PASSWORD) == 303


@pytest.mark.security(8, 9)
def test_wrong_current_passwords_count_with_those_at_the_door(app, spa, ann_there, mailbox):
    doors = [knocks(app, spa, "wrong") for _ in range(5)]
    pages = [ann_there.change("wrong").status_code for _ in range(5)]

    refused = ann_there.change()

    assert doors + pages == [403] * 10
    assert refused.status_code == 429
    assert b"Too many attempts." in refused.body
    assert knocks(app, spa, PASSWORD) == 429
    assert [mail.subject for mail in mailbox.to(EMAIL)] == ["Too many attempts to sign in to main"]


@pytest.mark.security(8)
def test_a_right_current_password_forgets_the_failures(app, spa, ann_there):
    for _ in range(9):
        ann_there.change("wrong")

    ann_there.change()

    assert [ann_there.change("wrong").status_code for _ in range(9)] == [403] * 9
    assert knocks(app, spa, NEW) == 303


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"current": "", "password": NEW}, "Enter your current password."),
        ({"password": "", "again": "x"}, "Enter a password."),
        ({"password": NEW, "again": f"{NEW}?"}, "The two passwords are not the same."),
        ({"password": "short"}, "This password is too weak."),
        ({"password": "Password1"}, "This password is too common"),
    ],
)
def test_a_password_that_will_not_do_is_said_beside_its_field_and_is_no_failed_attempt(
    app, spa, api, ann_there, ann, typed, said
):
    refused = [ann_there.change(**typed) for _ in range(10)][-1]

    page = unescape(refused.body.decode())
    assert refused.status_code == 400
    assert said in page
    assert re.search(r"<details[^>]* open>", page)
    assert knocks(app, spa, PASSWORD) == 303


def test_the_page_says_which_rules_a_password_breaks(ann_there):
    page = ann_there.change(password="lower").body.decode()

    states = dict(re.findall(r'data-rule="(\w+)" data-count="\d+" data-state="(\w+)"', page))

    assert (states["lengthAtLeast"], states["lowerCase"], states["numbers"]) == ("unmet", "met", "unmet")
    assert not re.search(r'<input type="password"[^>]*value=', page)


def test_an_earlier_password_is_refused_where_the_connection_remembers(api, ann_there):
    connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
    options = {**connection["options"], "password_history": {"enable": True, "size": 3}}
    api.patch(f"/api/v2/connections/{connection['id']}", {"options": options})

    refused = ann_there.change(password=PASSWORD)

    assert refused.status_code == 400
    assert b"You have used this password before." in refused.body


def test_a_choice_that_was_unticked_stays_so_when_something_is_wrong(ann_there):
    page = ann_there.change(password="short", end_sessions="").body.decode()

    assert "checked" not in re.search(r'<input type="checkbox"[^>]*>', page)[0]


def test_a_change_that_is_sent_twice_is_one_change(api, ann_there, ann):
    state = state_of(ann_there.see())
    form = {"state": state, "current_password": PASSWORD, "password": NEW, "password_again": NEW}

    first, second = (ann_there.browser.post("/u/account/password", form) for _ in range(2))

    assert "Your password is changed." in ann_there.follow(first)
    assert "This page was old" in ann_there.follow(second)
    assert [event["type"] for event in api.get(f"/api/v2/users/{ann}/logs").json].count("scp") == 1


@pytest.fixture
def carol_there(app, api, core):
    """Somebody without a password, in a session as an identity provider's sign-in will leave it."""
    social = {"name": "sms", "strategy": "sms", "enabled_clients": ["any"]}
    api.post("/api/v2/connections", social)
    user_id = api.post("/api/v2/users", {"connection": "sms", "phone_number": "+3212345678"}).json["user_id"]
    user, connection = core.users.store.find("main", user_id), core.connections.named("main", "sms")
    proven = Authenticated(user=user, connection=connection)
    _, handle = core.account_sign_in.finish(Caller(tenant="main"), proven, Cookies())
    return Visitor(Browser(app, cookies={SESSION: str(handle)}))


def test_whoever_has_no_password_is_shown_no_form_for_one(carol_there):
    page, posted = carol_there.page(), carol_there.change()

    assert "Signed in as +3212345678" in page
    assert "current_password" not in page
    assert posted.status_code == 400


# Recent activity


def test_the_page_tells_the_users_own_history_in_words(app, spa, ann_there, bob):
    sign_in(Browser(app), spa, password="wrong")
    sign_in(Browser(app), spa, email="bob@example.com", password="wrong")

    activity = ann_there.page().partition('id="activity"')[2]

    assert re.findall(r'<p class="what">([^<]+)</p>', activity)[:2] == [
        "Somebody typed a wrong password at App.",
        "You signed in to App.",
    ]


def test_what_an_administrator_did_is_told_without_their_place(api, ann_there, ann):
    api.patch(f"/api/v2/users/{ann}", {"nickname": "annie"})

    newest = ann_there.page().partition('id="activity"')[2].partition("</li>")[0]

    assert "Your account was changed by those who run it." in newest
    assert newest.count('<p class="quiet">') == 2


def test_older_activity_is_a_link_away_until_two_days_are_told(core, api, ann_there, ann):
    for n in range(ACTIVITY * 2):
        api.patch(f"/api/v2/users/{ann}", {"nickname": f"annie{n}"})
    pages, address = [], "/u/account"
    while address:
        pages.append(ann_there.page(address).partition('id="activity"')[2])
        older = re.search(r'href="(/u/account\?older=[^"]+)#activity"', pages[-1])
        address = older[1] if older else ""

    told = [page.count('<p class="what">') for page in pages]

    assert told == [ACTIVITY, ACTIVITY, len(api.get(f"/api/v2/users/{ann}/logs", query={"per_page": 100}).json) - 40]
    assert 'href="/u/account#activity"' in pages[1]
    assert 'href="/u/account#activity"' not in pages[0]


def test_exactly_one_page_of_activity_has_no_older_one(api, ann_there, ann):
    events = len(api.get(f"/api/v2/users/{ann}/logs").json)
    for n in range(ACTIVITY - events):
        api.patch(f"/api/v2/users/{ann}", {"nickname": f"annie{n}"})

    assert "/u/account?older=" not in ann_there.page()


def test_what_is_older_than_two_days_is_not_told(app, spa, enter, ann, clock):
    enter()
    clock.advance(days=2)

    activity = enter().page().partition('id="activity"')[2]

    assert activity.count("You signed in to App.") == 1


@pytest.mark.parametrize("older", ["x", "0" * 38, "'; --", "1772366400000%0A"])
def test_what_is_no_place_in_the_history_is_refused(ann_there, older):
    assert ann_there.see(f"/u/account?older={older}").status_code == 400


def test_no_link_makes_the_page_say_that_something_was_done(acme, ann_there, clock):
    done = ann_there.press("devices", device_id="x").headers["Location"]
    told = "The access is ended." in ann_there.page(done)
    made_up = [ann_there.page(f"/u/account?done={text}") for text in ("notice.account_password", "x.y", "")]
    clock.advance(minutes=1)

    assert told
    assert not any('role="status"' in page for page in made_up)
    assert 'role="status"' not in ann_there.page(done)


@pytest.mark.security(40)
def test_no_password_or_handle_of_the_page_is_in_the_history(ann_there, contents, caplog):
    ann_there.change("wrong canary 1")
    ann_there.change()
    secrets = [PASSWORD, NEW, "wrong canary 1", ann_there.browser.cookies[SESSION].split(".")[2]]

    history = json.dumps([item for item in contents.read() if item["sk"]["S"].startswith("LOG#")]) + caplog.text

    assert "LOG#" in history
    assert [secret for secret in secrets if secret in history] == []
