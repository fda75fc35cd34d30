"""The order in which a process did things: ticks grow, whatever the clock and the threads do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from chalicelib.core.ambient import Ticks, milliseconds

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
A_MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def ticks():
    return Ticks()


def grows(given):
    """Say whether each is greater than the one before, as text."""
    return all(before < after for before, after in pairwise(given))


def test_a_tick_begins_with_the_milliseconds_of_its_moment(ticks):
    tick = ticks.new(NOON + timedelta(milliseconds=7))

    assert tick == f"{int(NOON.timestamp())}007" + "0000"


def test_ticks_of_one_moment_grow(ticks):
    given = [ticks.new(NOON) for _ in range(1_000)]

    assert grows(given)
    assert {tick[:13] for tick in given} == {f"{milliseconds(NOON)}"}


def test_a_later_moment_begins_at_nought_again(ticks):
    ticks.new(NOON), ticks.new(NOON)

    assert ticks.new(NOON + A_MILLISECOND) == f"{milliseconds(NOON) + 1}0000"


def test_a_millisecond_holds_65536_ticks_and_the_next_one_is_of_the_next_millisecond(ticks):
    given = [ticks.new(NOON) for _ in range(65_537)]

    assert given[-2] == f"{milliseconds(NOON)}ffff"
    assert given[-1] == f"{milliseconds(NOON) + 1}0000"


def test_ticks_go_on_from_the_latest_while_a_clock_is_set_back(ticks):
    given = [ticks.new(NOON), ticks.new(NOON - timedelta(hours=1)), ticks.new(NOON), ticks.new(NOON + A_MILLISECOND)]

    assert grows(given)
    assert given[1] == f"{milliseconds(NOON)}0001"


def test_ticks_of_many_threads_are_all_different_and_grow_in_each(ticks):
    def take(_):
        return [ticks.new(NOON) for _ in range(5_000)]

    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(take, range(8)))

    assert all(grows(of_one) for of_one in given)
    assert len({tick for of_one in given for tick in of_one}) == 40_000


def test_the_milliseconds_of_a_moment_are_exact():
    moments = [NOON + timedelta(milliseconds=number) for number in range(1_000)]

    assert [milliseconds(moment) for moment in moments] == list(range(1_772_366_400_000, 1_772_366_401_000))


def test_a_part_of_a_millisecond_is_left_out():
    assert milliseconds(NOON + timedelta(microseconds=1_999)) == milliseconds(NOON) + 1
