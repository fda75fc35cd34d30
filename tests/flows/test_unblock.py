"""Too many failed attempts: the mail that tells of it, and the link that lets somebody in again."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, Browser

REALM = "http://auth0.com/oauth/grant-type/password-realm"


@pytest.fixture
def attempt(app, register):
    """Try to sign in by name and password from an address."""
    application = register(app_type="regular_web", grant_types=[REALM])

    def post(password=PASSWORD, username=EMAIL, ip="203.0.113.7"):
        proof = {"client_id": application.client.client_id, "client_secret": application.secret}
        form = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": username, "password": password}
        return Browser(app, ip=ip).post("/oauth/token", {**proof, **form}).status_code

    return post


@pytest.fixture
def fail(attempt):
    """Fail a number of times."""

    def times(count, **known):
        assert [attempt("wrong", **known) for _ in range(count)] == [403] * count

    return times


@pytest.fixture
def link(fail, mailbox, ann):
    """The link that Ann got when she was refused."""
    fail(10)
    (mail,) = mailbox.to(EMAIL)
    return mail.link


def press(app, link):
    return Browser(app).post(link, {})


def test_the_tenth_failure_is_told_by_mail_and_none_before(fail, mailbox, ann):
    fail(9)
    before = mailbox.mails

    fail(1)

    (mail,) = mailbox.mails
    assert before == []
    assert (mail.to, mail.subject) == (EMAIL, "Too many attempts to sign in to main")
    assert "203.0.113.7" in mail.html


def test_the_button_behind_the_link_lets_somebody_in_again(app, attempt, link):
    refused, page = attempt(), Browser(app).get(link)

    answer = press(app, link)

    assert b"<h1>Unblock your account</h1>" in page.body
    assert b"<h1>Your account is open again</h1>" in answer.body
    assert (refused, attempt()) == (429, 200)


@pytest.mark.security(20, 41)
def test_opening_the_link_changes_nothing(app, attempt, link, contents):
    before = contents.read()

    assert [Browser(app).get(link).status_code for _ in range(3)] == [200] * 3
    assert contents.read() == before
    assert attempt() == 429


@pytest.mark.security(11)
def test_a_link_works_once(app, fail, attempt, link):
    press(app, link)
    fail(10)

    assert press(app, link).status_code == 410
    assert attempt() == 429


@pytest.mark.security(11)
def test_a_link_is_good_for_as_long_as_the_block(app, link, clock):
    clock.advance(hours=24, seconds=-1)
    good = Browser(app).get(link).status_code
    clock.advance(seconds=1)

    assert (good, press(app, link).status_code) == (200, 410)


def test_one_block_is_told_once_and_the_next_again(app, fail, attempt, link, mailbox):
    attempts = [attempt() for _ in range(5)]
    told = len(mailbox.to(EMAIL))
    press(app, link)

    fail(10)

    assert (attempts, told) == ([429] * 5, 1)
    assert len(mailbox.to(EMAIL)) == 2


def test_a_block_of_another_address_is_another_block_and_one_link_lifts_both(app, fail, attempt, link, mailbox):
    fail(10, ip="198.51.100.9")

    newest = mailbox.to(EMAIL)[-1].link

    assert len(mailbox.to(EMAIL)) == 2
    assert (press(app, link).status_code, press(app, newest).status_code) == (410, 200)
    assert [attempt(ip=ip) for ip in ("203.0.113.7", "198.51.100.9")] == [200, 200]


@pytest.mark.security(8)
def test_a_block_from_everywhere_is_told_too(fail, attempt, mailbox, ann):
    for n in range(20):
        fail(5, ip=f"198.51.100.{n}")

    (mail,) = mailbox.to(EMAIL)

    assert mail.subject == "Too many attempts to sign in to main"
    assert attempt(ip="192.0.2.1") == 429


@pytest.mark.security(12)
def test_the_link_does_not_let_a_blocked_user_in(app, api, ann, attempt, link):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})

    assert press(app, link).status_code == 200
    assert attempt() == 403
    assert api.get(f"/api/v2/users/{ann}").json["blocked"] is True


@pytest.mark.security(7)
def test_a_name_that_nobody_has_is_told_to_nobody(fail, attempt, mailbox, ann):
    fail(10, username="nobody@example.com")

    assert mailbox.mails == []
    assert attempt(username="nobody@example.com") == 429


@pytest.mark.security(7)
@pytest.mark.parametrize("username", [EMAIL, "nobody@example.com"])
def test_whoever_has_the_name_dynamodb_is_asked_for_the_same(fail, calls, ann, username):
    fail(9, username=username)
    calls.clear()

    fail(1, username=username)

    assert calls == [("BatchGetItem", 4), ("GetItem", 1), ("TransactWriteItems", 4), ("TransactWriteItems", 3)]


def test_the_history_says_who_was_refused_and_let_in_again(app, api, ann, attempt, link):
    attempt()
    press(app, link)

    events = api.get(f"/api/v2/users/{ann}/logs").json[:3]

    assert [event["type"] for event in events] == ["ublkdu", "limit_wc", "limit_wc"]
    assert {event["user_id"] for event in events} == {ann}


def test_a_name_that_nobody_has_is_in_the_history_of_the_tenant(api, fail, ann):
    fail(10, username="nobody@example.com")

    newest = api.get("/api/v2/logs").json[0]

    assert (newest["type"], newest.get("user_id"), newest["user_name"]) == ("limit_wc", None, "nobody@example.com")


@pytest.mark.security(41)
def test_a_used_link_tells_nothing_of_whose_it_was(app, link):
    press(app, link)

    assert Browser(app).get(link).body == Browser(app).get("/u/unblock?ticket=x").body


def test_a_link_to_an_address_that_changed_unblocks_nobody(app, api, ann, link):
    api.patch(f"/api/v2/users/{ann}", {"email": "ann2@example.com", "connection": DEFAULT_CONNECTION})

    assert press(app, link).status_code == 410


def test_without_protection_of_names_ten_failures_are_no_block(api, fail, attempt, mailbox, ann):
    connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
    options = {**connection["options"], "brute_force_protection": False}
    api.patch(f"/api/v2/connections/{connection['id']}", {"options": options})

    fail(11)

    assert attempt() == 200
    assert mailbox.mails == []


@pytest.mark.security(40)
def test_no_link_is_in_the_history(api, link):
    secret = link.rpartition(".")[2]

    assert secret not in json.dumps(api.get("/api/v2/logs").json)
