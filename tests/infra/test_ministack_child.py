"""What MiniStack's process takes for a change, and what it does not."""

from __future__ import annotations

import asyncio

import pytest

from infra.ministack_child import Changes, may_change


def request(target=None, method="POST"):
    headers = [] if target is None else [(b"x-amz-target", target.encode())]
    return {"type": "http", "method": method, "headers": headers}


async def answered(scope, receive, send):
    pass


async def broken(scope, receive, send):
    raise ConnectionError


@pytest.mark.parametrize(
    "operation", ["GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "ListTables", "DescribeTable"]
)
def test_a_read_changes_nothing(operation):
    assert not may_change("POST", request(f"DynamoDB_20120810.{operation}")["headers"])


@pytest.mark.parametrize(
    "operation", ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "CreateTable"]
)
def test_a_write_may_change_something(operation):
    assert may_change("POST", request(f"DynamoDB_20120810.{operation}")["headers"])


@pytest.mark.parametrize(("method", "changes"), [("GET", False), ("HEAD", False), ("PUT", True), ("DELETE", True)])
def test_a_request_that_names_no_operation_is_judged_by_its_method(method, changes):
    assert may_change(method, []) is changes


def test_an_operation_nobody_knows_is_taken_for_a_write():
    assert may_change("POST", request("DynamoDB_20120810.RestoreSomething")["headers"])


def test_a_change_is_told_once():
    changes = Changes(answered)

    asyncio.run(changes(request("DynamoDB_20120810.PutItem"), None, None))

    assert (changes.take(), changes.take()) == (True, False)


def test_a_write_that_failed_half_way_counts_as_a_change():
    changes = Changes(broken)

    with pytest.raises(ConnectionError):
        asyncio.run(changes(request("DynamoDB_20120810.PutItem"), None, None))

    assert changes.take()


def test_what_is_no_request_counts_for_nothing():
    changes = Changes(answered)

    asyncio.run(changes({"type": "lifespan"}, None, None))

    assert not changes.take()
