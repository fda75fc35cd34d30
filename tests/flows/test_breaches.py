"""Passwords that are known from breaches: refused where a tenant wants it, with the reason, wherever one is chosen."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from chalicelib.core.attack_protection import BREACHES
from chalicelib.core.errors import Unavailable
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.settings import SettingsError
from chalicelib.wiring import build_core
from tests.conftest import BREACHED
from tests.flows.browsing import EMAIL, PASSWORD, Browser, shown_by, state_of

NEW = "new@example.com"
DETECTION = f"/api/v2/attack-protection/{BREACHES}"


@pytest.fixture
def detecting(api):
    """Turn detection on."""
    assert api.patch(DETECTION, {"enabled": True}).status == 200


@pytest.fixture
def sign_up(app, spa):
    def post(password=BREACHED):
        form = {"client_id": spa.client.client_id, "connection": DEFAULT_CONNECTION, "email": NEW}
        return Browser(app).post("/dbconnections/signup", {**form, "password": password})

    return post


@pytest.fixture
def reset(app, forget, mailbox, ann):
    """Choose a new password behind the link of a mail."""
    forget()
    link = mailbox.to(EMAIL)[-1].link

    def post(password=BREACHED):
        return Browser(app).post(link, {"password": password, "password_again": password, "end_sessions": "yes"})

    return post


def test_it_is_off_until_a_tenant_turns_it_on(sign_up, api, ann):
    assert sign_up().status_code == 200
    assert api.patch(f"/api/v2/users/{ann}", {"password": BREACHED}).status == 200


@pytest.mark.security(5)
def test_a_sign_up_is_refused_with_the_reason_and_is_in_the_history(detecting, sign_up, api):
    answer = sign_up()

    assert (answer.status_code, json.loads(answer.body)) == (
        400,
        {
            "name": "PasswordLeakedError",
            "code": "password_leaked",
            "message": "Password has been leaked",
            "description": "Password is known from a data breach.",
            "statusCode": 400,
        },
    )
    (event,) = api.get("/api/v2/logs", query={"q": "type:signup_pwd_leak"}).json
    assert (event["user_name"], event["connection"]) == (NEW, DEFAULT_CONNECTION)


@pytest.mark.security(5)
def test_the_sign_up_page_says_so_beside_the_password(detecting, app, spa):
    browser = Browser(app)
    state = state_of(shown_by(browser, spa))

    page = browser.post("/u/signup", {"state": state, "email": NEW, "password": BREACHED})

    assert page.status_code == 400
    assert b"This password is known from a data breach elsewhere." in page.body


@pytest.mark.security(5)
def test_a_reset_is_refused_with_the_reason_and_the_link_stays_good(detecting, reset, api):
    refused = reset()

    assert refused.status_code == 400
    assert b"This password is known from a data breach elsewhere." in refused.body
    assert api.get("/api/v2/logs", query={"q": "type:reset_pwd_leak"}).json
    assert reset("another Horse battery 2").status_code == 200


@pytest.mark.security(5)
def test_an_administrator_is_refused_one_too(detecting, api, ann):
    body = {"connection": DEFAULT_CONNECTION, "email": NEW, "password": BREACHED}

    answers = [api.post("/api/v2/users", body), api.patch(f"/api/v2/users/{ann}", {"password": BREACHED})]

    assert [(answer.status, answer.json["errorCode"]) for answer in answers] == [(400, "password_leaked")] * 2
    assert answers[0].json["message"] == "PasswordLeakedError: Password has been leaked"


def test_other_passwords_are_taken(detecting, sign_up, reset):
    assert sign_up(PASSWORD).status_code == 200
    assert reset("another Horse battery 2").status_code == 200


@pytest.mark.parametrize(
    ("stage", "statuses"), [("pre-user-registration", (200, 400)), ("pre-change-password", (400, 200))]
)
def test_a_stage_without_a_shield_takes_them(detecting, api, sign_up, reset, stage, statuses):
    api.patch(DETECTION, {"stage": {stage: {"shields": []}}})

    assert (sign_up().status_code, reset().status_code) == statuses


def test_it_is_each_tenants_own(detecting, acme):
    client = acme.post("/api/v2/clients", {"name": "App"}).json["client_id"]
    connection = {"name": "people", "strategy": "auth0", "enabled_clients": [client]}
    acme.post("/api/v2/connections", connection)

    assert acme.post("/api/v2/users", {"connection": "people", "email": NEW, "password": BREACHED}).status == 201


# A list that is not there


def test_a_start_without_the_list_it_names_fails_and_says_where(settings, ambient, tmp_path):
    missing = replace(settings, breached_passwords=str(tmp_path / "pwned.txt"))

    with pytest.raises(SettingsError, match=r"GATEHOUSE_BREACHED_PASSWORDS: there is neither .*pwned\.txt"):
        build_core(missing, ambient)


def test_a_list_that_is_taken_away_from_a_tenant_that_relies_on_it_lets_no_password_pass(detecting, core):
    forgotten = replace(core.attack_protection, breaches=None)

    with pytest.raises(Unavailable) as refused:
        forgotten.demand_unbreached("main", PASSWORD, "pre-change-password")

    assert "none are configured" in refused.value.detail


def test_without_a_list_nothing_of_it_is_imported():
    found = subprocess.run(
        [sys.executable, "-c", "import chalicelib.wiring, sys; print('breached_passwords' in ' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == "False\n"
