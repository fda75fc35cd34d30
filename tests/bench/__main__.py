"""`make bench`: prints what a start, a request, a sign-in and an operation cost. Asserts nothing about time."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from tests.bench import imports


def main() -> None:
    """Print everything. It takes two to three minutes on a machine that has nothing else to do."""
    print(f"Python {platform.python_version()} on {os.cpu_count()} x {_processor()}")
    imports.measure()
    # Not before: the memory of a child begins with its parent's.
    from tests.bench import capacity, cpu, history, impersonation, product, sandbox, sign_in

    sandbox.measure()
    with product.running() as opened:
        product.begin(opened)
        cpu.measure(opened)
        sign_in.measure(opened)
        impersonation.measure(opened)
        history.measure(opened)
        capacity.measure(opened)
        impersonation.behind(opened)


def _processor() -> str:
    """Name the processor as Linux does; elsewhere its architecture must do."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


if __name__ == "__main__":
    main()
