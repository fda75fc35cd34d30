"""Notes of deletions to finish: found across tenants, the oldest first, and removed by whom they were made for."""

from __future__ import annotations

import pytest

from chalicelib.core.work import CONNECTION, USER, Work
from chalicelib.storage.work import work_item


@pytest.fixture
def works(stores):
    return stores.works


@pytest.fixture
def note(table, clock):
    """Note work as the transaction of a deletion does."""

    def write(target, tenant="acme", kind=USER):
        work = Work.on(kind, target, tenant, clock.now())
        table.write().put(work_item(table, work)).commit()
        clock.advance(milliseconds=1)
        return work

    return write


def test_the_oldest_work_of_all_tenants_comes_first(works, note):
    noted = [note("c", "zulu"), note("a", "acme"), note("b", "mike", CONNECTION)]

    assert works.pending(10) == noted
    assert works.pending(2) == noted[:2]
    assert works.pending(0) == []


@pytest.mark.security(42)
def test_a_tenant_with_much_work_keeps_no_other_waiting(works, note):
    many = [note(f"user{number}", "acme") for number in range(30)]
    later = [note("a", "main"), note("b", "main"), note("c", "zulu")]

    taken = works.pending(25)

    assert taken[:5] == [many[0], later[0], later[2], many[1], later[1]]
    assert taken[5:] == many[2:22]


def test_where_nothing_is_noted_there_is_nothing_to_do(works):
    assert works.pending(25) == []


def test_finished_work_is_gone_and_can_be_finished_twice(works, note):
    first, second = note("a"), note("b")

    works.finish(first)
    works.finish(first)

    assert works.pending(10) == [second]


@pytest.mark.security(33)
def test_the_work_of_one_tenant_is_not_finished_by_anothers(works, note):
    ours, theirs = note("a", "acme"), note("a", "other")

    works.finish(ours)

    assert works.pending(10) == [theirs]


def test_work_on_one_target_is_noted_once_and_begins_anew(works, note):
    note("a")

    second = note("a")

    assert works.pending(10) == [second]


def test_a_late_sweep_does_not_finish_work_that_was_noted_after_its_own(works, note):
    first = note("a")
    works.finish(first)
    second = note("a")

    works.finish(first)

    assert works.pending(10) == [second]


@pytest.mark.parametrize("target", ["a#b", "", "auth0|😀", "\x00", "x" * 5_000])
def test_work_on_any_target_is_noted(works, note, target):
    noted = note(target)

    assert works.pending(10) == [noted]
    assert noted.id != Work.on(CONNECTION, target, "acme", noted.noted_at).id
