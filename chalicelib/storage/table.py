"""The table itself: the base of every item, its indexes, reads that never show the expired, and transactions.

Botocore's errors become ours here and nowhere else. Owns no key pattern and no noun.
"""

from __future__ import annotations

import heapq
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

from botocore.exceptions import BotoCoreError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core import measures
from chalicelib.core.errors import Conflict, TooLarge, Unavailable
from chalicelib.storage.keys import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from pynamodb.connection import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.core.marks import Marker

I = TypeVar("I", bound="Item")  # noqa: E741 - the letter stands for Item
T = TypeVar("T")

MAX_TRANSACTION = 100
"""Items in one transaction: DynamoDB's limit."""
_ATTEMPTS = 8
"""Tries of a transaction that meets another one; with the pauses below some two seconds at most."""


class ByEmail(GlobalSecondaryIndex["Item"]):
    """Users by e-mail address. Keys only, so that a sign-in's counters do not rewrite it."""

    class Meta:
        index_name = "by_email"
        projection = KeysOnlyProjection()

    by_email_pk = UnicodeAttribute(hash_key=True)
    by_email_sk = UnicodeAttribute(range_key=True)


class ByTime(GlobalSecondaryIndex["Item"]):
    """What is listed in order of time: users, accounts of a connection, log events, devices, work to finish."""

    class Meta:
        index_name = "by_time"
        projection = KeysOnlyProjection()

    by_time_pk = UnicodeAttribute(hash_key=True)
    by_time_sk = UnicodeAttribute(range_key=True)


class Item(Model):
    """What every item has. Subclasses add the attributes of their noun; all share one connection."""

    class Meta:
        table_name: str | None = None
        region: str | None = None
        host: str | None = None
        read_timeout_seconds = 10
        connect_timeout_seconds = 3
        max_retry_attempts = 4

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    by_email_pk = UnicodeAttribute(null=True)
    by_email_sk = UnicodeAttribute(null=True)
    by_time_pk = UnicodeAttribute(null=True)
    by_time_sk = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    by_email = ByEmail()
    by_time = ByTime()

    @classmethod
    def at(cls, key: Key, **attributes: Any) -> Self:
        """Make an item that lies at `key`."""
        return cls(key.pk, key.sk, **attributes)

    @property
    def key(self) -> Key:
        """Where this item lies."""
        return Key(self.pk, self.sk)


ABSENT = Item.pk.does_not_exist()
PRESENT = Item.pk.exists()


@dataclass(frozen=True, slots=True)
class Table:
    """The open table. `now` decides what has expired: DynamoDB itself deletes late, within days.

    `shards` is over how many index partitions a tenant's users and events are spread; it may only ever be raised.
    `marks` are what history is written with; keys are read, to mark with, through a table that has none.
    """

    now: Callable[[], datetime]
    shards: int = 1
    marks: Marker | None = None

    def get(self, kind: type[I], key: Key) -> I | None:
        """Read one item, strongly consistent, or None."""
        with translated():
            try:
                item = kind.get(key.pk, key.sk, consistent_read=True)
            except DoesNotExist:
                return None
        return item if self._alive(item) else None

    def batch_get(self, kind: type[I], keys: Sequence[Key]) -> list[I]:
        """Read many items, strongly consistent, in the order of `keys`, 100 a round trip; what is gone is left out."""
        with translated():
            found = {item.key: item for item in kind.batch_get(keys, consistent_read=True)}
        return [found[key] for key in keys if key in found and self._alive(found[key])]

    def get_each(self, wanted: Sequence[tuple[type[Item], Key]]) -> list[Any]:
        """Read up to 100 items of several kinds in one round trip, strongly consistent; None for what is not there."""
        names: Any = [{"pk": key.pk, "sk": key.sk} for _, key in wanted]
        found: dict[Key, dict[str, Any]] = {}
        with translated():
            for _ in range(_ATTEMPTS):
                answer = Item._get_connection().batch_get_item(names, consistent_read=True)  # noqa: SLF001
                for raw in answer["Responses"].get(Item.Meta.table_name, ()):
                    found[Key(raw["pk"]["S"], raw["sk"]["S"])] = raw
                left = answer["UnprocessedKeys"].get(Item.Meta.table_name, {}).get("Keys", ())
                names = [{name: value["S"] for name, value in key.items()} for key in left]
                if not names:
                    break
            else:
                raise Unavailable("The store is busy. Try again.")
        items = [kind.from_raw_data(found[key]) if key in found else None for kind, key in wanted]
        return [item if item is not None and self._alive(item) else None for item in items]

    def query(
        self,
        kind: type[I],
        pk: str,
        *,
        prefix: str = "",
        before: str = "",
        after: str | None = None,
        newest_first: bool = False,
        page_size: int | None = None,
        expired: bool = False,
    ) -> Iterator[I]:
        """Walk a partition in order, lazily, a page of `page_size` per round trip; `after` is a sort key to go on from.

        Of the whole partition, of what begins with `prefix`, or of what sorts before `before`.
        `expired` shows what has expired too: only for removing it.
        """
        start = {"pk": {"S": pk}, "sk": {"S": after}} if after else None
        with translated():
            for item in kind.query(
                pk,
                kind.sk.startswith(prefix) if prefix else kind.sk < before if before else None,
                consistent_read=True,
                scan_index_forward=not newest_first,
                last_evaluated_key=start,
                page_size=_bounded(page_size),
            ):
                if expired or self._alive(item):
                    yield item

    def query_by_email(self, pk: str) -> list[Key]:
        """Find the keys of the items that carry an e-mail address."""
        with translated():
            return [item.key for item in Item.by_email.query(pk)]

    def query_by_time(
        self,
        pks: Sequence[str],
        *,
        where: Condition | None = None,
        newest_first: bool = False,
        page_size: int | None = None,
    ) -> Iterator[tuple[str, Key]]:
        """Walk index partitions lazily, merged in order: pairs of (sort key in the index, key of the item).

        `where` is a condition on the sort key of the index, such as `Item.by_time_sk > start`. One query per partition
        and page.
        """
        walks = [self._walk_by_time(pk, where, newest_first=newest_first, page_size=page_size) for pk in pks]
        return walks[0] if len(walks) == 1 else heapq.merge(*walks, reverse=newest_first)

    def _walk_by_time(
        self, pk: str, where: Condition | None, *, newest_first: bool, page_size: int | None
    ) -> Iterator[tuple[str, Key]]:
        with translated():
            for item in Item.by_time.query(
                pk, where, scan_index_forward=not newest_first, page_size=_bounded(page_size)
            ):
                yield item.by_time_sk, item.key

    def count_by_time(self, pks: Sequence[str], where: Condition | None = None) -> int:
        """Count index partitions without reading their items."""
        with translated():
            return sum(Item.by_time.count(pk, where) for pk in pks)

    def count(self, pks: Sequence[str]) -> int:
        """Count partitions of the table without reading their items, strongly consistent."""
        with translated():
            return sum(Item.count(pk, consistent_read=True) for pk in pks)

    @property
    def marker(self) -> Marker:
        """What history is marked with: none is ever written without."""
        if self.marks is None:
            raise RuntimeError("This table was opened for reading only.")
        return self.marks

    def put(self, item: Item) -> None:
        """Write one item on which nothing else depends, for half of what a transaction costs."""
        with translated():
            item.save()

    def change(self, item: Item, actions: Sequence[Action]) -> None:
        """Change attributes of one item on which nothing else depends; the item then holds what it has become."""
        with translated():
            item.update(list(actions))

    def update(self, item: Item, actions: Sequence[Action], condition: Condition, otherwise: Exception) -> None:
        """Change one item on which nothing else depends, for half of what a transaction costs."""
        with translated():
            try:
                item.update(list(actions), condition=condition)
            except UpdateError as error:
                if error.cause_response_code == "ConditionalCheckFailedException":
                    raise otherwise from error
                raise

    def write(self) -> Transaction:
        """Begin a transaction."""
        return Transaction()

    def _alive(self, item: Item) -> bool:
        return item.expires_at is None or item.expires_at > self.now().timestamp()


@dataclass(slots=True)
class Transaction:
    """What must change together. Nothing happens before `commit`; then all of it does, or none.

    Each operation names the error that its failed condition means (`otherwise`).
    """

    _checks: list[Callable[[TransactWrite], None]] = field(default_factory=list)
    _deletes: list[Callable[[TransactWrite], None]] = field(default_factory=list)
    _puts: list[Callable[[TransactWrite], None]] = field(default_factory=list)
    _updates: list[Callable[[TransactWrite], None]] = field(default_factory=list)
    _otherwise: dict[str, list[Exception]] = field(
        default_factory=lambda: {"checks": [], "deletes": [], "puts": [], "updates": []}
    )

    def check(self, key: Key, condition: Condition, otherwise: Exception) -> Transaction:
        """Demand that `condition` holds of an item this transaction does not write."""
        self._checks.append(lambda t: t.condition_check(Item, key.pk, key.sk, condition))
        self._otherwise["checks"].append(otherwise)
        return self

    def delete(self, key: Key, condition: Condition | None = None, otherwise: Exception | None = None) -> Transaction:
        """Remove an item."""
        self._deletes.append(lambda t: t.delete(Item.at(key), condition))
        self._otherwise["deletes"].append(otherwise or _changed())
        return self

    def put(self, item: Item, condition: Condition | None = None, otherwise: Exception | None = None) -> Transaction:
        """Write a whole item."""
        self._puts.append(lambda t: t.save(item, condition))
        self._otherwise["puts"].append(otherwise or _changed())
        return self

    def update(
        self,
        item: Item,
        actions: Sequence[Action],
        condition: Condition | None = None,
        otherwise: Exception | None = None,
    ) -> Transaction:
        """Change attributes of an item."""
        self._updates.append(lambda t: t.update(item, list(actions), condition))
        self._otherwise["updates"].append(otherwise or _changed())
        return self

    @property
    def size(self) -> int:
        """How many items it touches; DynamoDB takes 100."""
        return sum(len(errors) for errors in self._otherwise.values())

    def commit(self) -> None:
        """Carry it out. Meeting another transaction on the same item is tried again, a failed condition is not."""
        for attempt in range(_ATTEMPTS):
            try:
                with translated():
                    self._run()
            except TransactWriteError as error:
                self._refuse_or_retry(error)
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
            else:
                return
        raise Unavailable("Too many changes to the same item at once. Try again.")

    def _run(self) -> None:
        with TransactWrite(connection=_connection()) as transaction:
            # PynamoDB sends them in this order, which is the order of the cancellation reasons.
            for operation in (*self._checks, *self._deletes, *self._puts, *self._updates):
                operation(transaction)

    def _refuse_or_retry(self, error: TransactWriteError) -> None:
        expected = [problem for group in ("checks", "deletes", "puts", "updates") for problem in self._otherwise[group]]
        for reason, problem in zip(error.cancellation_reasons, expected, strict=False):
            if reason is not None and reason.code == "ConditionalCheckFailed":
                raise problem from error
        if isinstance(error.cause, BotoCoreError):
            raise Unavailable("The store did not answer. Try again.", detail=str(error)) from error
        codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
        if "ValidationError" in codes or error.cause_response_code == "ValidationException":
            raise _validation(error) from error
        if not codes & {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"} and (
            error.cause_response_code not in _PASSING
        ):
            raise error


_PASSING = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    }
)


def open_table(name: str, *, region: str, endpoint: str | None, now: Callable[[], datetime], shards: int = 1) -> Table:
    """Point every item at the table. Makes no call; a process has one table at a time."""
    Item.Meta.table_name = name
    Item.Meta.region = region
    Item.Meta.host = endpoint
    # Set on the base, so that the items of all nouns share one client: a second one costs 50 ms of cold start.
    Item._connection = None  # noqa: SLF001
    connection = _connection()
    # PynamoDB has every call pass here, the pages of a query one by one.
    connection._make_api_call = _measured(connection._make_api_call)  # type: ignore[method-assign, assignment]  # noqa: SLF001
    return Table(now, shards)


def _measured(call: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Count what is asked of DynamoDB, which is told for each call what it took."""

    def counted(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        taken = 0.0
        try:
            answer = call(operation, arguments)
            told = answer.get("ConsumedCapacity") or ()
            taken = sum(each.get("CapacityUnits", 0.0) for each in ([told] if isinstance(told, dict) else told))
        finally:
            measures.count(**{"read_units" if operation in _READING else "write_units": taken})
        return answer

    return counted


_READING = frozenset({"GetItem", "BatchGetItem", "Query"})


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a lazy sequence into lists of `size`, as itertools.batched does from Python 3.12 on."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _bounded(page_size: int | None) -> int | None:
    """Ask for no more than a thousand items at a time, however far a page lies, and for one at least."""
    return None if page_size is None else max(1, min(page_size, 1_000))


def _connection() -> Connection:
    return Item._get_connection().connection  # noqa: SLF001


@contextmanager
def translated() -> Iterator[None]:
    """Turn what DynamoDB cannot do right now, or refuses for its size, into errors of ours."""
    try:
        yield
    except TransactWriteError:
        raise
    except PynamoDBException as error:
        # First, because a timeout has no answer in which PynamoDB could look for a code.
        if isinstance(error.cause, BotoCoreError):
            raise Unavailable("The store did not answer. Try again.", detail=str(error)) from error
        code = error.cause_response_code
        if code in _PASSING:
            raise Unavailable("The store is busy. Try again.", detail=str(error)) from error
        if code == "ValidationException":
            raise _validation(error) from error
        raise


def _validation(error: PynamoDBException) -> Exception:
    """Only a size can be at fault: every other rule of DynamoDB is kept before a request is made."""
    reasons = error.cancellation_reasons if isinstance(error, TransactWriteError) else []
    # PynamoDB's own text does not say what DynamoDB answered to a transaction.
    text = " ".join([error.cause_response_message or "", *(reason.message or "" for reason in reasons if reason)])
    if "size" in text.lower():
        return TooLarge("This is more than one item can hold: 400 KB with all its attributes.", detail=text)
    return error


def _changed() -> Conflict:
    return Conflict("It was changed by somebody else at the same time. Read it again and retry.", code="changed")
