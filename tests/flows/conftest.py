"""A user who can sign in, applications to sign in to, and a browser to do it with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.storage.table import Item
from tests.flows.browsing import (
    CALLBACK,
    EMAIL,
    PASSWORD,
    Application,
    Browser,
    Visitor,
    answer_of,
    shown_by,
    sign_in,
    state_of,
)
from tests.flows.impersonating import JANE, LOGIN_URI, Support


@pytest.fixture
def ann(api):
    """A user of the default database."""
    known = {"email": EMAIL, "password": PASSWORD, "verify_email": False}
    created = api.post("/api/v2/users", {"connection": DEFAULT_CONNECTION, **known})
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
def forget(app, spa):
    """Say on the page of the application that the password of an address is forgotten."""

    def ask(email: str = EMAIL, **headers: str) -> Any:
        somewhere = Browser(app)
        state = state_of(shown_by(somewhere, spa))
        return somewhere.post("/u/reset-password", {"state": state, "email": email}, **headers)

    return ask


@pytest.fixture
def enter(app, spa):
    """Sign in to the application with a browser, and go to the account page with it."""

    def make(**known: Any) -> Visitor:
        browser = Browser(app)
        assert answer_of(sign_in(browser, spa, **known))["code"]
        return Visitor(browser)

    return make


@pytest.fixture
def ann_there(enter, ann):
    return enter()


@pytest.fixture
def stay(spa):
    """Let the application stay signed in with what the browser's session gives it, and give its refresh token."""

    def ask(visitor: Visitor, **asked: Any) -> str:
        back = visitor.browser.get(spa.address(prompt="none", scope="openid offline_access", **asked))
        return json.loads(spa.exchange(answer_of(back)["code"]).body)["refresh_token"]

    return ask


@pytest.fixture
def works(spa):
    """Say whether a refresh token still gives tokens."""
    return lambda token: spa.token(grant_type="refresh_token", refresh_token=token).status_code == 200


@pytest.fixture
def calls():
    """What is asked of DynamoDB while a test runs: for each call its kind and how many items it names."""
    made: list[tuple[str, int]] = []
    events = Item._get_connection().connection.client.meta.events

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        several = params.get("TransactItems") or [
            key for of in params.get("RequestItems", {}).values() for key in of["Keys"]
        ]
        made.append((model.name, len(several) or 1))

    events.register("before-parameter-build.dynamodb", note)
    yield made
    events.unregister("before-parameter-build.dynamodb", note)


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture
def web(register):
    """An application with a server, whose sign-in begins at an address of its own."""
    return register(app_type="regular_web", initiate_login_uri=LOGIN_URI)


@pytest.fixture
def support(api, ann):
    """Support staff: Jane, and the program through which she gets links."""
    jane = api.post("/api/v2/users", {"connection": DEFAULT_CONNECTION, "email": JANE, "password": PASSWORD}).json
    client = api.post("/api/v2/clients", {"name": "Support desk", "app_type": "non_interactive"}).json
    audience = api.app.core.hosts.management_audience("main")
    scopes = ["create:impersonation_links", "delete:impersonation_links"]
    grant = {"client_id": client["client_id"], "audience": audience, "scope": scopes}
    granted = api.post("/api/v2/client-grants", grant).json
    proof = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    asked = {"grant_type": "client_credentials", "audience": audience, **proof}
    token = api.post("/oauth/token", asked, headers={"Authorization": ""}).json["access_token"]
    return Support(
        api=api,
        client_id=client["client_id"],
        token=token,
        grant_id=granted["id"],
        user_id=ann,
        jane=jane["user_id"],
    )
