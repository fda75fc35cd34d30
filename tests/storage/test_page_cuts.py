"""Where DynamoDB cuts: a query after 1 MB, a batch of reads after 16 MB. Nothing is missed, counted short or twice.

MiniStack cuts neither, which the tests state, so that a stand-in that begins or ceases to cut is noticed.
"""

from __future__ import annotations

import pytest

from chalicelib.core.paging import PageRequest
from chalicelib.storage.documents import DocumentItem
from chalicelib.storage.keys import Key
from chalicelib.storage.table import Item

TENANT, ANN = "acme", "auth0|ann"
A_HUNDRED_KB = "x" * 100_000
NEARLY_A_PROFILE = "x" * 379_000
MANY = 45
"""Profiles of that size are 17 MB."""


@pytest.fixture
def cut(stand_in, calls):
    """Say whether an operation was cut into several calls, as it is on this stand-in."""

    def was(operation, into=2):
        made = calls.count(operation)
        return made >= into if stand_in != "ministack" else made == 1

    return was


@pytest.fixture
def large_history(given, stores, clock):
    """Thirty events of a user, 3 MB together, the oldest first."""
    events = []
    for _ in range(30):
        clock.advance(seconds=1)
        events.append(given.event(ANN, details={"large": A_HUNDRED_KB}))
        stores.logs.record(TENANT, events[-1])
    return events


@pytest.fixture
def large_index(table):
    """A thousand and a half items whose index entries are 1.6 MB together."""
    moments = [f"{number:04}" for number in range(1_500)]
    with Item.batch_write() as batch:
        for moment in moments:
            batch.save(Item.at(Key(f"{moment}{'x' * 1_000}", "X"), by_time_pk="WHEN", by_time_sk=moment))
    return moments


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_users_large_history_is_shown_whole(stores, large_history, calls, cut, newest_first):
    calls.clear()

    page = stores.logs.list_for_user(TENANT, ANN, PageRequest(per_page=100), newest_first=newest_first)

    assert page.items == (large_history[::-1] if newest_first else large_history)
    assert cut("Query", into=3)


def test_a_page_beyond_the_cut_and_the_total_of_a_large_history_are_right(stores, large_history):
    request = PageRequest(page=2, per_page=8, include_totals=True)

    page = stores.logs.list_for_user(TENANT, ANN, request, newest_first=False)

    assert page.items == large_history[16:24]
    assert page.total == 30


def test_a_tenants_large_history_is_shown_whole(stores, large_history):
    page = stores.logs.list(TENANT, PageRequest(per_page=100, include_totals=True), newest_first=True)

    assert page.items == large_history[::-1]
    assert page.total == 30


def test_a_large_history_is_removed_whole(stores, given, large_history, contents):
    work = given.retired(given.user("ann"))

    finished = stores.users.purge(work, 1_000)

    assert finished
    assert [item for item in contents() if item["pk"]["S"] == f"T#acme#U#{ANN}"] == []


def test_a_configuration_of_more_than_a_page_is_walked_whole(stores, given, calls, cut):
    made = [given.connection(f"c{number:02}", options={"large": "x" * 99_000}) for number in range(15)]
    calls.clear()

    walked = list(stores.connections.walk(TENANT))

    assert walked == made
    assert cut("Query")


def test_a_large_index_is_listed_and_counted_whole(table, large_index, calls, cut):
    calls.clear()
    listed = [moment for moment, _ in table.query_by_time(["WHEN"])]
    cut_when_listed = cut("Query")

    calls.clear()
    counted = table.count_by_time(["WHEN"])

    assert listed == large_index
    assert counted == 1_500
    assert (cut_when_listed, cut("Query")) == (True, True)


def test_a_page_deep_in_a_large_index_is_the_right_one(table, large_index):
    found = list(table.query_by_time(["WHEN"], where=Item.by_time_sk > "1400", page_size=99))

    assert [moment for moment, _ in found] == large_index[1_401:]


def test_a_page_of_users_with_17_mb_of_profiles_is_shown_whole(given, listed, clock, calls, cut):
    people = []
    for number in range(MANY):
        clock.advance(milliseconds=1)
        people.append(given.user(f"user{number:02}", user_metadata={"large": NEARLY_A_PROFILE}))
    calls.clear()

    page = listed(per_page=100, include_totals=True)

    assert page.items == people
    assert page.total == MANY
    assert cut("BatchGetItem")


def test_a_batch_of_17_mb_of_several_kinds_is_read_whole(table, calls, cut):
    wanted = [(DocumentItem, Key("large", f"{number:02}")) for number in range(MANY)]
    for _, key in wanted:
        table.put(DocumentItem.at(key, document=NEARLY_A_PROFILE, version=1))
    calls.clear()

    found = table.get_each(wanted)

    assert [item.key for item in found] == [key for _, key in wanted]
    assert cut("BatchGetItem")
