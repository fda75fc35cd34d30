"""Chromium as tests start it: Debian's, without a window, and silent. Where there is none, tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

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


@contextmanager
def playwright() -> Iterator[tuple[Playwright, dict[str, Any]]]:
    """Start Playwright; gives it with the options that start Chromium.

    Not for longer than a module: while it runs, no other test could start an event loop of its own.
    """
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as started:
        yield started, {"executable_path": CHROMIUM, "args": FLAGS}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium."""
    with playwright() as (started, options), started.chromium.launch(**options) as browser:
        yield browser
