"""What the tests of the local stack share: waiting for others, a small Chalice app, a gateway on a free port."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 20


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until another process or thread has done something; fail when it has not for long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.01)
