"""Walking history: a part of it by time, of a tenant or of one user, lazily and never what has expired."""

from collections import Counter
from itertools import islice

import pytest

from chalicelib.core.logs import first_log_id
from chalicelib.storage.logs import event_item
from tests.storage.conftest import TENANT

ANN, BEN = "auth0|ann", "auth0|ben"
FIRST, LAST = "0" * 13, "9" * 13


@pytest.fixture
def write(table, stores, given, clock):
    """Write an event a second, of users in turn, and give them."""

    def write(count, *user_ids):
        events = []
        for number in range(count):
            clock.advance(seconds=1)
            user_id = user_ids[number % len(user_ids)] if user_ids else ""
            events.append(given.event(user_id, description=f"{number}"))
            stores.logs.record(TENANT, events[-1])
        return events

    return write


@pytest.fixture
def walk(stores):
    def walk(since=FIRST, until=LAST, *, user_id=None, newest_first=False):
        return list(stores.logs.walk(TENANT, since, until, user_id=user_id, newest_first=newest_first))

    return walk


@pytest.mark.parametrize("user_id", [None, ANN])
def test_a_walk_sees_every_event_in_either_order(write, walk, user_id):
    events = write(5, ANN)

    assert walk(user_id=user_id) == events
    assert walk(user_id=user_id, newest_first=True) == events[::-1]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("user_id", [None, ANN])
def test_a_walk_sees_what_lies_between_two_moments(write, walk, user_id, newest_first):
    events = write(6, ANN)

    seen = walk(first_log_id(events[2].date), first_log_id(events[4].date), user_id=user_id, newest_first=newest_first)

    assert sorted(seen, key=lambda event: event.log_id) == events[2:4]


@pytest.mark.parametrize("user_id", [None, ANN])
@pytest.mark.parametrize(("since", "until"), [(LAST, FIRST), (LAST, LAST), ("1" * 13, "1" * 13)])
def test_a_walk_between_moments_in_the_wrong_order_sees_nothing(write, walk, since, until, user_id):
    write(2, ANN)

    assert walk(since, until, user_id=user_id) == []


def test_a_walk_of_a_user_sees_no_other(write, walk):
    events = write(6, ANN, BEN, "")

    assert walk(user_id=ANN) == [events[0], events[3]]
    assert walk(user_id=BEN) == [events[1], events[4]]


def test_a_walk_of_a_user_sees_nothing_else_of_the_user(given, walk):
    user = given.user("ann")
    given.device(user.user_id, "phone")

    assert [event.description for event in walk(user_id=user.user_id)] == ["Test", "Test"]


def test_a_walk_sees_no_other_tenant(write, walk, stores):
    write(2, ANN)

    assert list(stores.logs.walk("globex", FIRST, LAST, newest_first=True)) == []
    assert list(stores.logs.walk("globex", FIRST, LAST, user_id=ANN, newest_first=True)) == []


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("user_id", [None, ANN])
def test_a_walk_never_sees_what_is_two_days_old(write, walk, clock, user_id, newest_first):
    events = write(3, ANN)

    clock.advance(days=2, seconds=-1)

    assert walk(user_id=user_id, newest_first=newest_first) == events[2:]


def test_a_walk_of_a_tenant_asks_for_250_keys_and_100_events_at_a_time(table, stores, given, client, calls):
    requests = [{"PutRequest": {"Item": event_item(table, TENANT, given.event()).serialize()}} for _ in range(300)]
    for start in range(0, 300, 25):
        client.batch_write_item(RequestItems={"gatehouse-contract": requests[start : start + 25]})
    calls.clear()

    events = list(islice(stores.logs.walk(TENANT, FIRST, LAST, newest_first=True), 100))
    few = Counter(calls)
    events += list(islice(stores.logs.walk(TENANT, FIRST, LAST, newest_first=True), 300))

    assert len(events) == 400
    assert few == {"Query": 1, "BatchGetItem": 1}
    assert Counter(calls) - few == {"Query": 2, "BatchGetItem": 3}


def test_a_walk_brings_as_many_at_once_as_it_is_told(stores, write, calls):
    events = write(30, ANN)
    calls.clear()

    seen = islice(stores.logs.walk(TENANT, FIRST, LAST, user_id=ANN, newest_first=True, page_size=10), 10)

    assert list(seen) == events[:-11:-1]
    assert calls == ["Query"]


def test_a_walk_goes_on_before_the_event_where_it_left_off(write, walk):
    events = write(5, ANN)

    assert walk(until=events[2].log_id, user_id=ANN, newest_first=True) == events[1::-1]
