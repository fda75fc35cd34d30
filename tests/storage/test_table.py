"""The table: what reads show and what they never show, and pages that are read no further than they are needed."""

from __future__ import annotations

from itertools import islice

import pytest

from chalicelib.storage.documents import DocumentItem
from chalicelib.storage.keys import Key
from chalicelib.storage.table import Item

A_MINUTE = 60
PROFILE = Key("person", "PROFILE")


@pytest.fixture
def put(table):
    """Write items as they are, in as few calls as possible."""

    def write(*items):
        with Item.batch_write() as batch:
            for item in items:
                batch.save(item)
        return items

    return write


def numbered(pk, count, **attributes):
    """Items of one partition, in order of their sort keys."""
    return [Item.at(Key(pk, f"{number:04}"), **attributes) for number in range(count)]


def timed(moments, *, pk="WHEN"):
    """Items that the index by time lists in one partition; their own partition is called after their moment."""
    return [Item.at(Key(f"of {moment}", "X"), by_time_pk=pk, by_time_sk=moment) for moment in moments]


def sort_keys(items):
    return [item.sk for item in items]


# One item


def test_an_item_is_read_as_it_was_written(table, put):
    put(Item.at(PROFILE, by_time_sk="when", by_time_pk="what", expires_at=2**53 + 1))

    item = table.get(Item, PROFILE)

    assert item.key == PROFILE
    assert (item.by_time_pk, item.by_time_sk, item.expires_at) == ("what", "when", 2**53 + 1)


def test_an_item_that_is_not_there_is_none(table):
    assert table.get(Item, PROFILE) is None


def test_an_item_is_shown_until_its_last_second_and_not_after(table, put, clock):
    put(Item.at(PROFILE, expires_at=int(clock.now().timestamp()) + A_MINUTE))

    clock.advance(seconds=A_MINUTE - 0.001)
    before = table.get(Item, PROFILE)
    clock.advance(seconds=0.001)
    after = table.get(Item, PROFILE)

    assert before.key == PROFILE
    assert after is None


# Many items


def test_items_come_in_the_order_they_are_asked_for_a_hundred_a_call(table, put, calls):
    wanted = [item.key for item in reversed(put(*numbered("many", 250)))]
    calls.clear()

    found = table.batch_get(Item, wanted)

    assert [item.key for item in found] == wanted
    assert calls == ["BatchGetItem"] * 3


def test_what_is_gone_is_left_out_of_a_batch(table, put):
    put(*numbered("many", 3))
    wanted = [Key("many", name) for name in ("0002", "nothing", "0000")]

    found = table.batch_get(Item, wanted)

    assert sort_keys(found) == ["0002", "0000"]


def test_a_batch_of_nothing_asks_for_nothing(table, calls):
    calls.clear()

    assert table.batch_get(Item, []) == []
    assert calls == []


def test_what_has_expired_is_in_no_batch_and_in_no_walk(table, put, clock):
    expired, alive = put(Item.at(Key("p", "1"), expires_at=int(clock.now().timestamp())), Item.at(Key("p", "2")))

    batch = table.batch_get(Item, [expired.key, alive.key])
    walk = table.query(Item, "p")
    everything = table.query(Item, "p", expired=True)

    assert sort_keys(batch) == ["2"]
    assert sort_keys(walk) == ["2"]
    assert sort_keys(everything) == ["1", "2"]


def test_items_of_several_kinds_come_together_in_the_order_they_are_asked_for(table, put, calls):
    document = DocumentItem.at(Key("d", "X"), document="{}", version=1)
    put(Item.at(PROFILE), document)
    calls.clear()

    found = table.get_each([(DocumentItem, document.key), (Item, Key("nothing", "X")), (Item, PROFILE)])

    assert [type(item) for item in found] == [DocumentItem, type(None), Item]
    assert found[0].document == "{}"
    assert calls == ["BatchGetItem"]


def test_what_has_expired_is_none_among_items_of_several_kinds(table, put, clock):
    put(Item.at(PROFILE, expires_at=int(clock.now().timestamp())))

    assert table.get_each([(Item, PROFILE)]) == [None]


# A partition


def test_a_walk_shows_one_partition_in_order_or_backwards(table, put):
    put(*numbered("mine", 3), *numbered("mine#too", 2), *numbered("other", 2))

    forwards = table.query(Item, "mine")
    backwards = table.query(Item, "mine", newest_first=True)

    assert sort_keys(forwards) == ["0000", "0001", "0002"]
    assert sort_keys(backwards) == ["0002", "0001", "0000"]


def test_a_walk_with_a_prefix_shows_what_begins_with_it(table, put):
    put(*(Item.at(Key("p", sk)) for sk in ("CLIENT", "CLIENT#1", "CLIENT#2", "CLIENT_GRANT#1", "client#1")))

    found = table.query(Item, "p", prefix="CLIENT#")

    assert sort_keys(found) == ["CLIENT#1", "CLIENT#2"]


@pytest.mark.parametrize(
    ("newest_first", "after", "rest"),
    [(False, "0001", ["0002", "0003"]), (True, "0002", ["0001", "0000"]), (False, "0001x", ["0002", "0003"])],
)
def test_a_walk_goes_on_after_a_key_in_its_direction_also_if_nothing_lies_there(table, put, newest_first, after, rest):
    put(*numbered("p", 4))

    found = table.query(Item, "p", after=after, newest_first=newest_first)

    assert sort_keys(found) == rest


def test_a_walk_asks_for_a_page_when_it_is_needed_and_for_no_more(table, put, calls):
    put(*numbered("p", 30))
    calls.clear()

    some = list(islice(table.query(Item, "p", page_size=10), 11))

    assert len(some) == 11
    assert calls == ["Query", "Query"]


@pytest.mark.parametrize("page_size", [0, 1, 1_000, 1_001, 10**9])
def test_any_size_of_page_gives_everything(table, put, page_size):
    put(*numbered("p", 3), *timed(["1", "2"]))

    walk = table.query(Item, "p", page_size=page_size)
    index = table.query_by_time(["WHEN"], page_size=page_size)

    assert len(list(walk)) == 3
    assert len(list(index)) == 2


# The index by time


def test_the_index_gives_its_sort_keys_with_the_keys_of_the_items_in_order(table, put):
    put(*timed(["2", "1"]))

    found = list(table.query_by_time(["WHEN"]))

    assert found == [("1", Key("of 1", "X")), ("2", Key("of 2", "X"))]


@pytest.mark.parametrize("newest_first", [False, True])
def test_shards_are_merged_in_order(table, put, newest_first):
    moments = [f"{number:02}" for number in range(20)]
    for shard in range(4):
        put(*timed(moments[shard::4], pk=f"WHEN#{shard}"))

    found = table.query_by_time([f"WHEN#{shard}" for shard in range(4)], newest_first=newest_first, page_size=2)

    assert [moment for moment, _ in found] == sorted(moments, reverse=newest_first)


def test_shards_are_read_no_further_than_the_merged_page_needs(table, put, calls):
    for shard in range(4):
        put(*timed([f"{number}{shard}" for number in range(9)], pk=f"WHEN#{shard}"))
    calls.clear()

    first = list(islice(table.query_by_time([f"WHEN#{shard}" for shard in range(4)], page_size=3), 8))

    assert [moment for moment, _ in first] == ["00", "01", "02", "03", "10", "11", "12", "13"]
    assert calls == ["Query"] * 4


@pytest.mark.parametrize(
    ("where", "moments"),
    [
        (Item.by_time_sk > "1", ["2", "3"]),
        (Item.by_time_sk < "2", ["0", "1"]),
        (Item.by_time_sk == "2", ["2"]),
        (Item.by_time_sk > "9", []),
    ],
)
def test_a_condition_holds_for_what_is_listed_and_for_what_is_counted(table, put, where, moments):
    put(*timed(["0", "1", "2", "3"]))

    found = table.query_by_time(["WHEN"], where=where)

    assert [moment for moment, _ in found] == moments
    assert table.count_by_time(["WHEN"], where) == len(moments)


def test_the_counts_of_shards_are_added_up(table, put):
    put(*timed(["1", "2"], pk="WHEN#0"), *timed(["3"], pk="WHEN#1"), *timed(["4"], pk="OTHER"))

    assert table.count_by_time(["WHEN#0", "WHEN#1", "WHEN#2"]) == 3


def test_the_index_by_email_gives_the_keys_of_all_who_carry_it(table, put):
    put(*(Item.at(Key(f"user {name}", "P"), by_email_pk="ann@", by_email_sk=name) for name in "21"))
    put(Item.at(Key("user 3", "P"), by_email_pk="bob@", by_email_sk="3"))

    assert table.query_by_email("ann@") == [Key("user 1", "P"), Key("user 2", "P")]
