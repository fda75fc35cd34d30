"""Signing up, verifying, resetting and unblocking by the official SDK, with the mails that the local stack shows."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
from auth0.authentication import Database, GetToken
from auth0.authentication.exceptions import Auth0Error
from auth0.management.core.api_error import ApiError
from auth0.management.errors import BadRequestError, NotFoundError

from tests.infra.conftest import wait_until

CONNECTION = "Username-Password-Authentication"
PASSWORD, NEW = "correct Horse battery 1", "another Horse battery 2"
REALM = "http://auth0.com/oauth/grant-type/password-realm"


@pytest.fixture(scope="module")
def application(sdk):
    """An application that may sign people in and up at the default connection."""
    made = sdk.clients.create(name="Shop", app_type="spa", grant_types=[REALM])
    connection = next(each for each in sdk.connections.list() if each.name == CONNECTION)
    sdk.connections.clients.update(connection.id, request=[{"client_id": made.client_id, "status": True}])
    return made


@pytest.fixture
def database(stack, application):
    return Database(stack.domain, application.client_id)


@pytest.fixture
def email(request):
    return f"{request.node.name}@example.com"[-60:].lstrip("_")


@pytest.fixture
def signed_up(database, sdk, email):
    """Somebody who signed up; the user's id."""
    made = database.signup(email=email, password=PASSWORD, connection=CONNECTION)
    yield f"auth0|{made['_id']}"
    sdk.users.delete(f"auth0|{made['_id']}")


@pytest.fixture
def mailbox(stack):
    """The newest mail to an address whose subject begins with some words: the stack sends it within a second."""

    def newest(address, subject):
        found: list[dict] = []

        def came():
            mails = httpx.get(f"https://{stack.domain}/dev/mailbox.json").json()
            found[:] = [mail for mail in mails if address in mail["to"] and mail["subject"].startswith(subject)]
            return bool(found)

        wait_until(came)
        return found[0]

    return newest


def press(link, **form):
    """Do what somebody does who opens a link and presses the button."""
    assert httpx.get(link).status_code == 200
    return httpx.post(link, data=form)


def test_somebody_signs_up_and_verifies_the_address(stack, sdk, signed_up, email, mailbox):
    mail = mailbox(email, "Verify your e-mail address")

    answer = press(mail["links"][0])

    assert urlsplit(mail["links"][0]).netloc == stack.domain
    assert answer.status_code == 200
    assert sdk.users.get(signed_up).email_verified is True


def test_a_taken_address_is_refused_without_a_reason(database, signed_up, email):
    with pytest.raises(Auth0Error) as refused:
        database.signup(email=email, password=PASSWORD, connection=CONNECTION)

    assert (refused.value.status_code, refused.value.error_code) == (400, "invalid_signup")


def test_a_weak_password_is_refused(database):
    with pytest.raises(Auth0Error) as refused:
        database.signup(email="weak@example.com", password="short", connection=CONNECTION)

    assert (refused.value.status_code, refused.value.error_code) == (400, "invalid_password")


def test_a_forgotten_password_is_replaced(stack, application, database, signed_up, email, mailbox):
    said = database.change_password(email=email, connection=CONNECTION)
    link = mailbox(email, "Change your password")["links"][0]

    press(link, password=NEW, password_again=NEW, end_sessions="yes")

    token = GetToken(stack.domain, application.client_id).login(email, NEW, realm=CONNECTION)
    assert said == "We've just sent you an email to reset your password."
    assert token["access_token"]
    assert mailbox(email, "Your password")["subject"].endswith("was changed")


def test_tickets_are_made(stack, sdk, signed_up, application):
    verify = sdk.tickets.verify_email(user_id=signed_up, ttl_sec=60, include_email_in_redirect=True)
    change = sdk.tickets.change_password(
        user_id=signed_up, result_url="https://app.example.com/done", mark_email_as_verified=True
    )

    answer = press(change.ticket, password=NEW, password_again=NEW)

    assert verify.ticket.startswith(f"https://{stack.domain}/u/verify-email?ticket=")
    assert answer.headers["location"].startswith("https://app.example.com/done?success=true")
    assert sdk.users.get(signed_up).email_verified is True


def test_a_ticket_for_nobody_is_refused(sdk):
    with pytest.raises(NotFoundError):
        sdk.tickets.verify_email(user_id="auth0|nobody")


def test_a_verification_mail_is_a_job(sdk, signed_up):
    job = sdk.jobs.verification_email.create(user_id=signed_up)

    assert (job.type, job.status) == ("verification_email", "pending")
    with pytest.raises(BadRequestError):
        sdk.jobs.verification_email.create(user_id="auth0|nobody")


def test_a_block_is_seen_told_and_lifted(stack, sdk, application, signed_up, email, mailbox):
    def attempt(password):
        try:
            GetToken(stack.domain, application.client_id).login(email, password, realm=CONNECTION)
        except Auth0Error as error:
            return error.status_code
        return 200

    failures = [attempt("wrong") for _ in range(10)]
    listed = sdk.user_blocks.list_by_identifier(identifier=email).blocked_for
    refused, mail = attempt(PASSWORD), mailbox(email, "Too many attempts")
    sdk.user_blocks.delete(signed_up)

    assert (failures, refused, attempt(PASSWORD)) == ([403] * 10, 429, 200)
    assert [(block.identifier, block.ip) for block in listed] == [(email, "127.0.0.1")]
    assert sdk.user_blocks.list(signed_up).blocked_for == []
    assert "/u/unblock?ticket=" in mail["links"][0]


def test_the_blocks_of_nobody_are_none(sdk):
    assert sdk.user_blocks.list_by_identifier(identifier="nobody@example.com").blocked_for == []
    with pytest.raises(ApiError) as refused:
        sdk.user_blocks.list("auth0|nobody")

    assert refused.value.status_code == 404
