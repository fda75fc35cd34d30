"""The account page: what somebody sees of their own account there, and what they end."""

from __future__ import annotations

import re

import pytest

from chalicelib.core.account_page import ACTIVITY, SHOWN
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import CHANGE, EMAIL, PASSWORD, SESSION, Browser, Visitor, answer_of, sign_in, state_of

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1"


@pytest.fixture
def bob(api):
    body = {"connection": DEFAULT_CONNECTION, "email": "bob@example.com", "password": PASSWORD}
    return api.post("/api/v2/users", body).json["user_id"]


def ids(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', page)


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
    assert (here.is_in, there.is_in) == (True, False)
    assert api.get(f"/api/v2/users/{ann}/logs").json[0]["type"] == "slo"


@pytest.mark.security(19)
def test_what_stays_signed_in_through_a_browser_ends_with_it_after_asking(enter, ann, stay, works):
    here, there = enter(), enter()
    token, other = stay(there, device="Telephone"), stay(here)

    asked = here.press("sessions", session_id=there.session_id)
    kept = there.is_in
    here.press("sessions", session_id=there.session_id, confirmed="yes")

    assert asked.status_code == 200
    assert b"<h1>Sign this browser out?</h1>" in asked.body
    assert b"App on Telephone" in asked.body
    assert kept
    assert (there.is_in, works(token), works(other)) == (False, False, True)


def test_the_question_leads_on_to_what_was_asked_for(enter, ann, stay):
    here, there = enter(), enter()
    stay(there)
    asked = here.press("sessions", session_id=there.session_id).body.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked))

    action = re.search(r'<form method="post" action="([^"]+)"', asked)[1]
    here.browser.post(action, {**fields, "confirmed": "yes"})

    assert not there.is_in


def test_signing_this_browser_out_says_so_and_drops_the_cookie(app, ann_there):
    held = dict(ann_there.browser.cookies)

    answer = ann_there.press("sessions", session_id=ann_there.session_id)

    assert answer.status_code == 200
    assert b"<h1>You are signed out</h1>" in answer.body
    assert SESSION not in ann_there.browser.cookies
    assert not Visitor(Browser(app, cookies=held)).is_in


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


@pytest.mark.security(19, 34)
def test_nobody_ends_what_is_another_users(enter, ann, bob, stay, works):
    hers, his = enter(), enter(email="bob@example.com")
    token = stay(his)
    his_device = ids(his.page(), "device_id")[0]

    hers.press("sessions", session_id=his.session_id, confirmed="yes")
    hers.press("devices", device_id=his_device)
    hers.press("others")

    assert his.is_in
    assert works(token)


@pytest.mark.security(20)
@pytest.mark.parametrize("name", ["sessions", "devices", "others", "password"])
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_presses_no_button(ann_there, contents, name, headers):
    form = {"state": state_of(ann_there.see()), "session_id": ann_there.session_id, **CHANGE}
    before = contents.read()

    answer = ann_there.browser.post(f"/u/account/{name}", form, **headers)

    assert answer.status_code == 403
    assert contents.read() == before


@pytest.mark.security(20)
@pytest.mark.parametrize("name", ["sessions", "devices", "others", "password"])
def test_a_form_without_the_pages_own_state_changes_nothing(enter, ann, contents, name):
    here, there = enter(), enter()
    form = {"session_id": here.session_id, **CHANGE}
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
    form = {"state": state_of(ann_there.see()), **CHANGE}
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
    assert (here.is_in, there.is_in) == (True, False)
    assert [works(token) for token in tokens] == [False, False]


@pytest.mark.security(15)
def test_this_browser_goes_on_under_another_id_and_secret_to_the_same_end(app, enter, ann, clock):
    here, _ = enter(), enter()
    held = dict(here.browser.cookies)
    clock.advance(hours=70)

    here.press("others")

    assert here.session_id != held[SESSION].split(".")[1]
    assert here.browser.cookies[SESSION].split(".")[2] != held[SESSION].split(".")[2]
    assert not Visitor(Browser(app, cookies=held)).is_in
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
