"""Verifying an address: the mail of a sign-up, of a job and of an administrator, and the link in it."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, Browser


@pytest.fixture
def send(api, ann):
    """Have the mail sent that asks Ann to verify her address."""
    return lambda **body: api.post("/api/v2/jobs/verification-email", {"user_id": ann, **body})


@pytest.fixture
def link(send, mailbox):
    assert send().status == 201
    return mailbox.to(EMAIL)[-1].link


@pytest.fixture
def ticket(api, ann):
    """Links of the Management API for Ann."""

    def make(**body):
        address = api.post("/api/v2/tickets/email-verification", {"user_id": ann, **body}).json["ticket"]
        return address.removeprefix("https://gatehouse.test")

    return make


@pytest.fixture
def verified(api, ann):
    return lambda: api.get(f"/api/v2/users/{ann}").json["email_verified"]


def press(app, link, **headers):
    """Press the button behind a link."""
    return Browser(app).post(link, {}, **headers)


def test_an_address_is_verified_by_the_button_behind_the_link(app, link, verified):
    page = Browser(app).get(link)
    before = verified()

    answer = press(app, link)

    assert b"Is ann@example.com your e-mail address?" in page.body
    assert b"<h1>E-mail address verified</h1>" in answer.body
    assert (before, verified()) == (False, True)


@pytest.mark.parametrize(
    ("said", "mails"),
    [
        ({}, 1),
        ({"email_verified": False}, 1),
        ({"verify_email": None}, 1),
        ({"email_verified": True}, 0),
        ({"verify_email": False}, 0),
        ({"verify_email": True}, 1),
        ({"verify_email": True, "email_verified": True}, 1),
        ({"verify_email": False, "email_verified": False}, 0),
    ],
)
def test_a_new_user_of_a_database_is_asked_unless_the_address_is_verified_or_it_is_not_wanted(
    app, api, mailbox, said, mails
):
    body = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "password": PASSWORD, **said}

    created = api.post("/api/v2/users", body)

    links = [mail.link for mail in mailbox.to(EMAIL)]
    assert (created.status, len(links)) == (201, mails)
    assert all(press(app, link).status_code == 200 for link in links)


def test_a_user_that_cannot_be_made_is_not_asked(api, ann, mailbox):
    body = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "password": PASSWORD}

    assert api.post("/api/v2/users", body).status == 409

    assert mailbox.mails == []


def test_a_new_user_of_a_passwordless_connection_is_asked_if_it_is_wanted(api, mailbox):
    client = api.post("/api/v2/clients", {"name": "App"}).json["client_id"]
    api.post("/api/v2/connections", {"name": "mails", "strategy": "email", "enabled_clients": [client]})

    for number, said in enumerate(({}, {"verify_email": True})):
        api.post("/api/v2/users", {"connection": "mails", "email": f"user{number}@example.com", **said})

    assert [mail.to for mail in mailbox.mails] == ["user1@example.com"]


@pytest.mark.security(20, 41)
def test_opening_the_link_changes_nothing(app, link, contents):
    before = contents.read()

    answers = [Browser(app).get(link) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert contents.read() == before


@pytest.mark.security(41)
def test_a_used_link_tells_nothing_of_whose_it_was(app, link):
    press(app, link)

    used, unknown = press(app, link), Browser(app).get("/u/verify-email?ticket=x")

    assert used.status_code == unknown.status_code == 410
    assert used.body == unknown.body


@pytest.mark.security(11)
def test_a_newer_link_ends_the_older(app, link, ticket, verified):
    newer = ticket()

    assert press(app, link).status_code == 410
    assert (verified(), press(app, newer).status_code) == (False, 200)


@pytest.mark.security(11)
@pytest.mark.parametrize(("body", "seconds"), [({}, 432_000), ({"ttl_sec": 0}, 432_000), ({"ttl_sec": 60}, 60)])
def test_a_link_is_good_for_as_long_as_its_maker_said(app, ticket, clock, body, seconds):
    link = ticket(**body)
    clock.advance(seconds=seconds - 1)
    good = Browser(app).get(link).status_code
    clock.advance(seconds=1)

    assert (good, press(app, link).status_code) == (200, 410)


def test_a_link_verifies_the_address_it_was_sent_to_and_no_other(app, api, ann, link, verified):
    api.patch(f"/api/v2/users/{ann}", {"email": "ann2@example.com", "connection": DEFAULT_CONNECTION})

    assert press(app, link).status_code == 410
    assert verified() is False


@pytest.mark.security(20)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}])
def test_another_site_cannot_press_the_button(app, link, verified, headers):
    assert press(app, link, **headers).status_code == 403
    assert verified() is False


def test_a_button_of_our_own_page_is_taken(app, link):
    headers = {"Origin": "https://gatehouse.test", "Sec-Fetch-Site": "same-origin"}

    assert press(app, link, **headers).status_code == 200


def test_what_happened_is_in_the_history(app, api, ann, link):
    press(app, link)
    press(app, link)

    events = api.get("/api/v2/logs").json[:3]

    assert [(event["type"], event.get("user_id")) for event in events] == [("fv", None), ("sv", ann), ("svr", ann)]
    assert events[0]["description"] == "This link no longer works."


def test_a_job_says_what_it_is(send):
    answer = send()

    assert answer.status == 201
    assert answer.json == {
        "id": answer.json["id"],
        "type": "verification_email",
        "status": "pending",
        "created_at": "2026-03-01T12:00:00.000Z",
    }
    assert answer.json["id"].startswith("job_")


def test_a_ticket_is_handed_to_the_program_and_not_mailed(app, ticket, mailbox, verified):
    link = ticket()

    assert mailbox.mails == []
    assert press(app, link).status_code == 200
    assert verified() is True


def test_a_ticket_goes_on_to_where_its_maker_wanted(app, ticket):
    link = ticket(result_url="https://app.example.com/done")
    page = Browser(app).get(link)

    answer = press(app, link)

    assert "form-action 'self' https:" in page.headers["Content-Security-Policy"]
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("https://app.example.com/done?success=true&code=success&message=Your")


def test_a_ticket_may_lead_to_an_application(app, register, ticket):
    application = register(initiate_login_uri="https://app.example.com/login")

    page = press(app, ticket(client_id=application.client.client_id))

    assert b'href="https://app.example.com/login"' in page.body


@pytest.fixture
def linked(api, ann):
    """An account that is linked to Ann's, with an address of its own."""
    known = {"email": "second@example.com", "password": PASSWORD, "verify_email": False}
    body = {"connection": DEFAULT_CONNECTION, **known}
    second = api.post("/api/v2/users", body).json["user_id"]
    api.post(f"/api/v2/users/{quote(ann)}/identities", {"provider": "auth0", "user_id": second})
    return {"provider": "auth0", "user_id": second.removeprefix("auth0|")}


def test_the_address_of_a_linked_account_is_verified_by_itself(app, api, ann, send, mailbox, linked):
    send(identity=linked)

    press(app, mailbox.to("second@example.com")[0].link)

    user = api.get(f"/api/v2/users/{ann}").json
    assert user["email_verified"] is False
    assert [each.get("profileData", {}).get("email_verified") for each in user["identities"]] == [None, True]


def test_a_link_for_an_account_ends_when_it_is_unlinked(app, api, ann, ticket, linked):
    link = ticket(identity=linked)

    api.delete(f"/api/v2/users/{quote(ann)}/identities/auth0/{linked['user_id']}")

    assert press(app, link).status_code == 410


def test_a_new_user_is_asked_to_verify_if_the_maker_wants_it(app, api, mailbox):
    body = {"connection": DEFAULT_CONNECTION, "password": PASSWORD}
    for email, asked in (("a@example.com", True), ("b@example.com", False)):
        api.post("/api/v2/users", {**body, "email": email, "verify_email": asked})

    (mail,) = mailbox.mails

    assert (mail.to, mail.subject) == ("a@example.com", "Verify your e-mail address for main")


def test_a_new_address_is_asked_to_be_verified_if_the_administrator_wants_it(app, api, ann, mailbox, verified):
    change = {"email": "ann2@example.com", "connection": DEFAULT_CONNECTION, "verify_email": True}
    api.patch(f"/api/v2/users/{ann}", change)

    press(app, mailbox.to("ann2@example.com")[0].link)

    assert verified() is True


def test_somebody_without_an_address_is_not_asked(api, core):
    phone = {"name": "sms", "strategy": "sms", "enabled_clients": ["a-client"]}
    api.post("/api/v2/connections", phone)
    user = api.post("/api/v2/users", {"connection": "sms", "phone_number": "+4912345"}).json["user_id"]

    answer = api.post("/api/v2/tickets/email-verification", {"user_id": user})

    assert (answer.status, answer.json["message"]) == (400, "The user does not have an email address.")


def test_the_mail_speaks_the_language_the_user_chose(api, ann, send, mailbox):
    api.patch(f"/api/v2/users/{ann}", {"user_metadata": {"lang": "es"}})

    send()

    assert mailbox.to(EMAIL)[0].subject == "Verifica tu dirección de correo para main"


def test_the_mail_calls_the_tenant_what_its_users_call_it(api, send, mailbox):
    api.patch("/api/v2/tenants/settings", {"friendly_name": "Acme & Sons"})

    send()

    assert mailbox.to(EMAIL)[0].subject == "Verify your e-mail address for Acme & Sons"


def test_the_link_of_a_tenant_leads_to_its_own_host(acme):
    body = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "password": PASSWORD}
    user = acme.post("/api/v2/users", body).json["user_id"]

    link = urlsplit(acme.post("/api/v2/tickets/email-verification", {"user_id": user}).json["ticket"])

    assert (link.scheme, link.netloc, link.path) == ("https", "acme.gatehouse.test", "/u/verify-email")
    assert list(parse_qs(link.query)) == ["ticket"]


def test_a_link_carries_neither_the_address_nor_a_secret_that_is_stored(contents, ticket):
    link = ticket()

    assert EMAIL not in link
    assert link.rpartition(".")[2] not in json.dumps(contents.read())
