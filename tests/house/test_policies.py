"""What the Lambdas may do in AWS: everything the code does, nothing else, and nothing to things of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra import template
from tests.documents import text

TABLE = {
    "dynamodb:BatchGetItem": ("chalicelib/storage/table.py", ".batch_get("),
    "dynamodb:ConditionCheckItem": ("chalicelib/storage/table.py", ".condition_check("),
    "dynamodb:DeleteItem": ("chalicelib/storage/table.py", "t.delete("),
    "dynamodb:GetItem": ("chalicelib/storage/table.py", "kind.get("),
    "dynamodb:PutItem": ("chalicelib/storage/table.py", "t.save("),
    "dynamodb:Query": ("chalicelib/storage/table.py", "kind.query("),
    "dynamodb:UpdateItem": ("chalicelib/storage/table.py", "t.update("),
    "kms:Decrypt": ("chalicelib/adapters/kms.py", "client.decrypt("),
    "kms:Encrypt": ("chalicelib/adapters/kms.py", "client.encrypt("),
    "logs:CreateLogStream": ("app.py", "app = build()"),
    "logs:PutLogEvents": ("app.py", "app = build()"),
}
WORK = {
    **TABLE,
    "lambda:InvokeFunction": ("chalicelib/adapters/sandbox/remote.py", "client.invoke("),
    "ses:SendEmail": ("chalicelib/adapters/ses.py", "send_email"),
}
NEEDED = {
    "ApiRole": {**WORK, "s3:GetObject": ("chalicelib/adapters/breached_passwords.py", "get_object(")},
    "SweepRole": WORK,
    # What Lambda does with the role, so that `follow` gets the table's stream.
    "FollowRole": {
        **WORK,
        "dynamodb:DescribeStream": ("app.py", "def follow("),
        "dynamodb:GetRecords": ("app.py", "def follow("),
        "dynamodb:GetShardIterator": ("app.py", "def follow("),
    },
    "AdministerRole": TABLE,
    "SandboxRole": {},
}
"""Every action that a role needs, and the line that needs it."""
RESOURCES = template.read()["Resources"]
ROLES = {name: each["Properties"] for name, each in RESOURCES.items() if each.get("Type") == "AWS::IAM::Role"}
FUNCTIONS = {"APIHandler": "ApiRole", "SandboxFunction": "SandboxRole"}
OPEN = {"${Files.Arn}/breached-passwords/*": "a folder of ours: the list is one file for each of a million prefixes"}
"""Resources with a wildcard, and why."""


def statements(role: str) -> Iterator[dict[str, Any]]:
    for policy in ROLES[role].get("Policies", ()):
        for statement in policy["PolicyDocument"]["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_each_function_has_a_role_of_its_own():
    functions = {name: each["Properties"]["Role"] for name, each in RESOURCES.items() if "Role" in each["Properties"]}

    wanted = {name: {"Fn::GetAtt": [FUNCTIONS.get(name, f"{name}Role"), "Arn"]} for name in functions}
    assert functions == wanted
    assert len(functions) == len(ROLES) == len(NEEDED)


@pytest.mark.parametrize("role", NEEDED)
def test_a_role_allows_the_actions_its_function_needs_and_no_others(role):
    allowed = [action for statement in statements(role) for action in listed(statement["Action"])]

    assert sorted(allowed) == sorted(NEEDED[role])
    assert all(statement["Effect"] == "Allow" for statement in statements(role))


@pytest.mark.parametrize("action", NEEDED["ApiRole"] | NEEDED["FollowRole"])
def test_an_action_is_needed_by_a_line_that_is_there(action):
    path, line = (NEEDED["ApiRole"] | NEEDED["FollowRole"])[action]

    assert line in text(path)


@pytest.mark.parametrize("role", NEEDED)
def test_a_role_reaches_what_is_of_its_stack_and_by_no_wildcard(role):
    for statement in statements(role):
        for resource in listed(statement["Resource"]):
            assert isinstance(resource, dict)
            assert "*" not in json.dumps(resource) or resource["Fn::Sub"] in OPEN


@pytest.mark.parametrize("role", ["ApiRole", "SweepRole", "FollowRole", "AdministerRole"])
def test_the_sealing_key_is_used_for_one_tenant_at_a_time(role):
    (keys,) = [statement for statement in statements(role) if "kms:Decrypt" in statement["Action"]]

    assert keys["Resource"] == {"Fn::GetAtt": ["SealingKey", "Arn"]}
    assert keys["Condition"] == {"Null": {"kms:EncryptionContext:tenant": "false"}}


@pytest.mark.parametrize("role", ["ApiRole", "SweepRole", "FollowRole"])
def test_mail_is_from_the_address_of_the_settings_and_no_other(role):
    (mail,) = [statement for statement in statements(role) if statement["Action"] == "ses:SendEmail"]

    assert mail["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "MailAddress"}}}
