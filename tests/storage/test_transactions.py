"""Transactions: all of it or none, and each failed condition is the refusal that its operation names."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import Conflict, Gone, TooLarge
from chalicelib.storage.documents import DocumentItem
from chalicelib.storage.keys import Key
from chalicelib.storage.table import ABSENT, MAX_TRANSACTION, PRESENT, Item, batched

THERE, MISSING = Key("there", "X"), Key("missing", "X")
OPERATIONS = ["first check", "second check", "first delete", "first put", "second put", "first update"]
NEARLY_400_KB = "x" * 399_000
OVER_400_KB = "x" * 410_000


class Refused(Conflict):
    """Says which operation of a transaction was refused."""


@pytest.fixture
def there(table):
    """An item that lies in the table before anything else does."""
    table.write().put(Item.at(THERE)).commit()
    return table.get(Item, THERE)


def document(key, text):
    return DocumentItem.at(key, document=text, version=1)


def transaction(table, *failing):
    """A transaction with every kind of operation, not in the order they are sent, of which some must fail."""
    begun = table.write()

    def condition(name):
        return (PRESENT if name in failing else ABSENT), Refused(name)

    begun.update(Item.at(Key("update", "X")), [Item.by_time_sk.set("x")], *condition("first update"))
    begun.put(Item.at(Key("put", "1")), *condition("first put"))
    begun.check(Key("check", "1"), *condition("first check"))
    begun.put(Item.at(Key("put", "2")), *condition("second put"))
    begun.delete(Key("delete", "1"), *condition("first delete"))
    begun.check(Key("check", "2"), *condition("second check"))
    return begun


def test_a_transaction_does_all_of_it(table, there, contents):
    begun = table.write().check(MISSING, ABSENT, Gone("")).delete(THERE, PRESENT)
    begun.put(Item.at(Key("put", "X"))).update(Item.at(Key("new", "X")), [Item.by_time_sk.set("x")], ABSENT)

    begun.commit()

    assert {item["pk"]["S"] for item in contents()} == {"put", "new"}


def test_nothing_happens_before_it_is_committed(table, calls):
    calls.clear()

    transaction(table)

    assert calls == []


@pytest.mark.parametrize("failing", OPERATIONS)
def test_a_refusal_is_that_of_the_operation_whose_condition_failed(table, contents, failing):
    begun = transaction(table, failing)

    with pytest.raises(Refused) as refusal:
        begun.commit()

    assert refusal.value.message == failing
    assert contents() == []


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        (("first update", "second put"), "second put"),
        (("second put", "first put"), "first put"),
        (("first put", "first delete"), "first delete"),
        (("first delete", "second check"), "second check"),
        (OPERATIONS, "first check"),
    ],
)
def test_of_several_failed_conditions_checks_are_told_first_then_deletes_puts_and_updates(table, failing, told):
    begun = transaction(table, *failing)

    with pytest.raises(Refused) as refusal:
        begun.commit()

    assert refusal.value.message == told


@pytest.mark.parametrize(
    "operation",
    [
        lambda begun: begun.delete(MISSING, PRESENT),
        lambda begun: begun.put(Item.at(MISSING), PRESENT),
        lambda begun: begun.update(Item.at(MISSING), [Item.by_time_sk.set("x")], PRESENT),
    ],
    ids=["delete", "put", "update"],
)
def test_a_condition_without_a_refusal_of_its_own_means_that_somebody_else_changed_it(table, operation):
    begun = operation(table.write())

    with pytest.raises(Conflict) as refusal:
        begun.commit()

    assert refusal.value.code == "changed"


def test_a_delete_and_a_put_without_a_condition_are_never_refused(table, there, contents):
    table.write().delete(MISSING).put(Item.at(THERE, by_time_sk="new")).commit()

    assert contents() == [{"pk": {"S": "there"}, "sk": {"S": "X"}, "by_time_sk": {"S": "new"}}]


def test_a_transaction_holds_a_hundred_operations(table, contents):
    begun = table.write()
    for number in range(MAX_TRANSACTION):
        begun.put(Item.at(Key("many", str(number))), ABSENT)

    begun.commit()

    assert begun.size == MAX_TRANSACTION
    assert len(contents()) == MAX_TRANSACTION


def test_an_item_of_nearly_400_kb_is_kept(table):
    table.write().put(document(MISSING, NEARLY_400_KB)).commit()

    assert table.get(DocumentItem, MISSING).document == NEARLY_400_KB


def test_an_item_over_400_kb_is_too_large_on_its_own(table, contents):
    with pytest.raises(TooLarge):
        table.put(document(MISSING, OVER_400_KB))

    assert contents() == []


def test_a_transaction_with_an_item_over_400_kb_is_too_large(table, there, contents):
    begun = table.write().put(document(MISSING, OVER_400_KB)).delete(THERE)

    with pytest.raises(TooLarge):
        begun.commit()

    assert len(contents()) == 1


@pytest.mark.parametrize("stand_in", ["moto", "dynamodb_local"], indirect=True)  # MiniStack lets it grow
def test_an_item_that_an_update_would_grow_over_400_kb_is_too_large(table):
    table.write().put(document(MISSING, "small")).commit()
    begun = table.write().update(document(MISSING, ""), [DocumentItem.document.set(OVER_400_KB)], PRESENT)

    with pytest.raises(TooLarge):
        begun.commit()

    assert table.get(DocumentItem, MISSING).document == "small"


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (99, [99]), (100, [99, 1]), (198, [99, 99]), (199, [99, 99, 1])]
)
def test_a_sequence_is_cut_into_parts_that_fit_a_transaction(count, sizes):
    parts = list(batched(iter(range(count)), MAX_TRANSACTION - 1))

    assert [len(part) for part in parts] == sizes
    assert [number for part in parts for number in part] == list(range(count))
