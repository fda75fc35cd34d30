"""The one table as `template/table.json` defines it, created through DynamoDB's own API.

The local stack, the tests and AWS (through CloudFormation) so have the same table. Owns no key pattern and no item.
"""

from __future__ import annotations

from typing import Any

from infra import template


def definition() -> dict[str, Any]:
    """Give the table's properties as CloudFormation knows them."""
    properties: dict[str, Any] = template.read()["Resources"]["Table"]["Properties"]
    return properties


def create_arguments(name: str) -> dict[str, Any]:
    """Give the arguments of CreateTable: what it does not take is left out, what it calls otherwise is renamed."""
    arguments = {"TableName": name, **definition()}
    # Both have calls of their own; point-in-time recovery and protection from deletion mean nothing outside AWS.
    del arguments["TimeToLiveSpecification"], arguments["PointInTimeRecoverySpecification"]
    del arguments["DeletionProtectionEnabled"]
    arguments["SSESpecification"] = {"Enabled": arguments["SSESpecification"]["SSEEnabled"]}
    arguments["StreamSpecification"] = {"StreamEnabled": True, **arguments["StreamSpecification"]}
    return arguments


def create_table(client: Any, name: str) -> bool:
    """Create the table and set its time to live, wait until it is there, and say whether it was missing.

    `client` is botocore's for DynamoDB. A table that exists is left as it is.
    """
    try:
        client.create_table(**create_arguments(name))
    except client.exceptions.ResourceInUseException:
        return False
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=definition()["TimeToLiveSpecification"])
    return True
