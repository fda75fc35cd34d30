"""Changing the password on the account page, with the current one."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.oauth.authorize import Browser as Cookies
from chalicelib.core.sign_ins import Authenticated
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import CHANGE, EMAIL, NEW_PASSWORD, PASSWORD, SESSION, Browser, Visitor, sign_in, state_of


def knocks(app, spa, password) -> int:
    """Try to sign in to the application, and give what came of it."""
    return sign_in(Browser(app), spa, password=password).status_code


@pytest.mark.security(9)
def test_a_password_is_changed_with_the_current_one(app, spa, ann_there):
    page = ann_there.follow(ann_there.change())

    assert "Your password is changed." in page
    assert (knocks(app, spa, PASSWORD), knocks(app, spa, NEW_PASSWORD)) == (403, 303)


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

    assert here.is_in
    assert (there.is_in, works(token)) == (kept, kept)


@pytest.mark.security(9, 15)
@pytest.mark.parametrize("tick", ["yes", ""])
def test_this_browser_stays_signed_in_under_another_id_and_secret(app, ann_there, tick):
    held = dict(ann_there.browser.cookies)

    ann_there.change(end_sessions=tick)

    assert ann_there.is_in
    assert ann_there.session_id != held[SESSION].split(".")[1]
    assert not Visitor(Browser(app, cookies=held)).is_in


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
    refused = ann_there.change(current_password="wrong")

    event = api.get(f"/api/v2/users/{ann}/logs").json[0]
    assert refused.status_code == 403
    assert b"This is not your current password." in refused.body
    assert event["type"] == "fcp"
    assert knocks(app, spa, PASSWORD) == 303


@pytest.mark.security(8, 9)
def test_wrong_current_passwords_count_with_those_at_the_door(app, spa, ann_there, mailbox):
    doors = [knocks(app, spa, "wrong") for _ in range(5)]
    pages = [ann_there.change(current_password="wrong").status_code for _ in range(5)]

    refused = ann_there.change()

    assert doors + pages == [403] * 10
    assert refused.status_code == 429
    assert b"Too many attempts." in refused.body
    assert knocks(app, spa, PASSWORD) == 429
    assert [mail.subject for mail in mailbox.to(EMAIL)] == ["Too many attempts to sign in to main"]


@pytest.mark.security(8)
def test_a_right_current_password_forgets_the_failures(app, spa, ann_there):
    for _ in range(9):
        ann_there.change(current_password="wrong")

    ann_there.change()

    assert [ann_there.change(current_password="wrong").status_code for _ in range(9)] == [403] * 9
    assert knocks(app, spa, NEW_PASSWORD) == 303


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"current_password": ""}, "Enter your current password."),
        ({"password": ""}, "Enter a password."),
        ({"password_again": f"{NEW_PASSWORD}?"}, "The two passwords are not the same."),
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
    form = {"state": state, **CHANGE}

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


@pytest.mark.security(40)
def test_no_password_or_handle_of_the_page_is_in_the_history(ann_there, contents, caplog):
    ann_there.change(current_password="wrong canary 1")
    ann_there.change()
    secrets = [PASSWORD, NEW_PASSWORD, "wrong canary 1", ann_there.browser.cookies[SESSION].split(".")[2]]

    history = json.dumps([item for item in contents.read() if item["sk"]["S"].startswith("LOG#")]) + caplog.text

    assert "LOG#" in history
    assert [secret for secret in secrets if secret in history] == []
