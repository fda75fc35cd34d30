"""No password, code, token, secret or link ever appears in the history or the log, whatever somebody does."""

from __future__ import annotations

import json
from io import StringIO

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.web.journal import Journal
from tests.flows.browsing import EMAIL, PASSWORD, VERIFIER, answer_of, sign_in
from tests.flows.impersonating import confirm, followed

REALM = "http://auth0.com/oauth/grant-type/password-realm"
WRONG = "canary wrong Password 1"


@pytest.fixture
def journal(app, monkeypatch):
    """What the app writes of each request, as in a deployment."""
    written = StringIO()
    monkeypatch.setattr(app, "journal", Journal("gatehouse-test", written))
    return written


@pytest.mark.security(40)
def test_nothing_secret_of_any_flow_is_in_the_history(
    api, core, browser, register, ann, aws, settings, caplog, journal
):
    application = register(
        app_type="regular_web", grant_types=["authorization_code", "refresh_token", "implicit", "password", REALM]
    )
    secrets = {PASSWORD, WRONG, VERIFIER, application.secret}
    form = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": EMAIL}

    application.token(**form, password=WRONG)
    secrets |= told(application.token(**form, password=PASSWORD, scope="openid offline_access"))
    sign_in(browser, application, password=WRONG)
    code = answer_of(sign_in(browser, application, scope="openid offline_access"))["code"]
    tokens = told(application.exchange(code))
    secrets |= {code, *tokens, *browser.cookies.values()}
    application.exchange(code)
    for token in tokens:
        secrets |= told(application.token(grant_type="refresh_token", refresh_token=token))
        browser.get("/userinfo", Authorization=f"Bearer {token}")
        browser.post("/oauth/revoke", {"client_id": application.client.client_id, "token": token})
    implicit = browser.get(application.address(response_type="id_token token", prompt="none"))
    secrets |= {answer_of(implicit)["access_token"], answer_of(implicit)["id_token"]}
    api.post("/api/v2/tickets/password-change", {"user_id": ann})
    api.patch(f"/api/v2/users/{ann}", {"password": WRONG})
    browser.get("/v2/logout")

    items = aws["dynamodb"].scan(TableName=settings.table)["Items"]
    history = json.dumps([item for item in items if item["sk"]["S"].startswith("LOG#")])
    history += caplog.text + journal.getvalue()
    assert history.count("LOG#") > 15
    assert journal.getvalue().count("POST /oauth/token") > 3
    assert [secret for secret in secrets if secret in history] == []


@pytest.mark.security(40)
def test_nothing_secret_of_an_impersonation_is_in_the_history(support, web, browser, aws, settings, caplog, journal):
    classic, newer = support.make_classic(web), support.make(web)["link"]
    secrets = {link.partition("link=")[2] for link in (classic, newer)}

    code = answer_of(browser.get(followed(classic)))["code"]
    tokens = told(web.exchange(code))
    confirm(browser, newer)
    secrets |= {code, *tokens, browser.cookies["__Host-gatehouse-as"].partition(".")[2]}
    own = answer_of(browser.get(web.address()))["code"]
    secrets |= {own, *told(web.exchange(own)), web.secret, support.token}
    for link in (classic, newer):
        browser.get(followed(link))
    for token in tokens:
        support.api.get("/api/v2/users", token=token)
        browser.post("/impersonation/stop", {}, Authorization=f"Bearer {token}")

    items = aws["dynamodb"].scan(TableName=settings.table)["Items"]
    history = json.dumps([item for item in items if item["sk"]["S"].startswith("LOG#")])
    history += caplog.text + journal.getvalue()
    assert history.count("fimp") > 3
    assert [secret for secret in secrets if secret in history] == []


@pytest.mark.security(25)
def test_turning_on_a_grant_type_that_is_advised_against_is_a_warning(api, register):
    application = register()
    path = f"/api/v2/clients/{application.client.client_id}"

    api.patch(path, {"grant_types": ["authorization_code", "implicit"]})
    api.patch(path, {"grant_types": ["authorization_code", "implicit", "password"]})

    warnings = [event for event in api.get("/api/v2/logs").json if event["type"] == "w"]
    assert [event["description"].partition(": ")[2] for event in warnings] == ["password.", "implicit."]
    assert {event["client_id"] for event in warnings} == {application.client.client_id}


def told(answer) -> set[str]:
    """Give the tokens of an answer."""
    body = json.loads(answer.body)
    return {value for name, value in body.items() if name.endswith("_token")}
