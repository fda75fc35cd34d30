"""What CloudFormation makes around the functions: what is never lost, and refusals like those of the local stack."""

from __future__ import annotations

import pytest

from chalicelib.web.surface import SECURITY_HEADERS
from infra import template
from infra.local.messages import refusal
from infra.package.stack import for_stage

RESOURCE = template.read()["Resources"]
RESPONSES = RESOURCE["RestAPI"]["Properties"]["GatewayResponses"]
KEPT = ["Table", "SealingKey", "Files"]


@pytest.mark.parametrize("kind", RESPONSES)
def test_api_gateway_refuses_as_the_local_gateway_does(kind):
    body = RESPONSES[kind]["ResponseTemplates"]["application/json"]

    assert body.encode() == refusal(RESPONSES[kind]["StatusCode"]).body


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_refusal_of_api_gateway_quotes_nothing_of_the_request(kind):
    (body,) = RESPONSES[kind]["ResponseTemplates"].values()

    assert "$" not in body


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_refusal_of_api_gateway_has_the_headers_of_every_answer(kind):
    headers = RESPONSES[kind]["ResponseParameters"]["Headers"]

    assert {name: headers[name].strip("'") for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_a_path_that_is_not_there_is_not_found_rather_than_forbidden():
    assert {RESPONSES[kind]["StatusCode"] for kind in ("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND")} == {404}


@pytest.mark.parametrize("name", KEPT)
def test_what_cannot_be_made_again_outlives_the_stack_of_prod(name):
    resource = for_stage(template.read(), "prod")["Resources"][name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("name", KEPT)
def test_another_stage_leaves_nothing_behind(name):
    resource = for_stage(template.read(), "dev")["Resources"][name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")


@pytest.mark.parametrize(("stage", "protected"), [("dev", False), ("prod", True)])
def test_the_table_of_prod_is_protected_from_deletion(stage, protected):
    table = for_stage(template.read(), stage)["Resources"]["Table"]["Properties"]

    assert table["DeletionProtectionEnabled"] is protected


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


@pytest.mark.parametrize("name", ["APIHandler", "Sweep", "Follow", "Administer"])
def test_a_function_finds_the_table_the_key_and_the_sandbox_of_its_own_stack(name):
    assert RESOURCE[name]["Properties"]["Environment"]["Variables"] == {
        "GATEHOUSE_TABLE": {"Ref": "Table"},
        "GATEHOUSE_KMS_KEY": {"Fn::GetAtt": ["SealingKey", "Arn"]},
        "GATEHOUSE_SANDBOX_FUNCTION": {"Ref": "SandboxFunction"},
        "GATEHOUSE_JOURNAL": {"Ref": "AWS::StackName"},
    }
