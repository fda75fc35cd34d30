"""resources.json: what is never lost, and refusals of API Gateway that look like those of the local stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.local.messages import refusal
from infra.table import RESOURCES

RESOURCE = json.loads(RESOURCES.read_text("utf-8"))["Resources"]
RESPONSES = RESOURCE["RestAPI"]["Properties"]["GatewayResponses"]
CONFIG = json.loads((Path(__file__).parents[2] / ".chalice" / "config.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", RESPONSES)
def test_api_gateway_refuses_as_the_local_gateway_does(kind):
    template = RESPONSES[kind]["ResponseTemplates"]["application/json"]

    assert template.encode() == refusal(RESPONSES[kind]["StatusCode"]).body


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_refusal_of_api_gateway_quotes_nothing_of_the_request(kind):
    (template,) = RESPONSES[kind]["ResponseTemplates"].values()

    assert "$" not in template


def test_a_path_that_is_not_there_is_not_found_rather_than_forbidden():
    assert {RESPONSES[kind]["StatusCode"] for kind in ("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND")} == {404}


@pytest.mark.parametrize("name", ["Table", "SealingKey"])
def test_what_cannot_be_made_again_outlives_its_stack(name):
    assert (RESOURCE[name]["DeletionPolicy"], RESOURCE[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_table_is_encrypted_and_can_be_taken_back_in_time():
    properties = RESOURCE["Table"]["Properties"]

    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.security(35)
def test_the_function_that_runs_scripts_may_do_nothing():
    role, function = (RESOURCE[name]["Properties"] for name in ("SandboxRole", "SandboxFunction"))

    assert role.keys() == {"Description", "AssumeRolePolicyDocument"}
    assert function["Role"] == {"Fn::GetAtt": ["SandboxRole", "Arn"]}
    assert not {"Environment", "Policies", "VpcConfig", "Events", "Layers"} & function.keys()


def test_a_stage_that_asks_for_the_function_that_runs_scripts_asks_for_its_own():
    name = RESOURCE["SandboxFunction"]["Properties"]["FunctionName"]["Fn::Sub"]

    asked = {
        stage: settings["environment_variables"].get("GATEHOUSE_SANDBOX_FUNCTION")
        for stage, settings in CONFIG["stages"].items()
    }

    assert asked == {"dev": None, "prod": name.replace("${AWS::StackName}", f"{CONFIG['app_name']}-prod")}


def test_the_sealing_key_has_the_alias_that_each_stage_asks_for():
    alias = RESOURCE["SealingKeyAlias"]["Properties"]["AliasName"]["Fn::Sub"]

    for name, stage in CONFIG["stages"].items():
        asked = stage["environment_variables"]["GATEHOUSE_KMS_KEY"]
        assert asked == alias.replace("${AWS::StackName}", f"{CONFIG['app_name']}-{name}")
