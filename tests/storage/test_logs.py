"""History: every event for two days and not a millisecond longer, by tenant and by user, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.logs import HELD_BACK, KEPT_FOR
from chalicelib.core.paging import PageRequest
from chalicelib.storage.logs import LogStore

TENANT, ANN = "acme", "auth0|ann"


@pytest.fixture
def logs(stores):
    return stores.logs


@pytest.fixture
def happen(logs, given, clock):
    """Let one event after another happen, a second apart, and give them."""

    def record(count, user_id="", store=logs):
        events = []
        for _ in range(count):
            events.append(given.event(user_id))
            store.record(TENANT, events[-1])
            clock.advance(seconds=1)
        return events

    return record


def listed(logs, *, newest_first=False, **request):
    return list(logs.list(TENANT, PageRequest(**request), newest_first=newest_first).items)


def of_user(logs, user_id=ANN, *, newest_first=False, **request):
    return list(logs.list_for_user(TENANT, user_id, PageRequest(**request), newest_first=newest_first).items)


# One event


@pytest.mark.parametrize("user_id", ["", ANN, "auth0|a#b", "auth0|😀\x00"])
def test_an_event_is_found_by_its_id_as_it_was_recorded(logs, given, user_id):
    event = given.event(user_id, details={"nested": [None, -0.0, 10**30, "", {"": "\x00"}]}, ip="::1", type="fapi")

    logs.record(TENANT, event)

    assert repr(logs.find(TENANT, event.log_id)) == repr(event)


@pytest.mark.security(33)
def test_the_events_of_a_tenant_are_not_anothers(logs, happen):
    (event,) = happen(1, ANN)

    assert logs.find("other", event.log_id) is None
    assert logs.list("other", PageRequest(), newest_first=True).items == []
    assert logs.list_for_user("other", ANN, PageRequest(), newest_first=True).items == []


@pytest.mark.parametrize("log_id", ["1", "0" * 37, "~", "#", "😀", "x" * 1_024, "😀" * 1_024])
def test_an_id_that_no_event_has_finds_nothing(logs, happen, log_id):
    happen(1)

    assert logs.find(TENANT, log_id) is None


@pytest.mark.parametrize("user_id", ["", ANN])
def test_an_event_is_shown_for_two_days_to_the_millisecond(logs, happen, clock, user_id):
    (event,) = happen(1, user_id)

    clock.time = event.date + KEPT_FOR - timedelta(milliseconds=1)
    before = logs.find(TENANT, event.log_id), listed(logs), of_user(logs, user_id or ANN)
    clock.time = event.date + KEPT_FOR
    after = logs.find(TENANT, event.log_id), listed(logs), of_user(logs, user_id or ANN)

    assert before == (event, [event], [event] if user_id else [])
    assert after == (None, [], [])


def test_an_event_is_marked_to_be_removed_when_nobody_is_shown_it_any_more(happen, contents, clock):
    clock.advance(milliseconds=1)

    (event,) = happen(1)

    (item,) = contents()
    gone = (event.date + KEPT_FOR).timestamp()
    assert gone <= int(item["expires_at"]["N"]) < gone + 1


# Those of a tenant


def test_events_with_and_without_a_user_are_one_history(logs, happen):
    events = happen(2) + happen(2, ANN) + happen(1, "auth0|bob") + happen(1)

    assert listed(logs) == events
    assert listed(logs, newest_first=True) == events[::-1]


@pytest.mark.parametrize(("page", "per_page", "shown"), [(0, 2, [0, 1]), (1, 2, [2, 3]), (2, 2, [4]), (3, 2, [])])
def test_a_page_is_a_part_of_the_whole_and_knows_how_many_there_are(logs, happen, page, per_page, shown):
    events = happen(5)

    request = PageRequest(page=page, per_page=per_page, include_totals=True)
    forwards = logs.list(TENANT, request, newest_first=False)
    backwards = logs.list(TENANT, request, newest_first=True)

    assert forwards.items == [events[number] for number in shown]
    assert backwards.items == [events[4 - number] for number in shown]
    assert (forwards.start, forwards.total) == (page * per_page, 5)


def test_a_page_of_none_counts_all_the_same(logs, happen):
    happen(3, ANN)
    request = PageRequest(per_page=0, include_totals=True)

    pages = [
        logs.list(TENANT, request, newest_first=True),
        logs.list_for_user(TENANT, ANN, request, newest_first=True),
    ]

    assert [(page.items, page.total) for page in pages] == [([], 3), ([], 3)]


def test_a_checkpoint_goes_on_after_an_event_and_finds_what_happened_since(logs, happen, clock):
    events = happen(3)
    clock.advance(seconds=10)

    first = listed(logs, checkpoint=True, per_page=2)
    later = happen(1, ANN)
    clock.advance(seconds=10)
    rest = listed(logs, checkpoint=True, per_page=100, start_after=first[-1].log_id)

    assert first == events[:2]
    assert rest == [events[2], *later]


def test_a_checkpoint_of_an_event_that_has_expired_goes_on_with_the_oldest_there_is(logs, happen, clock):
    (old,) = happen(1)
    clock.advance(days=2)
    new = happen(2)
    clock.advance(seconds=10)

    assert listed(logs, checkpoint=True, start_after=old.log_id) == new
    assert listed(logs, checkpoint=True, start_after=new[0].log_id) == new[1:]


@pytest.mark.security(43)
def test_a_checkpoint_gives_an_event_when_it_is_ten_seconds_old_and_a_page_at_once(logs, happen, clock):
    (event,) = happen(1)

    clock.time = event.date + HELD_BACK - timedelta(milliseconds=1)
    before = listed(logs, checkpoint=True), listed(logs)
    clock.time = event.date + HELD_BACK
    on_time = listed(logs, checkpoint=True)
    clock.advance(milliseconds=1)

    assert before == ([], [event])
    assert (on_time, listed(logs, checkpoint=True)) == ([], [event])


def test_of_two_writers_none_is_passed_over_who_writes_up_to_ten_seconds_after_taking_its_id(logs, given, clock):
    slow = given.event(description="slow")
    clock.advance(seconds=1)
    quick = given.event(description="quick")
    logs.record(TENANT, quick)

    clock.advance(seconds=8.999)
    first = listed(logs, checkpoint=True)
    logs.record(TENANT, slow)
    clock.advance(seconds=5)
    second = listed(logs, checkpoint=True, per_page=1)
    third = listed(logs, checkpoint=True, start_after=second[-1].log_id)

    assert (first, second, third) == ([], [slow], [quick])


def test_a_checkpoint_may_be_the_beginning_of_an_id(logs, happen, clock):
    events = happen(3)
    clock.advance(seconds=10)

    after = [listed(logs, checkpoint=True, start_after=events[1].log_id[:length]) for length in (13, 20, 37)]

    assert after == [events[1:], events[1:], events[2:]]


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_has_expired_but_is_not_removed_fills_no_page_and_counts_in_no_total(logs, happen, clock, newest_first):
    happen(4)
    clock.advance(days=2)
    new = happen(3)

    page = logs.list(TENANT, PageRequest(per_page=2, include_totals=True), newest_first=newest_first)

    assert page.items == (new[:0:-1] if newest_first else new[:2])
    assert page.total == 3


def test_history_spread_over_shards_is_one(happen, table):
    sharded = LogStore(replace(table, shards=4))
    events = happen(20, store=sharded)

    page = sharded.list(TENANT, PageRequest(page=1, per_page=6, include_totals=True), newest_first=False)

    assert page.items == events[6:12]
    assert page.total == 20
    assert [sharded.find(TENANT, event.log_id) for event in events] == events


def test_history_from_before_there_were_more_shards_is_still_found(happen, table):
    sharded = LogStore(replace(table, shards=4))

    events = happen(3) + happen(3, store=sharded)

    assert listed(sharded) == events
    assert [sharded.find(TENANT, event.log_id) for event in events] == events


# Those of a user


def test_the_events_of_a_user_are_that_users_alone(logs, happen):
    happen(1)
    of_ann = happen(2, ANN)
    happen(1, ANN + "a")
    happen(1, "auth0|an")

    assert of_user(logs) == of_ann
    assert of_user(logs, newest_first=True) == of_ann[::-1]
    assert of_user(logs, "auth0|nobody") == []


@pytest.mark.parametrize(("page", "shown"), [(0, [0, 1]), (1, [2, 3]), (2, [4]), (3, [])])
def test_a_page_of_a_users_events_is_a_part_of_the_whole(logs, happen, page, shown):
    events = happen(5, ANN)
    request = PageRequest(page=page, per_page=2, include_totals=True)

    listed_page = logs.list_for_user(TENANT, ANN, request, newest_first=False)

    assert listed_page.items == [events[number] for number in shown]
    assert (listed_page.start, listed_page.total) == (page * 2, 5)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_users_expired_events_fill_no_page_and_count_in_no_total(logs, happen, clock, newest_first):
    happen(4, ANN)
    clock.advance(days=2)
    new = happen(3, ANN)
    request = PageRequest(per_page=2, include_totals=True)

    page = logs.list_for_user(TENANT, ANN, request, newest_first=newest_first)

    assert page.items == (new[:0:-1] if newest_first else new[:2])
    assert page.total == 3


def test_a_users_history_is_not_the_users_profile_or_devices(logs, given, happen):
    ann = given.user("ann")
    given.device(ann.user_id, "phone")

    events = of_user(logs, ann.user_id)

    assert [event.user_id for event in events] == [ann.user_id] * 2
