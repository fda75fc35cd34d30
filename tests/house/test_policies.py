"""What the Lambdas may do in AWS: everything the code does, nothing else, and nothing to things of others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documents import ROOT, text

STAGES = ["dev", "prod"]
USED = {
    "dynamodb:BatchGetItem": ("chalicelib/storage/table.py", ".batch_get("),
    "dynamodb:ConditionCheckItem": ("chalicelib/storage/table.py", ".condition_check("),
    "dynamodb:DeleteItem": ("chalicelib/storage/table.py", "t.delete("),
    "dynamodb:GetItem": ("chalicelib/storage/table.py", "kind.get("),
    "dynamodb:PutItem": ("chalicelib/storage/table.py", "t.save("),
    "dynamodb:Query": ("chalicelib/storage/table.py", "kind.query("),
    "dynamodb:UpdateItem": ("chalicelib/storage/table.py", "t.update("),
    "kms:Decrypt": ("chalicelib/adapters/kms.py", "client.decrypt("),
    "kms:Encrypt": ("chalicelib/adapters/kms.py", "client.encrypt("),
    "lambda:InvokeFunction": ("chalicelib/adapters/sandbox/remote.py", "client.invoke("),
    "ses:SendEmail": ("chalicelib/adapters/ses.py", "send_email"),
    # What Lambda does with the role, so that `follow` gets the table's stream and the log its lines.
    "dynamodb:DescribeStream": ("app.py", "def follow("),
    "dynamodb:GetRecords": ("app.py", "def follow("),
    "dynamodb:GetShardIterator": ("app.py", "def follow("),
    "dynamodb:ListStreams": ("app.py", "def follow("),
    "logs:CreateLogGroup": ("app.py", "app = build()"),
    "logs:CreateLogStream": ("app.py", "app = build()"),
    "logs:PutLogEvents": ("app.py", "app = build()"),
}
"""Every action that is needed, and the line that needs it."""
OPEN = {
    "arn:aws:kms:*:*:key/*": "a key's id is not known before it is made; the condition names its alias",
    "arn:aws:ses:*:*:identity/*": "who mails are from is a setting",
}
"""Resources that are not named for their stage, and why."""


def statements(stage: str) -> list[dict[str, Any]]:
    policy = json.loads(text(f".chalice/policy-{stage}.json"))
    return [
        {**each, "Action": listed(each["Action"]), "Resource": listed(each["Resource"])} for each in policy["Statement"]
    ]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("stage", STAGES)
def test_a_policy_allows_the_actions_the_code_needs_and_no_others(stage):
    allowed = [action for statement in statements(stage) for action in statement["Action"]]

    assert sorted(allowed) == sorted(USED)
    assert all(statement["Effect"] == "Allow" for statement in statements(stage))


@pytest.mark.parametrize("action", USED)
def test_an_action_is_needed_by_a_line_that_is_there(action):
    path, line = USED[action]

    assert line in text(path)


@pytest.mark.parametrize("stage", STAGES)
def test_a_policy_reaches_only_what_is_of_its_stage(stage):
    for statement in statements(stage):
        for resource in statement["Resource"]:
            assert f"gatehouse-{stage}" in resource or resource in OPEN


@pytest.mark.parametrize("stage", STAGES)
def test_the_sealing_key_is_named_by_its_alias_and_used_for_one_tenant_at_a_time(stage):
    (keys,) = [statement for statement in statements(stage) if "kms:Decrypt" in statement["Action"]]

    assert keys["Condition"] == {
        "StringEquals": {"kms:RequestAlias": f"alias/gatehouse-{stage}"},
        "Null": {"kms:EncryptionContext:tenant": "false"},
    }


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_uses_its_own_policy_table_and_key(stage):
    config = json.loads((ROOT / ".chalice/config.json").read_text("utf-8"))

    chosen = config["stages"][stage]

    assert config["autogen_policy"] is False
    assert chosen["iam_policy_file"] == f"policy-{stage}.json"
    assert chosen["environment_variables"]["GATEHOUSE_TABLE"] == f"gatehouse-{stage}"
    assert chosen["environment_variables"]["GATEHOUSE_KMS_KEY"] == f"alias/gatehouse-{stage}"
