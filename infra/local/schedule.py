"""The schedule: invokes the sweep once a minute, as EventBridge does."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.clients import REGION
from infra.local.background import running
from infra.local.functions import succeeds

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Event

SECONDS = 60


def each_minute(sweep: Callable[[Any, Any], object], seconds: float = SECONDS) -> AbstractContextManager[None]:
    """Invoke `sweep` now and then every minute, never twice at once. A failure is shown and waits for the next."""

    def work(stop: Event) -> None:
        while True:
            succeeds(sweep, "sweep", scheduled_event())
            if stop.wait(seconds):
                return

    return running("schedule", work)


def scheduled_event() -> dict[str, Any]:
    """Make the event of EventBridge's schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:000000000000:rule/sweep"],
        "detail": {},
    }
