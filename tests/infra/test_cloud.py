"""What the emulated AWS is given before the app starts."""

from __future__ import annotations

import pytest

from infra.clients import client
from infra.local.cloud import prepare
from infra.local.settings import TABLE
from infra.ministack import MiniStack


@pytest.fixture
def endpoint():
    with MiniStack() as endpoint:
        yield endpoint


def test_there_is_a_table_and_a_key_that_seals(endpoint):
    key = prepare(endpoint)

    assert client("dynamodb", endpoint).describe_table(TableName=TABLE)["Table"]["TableStatus"] == "ACTIVE"
    assert client("kms", endpoint).encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]


def test_a_second_start_finds_both(endpoint):
    key = prepare(endpoint)

    assert prepare(endpoint) == key
    assert len(client("kms", endpoint).list_keys()["Keys"]) == 1
