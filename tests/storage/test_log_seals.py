"""Sealing history and looking at it where writers, sweeps and deletions come at once, or end anywhere."""

from __future__ import annotations

from collections import Counter
from itertools import count, pairwise

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.log_verification import MOST_VERIFIED
from chalicelib.core.logs import LogEvent, first_log_id
from chalicelib.storage.logs import LogItem, event_item
from tests.storage.conftest import TENANT

CALLER = Caller(tenant=TENANT)
pytestmark = pytest.mark.security(40)
without_moto = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)
"""For what runs at once, of which moto is no judge, and for what takes it minutes."""


@pytest.fixture
def seal(product):
    """Seal what is due, as the schedule does where there is a tenant."""

    def write():
        (newest,) = product.log_seals.store.newest([TENANT])
        return list(product.log_seals.seal(TENANT, newest))

    return write


@pytest.fixture
def look(product):
    """Verify everything; give the kinds of what is found, and how many events were seen or known to be removed."""

    def verify():
        chain = product.log_verification.chain(CALLER)
        findings, seen = [*chain.findings], 0
        for seal in chain.seals:
            checkpoint, more = None, True
            while more:
                answer = product.log_verification.verify(CALLER, seal.id, checkpoint)
                checkpoint, more = answer.next, answer.next is not None
                findings += answer.findings
                seen += answer.events + answer.removed
        return [finding.kind for finding in findings], seen

    return verify


@pytest.fixture
def fill(table, clock):
    """Write many events at once, all of one moment."""

    def write(count):
        with LogItem.batch_write() as batch:
            for number in range(count):
                log_id = f"{first_log_id(clock.now())}{number:024x}"
                event = LogEvent(log_id=log_id, date=clock.now(), type="s", description="Success Login")
                batch.save(event_item(table, TENANT, event))

    return write


@without_moto
def test_a_burst_of_1000_events_is_sealed_whole_whoever_writes_and_seals_at_once(
    given, stores, race, clock, seal, look
):
    def record():
        for _ in range(125):
            stores.logs.record(TENANT, given.event("auth0|ann"))

    race(*[record] * 8)
    clock.advance(minutes=12)
    race(*[seal] * 4)

    assert look() == ([], 1_000)


@without_moto
def test_of_sweeps_at_once_each_period_is_sealed_once(given, stores, race, clock, seal, product, look):
    for _ in range(5):
        stores.logs.record(TENANT, given.event())
        clock.advance(minutes=10)
    clock.advance(minutes=2)

    outcome = race(*[seal] * 8)

    newest, seals = product.log_seals.store.list(TENANT)
    assert outcome.refused == []
    assert sum(len(written) for written in outcome.won) == 5
    assert [each.number for each in seals] == [1, 2, 3, 4, 5]
    assert newest.seal == seals[-1].mark
    assert all((later.since, later.previous) == (before.until, before.mark) for before, later in pairwise(seals))
    findings, seen = look()
    assert (set(findings), seen) == ({"sealed_late"}, 5)


def test_a_sealing_that_ends_anywhere_is_finished_by_the_next(given, stores, clock, crash, seal, look):
    events = 0
    for calls in count():
        for _ in range(3):
            stores.logs.record(TENANT, given.event())
            events += 1
            clock.advance(minutes=10)
        clock.advance(minutes=2)
        with crash.after(calls):
            seal()
        seal()
        assert look() == ([], events)
        clock.advance(minutes=8)
        if not crash.crashed:
            break
    assert calls >= 7


@without_moto
def test_a_user_that_is_deleted_while_history_is_sealed_is_not_missing(product, given, race, clock, seal, look):
    for number in range(6):
        given.retired(given.user(f"user{number}"))
    clock.advance(minutes=12)

    race(product.sweep.run, seal)
    first = look()
    product.sweep.run()

    assert first == look() == ([], 13)


def test_what_a_user_leaves_is_removed_with_no_more_than_a_transaction_holds(given, stores, users, clock, seal, look):
    ann = given.user("ann")
    for _ in range(99):
        stores.logs.record(TENANT, given.event(ann.user_id))
    work = given.retired(ann)

    finished = [users.purge(work, 60), users.purge(work, 60)]
    clock.advance(minutes=12)
    seal()

    assert finished == [False, True]
    assert look() == ([], 102)


@pytest.fixture
def users(stores):
    return stores.users


@without_moto
@pytest.mark.security(43)
@pytest.mark.parametrize(("events", "looks"), [(MOST_VERIFIED, 1), (MOST_VERIFIED + 1, 2)])
def test_two_thousand_events_are_looked_at_at_once_and_the_next_from_where_it_ended(
    product, fill, clock, seal, calls, events, looks
):
    fill(events)
    clock.advance(minutes=12)
    (sealed,) = seal()
    calls.clear()

    answers = [product.log_verification.verify(CALLER, sealed.id)]
    first = Counter(calls)
    while answers[-1].next:
        answers.append(product.log_verification.verify(CALLER, sealed.id, answers[-1].next))

    assert first["BatchGetItem"] == 1 + MOST_VERIFIED / 100
    assert first["Query"] <= 5
    assert len(answers) == looks
    assert sum(answer.events for answer in answers) == events
    assert [answer.findings for answer in answers] == [[]] * looks


@without_moto
def test_what_was_dropped_before_and_after_the_place_where_a_look_ends_is_counted(product, fill, clock, seal, contents):
    fill(MOST_VERIFIED + 100)
    clock.advance(minutes=12)
    (sealed,) = seal()
    items = sorted(item["sk"]["S"] for item in contents() if item["sk"]["S"].startswith("LOG#"))
    for sk in (items[1_000], items[-1]):
        LogItem(f"T#{TENANT}#H#2026030112", sk).delete()

    first = product.log_verification.verify(CALLER, sealed.id)
    second = product.log_verification.verify(CALLER, sealed.id, first.next)

    assert first.findings == []
    assert [(each.kind, each.count) for each in second.findings] == [("events_missing", 2)]


def test_sealing_asks_for_the_index_what_users_left_and_one_write(given, stores, clock, seal, calls):
    stores.logs.record(TENANT, given.event())
    clock.advance(minutes=12)
    calls.clear()

    seal()

    assert Counter(calls) == {"BatchGetItem": 1, "Query": 2, "TransactWriteItems": 1}


def test_history_of_several_shards_is_sealed_in_order(product, table, given, clock):
    from dataclasses import replace

    from chalicelib.core.log_seals import LogSeals
    from chalicelib.core.log_verification import LogVerification
    from chalicelib.storage.stores import Stores

    sharded = Stores.of(replace(table, shards=4))
    for _ in range(20):
        sharded.logs.record(TENANT, given.event())
    clock.advance(minutes=12)

    (sealed,) = LogSeals(sharded.log_seals, table.marker, product.users.ambient).seal(TENANT, None)

    verification = LogVerification(sharded.log_seals, sharded.tenants, table.marker, product.users.ambient)
    answer = verification.verify(CALLER, sealed.id)
    assert (answer.events, answer.findings) == (20, [])
