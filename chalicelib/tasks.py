"""What runs on a schedule, follows the table's stream or is asked for in AWS. Called by app.py; owns no rule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.core.gatehouse import Core


def sweep(core: Core) -> None:
    """Finish, once a minute, what deletions left, send what is due, mark links that expired, seal settled history.

    And give users their entries in lists who have none yet.
    """
    core.sweep.run()
    core.outbox.run()
    core.impersonation_links.expire()
    core.log_seals.run()
    core.backfill.run()


def follow(core: Core, event: dict[str, Any]) -> None:
    """Begin at once with what was just noted, rather than within a minute. May see a record twice, or late.

    Mails are left to the sweep from the first that is not taken: a stream must not wait for SES.
    """
    noted = [record["dynamodb"] for record in event["Records"] if record["eventName"] == "INSERT"]
    kinds = [record["Keys"]["sk"]["S"] for record in noted]
    if "WORK" in kinds:
        core.sweep.run()
    for letter in (record["NewImage"] for kind, record in zip(kinds, noted, strict=True) if kind == "MAIL"):
        if not core.outbox.deliver(letter["tenant"]["S"], letter["id"]["S"]):
            break


def administer(core: Core, event: dict[str, Any]) -> dict[str, Any]:
    """Set a deployment up and bring it up to date, or give a tenant's client a new secret.

    `event` is empty, `{"new_access": "a tenant"}` or `{"health": true}`. The answer may hold
    secrets, for whoever invoked the function.
    """
    if "health" in event:
        return {"health": core.deployment.examine()}
    if "new_access" in event:
        return {"access": [asdict(core.deployment.new_access(event["new_access"]))]}
    access = [asdict(each) for each in core.deployment.set_up()]
    return {"access": access, "brought_up_to_date": core.deployment.bring_up_to_date()}
