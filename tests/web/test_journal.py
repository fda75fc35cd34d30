"""The line of each request: what was asked, by whom, what it took, and nothing that is anybody's secret."""

from __future__ import annotations

import io
import json

import pytest

from chalicelib.web.journal import Journal
from tests.conftest import START
from tests.web.conftest import PASSWORD


@pytest.fixture
def lines(app, monkeypatch):
    """Give the lines that the app has written."""
    written = io.StringIO()
    monkeypatch.setattr(app, "journal", Journal("gatehouse-test", written))
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_request_is_one_line_with_what_it_took(api, lines):
    api.get("/api/v2/clients", scope="read:clients")

    (line,) = lines()
    assert line["_aws"]["Timestamp"] == START.timestamp() * 1000
    assert (line["Stack"], line["Surface"], line["tenant"]) == ("gatehouse-test", "management", "main")
    assert (line["caller"], line["client_id"]) == ("tests@clients", "tests")
    assert (line["operation"], line["status"]) == ("GET /api/v2/clients", 200)
    assert line["RoundTrips"] >= 1
    assert line["ReadUnits"] > 0
    assert line["Latency"] > 0


def test_cloudwatch_makes_metrics_of_what_the_line_holds(api, lines):
    api.get("/health")

    (line,) = lines()
    for directive in line["_aws"]["CloudWatchMetrics"]:
        names = [metric["Name"] for metric in directive["Metrics"]] + directive["Dimensions"][0]
        assert set(names) <= line.keys()


def test_what_is_healthy_is_asked_for_nothing(api, lines):
    answer = api.get("/health", headers={"Host": "10.0.0.1", "Authorization": ""})

    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert lines()[0]["RoundTrips"] == 0


def test_only_the_first_line_of_a_process_is_cold(api, lines):
    api.get("/health")
    api.get("/health")

    assert [line["cold"] for line in lines()] == [True, False]


def test_a_refusal_says_why(api, lines):
    api.get("/api/v2/users/auth0%7Cnobody")

    (missing,) = lines()
    assert (missing["status"], missing["error"]) == (404, "inexistent_user")
    assert missing["operation"] == "GET /api/v2/users/{user_id}"


def test_what_reaches_no_view_has_its_line_too(api, lines):
    api.call("PUT", "/api/v2/users")

    (line,) = lines()
    assert (line["status"], line["operation"], line["tenant"]) == (405, "", "")


@pytest.mark.security(40)
def test_nothing_secret_of_a_request_is_in_its_line(api, lines):
    token = api.token()
    account = {"connection": "Username-Password-Authentication", "email": "ann@example.com", "password": PASSWORD}

    api.post("/api/v2/users?canary=canary", account, token=token)
    api.post("/api/v2/users", account, token=token)
    api.get("/api/v2/users/canary", token=token + "x")
    api.post("/oauth/token", {"grant_type": "client_credentials", "client_id": "canary", "client_secret": "canary"})

    written = json.dumps(lines())
    assert len(lines()) == 4
    assert [secret for secret in (token, PASSWORD, "canary", "ann@example.com") if secret in written] == []
