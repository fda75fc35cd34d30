"""Chromium as tests start it: Debian's, without a window, and silent. Where there is none, tests are skipped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",  # it does not start for root, who runs CI
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Chromium:
    """A Chromium that can be started."""

    playwright: Playwright

    def launch(self, *flags: str) -> Browser:
        """Start it with nothing known from before; its contexts know nothing of each other."""
        return self.playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])

    def launch_with(self, preferences: dict[str, Any], folder: Path, **context: Any) -> BrowserContext:
        """Start it with preferences of the person who uses it, kept in a folder that is not there yet."""
        (folder / "Default").mkdir(parents=True)
        (folder / "Default" / "Preferences").write_text(json.dumps(preferences))
        start = self.playwright.chromium.launch_persistent_context
        return start(folder, executable_path=CHROMIUM, args=FLAGS, **context)


@contextmanager
def ready() -> Iterator[Chromium]:
    """Make ready to start Chromium.

    Not for longer than a module: meanwhile no other test could start an event loop of its own.
    """
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        yield Chromium(playwright)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium."""
    with ready() as found, found.launch() as browser:
        yield browser
