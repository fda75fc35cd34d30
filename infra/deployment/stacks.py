"""CloudFormation stacks: what would change, making the change, and taking a stack away."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
_NOTHING = ("didn't contain changes", "No updates are to be performed", "no changes")
_MISSING = ("does not exist", "not exist")
_UNMADE = "REVIEW_IN_PROGRESS"
"""The status of a stack of which there is no more than a change set."""


class DeploymentError(Exception):
    """A stack could not be changed; the message says why, as CloudFormation does."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one resource: `action` is Add, Modify or Remove; what is replaced loses what was in it."""

    action: str
    resource: str
    kind: str
    replaced: bool

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.action:<7} {self.resource} ({self.kind}){', MADE ANEW' if self.replaced else ''}"

    @property
    def loses(self) -> bool:
        """Whether what is in it now would be gone."""
        return self.action == "Remove" or self.replaced


@dataclass(frozen=True, slots=True)
class Plan:
    """A change set that nobody has carried out yet."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack, there or not. `pause` is how long to wait, in seconds, between two looks at it."""

    client: Any
    name: str
    pause: float = 3.0

    def find(self) -> dict[str, Any] | None:
        """Describe the stack, if there is one."""
        try:
            found: dict[str, Any] = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        except self.client.exceptions.ClientError as error:
            if any(words in str(error) for words in _MISSING):
                return None
            raise
        return None if found["StackStatus"] in {_UNMADE, "DELETE_COMPLETE"} else found

    def outputs(self) -> dict[str, str]:
        """Give what the stack says of itself."""
        return {each["OutputKey"]: each["OutputValue"] for each in (self.find() or {}).get("Outputs", ())}

    def plan(self, template: str, parameters: dict[str, str], label: str) -> Plan | None:
        """Have CloudFormation say what would change by the template at an address, or None if nothing would."""
        name = f"gatehouse-{label}-{time.time_ns()}"
        self.client.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType="UPDATE" if self.find() else "CREATE",
            TemplateURL=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=_CAPABILITIES,
        )
        made = self._settled(name)
        reason = made.get("StatusReason", "")
        if made["Status"] == "FAILED":
            self.drop(name)
            if any(words in reason for words in _NOTHING):
                return None
            raise DeploymentError(f"CloudFormation cannot plan this: {reason}")
        changes = tuple(self._changes(name))
        if not changes:
            self.drop(name)
            return None
        return Plan(name, changes)

    def _settled(self, change_set: str) -> dict[str, Any]:
        while True:
            made: dict[str, Any] = self.client.describe_change_set(StackName=self.name, ChangeSetName=change_set)
            if made["Status"] in {"CREATE_COMPLETE", "FAILED"}:
                return made
            time.sleep(self.pause)

    def _changes(self, change_set: str) -> list[Change]:
        pages = self.client.get_paginator("describe_change_set").paginate(StackName=self.name, ChangeSetName=change_set)
        found = [each["ResourceChange"] for page in pages for each in page["Changes"]]
        return [
            Change(
                action=each["Action"],
                resource=each["LogicalResourceId"],
                kind=each["ResourceType"],
                replaced=each.get("Replacement") == "True",
            )
            for each in found
        ]

    def drop(self, change_set: str) -> None:
        """Forget a plan."""
        with suppress(KeyError):  # what an emulator answers to this is not what botocore looks for
            self.client.delete_change_set(StackName=self.name, ChangeSetName=change_set)

    def carry_out(self, plan: Plan) -> None:
        """Make the changes and wait. What fails, CloudFormation takes back by itself, and that is an error here."""
        self.client.execute_change_set(StackName=self.name, ChangeSetName=plan.name)
        self._wait_for({"CREATE_COMPLETE", "UPDATE_COMPLETE"})

    def delete(self) -> None:
        """Take the stack away; what it retains stays."""
        self.client.delete_stack(StackName=self.name)
        self._wait_for({None})

    def _wait_for(self, wanted: set[str | None]) -> None:
        while True:
            time.sleep(self.pause)
            found = self.find()
            status = found["StackStatus"] if found else None
            if status in wanted:
                return
            if found is None or not str(status).endswith(("_IN_PROGRESS", "_CLEANUP_IN_PROGRESS")):
                reason = (found or {}).get("StackStatusReason", "")
                raise DeploymentError(f"The stack {self.name} is in status {status}. {reason}\n{self._failures()}")

    def _failures(self) -> str:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(
            f"  {each['LogicalResourceId']}: {each.get('ResourceStatusReason', '')}"
            for each in reversed(events)
            if each["ResourceStatus"].endswith("_FAILED")
        )
