"""`python -m infra.deployment COMMAND STAGE`: what `make deploy`, `rollback`, `destroy`, `health` and `new-access` run.

Uses the credentials and the region that any AWS tool uses on this machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deployment.artifacts import Artifacts
from infra.deployment.stacks import DeploymentError, Plan, Stack
from infra.package.__main__ import build
from infra.package.libraries import ROOT, PackagingError
from infra.package.stack import PROD

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.package import Package

_PATIENCE = Config(read_timeout=910)
"""Bringing many tenants up to date takes as long as a function may run; what gave up sooner would ask for it again."""
_PRECIOUS = frozenset({"AWS::DynamoDB::Table", "AWS::KMS::Key"})
"""What no deployment may make anew: everything would be lost, or could not be opened any more."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One stage in one account: its stack, what is kept of its versions, and clients of the account's services."""

    stage: str
    stack: Stack
    artifacts: Artifacts
    functions: Any
    files: Any

    @classmethod
    def of(cls, stage: str, client: Callable[[str], Any], account: str, region: str) -> Deployment:
        """Find it with clients of the account."""
        return cls(
            stage=stage,
            stack=Stack(client("cloudformation"), f"gatehouse-{stage}"),
            artifacts=Artifacts(client("s3"), f"gatehouse-artifacts-{account}-{region}", region),
            functions=client("lambda"),
            files=client("s3"),
        )

    def deploy(self, package: Package, consent: Callable[[str], bool]) -> list[dict[str, str]]:
        """Show what a package would change, make the change if that is wanted, and bring tenants up to date.

        Gives access to the tenants that were made by it.
        """
        self.artifacts.have_bucket()
        version = self.artifacts.keep(self.stack.name, package)
        return self._administer() if self._change_to(version, consent) else []

    def rollback(self, version: str, consent: Callable[[str], bool]) -> None:
        """Go back to a version that was deployed before; without one, say which there are."""
        kept = self.artifacts.versions(self.stack.name)
        if version in kept:
            self._change_to(version, consent)
        else:
            known = "\n".join(f"  {each}" for each in kept) or "  none"
            raise DeploymentError(f"Say which with VERSION=...; kept are, the newest first:\n{known}")

    def destroy(self, consent: Callable[[str], bool]) -> None:
        """Take the stack away. Of `prod` the table, the sealing key and the files stay, and nobody is asked twice."""
        if self.stack.find() is None:
            raise DeploymentError(f"There is no stack {self.stack.name} here.")
        if not consent(f"This takes {self.stack.name} away{self._what_goes()}."):
            return
        if self.stage != PROD:
            self._empty(self.stack.outputs()["FilesBucket"])
        self.stack.delete()
        print(f"{self.stack.name} is gone.")

    def health(self) -> dict[str, str]:
        """Have the deployment say how what it depends on is."""
        found: dict[str, str] = self._invoke({"health": True})["health"]
        return found

    def new_access(self, tenant: str) -> list[dict[str, str]]:
        """Give a tenant's own client a new secret, for one that is lost."""
        access: list[dict[str, str]] = self._invoke({"new_access": tenant})["access"]
        return access

    def _what_goes(self) -> str:
        return "; its table, sealing key and files stay" if self.stage == PROD else " with all its data"

    def _empty(self, bucket: str) -> None:
        for page in self.files.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for each in page.get("Contents", ()):
                self.files.delete_object(Bucket=bucket, Key=each["Key"])

    def _change_to(self, version: str, consent: Callable[[str], bool]) -> bool:
        """Plan, show, ask, act; say whether the stack is now at the version."""
        plan = self.stack.plan(self.artifacts.address(self.stack.name, version), self._parameters(), version)
        if plan is None:
            print("Nothing would change.")
            return True
        _refuse_loss(plan)
        print(f"\nVersion {version} of {self.stack.name} would change:")
        print("\n".join(f"  {change}" for change in plan.changes))
        if not consent("This makes these changes."):
            self.stack.drop(plan.name)
            print("Nothing was changed.")
            return False
        print("CloudFormation is at work ...", flush=True)
        self.stack.carry_out(plan)
        print(f"{self.stack.name} is at version {version}.")
        for name, value in sorted(self.stack.outputs().items()):
            print(f"  {name}: {value}")
        return True

    def _parameters(self) -> dict[str, str]:
        known = json.loads((ROOT / ".chalice" / "parameters.json").read_text("utf-8"))
        return {name: str(value) for name, value in known.get(self.stage, {}).items()}

    def _administer(self) -> list[dict[str, str]]:
        """Have the deployment set itself up."""
        told = self._invoke({})
        if told["brought_up_to_date"]:
            print(f"Brought up to date: {', '.join(told['brought_up_to_date'])}")
        access: list[dict[str, str]] = told["access"]
        return access

    def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        outputs = self.stack.outputs()
        if "AdministerFunction" not in outputs:
            raise DeploymentError(f"There is no stack {self.stack.name} here. Deploy it first.")
        answer = self.functions.invoke(FunctionName=outputs["AdministerFunction"], Payload=json.dumps(event).encode())
        told: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise DeploymentError(f"{outputs['AdministerFunction']} failed: {told.get('errorMessage')}. Try again.")
        return told


def _refuse_loss(plan: Plan) -> None:
    lost = [change.resource for change in plan.changes if change.kind in _PRECIOUS and change.loses]
    if lost:
        names = ", ".join(lost)
        raise DeploymentError(f"This would remove or make anew {names}, with everything in it. Nothing was changed.")


def _asked(stage: str, command: str, *, yes: bool) -> Callable[[str], bool]:
    """Give how consent is asked for: taking `prod` away needs its name typed, whatever else was said."""
    name = f"gatehouse-{stage}"

    def consent(what: str) -> bool:
        if command == "destroy" and stage == PROD:
            return _typed(f"{what}\nType {name} to go on: ") == name
        return yes or _typed(f"{what} Go on? [y/N] ").lower() in {"y", "yes"}

    return consent


def _typed(question: str) -> str:
    if not sys.stdin.isatty():
        return ""
    with suppress(EOFError):
        return input(question).strip()
    return ""


def _show(made: list[dict[str, str]]) -> None:
    for access in made:
        print("\nA tenant's own client, whose secret is shown this once:")
        print("\n".join(f"  {name}: {value}" for name, value in access.items()))


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m infra.deployment", description=__doc__)
    parser.add_argument("command", choices=["deploy", "rollback", "destroy", "health", "new-access"])
    parser.add_argument("stage")
    parser.add_argument("--version", default="", help="which version to go back to")
    parser.add_argument("--tenant", default="main", help="whose client gets a new secret")
    parser.add_argument("--yes", action="store_true", help="go on without asking")
    given = parser.parse_args(arguments)
    session = botocore.session.get_session()
    consent = _asked(given.stage, given.command, yes=given.yes)
    try:
        account = session.create_client("sts").get_caller_identity()["Account"]
        region = session.get_config_variable("region")
        patient = partial(session.create_client, config=_PATIENCE)
        deployment = Deployment.of(given.stage, patient, account, region)
        if given.command == "deploy":
            print("Packaging ...", flush=True)
            package = build(given.stage, ROOT / ".local" / "package" / given.stage)
            _show(deployment.deploy(package, consent))
        elif given.command == "rollback":
            deployment.rollback(given.version, consent)
        elif given.command == "destroy":
            deployment.destroy(consent)
        elif given.command == "health":
            print("\n".join(f"{name}: {state}" for name, state in deployment.health().items()))
        else:
            _show(deployment.new_access(given.tenant))
    except (BotoCoreError, ClientError, DeploymentError, PackagingError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
