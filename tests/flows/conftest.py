"""A user who can sign in, applications to sign in to, and a browser to do it with."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import CALLBACK, EMAIL, PASSWORD, Application, Browser


@pytest.fixture
def ann(api):
    """A user of the default database."""
    created = api.post("/api/v2/users", {"connection": DEFAULT_CONNECTION, "email": EMAIL, "password": PASSWORD})
    assert created.status == 201
    return created.json["user_id"]


@pytest.fixture
def register(app, api):
    """Register applications that the default connection is turned on for."""

    def make(**settings: Any) -> Application:
        made = api.post("/api/v2/clients", {"name": "App", "callbacks": [CALLBACK], "app_type": "spa", **settings}).json
        connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
        on = [{"client_id": made["client_id"], "status": True}]
        assert api.patch(f"/api/v2/connections/{connection['id']}/clients", on).status == 204
        client = app.core.clients.store.find("main", made["client_id"])
        return Application(app, client, made["client_secret"])

    return make


@pytest.fixture
def spa(register):
    return register()


@pytest.fixture
def browser(app):
    return Browser(app)
