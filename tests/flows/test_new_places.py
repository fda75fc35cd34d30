"""Signing in from a new place: who is told of it by mail, when, and what is remembered (S14)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.new_places import KEPT_FOR, MAX_PLACES
from chalicelib.core.oauth.authorize import Browser as OfCore
from chalicelib.core.oauth.errors import UserBlocked
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, Browser, answer_of, shown_by, sign_in, state_of

BELGIUM, KOREA = "193.190.198.27", "168.126.63.1"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Mobile Safari/604.1"
REALM = "http://auth0.com/oauth/grant-type/password-realm"
SETTINGS = "/api/v2/tenants/settings"


@pytest.fixture
def bea(api):
    """A user whose address is proven."""
    body = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "password": PASSWORD, "email_verified": True}
    return api.post("/api/v2/users", body).json["user_id"]


@pytest.fixture
def enter(app, spa):
    """Sign in on the page, from an address with a browser."""

    def go(ip: str = BELGIUM, agent: str = FIREFOX) -> Any:
        answer = sign_in(Browser(app, ip=ip, agent=agent), spa)
        assert answer.status_code == 303, answer.body
        return answer

    return go


@pytest.fixture
def told(mailbox):
    """Count the mails about new places, those that wait included."""
    return lambda: sum(mail.subject == "New sign-in to main" for mail in mailbox.to(EMAIL))


@pytest.mark.security(14)
def test_a_sign_in_from_another_country_is_told_by_mail(enter, mailbox, bea):
    enter()
    enter(KOREA)

    (mail,) = mailbox.to(EMAIL)
    assert mail.subject == "New sign-in to main"
    assert all(fact in mail.html for fact in ("South Korea", KOREA, "2026-03-01 12:00 UTC", "Firefox, Linux"))


@pytest.mark.security(14)
def test_a_sign_in_with_another_kind_of_device_is_told_by_mail(enter, mailbox, bea):
    enter()
    enter(agent=SAFARI)

    (mail,) = mailbox.to(EMAIL)
    assert "Safari, iPhone" in mail.html


@pytest.mark.security(14)
def test_a_sign_in_by_the_password_grant_is_told_too(app, register, enter, told, bea):
    enter()
    client = register(grant_types=[REALM]).client

    form = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "client_id": client.client_id, "username": EMAIL}
    answer = Browser(app, ip=KOREA, agent=FIREFOX).post("/oauth/token", {**form, "password": PASSWORD})

    assert (answer.status_code, told()) == (200, 1)


def test_the_first_sign_in_is_from_nowhere_new(enter, mailbox, bea):
    enter()

    assert mailbox.mails == []


def test_a_place_is_told_of_once(enter, told, clock, bea):
    enter()
    counts = []
    for _ in range(3):
        enter(KOREA)
        counts.append(told())
        clock.advance(hours=23)
        enter()

    assert counts == [1, 1, 1]


def test_another_address_in_the_same_country_and_a_newer_browser_are_no_new_place(enter, told, bea):
    enter()
    enter("193.190.198.28", FIREFOX.replace("140", "141"))

    assert told() == 0


def test_silent_sign_ins_and_refreshes_from_elsewhere_are_not_told(app, register, told, bea):
    application = register(grant_types=["authorization_code", "refresh_token"])
    browser = Browser(app, ip=BELGIUM, agent=FIREFOX)
    code = answer_of(sign_in(browser, application, scope="openid offline_access"))["code"]
    refresh_token = json.loads(application.exchange(code).body)["refresh_token"]

    browser.ip, browser.agent = KOREA, SAFARI
    silent = browser.get(application.address(prompt="none"))
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": application.client.client_id}
    refreshed = browser.post("/oauth/token", form)

    assert ("code" in answer_of(silent), refreshed.status_code) == (True, 200)
    assert told() == 0


def test_a_blocked_user_who_knows_the_password_is_not_told_and_the_place_stays_new(api, app, spa, enter, told, bea):
    enter()
    api.patch(f"/api/v2/users/{bea}", {"blocked": True})
    refused = sign_in(Browser(app, ip=KOREA, agent=FIREFOX), spa)
    before = told()

    api.patch(f"/api/v2/users/{bea}", {"blocked": False})
    enter(KOREA)

    assert (refused.status_code, before, told()) == (403, 0, 1)


# What is remembered


def systems(count: int) -> list[str]:
    """User agents of as many kinds of devices."""
    browsers = ("Edg/", "OPR/", "SamsungBrowser/", "Firefox/", "Chrome/", "Safari/")
    names = ("iPhone", "iPad", "Android", "Windows", "CrOS", "Macintosh", "Linux")
    return [f"{browser} ({name})" for browser in browsers for name in names][:count]


@pytest.mark.security(43)
@pytest.mark.parametrize(("others", "letters"), [(MAX_PLACES - 1, 0), (MAX_PLACES, 1)])
def test_the_last_twenty_places_are_remembered(enter, told, bea, others, letters):
    enter(agent="")
    for agent in systems(others):
        enter(agent=agent)
    before = told()

    enter(agent="")

    assert told() - before == letters


@pytest.mark.security(43)
@pytest.mark.parametrize(("days", "letters"), [(KEPT_FOR.days - 1, 0), (KEPT_FOR.days, 1)])
def test_a_place_is_forgotten_180_days_after_the_last_sign_in_from_there(enter, told, clock, bea, days, letters):
    enter()
    clock.advance(days=100)
    enter()
    clock.advance(days=days)

    enter()

    assert told() == letters


def test_places_are_neither_shown_nor_patched(api, enter, contents, bea):
    enter()

    shown = api.get(f"/api/v2/users/{bea}")
    patched = api.patch(f"/api/v2/users/{bea}", {"places": []})

    assert any("places" in item for item in contents.read())
    assert "places" not in shown.text
    assert patched.status == 400


def test_changing_a_profile_leaves_its_places_alone(api, enter, told, bea):
    enter()
    enter(KOREA)

    api.patch(f"/api/v2/users/{bea}", {"user_metadata": {"a": "b"}, "name": "Bea"})
    enter()
    enter(KOREA)

    assert told() == 1


# Who is told


def test_nobody_is_told_at_an_address_that_is_not_verified_and_the_place_is_known_afterwards(
    api, enter, mailbox, told, ann
):
    enter()
    enter(KOREA)
    before = told()

    api.patch(f"/api/v2/users/{ann}", {"email_verified": True})
    enter(KOREA)

    assert (before, told()) == (0, 0)


def test_a_tenant_can_turn_it_off_and_on_again(api, enter, told, bea):
    api.patch(SETTINGS, {"tell_of_new_places": False})
    enter()
    enter(KOREA)
    off = told()

    api.patch(SETTINGS, {"tell_of_new_places": None})
    enter(agent=SAFARI)

    assert (off, told()) == (0, 1)


def test_a_tenant_tells_unless_it_says_otherwise(api):
    assert api.get(SETTINGS).json["tell_of_new_places"] is True


# What the mail leads to


def test_its_link_changes_the_password_and_ends_every_session(app, spa, enter, mailbox, bea):
    enter()
    intruder = Browser(app, ip=KOREA, agent=SAFARI)
    sign_in(intruder, spa)
    new = {"password": "another Horse battery 2", "password_again": "another Horse battery 2", "end_sessions": "yes"}

    changed = Browser(app).post(mailbox.to(EMAIL)[-1].link, new)

    assert changed.status_code == 200
    assert answer_of(intruder.get(spa.address(prompt="none")))["error"] == "login_required"
    assert sign_in(Browser(app), spa).status_code == 403


def test_its_link_is_good_for_24_hours(app, enter, mailbox, clock, bea):
    enter()
    enter(KOREA)
    link = mailbox.to(EMAIL)[-1].link

    shown = []
    for seconds in (24 * 3600 - 1, 1):
        clock.advance(seconds=seconds)
        shown.append(Browser(app).get(link).status_code)

    assert shown == [200, 410]


def test_there_is_no_link_where_nobody_changes_a_password_by_themselves(api, enter, mailbox, bea):
    connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
    options = {**connection["options"], "disable_self_service_change_password": True}
    api.patch(f"/api/v2/connections/{connection['id']}", {"options": options})
    enter()

    enter(KOREA)

    (mail,) = mailbox.to(EMAIL)
    assert mail.subject == "New sign-in to main"
    assert "href" not in mail.html
    assert "tell the people of main at once" in mail.html


def test_the_mail_is_in_the_language_the_user_chose(api, enter, mailbox, bea):
    api.patch(f"/api/v2/users/{bea}", {"user_metadata": {"lang": "de"}})
    enter()

    enter(KOREA)

    assert mailbox.to(EMAIL)[-1].subject == "Neue Anmeldung bei main"


# When it goes


@pytest.mark.security(14)
def test_whoever_is_blocked_before_the_sign_in_is_written_is_not_told_of_it(core, api, spa, enter, told, bea):
    enter()
    caller, browser = Caller(tenant="main", user_agent=SAFARI), OfCore(flow="flow")
    asked = parse_qs(urlsplit(spa.address()).query)
    under_way = core.authorize.under_way(caller, core.authorize.begin(caller, asked, browser).state, browser)
    connection = core.authorize.connection_for(caller, under_way)
    proven = core.sign_ins.with_password(caller, spa.client, connection, EMAIL, PASSWORD)

    api.patch(f"/api/v2/users/{bea}", {"blocked": True})
    with pytest.raises(UserBlocked):
        core.authorize.finish(caller, under_way, proven, browser)

    assert told() == 0


def test_telling_of_a_new_place_costs_no_further_round_trip(app, spa, enter, told, calls, bea):
    enter()
    browser = Browser(app, ip=KOREA, agent=FIREFOX)
    form = {"state": state_of(shown_by(browser, spa)), "username": EMAIL, "password": PASSWORD}
    calls.clear()

    browser.post("/u/login", form)

    assert [name for name, _ in calls] == ["BatchGetItem", "GetItem", "TransactWriteItems"]
    assert told() == 1
