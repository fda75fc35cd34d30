"""Taking a deployment away: `prod` only for somebody who types its name, everything else with all it had."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from infra.deployment.__main__ import Deployment, _asked, _refuse_loss
from infra.deployment.stacks import Change, DeploymentError, Plan, Stack
from infra.package import Package
from infra.package.stack import PROD

FILES = {"FilesBucket": {"Value": {"Ref": "Files"}}}


def small(package: Package, stage: str) -> Package:
    """Give a package of a bucket alone, which is there and gone in no time."""
    bucket: dict[str, Any] = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain" if stage == PROD else "Delete"}
    return Package(package.folder, {"Resources": {"Files": bucket}, "Outputs": FILES})


def made(package: Package, cloud: Any, stage: str) -> Deployment:
    """Bring such a package into an account of its own region."""
    found = Deployment.of(stage, cloud.client, f"{stage}-destroying", "us-east-1")
    deployment = Deployment(
        stage=stage,
        stack=Stack(found.stack.client, f"destroying-{uuid4().hex}", pause=0.1),
        artifacts=found.artifacts,
        functions=found.functions,
        files=found.files,
    )
    deployment.artifacts.have_bucket()
    version = deployment.artifacts.keep(deployment.stack.name, small(package, stage))
    plan = deployment.stack.plan(deployment.artifacts.address(deployment.stack.name, version), {}, version)
    assert plan is not None
    deployment.stack.carry_out(plan)
    deployment.files.put_object(Bucket=deployment.stack.outputs()["FilesBucket"], Key="jobs/1", Body=b"x")
    return deployment


def test_a_stage_for_trying_things_out_goes_with_all_its_files(package, cloud):
    deployment = made(package, cloud, "dev")

    deployment.destroy(_asked("dev", "destroy", yes=True))

    assert deployment.stack.find() is None


def test_prod_stays_when_nobody_types_its_name(package, cloud):
    deployment = made(package, cloud, PROD)

    deployment.destroy(_asked(PROD, "destroy", yes=True))

    assert deployment.stack.find() is not None


def test_prod_goes_for_somebody_who_types_its_name(package, cloud, monkeypatch):
    deployment = made(package, cloud, PROD)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "gatehouse-prod")

    deployment.destroy(_asked(PROD, "destroy", yes=False))

    assert deployment.stack.find() is None


def test_what_is_not_there_cannot_be_taken_away(cloud):
    nothing = Deployment.of("nothing", cloud.client, "000000000000", "us-east-1")

    with pytest.raises(DeploymentError, match="no stack"):
        nothing.destroy(lambda _: True)


@pytest.mark.parametrize("change", [("Remove", False), ("Modify", True)])
@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::KMS::Key"])
def test_no_deployment_loses_the_table_or_the_key(kind, change):
    action, replaced = change
    plan = Plan("p", (Change(action=action, resource="Precious", kind=kind, replaced=replaced),))

    with pytest.raises(DeploymentError, match="Precious"):
        _refuse_loss(plan)


def test_a_version_that_was_never_deployed_is_none_to_go_back_to(cloud):
    nothing = Deployment.of("nothing", cloud.client, "elsewhere", "us-east-1")
    nothing.artifacts.have_bucket()

    with pytest.raises(DeploymentError, match="VERSION"):
        nothing.rollback("0123456789ab", lambda _: True)
