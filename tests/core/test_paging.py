"""Pages of a list: by offset, from a checkpoint, and how far an offset reaches."""

from dataclasses import dataclass

import pytest

from chalicelib.core.errors import Invalid
from chalicelib.core.paging import PageRequest, cut, within_offset


@dataclass(frozen=True)
class Thing:
    id: str


THINGS = [Thing(id=f"thing-{number}") for number in range(7)]


def ids(page):
    return [thing.id for thing in page.items]


@pytest.mark.parametrize(
    ("number", "size", "expected"),
    [(0, 3, [0, 1, 2]), (1, 3, [3, 4, 5]), (2, 3, [6]), (3, 3, []), (0, 7, [0, 1, 2, 3, 4, 5, 6]), (9, 50, [])],
)
def test_a_page_is_cut_at_its_offset(number, size, expected):
    page = cut(THINGS, PageRequest(page=number, per_page=size), "id")

    assert ids(page) == [f"thing-{number}" for number in expected]
    assert (page.start, page.limit, page.total, page.next) == (number * size, size, None, None)


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_a_total_counts_the_whole_list_whatever_the_page(number):
    page = cut(iter(THINGS), PageRequest(page=number, per_page=3, include_totals=True), "id")

    assert page.total == 7


def test_a_page_reads_no_further_than_its_end():
    remaining = iter(THINGS)

    cut(remaining, PageRequest(page=1, per_page=2), "id")

    assert next(remaining) == THINGS[4]


def test_a_page_of_a_checkpoint_says_where_to_go_on():
    page = cut(THINGS, PageRequest(per_page=3, checkpoint=True), "id")

    assert ids(page) == ["thing-0", "thing-1", "thing-2"]
    assert page.next == "thing-2"


@pytest.mark.parametrize("size", [7, 8])
def test_the_last_page_of_a_checkpoint_says_that_there_is_no_more(size):
    page = cut(THINGS, PageRequest(per_page=size, checkpoint=True), "id")

    assert len(page.items) == 7
    assert page.next is None


@pytest.mark.security(43)
@pytest.mark.parametrize(("number", "size"), [(0, 100), (9, 100), (19, 50), (999, 1)])
def test_an_offset_reaches_1000_results(number, size):
    within_offset(PageRequest(page=number, per_page=size))


@pytest.mark.security(43)
@pytest.mark.parametrize(("number", "size"), [(10, 100), (20, 50), (1000, 1), (10, 91)])
def test_an_offset_past_1000_results_is_refused_with_the_way_on(number, size):
    with pytest.raises(Invalid, match=r"first 1000 records\. Use from and take") as refused:
        within_offset(PageRequest(page=number, per_page=size))

    assert refused.value.code == "invalid_paging"


def test_a_checkpoint_has_no_such_limit():
    within_offset(PageRequest(per_page=100, checkpoint=True, start_after="thing-5000"))
