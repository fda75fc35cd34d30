"""Settings -> core -> app, the schedule and the stream. No logic."""

# ruff: noqa: E402 - looking for garbage among what is imported would take an eighth of a start, and there is none

from __future__ import annotations

import gc

gc.disable()

from typing import Any

from chalice.app import Rate

from chalicelib import tasks
from chalicelib.wiring import build

app = build()

gc.freeze()
gc.enable()


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(event: object) -> None:
    """Finish what large deletions left, once a minute."""
    del event
    tasks.sweep(app.core)


@app.lambda_function()
def follow(event: dict[str, Any], context: object) -> None:
    """Follow the table's stream."""
    del context
    tasks.follow(app.core, event)


@app.lambda_function()
def administer(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Set a deployment up and bring it up to date, for whoever may invoke this function in AWS."""
    del context
    return tasks.administer(app.core, event)
