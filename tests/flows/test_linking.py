"""Somebody who signs in by two accounts makes them one, with no program's help."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.links import OWN_IDENTITIES
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import PASSWORD, Browser, answer_of, claims_of, sign_in, state_of

OTHER = "ann@work.example"


@pytest.fixture
def application(register):
    return register()


@pytest.fixture
def own_tokens(app, application, ann):
    """The tokens of somebody who allowed the application to link accounts."""
    browser, audience = Browser(app), app.core.hosts.management_audience("main")
    asking = browser.get(
        sign_in(browser, application, audience=audience, scope=f"openid {OWN_IDENTITIES}").headers["Location"]
    )
    allowed = browser.post("/u/consent", {"state": state_of(asking), "decision": "allow"})
    return json.loads(application.exchange(answer_of(allowed)["code"]).body)


@pytest.fixture
def id_token(app, application):
    """Sign in by an account and give the ID token."""

    def enter(email: str) -> str:
        code = answer_of(sign_in(Browser(app), application, email=email))["code"]
        return json.loads(application.exchange(code).body)["id_token"]

    return enter


@pytest.mark.security(34)
def test_two_accounts_of_one_person_become_one_user(api, ann, own_tokens, id_token):
    api.post("/api/v2/users", {"connection": DEFAULT_CONNECTION, "email": OTHER, "password": PASSWORD})
    body = {"link_with": id_token(OTHER)}

    linked = api.post(f"/api/v2/users/{ann}/identities", body, token=own_tokens["access_token"])

    assert own_tokens["scope"] == f"openid {OWN_IDENTITIES}"
    assert linked.status == 201, linked.text
    assert claims_of(id_token(OTHER))["sub"] == ann
