"""The outbox: a mail goes once, is tried again while SES does not take it, and is given up after a day."""

from __future__ import annotations

import json
import logging

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from chalicelib import tasks
from chalicelib.core.callers import Caller
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.storage.outbox import put_letter
from tests.conftest import REGION, SENDER

PASSWORD = "correct Horse battery 1"


@pytest.fixture
def ask(api):
    """Make a user whose mail waits in the outbox; give the user's id."""

    def make(email="ann@example.com"):
        body = {"connection": DEFAULT_CONNECTION, "email": email, "password": PASSWORD, "verify_email": True}
        return api.post("/api/v2/users", body).json["user_id"]

    return make


@pytest.fixture
def forget(api):
    """Ask the public API for a new password."""

    def post(email):
        body = {"connection": DEFAULT_CONNECTION, "email": email}
        return api.post("/dbconnections/change_password", body)

    return post


@pytest.fixture
def waiting(contents):
    """The letters in the outbox, as they lie in the table."""
    return lambda: [item for item in contents.read() if item["sk"]["S"] == "MAIL"]


@pytest.fixture
def ses(core):
    """An SES that takes our mails from when it is told to."""
    client = core.outbox.mailer.client
    yield lambda: client.verify_email_identity(EmailAddress=SENDER)
    ses_backends[DEFAULT_ACCOUNT_ID].reset()


@pytest.fixture
def sent():
    return lambda: [
        mail.destinations["ToAddresses"][0] for mail in ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    ]


def inserted(item):
    """Make the stream's record of a new item."""
    keys = {"pk": item["pk"], "sk": item["sk"]}
    return {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": item}}]}


def test_a_mail_goes_with_the_next_sweep_and_is_gone(core, ask, ses, sent, waiting):
    ses()
    ask()
    before = sent()

    tasks.sweep(core)
    tasks.sweep(core)

    assert (before, sent()) == ([], ["ann@example.com"])
    assert waiting() == []


@pytest.mark.security(42)
def test_a_tenant_with_many_mails_keeps_no_other_waiting(core, ses, sent, clock):
    ses()
    transaction = core.outbox.store.table.write()
    for tenant in ["acme"] * 30 + ["main"]:
        clock.advance(milliseconds=1)
        note = core.outbox.note(Caller(tenant=tenant), "password_changed", f"ann@{tenant}.example")
        put_letter(transaction, note)
    transaction.commit()

    tasks.sweep(core)

    assert sorted(sent()) == ["ann@acme.example"] * 24 + ["ann@main.example"]


def test_a_mail_goes_at_once_when_the_stream_tells_of_it(core, ask, ses, sent, waiting):
    ses()
    ask()

    tasks.follow(core, inserted(*waiting()))

    assert sent() == ["ann@example.com"]
    assert waiting() == []


def test_a_record_that_comes_twice_sends_one_mail(core, ask, ses, sent, waiting):
    ses()
    ask()
    record = inserted(*waiting())

    tasks.follow(core, record)
    tasks.follow(core, record)

    assert len(sent()) == 1


def test_the_stream_leaves_mails_to_the_sweep_from_the_first_that_is_not_taken(core, ask, waiting):
    for n in range(3):
        ask(f"user{n}@example.com")
    records = [inserted(item)["Records"][0] for item in waiting()]

    tasks.follow(core, {"Records": records})

    assert sorted(item["tries"]["N"] for item in waiting()) == ["0", "0", "1"]


def test_other_records_of_the_stream_send_nothing(core, ask, ses, sent, waiting):
    ses()
    ask()
    record = inserted(*waiting())
    record["Records"][0]["eventName"] = "REMOVE"

    tasks.follow(core, record)

    assert sent() == []


def test_a_mail_that_ses_does_not_take_is_tried_again_at_longer_and_longer_intervals(
    core, ask, ses, sent, waiting, clock
):
    ask()
    core.outbox.run()
    tries = []
    for minutes in (1, 1, 1, 2, 2):
        clock.advance(minutes=minutes)
        core.outbox.run()
        tries.append(int(waiting()[0]["tries"]["N"]))
    ses()
    clock.advance(minutes=8)

    assert tries == [2, 2, 3, 3, 4]
    assert core.outbox.run() == 1
    assert sent() == ["ann@example.com"]


def test_a_mail_that_was_tried_waits_for_its_time_whatever_the_stream_says(core, ask, ses, sent, waiting):
    ask()
    record = inserted(*waiting())
    tasks.follow(core, record)
    ses()

    tasks.follow(core, record)

    assert sent() == []
    assert len(waiting()) == 1


def test_a_mail_that_fails_holds_up_no_other(core, ask, ses, sent, waiting, clock):
    for n in range(30):
        ask(f"early{n}@example.com")
    core.outbox.run()
    core.outbox.run()
    ses()
    ask("late@example.com")

    core.outbox.run()

    assert sent() == ["late@example.com"]


@pytest.mark.security(43)
def test_a_run_tries_twenty_five_mails_and_the_next_run_the_rest(core, ask, ses, sent):
    ses()
    for n in range(26):
        ask(f"user{n}@example.com")

    runs = [core.outbox.run() for _ in range(3)]

    assert runs == [25, 1, 0]
    assert len(set(sent())) == len(sent()) == 26


def test_a_mail_is_given_up_after_a_day_with_an_event(core, api, ask, waiting, clock):
    user_id = ask()
    for _ in range(24):
        core.outbox.run()
        clock.advance(hours=1)
    before = len(waiting())

    core.outbox.run()

    event = api.get(f"/api/v2/users/{user_id}/logs").json[0]
    assert (before, waiting()) == (1, [])
    assert (event["type"], event["description"]) == ("fn", "Failed Sending Notification")


def test_a_mail_that_is_given_up_is_given_up_once(core, api, ask, clock):
    ask()
    clock.advance(hours=24)
    (letter,) = core.outbox.store.due(clock.now(), 10)

    for _ in range(2):
        core.outbox._give_up(letter, None)

    assert [event["type"] for event in api.get("/api/v2/logs").json].count("fn") == 1


def test_a_mail_whose_seal_cannot_be_opened_is_given_up(core, api, ask, ses, sent, waiting, contents):
    ses()
    ask()
    items = contents.read()
    for item in items:
        if item["sk"]["S"] == "MAIL":
            item["sealed"]["S"] = item["sealed"]["S"][:-4] + "AAAA"
    contents.restore(items)

    core.outbox.run()

    assert (sent(), waiting()) == ([], [])
    assert "fn" in {event["type"] for event in api.get("/api/v2/logs").json}


def test_a_mail_to_what_is_no_address_is_given_up_at_once(core, api, ses, sent, waiting):
    ses()
    letter = core.outbox.note(Caller(tenant="main"), "password_changed", "an identity provider's idea of an address")
    transaction = core.outbox.store.table.write()
    put_letter(transaction, letter)
    transaction.commit()

    core.outbox.run()

    assert (sent(), waiting()) == ([], [])
    assert "fn" in {event["type"] for event in api.get("/api/v2/logs").json}


@pytest.mark.security(40)
def test_neither_the_log_nor_the_history_names_the_link_or_the_address_of_a_mail_that_failed(
    core, api, ask, clock, caplog
):
    with caplog.at_level(logging.DEBUG, logger="gatehouse"):
        ask()
        core.outbox.run()
        clock.advance(hours=24)
        core.outbox.run()

    (event,) = [event for event in api.get("/api/v2/logs").json if event["type"] == "fn"]
    written = "\n".join([record.getMessage() for record in caplog.records]) + json.dumps(event)
    assert "waits for another try" in written
    assert "is given up" in written
    assert not any(secret in written for secret in ("ann@example.com", "ticket=", "/u/verify-email"))


def test_a_letter_to_nobody_is_thrown_away_unsent(core, ses, sent, waiting, forget):
    ses()
    forget("nobody@example.com")
    before = len(waiting())

    core.outbox.run()

    assert (before, waiting(), sent()) == (1, [], [])


def test_a_letter_is_sealed_and_tells_of_neither_address_nor_link(ask, waiting):
    ask()

    text = json.dumps(waiting())

    assert "ann@example.com" not in text
    assert "verify-email" not in text


def test_two_letters_of_one_person_cannot_be_told_from_two_of_others(core, forget, ask, waiting):
    ask("ann@example.com")
    forget("ann@example.com")
    forget("bob@example.com")

    shapes = {tuple(sorted(item)) for item in waiting()}

    assert len(waiting()) == 3
    assert len(shapes) == 1
