"""Counters of requests: added to by many processes at once, each of which is told a total of its own."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.paging import PageRequest
from chalicelib.core.throttles import MANAGEMENT, Throttles, Window
from tests.conftest import START

pytestmark = pytest.mark.security(42)

TENANT, MANY = "acme", 50
each_judge = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)


@pytest.fixture
def window():
    return Window(tenant=TENANT, kind=MANAGEMENT, ends=START + timedelta(minutes=1))


def test_a_counter_gives_what_all_have_added(stores, window):
    totals = [stores.throttles.add(window, requests) for requests in (11, 31, 1)]

    assert totals == [11, 42, 43]


@pytest.mark.parametrize("other", [{"tenant": "main"}, {"kind": "authentication"}, {"ends": START}], ids=str)
def test_each_tenant_kind_and_minute_has_a_counter_of_its_own(stores, window, other):
    another = Window(**{"tenant": TENANT, "kind": MANAGEMENT, "ends": window.ends, **other})
    stores.throttles.add(window, 11)

    assert stores.throttles.add(another, 1) == 1


def test_a_counter_expires_a_minute_after_its_own(stores, window, contents):
    stores.throttles.add(window, 11)

    (item,) = contents()
    assert item["expires_at"]["N"] == str(int((START + timedelta(minutes=2)).timestamp()))


@each_judge
def test_no_request_is_lost_or_told_twice_when_many_add_at_once(stores, window, race):
    totals = race(*[partial(stores.throttles.add, window, 2)] * MANY).won

    assert sorted(totals) == list(range(2, 2 * MANY + 1, 2))


@each_judge
def test_of_many_who_tell_of_a_limit_at_once_one_does(stores, window, given, race):
    tellers = [partial(stores.throttles.tell, window, given.event(type="api_limit")) for _ in range(MANY)]

    outcomes = race(*tellers)

    assert (len(outcomes.won), outcomes.codes) == (1, {"conflict"})
    assert len(stores.logs.list(TENANT, PageRequest(), newest_first=True).items) == 1


@each_judge
def test_processes_at_once_let_in_the_limit_and_a_step_of_each_at_most(stores, ambient, race):
    processes, limit, step = 8, 400, 10
    several = [Throttles(stores.throttles, ambient, {MANAGEMENT: limit}) for _ in range(processes)]
    caller = Caller(tenant=TENANT)

    outcomes = race(*[partial(throttles.count, caller, MANAGEMENT) for throttles in several] * 10)
    for _ in range(5):
        more = race(*[partial(throttles.count, caller, MANAGEMENT) for throttles in several] * 10)
        outcomes.won += more.won

    assert limit <= len(outcomes.won) <= limit + processes * (step + 1)
