"""Calling the Lambda functions: the context they get, and what happens when one fails."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from chalice.local import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY_MIB = 512
TIMEOUT_MS = 29_000
"""API Gateway gives up on a function after 29 seconds. Here nothing stops it; it is only told."""


def new_context(name: str) -> LambdaContext:
    """Make the context of one invocation, with an id of its own."""
    return LambdaContext(name, MEMORY_MIB, TIMEOUT_MS)


def succeeds(function: Callable[[Any, Any], object], name: str, event: dict[str, Any]) -> bool:
    """Invoke a function and say whether it succeeded. A failure is shown, as the function's log would show it."""
    try:
        function(event, new_context(name))
    except Exception:  # noqa: BLE001 - whatever it raised, the caller decides what follows, as Lambda does
        traceback.print_exc()
        return False
    return True
