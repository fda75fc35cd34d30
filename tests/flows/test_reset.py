"""Resetting a forgotten password: the request, which tells nothing, and the link, which works once."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, Browser, answer_of, shown_by, sign_in, state_of

NEW = "another Horse battery 2"
NOBODY = "nobody@example.com"
SENT = b"We've just sent you an email to reset your password."


@pytest.fixture
def link(forget, mailbox, ann):
    """The link of the mail that Ann got after she forgot her password."""
    forget()
    return mailbox.to(EMAIL)[-1].link


@pytest.fixture
def ticket(api, ann):
    """Links of the Management API for Ann."""

    def make(**body):
        address = api.post("/api/v2/tickets/password-change", {"user_id": ann, **body}).json["ticket"]
        return address.removeprefix("https://gatehouse.test")

    return make


@pytest.fixture
def ask(app, spa):
    """Ask the public API for a link."""

    def post(**form):
        sent = {"client_id": spa.client.client_id, "connection": DEFAULT_CONNECTION, "email": EMAIL, **form}
        return Browser(app).post("/dbconnections/change_password", sent)

    return post


@pytest.fixture
def choose(app):
    """Choose a new password behind a link."""

    def post(link, password=NEW, again=None, **form):
        sent = {"password": password, "password_again": password if again is None else again, **form}
        return Browser(app).post(link, {"end_sessions": "yes", **sent})

    return post


@pytest.fixture
def disable(api):
    """Let nobody ask for a new password at the default database."""

    def patch():
        connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
        options = {**connection["options"], "disable_self_service_change_password": True}
        assert api.patch(f"/api/v2/connections/{connection['id']}", {"options": options}).status == 200

    return patch


def enters(app, spa, password):
    return sign_in(Browser(app), spa, password=password).status_code == 303


# Asking for a link


def test_a_forgotten_password_is_replaced_by_mail(app, spa, forget, mailbox, choose, ann):
    asked = forget()
    (mail,) = mailbox.to(EMAIL)

    answer = choose(mail.link)

    assert (asked.status_code, answer.status_code) == (200, 200)
    assert b"<h1>Password changed</h1>" in answer.body
    assert (enters(app, spa, PASSWORD), enters(app, spa, NEW)) == (False, True)


@pytest.mark.security(7)
def test_the_page_says_the_same_of_a_known_and_an_unknown_address(forget, mailbox, ann):
    known, unknown = forget(EMAIL), forget(NOBODY)

    state = re.compile(rb'name="state" value="[^"]+"|/u/login\?state=[^"]+')
    shown = [state.sub(b"", page.body) for page in (known, unknown)]
    assert known.status_code == unknown.status_code == 200
    assert shown[0].replace(EMAIL.encode(), b"") == shown[1].replace(NOBODY.encode(), b"")
    assert [mail.to for mail in mailbox.mails] == [EMAIL]


@pytest.mark.security(7)
def test_the_api_says_the_same_of_a_known_and_an_unknown_address(ask, mailbox, ann):
    answers = [ask(email=email) for email in (EMAIL, NOBODY)]

    assert [(answer.status_code, answer.body) for answer in answers] == [(200, SENT)] * 2
    assert answers[0].headers == answers[1].headers
    assert [mail.to for mail in mailbox.mails] == [EMAIL]


@pytest.mark.security(7)
@pytest.mark.parametrize("email", [NOBODY, EMAIL])
def test_where_it_is_disabled_the_api_refuses_every_address_alike(ask, disable, mailbox, ann, email):
    disable()

    answer = ask(email=email)

    assert (answer.status_code, json.loads(answer.body)) == (400, {"error": "self-service password change is disabled"})
    assert mailbox.mails == []


def test_where_it_is_disabled_the_login_page_has_no_link_to_it_and_the_page_leads_back(app, spa, disable, mailbox, ann):
    browser = Browser(app)
    state = state_of(shown_by(browser, spa))
    before = browser.get(f"/u/login?state={state}").body
    disable()

    after = browser.get(f"/u/login?state={state}").body
    answers = [
        browser.get(f"/u/reset-password?state={state}"),
        browser.post("/u/reset-password", {"state": state, "email": EMAIL}),
    ]

    assert (b"/u/reset-password" in before, b"/u/reset-password" in after) == (True, False)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert {answer.headers["Location"].partition("?")[0] for answer in answers} == {"/u/login"}
    assert mailbox.mails == []


def test_where_it_is_disabled_an_administrators_link_goes_on_working(app, spa, ticket, disable, choose):
    disable()

    assert choose(ticket()).status_code == 200
    assert enters(app, spa, NEW)


@pytest.mark.security(7)
@pytest.mark.parametrize("email", [NOBODY, EMAIL])
def test_whoever_has_the_address_dynamodb_is_asked_for_the_same(ask, calls, ann, email):
    ask()  # so that the cache is warm, and Ann's next link comes too soon
    calls.clear()

    ask(email=email)

    assert calls == [("GetItem", 1), ("BatchGetItem", 2), ("TransactWriteItems", 3)]


def test_a_request_is_in_the_history_of_the_user_or_of_the_tenant(ask, api, ann):
    for email in (EMAIL, NOBODY):
        ask(email=email)

    newest = api.get("/api/v2/logs").json[:2]

    assert [(event["type"], event.get("user_id"), event["user_name"]) for event in newest] == [
        ("fcpr", None, NOBODY),
        ("scpr", ann, EMAIL),
    ]
    assert newest[0]["description"] == "The user does not exist."


def test_the_next_mail_goes_after_a_minute_and_the_one_after_it_after_two(forget, mailbox, clock, ann):
    sent = []
    for seconds in (0, 59, 1, 119, 1):
        clock.advance(seconds=seconds)
        forget()
        sent.append(len(mailbox.mails))

    assert sent == [1, 1, 2, 2, 3]


def test_a_mail_that_came_too_soon_does_not_end_the_link_before_it(forget, link, choose):
    assert forget().status_code == 200

    assert choose(link).status_code == 200


def test_the_mail_is_in_the_language_of_the_page(api, forget, mailbox, ann):
    api.patch("/api/v2/tenants/settings", {"enabled_locales": ["en", "de"]})

    page = forget(**{"Accept-Language": "de-AT,en;q=0.5"})

    assert page.headers["Content-Language"] == "de"
    assert mailbox.to(EMAIL)[0].subject == "Ändern Sie Ihr Passwort für main"


@pytest.mark.parametrize(("email", "said"), [("", b"Enter your e-mail address."), ("ann@", b"not an e-mail address")])
def test_what_is_no_address_is_said_on_the_page(forget, email, said):
    answer = forget(email)

    assert answer.status_code == 400
    assert said in answer.body


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"connection": ""}, "missing connection parameter"),
        ({"connection": "Nowhere"}, "the connection was not found"),
        ({"client_id": "unknown"}, "the client was not found"),
    ],
)
def test_the_api_names_what_is_wrong_with_a_request(ask, ann, form, error):
    answer = ask(**form)

    assert answer.status_code == 400
    assert json.loads(answer.body) == {"error": "invalid_request", "error_description": error}


def test_a_connection_sends_links_for_the_clients_it_is_turned_on_for(ask, api, ann):
    other = api.post("/api/v2/clients", {"name": "Other"}).json["client_id"]

    refused = ask(client_id=other)

    assert json.loads(refused.body)["error_description"] == "the connection was disabled"
    assert ask(client_id="").status_code == 200


# The link


@pytest.mark.security(20, 41)
def test_opening_a_link_changes_nothing(app, link, contents, choose):
    before = contents.read()

    answers = [Browser(app).send(method, link) for method in ("GET", "GET", "HEAD")]

    assert [answer.status_code for answer in answers] == [200, 200, 405]
    assert contents.read() == before
    assert choose(link).status_code == 200


@pytest.mark.security(11)
def test_a_link_works_once(app, spa, link, choose):
    choose(link)

    again = choose(link, "a third Horse battery 3")

    assert again.status_code == 410
    assert b"<h1>This link no longer works</h1>" in again.body
    assert enters(app, spa, NEW)


@pytest.mark.security(11)
def test_a_newer_link_ends_the_older(app, link, forget, mailbox, clock):
    clock.advance(minutes=1)
    forget()

    newer = mailbox.to(EMAIL)[-1].link

    assert [Browser(app).get(each).status_code for each in (link, newer)] == [410, 200]


@pytest.mark.security(11)
def test_a_link_from_a_mail_is_good_for_a_day(app, link, clock):
    clock.advance(hours=24, seconds=-1)
    good = Browser(app).get(link).status_code
    clock.advance(seconds=1)

    assert (good, Browser(app).get(link).status_code) == (200, 410)


@pytest.mark.security(11)
def test_a_link_is_stored_as_a_hash_and_its_mail_is_sealed(forget, mailbox, contents, ann):
    forget()
    stored = json.dumps(contents.read())

    secret = mailbox.to(EMAIL)[0].link.rpartition(".")[2]

    assert len(secret) == 43
    assert secret not in stored + json.dumps(contents.read())


@pytest.mark.parametrize(
    "change",
    [
        {"email": "ann2@example.com", "connection": DEFAULT_CONNECTION},
        {"password": "set by Somebody else 3", "connection": DEFAULT_CONNECTION},
    ],
    ids=["address", "password"],
)
def test_a_link_dies_with_what_it_was_made_for(app, api, ann, link, change):
    assert api.patch(f"/api/v2/users/{ann}", change).status == 200

    assert Browser(app).get(link).status_code == 410


def test_a_link_dies_with_its_user(app, api, ann, link):
    api.delete(f"/api/v2/users/{ann}")

    assert Browser(app).get(link).status_code == 410


@pytest.mark.security(41)
@pytest.mark.parametrize("made_up", ["", "x", "a.b.c", "YQ.change-password.x", "é", "x" * 2_000])
def test_a_spent_link_looks_like_one_that_never_was(app, link, choose, made_up):
    choose(link)

    spent, unknown = Browser(app).get(link), Browser(app).get(f"/u/verify-email?ticket={made_up}")

    assert spent.status_code == unknown.status_code == 410
    assert spent.body == unknown.body
    assert EMAIL.encode() not in spent.body


@pytest.mark.security(33)
def test_a_link_works_at_its_own_tenant_only(app, link):
    assert Browser(app, "acme").get(link).status_code == 410


def test_a_link_works_at_its_own_page_only(app, link):
    query = link.partition("?")[2]

    assert [Browser(app).post(f"/u/{page}?{query}", {}).status_code for page in ("verify-email", "unblock")] == [
        410
    ] * 2


@pytest.mark.security(20)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_cannot_use_a_link(app, spa, link, headers):
    answer = Browser(app).post(link, {"password": NEW, "password_again": NEW}, **headers)

    assert answer.status_code == 403
    assert enters(app, spa, PASSWORD)


@pytest.mark.security(21)
def test_the_page_behind_a_link_loads_nothing_from_elsewhere(app, api, link):
    api.patch("/api/v2/tenants/settings", {"picture_url": "https://cdn.example/logo.png"})

    page = Browser(app).get(link)

    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "img-src 'self' data:;" in page.headers["Content-Security-Policy"]
    assert b"cdn.example" not in page.body


# The new password


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("", "", b"Enter a password."),
        (NEW, NEW + "?", b"The two passwords are not the same."),
        ("short", "short", b"This password is too weak."),
        ("password1234", "password1234", b"This password is too weak."),
        ("Password1", "Password1", b"This password is too common"),
    ],
)
def test_a_password_that_will_not_do_leaves_the_link_good(link, choose, password, again, said):
    refused = choose(link, password, again)

    assert refused.status_code == 400
    assert said in refused.body
    assert choose(link).status_code == 200


def test_the_page_says_which_rules_a_password_breaks(link, choose):
    page = choose(link, "lower").body.decode()

    states = dict(re.findall(r'data-rule="(\w+)" data-count="\d+" data-state="(\w+)"', page))
    assert (states["lengthAtLeast"], states["lowerCase"], states["numbers"]) == ("unmet", "met", "unmet")
    assert "value=" not in re.search(r'<input type="password" id="password"[^>]*>', page)[0]


def test_an_earlier_password_is_refused_where_the_connection_remembers(api, link, choose):
    connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
    options = {**connection["options"], "password_history": {"enable": True, "size": 3}}
    api.patch(f"/api/v2/connections/{connection['id']}", {"options": options})

    refused = choose(link, PASSWORD)

    assert refused.status_code == 400
    assert b"You have used this password before." in refused.body


@pytest.mark.security(12)
def test_a_reset_does_not_let_a_blocked_user_in(app, spa, api, ann, forget, mailbox, choose):
    api.patch(f"/api/v2/users/{ann}", {"blocked": True})
    forget()

    done = choose(mailbox.to(EMAIL)[-1].link)

    assert done.status_code == 200
    assert b"user is blocked" in sign_in(Browser(app), spa, password=NEW).body
    assert api.get(f"/api/v2/users/{ann}").json["blocked"] is True


@pytest.mark.security(9, 18)
def test_a_reset_ends_every_session_and_refresh_token(browser, spa, link, choose):
    code = answer_of(sign_in(browser, spa, scope="openid offline_access"))["code"]
    token = json.loads(spa.exchange(code).body)["refresh_token"]

    choose(link)

    assert answer_of(browser.get(spa.address(prompt="none")))["error"] == "login_required"
    assert spa.token(grant_type="refresh_token", refresh_token=token).status_code == 403


@pytest.mark.security(9)
def test_the_page_offers_to_end_the_other_sessions_and_means_it(app, link):
    page = Browser(app).get(link).body.decode()

    box = re.search(r'<input type="checkbox"[^>]*>', page)[0]
    assert 'name="end_sessions"' in box
    assert box.endswith(" checked>")


@pytest.mark.security(9)
@pytest.mark.parametrize(("verified", "kept"), [(True, True), (False, False)])
def test_sessions_stay_if_one_wants_and_the_address_was_proven_before(
    browser, spa, api, ann, forget, mailbox, choose, verified, kept
):
    api.patch(f"/api/v2/users/{ann}", {"email_verified": verified, "connection": DEFAULT_CONNECTION})
    sign_in(browser, spa)
    forget()

    choose(mailbox.to(EMAIL)[-1].link, end_sessions="")

    silently = answer_of(browser.get(spa.address(prompt="none")))
    assert ("code" in silently) is kept


def test_a_reset_forgets_the_failed_attempts(app, spa, link, choose):
    for _ in range(10):
        sign_in(Browser(app), spa, password="wrong")
    refused = sign_in(Browser(app), spa)

    choose(link)

    assert refused.status_code == 429
    assert enters(app, spa, NEW)


def test_a_link_from_a_mail_proves_the_address(api, ann, link, choose):
    before = api.get(f"/api/v2/users/{ann}").json["email_verified"]

    choose(link)

    assert (before, api.get(f"/api/v2/users/{ann}").json["email_verified"]) == (False, True)


@pytest.mark.parametrize("marks", [True, False])
def test_a_ticket_proves_the_address_where_it_says_so(api, ann, ticket, choose, marks):
    choose(ticket(mark_email_as_verified=marks))

    assert api.get(f"/api/v2/users/{ann}").json["email_verified"] is marks


def test_a_reset_is_in_the_history_and_in_the_profile(api, ann, link, choose, clock):
    clock.advance(minutes=5)
    choose(link)
    choose(link)

    user, events = api.get(f"/api/v2/users/{ann}").json, api.get("/api/v2/logs").json

    assert user["last_password_reset"] == "2026-03-01T12:05:00.000Z"
    assert [(event["type"], event.get("user_id")) for event in events[:2]] == [("fcp", None), ("scp", ann)]


# What follows


@pytest.mark.security(14)
def test_a_changed_password_is_told_by_mail(link, choose, mailbox):
    choose(link)

    told = mailbox.to(EMAIL)[-1]

    assert told.subject == "Your password for main was changed"
    assert "2026-03-01 12:00 UTC" in told.html
    assert "203.0.113.7" in told.html


@pytest.mark.security(10, 14)
def test_a_password_that_an_administrator_sets_ends_sessions_and_is_told_and_recorded(
    api, browser, spa, ann, mailbox, contents
):
    sign_in(browser, spa)

    api.patch(f"/api/v2/users/{ann}", {"password": NEW, "connection": DEFAULT_CONNECTION})

    event = api.get(f"/api/v2/users/{ann}/logs").json[0]
    assert (event["type"], event["details"]["request"]["auth"]["subject"]) == ("scp", "tests@clients")
    assert answer_of(browser.get(spa.address(prompt="none")))["error"] == "login_required"
    assert [mail.subject for mail in mailbox.to(EMAIL)] == ["Your password for main was changed"]
    assert NEW not in json.dumps(contents.read())


@pytest.mark.security(10)
def test_nobody_can_read_a_password_or_its_hash(api, ann, link, choose):
    choose(link)

    shown = [api.get(path).text for path in (f"/api/v2/users/{ann}", f"/api/v2/users/{ann}/logs", "/api/v2/logs")]

    assert not any(secret in text for text in shown for secret in (NEW, PASSWORD, "argon2", "password_hash"))


@pytest.mark.security(14)
def test_a_changed_address_is_told_to_the_one_before(api, ann, mailbox):
    api.patch(f"/api/v2/users/{ann}", {"email": "ann2@example.com", "connection": DEFAULT_CONNECTION})

    (told,) = mailbox.mails

    assert (told.to, told.subject) == (EMAIL, "Your e-mail address for main was changed")
    assert "ann2@example.com" not in told.html
    assert api.get(f"/api/v2/users/{ann}/logs").json[0]["type"] == "sce"


def test_a_changed_user_name_is_recorded_as_such(api):
    named = {"name": "named", "strategy": "auth0", "enabled_clients": ["any"], "options": {"requires_username": True}}
    api.post("/api/v2/connections", named)
    body = {"connection": "named", "email": NOBODY, "username": "ann", "password": PASSWORD}
    user_id = api.post("/api/v2/users", body).json["user_id"]

    api.patch(f"/api/v2/users/{user_id}", {"username": "annie", "connection": "named"})

    assert api.get(f"/api/v2/users/{user_id}/logs").json[0]["type"] == "scu"


def test_other_changes_are_not_told(api, ann, mailbox):
    api.patch(f"/api/v2/users/{ann}", {"nickname": "annie", "blocked": True})

    assert mailbox.mails == []


def test_a_ticket_goes_on_to_where_its_maker_wanted(ticket, choose):
    link = ticket(result_url="https://app.example.com/done?from=mail#top", includeEmailInRedirect=True)

    parts = urlsplit(choose(link).headers["Location"])

    assert f"{parts.scheme}://{parts.netloc}{parts.path}#{parts.fragment}" == "https://app.example.com/done#top"
    assert parse_qs(parts.query) == {
        "from": ["mail"],
        "email": [EMAIL],
        "success": ["true"],
        "code": ["success"],
        "message": ["You can now login to the application with the new password."],
    }


def test_a_ticket_keeps_the_address_to_itself_unless_told_otherwise(ticket, choose):
    answer = choose(ticket(result_url="https://app.example.com/done"))

    assert answer.status_code == 303
    assert "email" not in parse_qs(urlsplit(answer.headers["Location"]).query)


def test_the_page_after_a_reset_leads_back_to_the_application(register, ticket, choose):
    application = register(initiate_login_uri="https://app.example.com/login")

    page = choose(ticket(client_id=application.client.client_id))

    assert b'href="https://app.example.com/login"' in page.body


def test_a_link_of_an_application_is_shown_as_its_own(app, link):
    assert b"Choose a new password" in Browser(app).get(link).body
    assert b"App</title>" in Browser(app).get(link).body


def test_the_reset_page_knows_the_way_back_to_the_sign_in(browser, spa):
    page = browser.get(re.search(r'href="(/u/reset-password\?[^"]+)"', shown_by(browser, spa).body.decode())[1])

    assert page.status_code == 200
    assert b'href="/u/login?state=' in page.body
