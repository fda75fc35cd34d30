"""How many requests a tenant may send in a minute: counted by one process, by several, and when the table is silent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.core.callers import Caller
from chalicelib.core.paging import PageRequest
from chalicelib.core.throttles import AUTHENTICATION, LEAST_STEP, MANAGEMENT, LimitReached, Throttles
from chalicelib.storage.table import Item

pytestmark = pytest.mark.security(42)

ACME, MAIN = Caller(tenant="acme", method="GET", path="/api/v2/users"), Caller(tenant="main")


@pytest.fixture
def process(core, ambient):
    """Start one more process over the same table."""

    def start(limit):
        return Throttles(core.throttles.store, ambient, {MANAGEMENT: limit, AUTHENTICATION: limit})

    return start


@pytest.fixture
def events():
    return Item._get_connection().connection.client.meta.events


@pytest.fixture
def calls(events):
    """The names of the operations DynamoDB was asked for."""
    made = []

    def note(model, **_):
        made.append(model.name)

    events.register_first("before-call.dynamodb", note)
    yield made
    events.unregister("before-call.dynamodb", note)


@dataclass
class Silence:
    """Lets the table answer no write until it ends."""

    events: Any
    asked: list[str] = field(default_factory=list)

    def begin(self):
        self.events.register_first("before-call.dynamodb", self.fail)

    def fail(self, model, **_):
        if model.name in {"UpdateItem", "TransactWriteItems"}:
            self.asked.append(model.name)
            raise EndpointConnectionError(endpoint_url="https://dynamodb")

    def end(self):
        self.events.unregister("before-call.dynamodb", self.fail)


@pytest.fixture
def silence(events):
    silence = Silence(events)
    silence.begin()
    yield silence
    silence.end()


def passes(throttles, caller=ACME, kind=MANAGEMENT):
    try:
        throttles.demand_left(caller, kind)
        throttles.count(caller, kind)
    except LimitReached:
        return False
    return True


def let_in(throttles, requests, caller=ACME, kind=MANAGEMENT):
    return sum(passes(throttles, caller, kind) for _ in range(requests))


@pytest.mark.security(43)
@pytest.mark.parametrize("limit", [1, LEAST_STEP, LEAST_STEP + 1, 100, 1_000])
def test_of_one_process_exactly_the_limit_is_let_in(process, limit):
    throttles = process(limit)

    at_the_limit = let_in(throttles, limit)

    assert at_the_limit == limit
    assert not passes(throttles)


def test_a_tenant_that_floods_leaves_another_what_it_has(process):
    throttles = process(50)
    let_in(throttles, 500)

    assert let_in(throttles, 50, MAIN) == 50


def test_who_floods_the_door_of_a_tenant_does_not_keep_its_programs_out(process):
    throttles = process(50)
    let_in(throttles, 500, kind=AUTHENTICATION)

    assert let_in(throttles, 50) == 50


def test_a_limit_of_zero_is_none(process, calls):
    throttles = process(0)

    assert let_in(throttles, 1_000) == 1_000
    assert (calls, throttles.tallies) == ([], {})


def test_a_quiet_tenant_costs_no_round_trip(process, calls):
    throttles = process(1_000)

    let_in(throttles, LEAST_STEP)

    assert calls == []


def test_a_busy_one_costs_a_write_for_each_step(process, calls):
    let_in(process(6_000), 310)

    assert calls == ["UpdateItem"] * 10


def test_what_is_refused_costs_nothing_after_the_first(process, calls):
    throttles = process(100)
    let_in(throttles, 101)
    calls.clear()

    assert let_in(throttles, 1_000) == 0
    assert calls == []


@pytest.mark.parametrize(("processes", "limit"), [(2, 600), (20, 600), (50, 6_000)])
def test_processes_share_a_limit_but_for_a_step_of_each(process, processes, limit):
    several = [process(limit) for _ in range(processes)]
    step = max(LEAST_STEP, limit // 200)

    passed = sum(passes(several[n % processes]) for n in range(3 * limit))

    assert limit <= passed <= limit + processes * step


def test_a_process_that_comes_late_learns_after_a_step_that_nothing_is_left(process):
    let_in(process(100), 101)
    late = process(100)

    assert let_in(late, 100) == LEAST_STEP


def test_the_next_minute_begins_anew(process, clock):
    throttles = process(50)
    clock.advance(seconds=30)
    let_in(throttles, 51)

    clock.advance(seconds=29, milliseconds=999)
    last_moment = passes(throttles)
    clock.advance(milliseconds=1)

    assert not last_moment
    assert let_in(throttles, 51) == 50


def test_what_was_counted_in_other_minutes_is_forgotten(process, clock):
    throttles = process(50)
    for tenant in ("acme", "main", "system"):
        passes(throttles, Caller(tenant=tenant))

    clock.advance(minutes=1)
    passes(throttles)

    assert list(throttles.tallies) == [("acme", MANAGEMENT)]


@pytest.mark.parametrize("by", [timedelta(minutes=-1), timedelta(days=-1), timedelta(days=400)], ids=str)
def test_a_clock_that_is_moved_locks_nobody_out(process, clock, by):
    throttles = process(50)
    let_in(throttles, 51)

    clock.time += by

    assert let_in(throttles, 51) == 50


def test_a_clock_that_comes_back_finds_what_was_counted(process, clock):
    throttles = process(50)
    let_in(throttles, 51)
    clock.advance(minutes=-1)
    passes(throttles)

    clock.advance(minutes=1)

    assert let_in(throttles, 50) == LEAST_STEP


def test_what_is_left_is_told(process, clock):
    throttles = process(50)
    clock.advance(seconds=12, milliseconds=500)
    let_in(throttles, 20)

    left = throttles.allowance("acme", MANAGEMENT)

    assert (left.limit, left.remaining, left.wait) == (50, 30, 48)
    assert left.resets_at == int(clock.time.timestamp()) + 48
    assert throttles.allowance("main", MANAGEMENT) is None


def test_while_the_table_is_silent_nobody_is_refused_below_the_limit(process, silence):
    throttles = process(100)

    assert let_in(throttles, 100) == 100
    assert not passes(throttles)


def test_a_silent_table_is_asked_again_only_after_a_further_step(process, silence):
    throttles = process(1_000)

    let_in(throttles, 2 * LEAST_STEP + 1)
    asked = list(silence.asked)
    let_in(throttles, 1)

    assert (asked, silence.asked) == (["UpdateItem"], ["UpdateItem"] * 2)


def test_what_could_not_be_added_is_added_later(process, silence):
    throttles, other = process(1_000), process(1_000)
    let_in(throttles, LEAST_STEP + 1)

    silence.end()
    let_in(throttles, LEAST_STEP + 1)
    let_in(other, LEAST_STEP + 1)

    assert other.tallies["acme", MANAGEMENT].counted == 3 * LEAST_STEP + 3


def test_threads_of_a_process_share_a_limit_exactly(process):
    throttles = process(500)

    with ThreadPoolExecutor(8) as threads:
        passed = sum(threads.map(lambda _: let_in(throttles, 100), range(8)))

    assert passed == 500


def test_the_history_says_once_for_all_processes_that_a_limit_was_reached(process, core):
    several = [process(50) for _ in range(3)]

    for throttles in several:
        let_in(throttles, 60)

    told = core.logs.search(ACME, "type:api_limit", PageRequest()).items
    assert [event.description for event in told] == ["More than 50 management requests within a minute"]
    assert told[0].details["request"]["path"] == "/api/v2/users"


def test_the_history_says_it_again_of_each_minute_and_each_kind(process, core, clock):
    throttles = process(50)
    for _ in range(2):
        let_in(throttles, 60)
        let_in(throttles, 60, kind=AUTHENTICATION)
        clock.advance(minutes=1)

    told = core.logs.search(ACME, "type:api_limit", PageRequest()).items

    assert len(told) == 4
