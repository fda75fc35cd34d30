"""People at the dashboard, signed in through its own door with each role in the tenant `main`; and users of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.roles import EDITOR, OWNER, SUPPORT, VIEWER
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.dashboards import Desk, People
from tests.flows.browsing import PASSWORD


@pytest.fixture
def people(app) -> People:
    return People(app)


@pytest.fixture
def desk(people) -> Callable[..., Desk]:
    """Sign somebody in: `desk(EDITOR)`, `desk(VIEWER, "acme", name="ann")`, `desk("")` for who has no role at all."""
    return people.desk


@pytest.fixture
def owner(desk):
    return desk(OWNER)


@pytest.fixture
def editor(desk):
    return desk(EDITOR)


@pytest.fixture
def support(desk):
    return desk(SUPPORT)


@pytest.fixture
def viewer(desk):
    return desk(VIEWER)


@pytest.fixture
def user(api) -> Callable[..., str]:
    """Make a user of the tenant `main`, and give their id."""

    def make(name: str, /, **known: Any) -> str:
        account = {"connection": DEFAULT_CONNECTION, "email": f"{name}@example.com", "password": PASSWORD}
        made = api.post("/api/v2/users", {**account, "verify_email": False, **known})
        assert made.status == 201, made.text
        return made.json["user_id"]

    return make
