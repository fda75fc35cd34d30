"""Where seals end, and whose turn it is: the rules of sealing, without a table."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest

from chalicelib.core import log_seals
from chalicelib.core.log_seals import MOST_SEALED, TENANTS_PER_RUN, Entry, _parts, _share
from chalicelib.core.logs import first_log_id
from tests.conftest import START

MINUTE = timedelta(minutes=1)


def entries(count: int, at: datetime = START) -> list[Entry]:
    return [Entry(f"{first_log_id(at)}{number:024x}", "0" * 32) for number in range(count)]


def cut(*events: list[Entry]) -> list[tuple[datetime, int]]:
    return [(until, len(part)) for until, part in _parts(event for part in events for event in part)]


def test_a_seal_ends_with_its_period():
    assert cut(entries(2), entries(1, START + 9 * MINUTE), entries(1, START + 10 * MINUTE)) == [
        (START + 10 * MINUTE, 3),
        (START + 20 * MINUTE, 1),
    ]


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("events", "parts"),
    [
        (MOST_SEALED - 1, [(START + 10 * MINUTE, MOST_SEALED)]),
        (MOST_SEALED, [(START + MINUTE, MOST_SEALED), (START + 10 * MINUTE, 1)]),
    ],
)
def test_a_seal_of_ten_thousand_events_ends_with_their_minute(events, parts):
    assert cut(entries(events), entries(1, START + MINUTE)) == parts


def test_a_minute_is_never_cut():
    assert cut(entries(MOST_SEALED + 1), entries(1, START + 10 * MINUTE)) == [
        (START + 10 * MINUTE, MOST_SEALED + 1),
        (START + 20 * MINUTE, 1),
    ]


@pytest.mark.parametrize(("tenants", "minutes"), [(0, 10), (1, 10), (250, 10), (2_500, 10), (2_501, 11), (5_000, 20)])
def test_every_tenant_has_its_turn_once_in_a_period_or_as_often_as_runs_allow(tenants, minutes):
    names = [f"tenant{number}" for number in range(tenants)]

    shares = [_share(names, START + number * MINUTE) for number in range(minutes)]

    assert Counter(name for share in shares for name in share) == Counter(names)
    assert max(map(len, shares)) <= TENANTS_PER_RUN


def test_the_first_tenants_have_their_turn_as_soon_as_a_period_has_settled():
    assert _share(["main"], START + 12 * MINUTE) == ["main"]
    assert _share(["main"], START + 11 * MINUTE) == _share(["main"], START + 13 * MINUTE) == []


def test_who_comes_first_changes_with_the_period():
    names = ["a", "b", "c"]

    firsts = {_share(names, START + (12 + 10 * number) * MINUTE)[0] for number in range(3)}

    assert firsts == set(names)


@pytest.mark.parametrize(("room", "runs"), [(1, [1, 1, 1]), (2, [2, 1]), (3, [3])])
def test_what_one_run_has_no_room_for_is_left_to_the_next(core, clock, monkeypatch, room, runs):
    monkeypatch.setattr(log_seals, "EVENTS_PER_RUN", room)
    clock.advance(minutes=12)

    written = []
    while sum(written) < 3:
        written.append(core.log_seals.run())
        clock.advance(minutes=1)

    assert written == runs


def test_a_tenant_that_cannot_be_sealed_holds_up_no_other(core, clock, contents, caplog):
    items = contents.read()
    keys = [item for item in items if item["pk"]["S"] == "T#acme" and item["sk"]["S"].startswith("SIGNING_KEY#")]
    contents.restore([item for item in items if item not in keys])
    clock.advance(minutes=12)

    written = core.log_seals.run()

    assert written == 2
    assert "history of acme is sealed later: The tenant has no signing key." in caplog.text


def test_minutes_are_read_once_and_in_order():
    names = [f"{first_log_id(START + number * MINUTE / 2)}{'0' * 24}#mark" for number in range(4)]

    minutes = log_seals.minutes_of(names)

    assert [(each.start, each.count) for each in minutes] == [(START, 2), (START + MINUTE, 2)]
    assert minutes != log_seals.minutes_of([names[1], names[0], *names[2:]])
    assert minutes == tuple(map(partial(joined, names), minutes))


def joined(names, minute):
    """Count the names of a minute one after another, as a look does that goes on where one ended."""
    own = log_seals.Minute(minute.start)
    for name in names:
        if log_seals.minute_of(name) == minute.start:
            own = own.joined([name])
    return own
