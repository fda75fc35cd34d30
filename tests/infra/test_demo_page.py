"""`/demo`: an application to try, served to the one name it may come back to. That it works is in tests/clients."""

from __future__ import annotations

import pytest

from infra.local.demo_page import DemoPage
from infra.local.gateway import Gateway
from infra.local.messages import Request

VALUES = {"client_id": "c1", "issuer": "https://localhost:8443/", "email": "d@example.com", "env_path": "a<b>.env"}


@pytest.fixture
def ask(app):
    """Ask the gateway with the demo page in front of it."""
    demo = DemoPage(Gateway(app), "http://localhost:8000", {**VALUES, "mailbox": "/dev/mailbox"})

    def ask(target, *, method="GET", host="localhost:8000"):
        return demo.answer(Request(method, target, [("Host", host)]))

    return ask


def test_the_page_knows_its_client_and_whom_to_believe(ask):
    page = ask("/demo").body.decode()

    assert 'data-client-id="c1" data-issuer="https://localhost:8443/"' in page
    assert "a&lt;b&gt;.env" in page


def test_the_page_may_load_and_ask_nothing_from_elsewhere(ask):
    headers = dict(ask("/demo").headers)

    rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
    assert (rules["default-src"], rules["script-src"], rules["connect-src"]) == ("'none'", "'self'", "'self'")
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_the_page_is_also_what_a_sign_in_comes_back_to(ask):
    assert ask("/demo?code=abc&state=xyz").body == ask("/demo").body


@pytest.mark.parametrize(("path", "kind"), [("/demo.css", "text/css"), ("/demo.js", "text/javascript")])
def test_its_style_sheet_and_its_script_are_served(ask, path, kind):
    answer = ask(path)

    assert (answer.status, dict(answer.headers)["Content-Type"]) == (200, f"{kind}; charset=utf-8")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "acme.localhost:8000", "evil.example", "[::1", ""])
def test_other_names_lead_to_the_one_it_may_come_back_to(ask, host):
    answer = ask("/demo?code=abc", host=host)

    assert (answer.status, dict(answer.headers)["Location"]) == (303, "http://localhost:8000/demo")


def test_the_page_can_only_be_read(ask):
    refused = ask("/demo", method="POST")

    assert (refused.status, dict(refused.headers)["Allow"]) == (405, "GET, HEAD")


def test_every_other_path_is_the_gateways(ask):
    assert ask("/docs", host="gatehouse.test").status == 200
    assert ask("/demos").status == 404


def test_the_app_itself_has_no_demo_page(app):
    answer = Gateway(app).answer(Request("GET", "/demo", [("Host", "localhost:8000")]))

    assert answer.status == 404
