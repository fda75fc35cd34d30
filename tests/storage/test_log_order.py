"""A burst of history: what many threads write at once is all there, in the order in which each of them wrote it."""

from itertools import pairwise

import pytest

from chalicelib.core.paging import PageRequest
from tests.storage.conftest import TENANT

THREADS, EACH = 8, 125
WRITTEN = [[f"{thread} {number:03}" for number in range(EACH)] for thread in range(THREADS)]

# moto answers to one thread at a time only: a transaction copies its table, which another one changes meanwhile.
pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)


@pytest.fixture
def burst(stores, given, race, clock):
    """Let 8 threads record 1,000 events within one second, and give the store they lie in, a little later."""

    def write(thread):
        for text in WRITTEN[thread]:
            stores.logs.record(TENANT, given.event(description=text))

    race(*[lambda thread=thread: write(thread) for thread in range(THREADS)])
    clock.advance(minutes=1)
    return stores.logs


def listed(logs, *, newest_first):
    pages = [
        logs.list(TENANT, PageRequest(page=page, per_page=100), newest_first=newest_first).items for page in range(11)
    ]
    return [event for page in pages for event in page]


def walked(logs, take):
    """Follow the checkpoint to the end, as who exports history does."""
    events, last = [], None
    while page := logs.list(
        TENANT, PageRequest(per_page=take, checkpoint=True, start_after=last), newest_first=False
    ).items:
        events += page
        last = page[-1].log_id
    return events


def by_thread(events):
    """Give what each thread wrote, in the order of the events."""
    return [[text for event in events if (text := event.description)[0] == str(thread)] for thread in range(THREADS)]


def test_a_burst_of_1000_events_loses_none_and_keeps_its_order(burst):
    oldest_first, newest_first = listed(burst, newest_first=False), listed(burst, newest_first=True)

    assert by_thread(oldest_first) == WRITTEN
    assert all(before.log_id < after.log_id for before, after in pairwise(oldest_first))
    assert newest_first == oldest_first[::-1]


def test_a_walk_from_checkpoint_to_checkpoint_sees_each_event_of_a_burst_once(burst):
    events = walked(burst, take=70)

    assert by_thread(events) == WRITTEN
    assert len(events) == THREADS * EACH
