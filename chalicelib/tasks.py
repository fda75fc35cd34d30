"""What runs on a schedule or follows the table's stream. Called by app.py; owns no rule of the product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.core.gatehouse import Core


def sweep(core: Core) -> None:
    """Finish, once a minute, what deletions left."""
    core.sweep.run()


def follow(core: Core, event: dict[str, Any]) -> None:
    """Begin at once with work that was just noted, rather than within a minute. May see a record twice, or late."""
    noted = (
        record["dynamodb"]["Keys"]["sk"]["S"] == "WORK"
        for record in event["Records"]
        if record["eventName"] == "INSERT"
    )
    if any(noted):
        core.sweep.run()
