"""QuickJS with our own JavaScript in it: the only module that knows the engine.

Python calls one function of the JavaScript, `enter`, which no script can reach, and gets JSON text back. Nothing of
Python can be called from JavaScript. The engine is an extension module that is loaded by its path, so that the path of
modules needs no entry for what is installed.
"""

from __future__ import annotations

import os
import time
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

STACK_BYTES = 512 * 1024
"""Of the eight megabytes that a thread has."""
JOBS_AT_ONCE = 1_000
"""Of promises, before anything else is looked at."""


class Stopped(Exception):
    """The engine gave up: `kind` is timeout, memory or crash."""

    def __init__(self, kind: str, detail: str) -> None:
        """Keep what the engine said for the log."""
        super().__init__(detail)
        self.kind, self.detail = kind, detail


class Engine:
    """One context, which is used by one worker and never again."""

    def __init__(self, extension: str, javascript: str) -> None:
        """Load the extension and evaluate all files of a folder as one function, in the order of their names."""
        loader = ExtensionFileLoader("_quickjs", extension)
        specification = spec_from_file_location("_quickjs", extension, loader=loader)
        if specification is None:
            raise ImportError(extension)
        module = module_from_spec(specification)
        loader.exec_module(module)
        self._error: type[Exception] = module.JSException
        self._context: Any = module.Context()
        self._context.set_max_stack_size(STACK_BYTES)
        self._enter: Any = self._context.eval(prelude(javascript))
        self._memory = 0
        self.deadline = 0.0

    def limit(self, memory_mb: int, deadline: float) -> None:
        """Set how much may be used from here on, and until when (of the monotonic clock)."""
        self._memory = memory_mb * 2**20
        self._context.set_memory_limit(self._memory)
        self.deadline = deadline

    @property
    def left(self) -> float:
        """Seconds until the deadline; none left is Stopped."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Stopped("timeout", "the time is over")
        return left

    def enter(self, command: str, text: str = "") -> str:
        """Do one thing in JavaScript, and give what it says. The engine's own limit is of processor time."""
        self._context.set_time_limit(self.left)
        try:
            return str(self._enter(command, text))
        except (self._error, MemoryError, SystemError) as error:
            raise self._stopped(error) from error

    def settle(self) -> bool:
        """Run what promises have made ready, and say whether that was all: promises may go on for ever."""
        self._context.set_time_limit(self.left)
        try:
            for _ in range(JOBS_AT_ONCE):
                if not self._context.execute_pending_job():
                    return True
        except (self._error, MemoryError, SystemError) as error:
            raise self._stopped(error) from error
        return False

    def _stopped(self, error: BaseException) -> Stopped:
        said = str(error)
        if "interrupted" in said:
            return Stopped("timeout", said)
        # After running out of memory the engine may not even have room for the words.
        if "out of memory" in said or said == "null" or self._context.memory()["malloc_size"] > 0.8 * self._memory:
            return Stopped("memory", said)
        return Stopped("crash", said)


def prelude(folder: str) -> str:
    """Give all our JavaScript as one expression whose value is the function `enter`."""
    parts = []
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - pathlib takes 10 ms to import
        with open(os.path.join(folder, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - the same
            parts.append(file.read())
    return '(function () {\n"use strict";\n' + "\n".join(parts) + "\nreturn enter;\n})()"
