"""Following the table's stream on MiniStack: everything, in order, again after a failure, to the end at a stop."""

from __future__ import annotations

import base64
import os
import signal
from datetime import UTC, datetime
from threading import Event
from uuid import uuid4

import pytest

from infra.clients import client
from infra.local import stream
from infra.local.stream import BATCH, as_json, following
from infra.ministack import MiniStack
from infra.table import create_table
from tests.infra.conftest import wait_until


@pytest.fixture
def dynamodb(ministack):
    return client("dynamodb", ministack)


@pytest.fixture
def table(dynamodb):
    name = f"stream-{uuid4()}"
    create_table(dynamodb, name)
    yield name
    dynamodb.delete_table(TableName=name)


@pytest.fixture
def write(dynamodb, table):
    def write(number, **attributes):
        key = {"pk": {"S": f"{number:04d}"}, "sk": {"S": "ITEM"}}
        dynamodb.put_item(TableName=table, Item={**key, **attributes})

    return write


class Follower:
    """A function that follows, and what it was given. It fails as often as `failures` says."""

    def __init__(self, failures=0):
        self.failures = failures
        self.batches = []
        self.tried = Event()

    def __call__(self, event, context):
        self.tried.set()
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        self.batches.append(event["Records"])

    @property
    def numbers(self):
        return [int(record["dynamodb"]["Keys"]["pk"]["S"]) for batch in self.batches for record in batch]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.01)


def test_what_is_written_is_followed_while_it_runs(ministack, table, write):
    follower = Follower()

    with following(follower, ministack, table):
        write(1)
        wait_until(lambda: follower.numbers == [1])
        write(2)
        wait_until(lambda: follower.numbers == [1, 2])


def test_what_was_written_before_is_followed_too(ministack, table, write):
    follower = Follower()
    write(1)

    with following(follower, ministack, table):
        write(2)

    assert follower.numbers == [1, 2]


def test_at_a_stop_it_is_read_to_its_end_in_order_and_in_batches(ministack, table, write):
    follower = Follower()

    with following(follower, ministack, table):
        for number in range(2 * BATCH + 1):
            write(number)

    assert follower.numbers == list(range(2 * BATCH + 1))
    assert max(map(len, follower.batches)) <= BATCH


def test_a_batch_that_fails_is_tried_again_before_any_later_one(ministack, table, write, capfd):
    follower = Follower(failures=3)

    with following(follower, ministack, table):
        write(1)
        follower.tried.wait(10)
        write(2)
        wait_until(lambda: len(follower.numbers) == 2)

    assert follower.numbers == [1, 2]
    assert capfd.readouterr().err.count("RuntimeError: not now") == 3


def test_a_batch_that_always_fails_does_not_keep_it_from_stopping(ministack, table, write):
    follower = Follower(failures=1_000_000)

    with following(follower, ministack, table):
        write(1)
        follower.tried.wait(10)

    assert follower.batches == []


def test_a_record_is_as_lambda_shows_it(ministack, table, write, dynamodb):
    follower = Follower()

    with following(follower, ministack, table):
        write(1, old={"S": "x"}, sealed={"B": b"\xff\x00"})
        write(1, new={"N": "1"})
        dynamodb.delete_item(TableName=table, Key={"pk": {"S": "0001"}, "sk": {"S": "ITEM"}})

    records = [record for batch in follower.batches for record in batch]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert records[0]["dynamodb"]["NewImage"]["sealed"] == {"B": base64.b64encode(b"\xff\x00").decode()}
    assert records[1]["dynamodb"]["OldImage"]["old"] == {"S": "x"}
    assert f"table/{table}/stream/" in records[0]["eventSourceARN"]
    assert isinstance(records[0]["dynamodb"]["ApproximateCreationDateTime"], float | int)


def test_a_stream_that_cannot_be_read_is_told_and_does_not_keep_it_from_stopping(capfd):
    running, said = MiniStack(), []
    with running as endpoint:
        create_table(client("dynamodb", endpoint), "lost")

        with following(Follower(), endpoint, "lost"):
            os.kill(running.pid, signal.SIGKILL)
            # It is told again and again, so that a text which is cut in two by our looking does not matter.
            wait_until(lambda: said.append(capfd.readouterr().err) or "The stream could not be read" in "".join(said))


def test_values_of_botocore_become_json_again():
    told = as_json({"a": [b"\x00", datetime(1970, 1, 2, tzinfo=UTC)], "b": {"c": "text", "d": 1, "e": None}})

    assert told == {"a": ["AA==", 86400.0], "b": {"c": "text", "d": 1, "e": None}}
