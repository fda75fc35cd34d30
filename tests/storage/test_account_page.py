"""What the account page reads and ends: all of one user, nothing of another, and many at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.account_page import Device
from chalicelib.core.errors import Conflict
from chalicelib.core.sessions import Session
from chalicelib.storage.sessions import put_session
from tests.storage.conftest import TENANT

ANN, BOB = "auth0|ann", "auth0|bob"


@pytest.fixture
def begin(stores, given, ambient, table):
    """Write a session of a user."""

    def make(user_id: str, name: str) -> Session:
        now = ambient.now()
        moments = {"created_at": now, "authenticated_at": now, "touched_at": now}
        ends = {"idle_expires_at": now + timedelta(hours=1), "expires_at": now + timedelta(hours=1)}
        known = {"secret_hash": "x", "generation": 0, "connection_id": "con_people"}
        session = Session(id=f"ses_{name}", user_id=user_id, **known, **moments, **ends)
        transaction = table.write()
        put_session(transaction, TENANT, session)
        transaction.commit()
        return replace(session, stored=True)

    return make


@pytest.fixture
def people(given):
    return [given.user("ann"), given.user("bob")]


def events_of(stores, user_id: str) -> int:
    return sum(1 for _ in stores.logs.walk(TENANT, "", "~", user_id=user_id, newest_first=True)) - 1


def test_sessions_and_devices_of_one_user_are_read_in_two_queries(stores, given, people, begin, calls):
    laptop, _ = given.device(ANN, "laptop"), given.device(BOB, "phone")
    session, _ = begin(ANN, "1"), begin(BOB, "2")
    calls.clear()

    found = stores.account_page.entrances(TENANT, ANN)

    assert found == ([session], [Device(credential=laptop)])
    assert calls == ["Query", "Query"]


def test_a_device_is_found_below_its_own_user_only(stores, given, people):
    phone = given.device(BOB, "phone")

    assert stores.account_page.device(TENANT, BOB, phone.id) == Device(credential=phone)
    assert stores.account_page.device(TENANT, ANN, phone.id) is None
    assert stores.account_page.device(TENANT, BOB, "x" * 2_000) is None


def test_more_than_fit_one_transaction_are_ended_with_their_events(stores, given, people, begin, calls):
    session = begin(ANN, "1")
    devices = [Device(credential=given.device(ANN, f"d{n:02}")) for n in range(60)]
    before = events_of(stores, ANN)
    ended = [(each, given.event(ANN)) for each in (session, *devices)]
    calls.clear()

    stores.account_page.end(TENANT, ended)

    assert calls == ["TransactWriteItems"] * 2
    assert stores.account_page.entrances(TENANT, ANN) == ([], [])
    assert events_of(stores, ANN) - before == 61


def test_what_is_gone_is_a_conflict_and_leaves_the_rest_and_no_event(stores, given, people, begin):
    first, second = begin(ANN, "1"), begin(ANN, "2")
    stores.account_page.end(TENANT, [(first, given.event(ANN))])
    before = events_of(stores, ANN)

    with pytest.raises(Conflict) as refused:
        stores.account_page.end(TENANT, [(first, given.event(ANN)), (second, given.event(ANN))])

    assert refused.value.code == "changed"
    assert stores.account_page.entrances(TENANT, ANN)[0] == [second]
    assert events_of(stores, ANN) == before


def test_ending_nothing_asks_dynamodb_for_nothing(stores, calls):
    calls.clear()

    stores.account_page.end(TENANT, [])

    assert calls == []
