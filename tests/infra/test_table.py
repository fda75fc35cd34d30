"""The table of the template, as DynamoDB is told it and as the product's models use it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chalicelib.storage.table import Item
from infra.clients import client
from infra.table import create_arguments, create_table, definition


@pytest.fixture(params=["moto", "ministack"])
def dynamodb(request, aws):
    if request.param == "moto":
        return aws["dynamodb"]
    return client("dynamodb", request.getfixturevalue("ministack"))


@pytest.fixture
def table(dynamodb):
    name = f"table-{uuid4()}"
    create_table(dynamodb, name)
    yield name
    dynamodb.delete_table(TableName=name)


def test_dynamodb_has_the_table_that_cloudformation_defines(dynamodb, table):
    told, defined = dynamodb.describe_table(TableName=table)["Table"], definition()

    assert told["KeySchema"] == defined["KeySchema"]
    assert by_name(told["AttributeDefinitions"]) == by_name(defined["AttributeDefinitions"])
    assert told["BillingModeSummary"]["BillingMode"] == defined["BillingMode"]
    assert told["StreamSpecification"] == {"StreamEnabled": True, **defined["StreamSpecification"]}
    assert told["SSEDescription"]["Status"] == "ENABLED"


def test_dynamodb_has_the_indexes_that_cloudformation_defines(dynamodb, table):
    told = dynamodb.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]

    compared = ("IndexName", "KeySchema", "Projection")
    assert [
        {name: index[name] for name in compared} for index in sorted(told, key=lambda index: index["IndexName"])
    ] == (definition()["GlobalSecondaryIndexes"])


def test_dynamodb_deletes_what_has_expired(dynamodb, table):
    told = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]

    assert (told["AttributeName"], told["TimeToLiveStatus"]) == ("expires_at", "ENABLED")


def test_a_table_that_is_there_is_left_as_it_is(dynamodb, table):
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "b"}})

    assert create_table(dynamodb, table) is False
    assert dynamodb.scan(TableName=table)["Count"] == 1


def test_a_table_that_is_missing_is_made(dynamodb):
    name = f"table-{uuid4()}"

    assert create_table(dynamodb, name) is True
    dynamodb.delete_table(TableName=name)


def test_what_createtable_does_not_take_is_all_that_is_left_out():
    left_out = definition().keys() - create_arguments("any").keys()

    assert left_out == {"TimeToLiveSpecification", "PointInTimeRecoverySpecification", "DeletionProtectionEnabled"}


def test_the_models_have_the_keys_and_indexes_that_the_table_has():
    used, defined = Item._get_schema(), definition()

    assert used["key_schema"] == defined["KeySchema"]
    assert by_name(used["attribute_definitions"]) == by_name(defined["AttributeDefinitions"])
    assert [
        {"IndexName": index["index_name"], "KeySchema": index["key_schema"], "Projection": index["projection"]}
        for index in used["global_secondary_indexes"]
    ] == defined["GlobalSecondaryIndexes"]


def by_name(attributes):
    return {each["AttributeName"]: each["AttributeType"] for each in attributes}
