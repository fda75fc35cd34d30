"""What all pages share: language, headers, and Jinja that is imported late."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256

import pytest

from chalicelib.web import assets
from chalicelib.web.pages import LANGUAGES, Policy, language, page_headers, render
from tests.conftest import Api

ALL = list(LANGUAGES)


def csp(policy: Policy) -> dict[str, str]:
    directives = page_headers(policy)["Content-Security-Policy"].split("; ")
    return {name: sources for name, _, sources in (directive.partition(" ") for directive in directives)}


@pytest.mark.parametrize(
    ("ui_locales", "accept_language", "enabled", "chosen"),
    [
        ("es de", "de", ALL, "es"),
        ("fr es-MX", "de", ALL, "es"),
        ("", "fr;q=1, en;q=0.2, de-AT;q=0.8", ALL, "de"),
        ("", "de;q=0, es;q=0.1", ALL, "es"),
        ("", "DE_de", ALL, "de"),
        ("", "de;q=high, es", ALL, "es"),
        ("de", "de", ["es", "en"], "es"),
        ("", "*", ["de-CH", "en"], "de"),
        ("", "", ["fr"], "en"),
        ("", "", [], "en"),
        ("../../etc", ";;,,;q=", ALL, "en"),
    ],
)
def test_the_language_is_the_applications_wish_then_the_browsers_then_the_tenants_first(
    ui_locales, accept_language, enabled, chosen
):
    assert language(ui_locales, accept_language, enabled) == chosen


@pytest.mark.security(21)
def test_a_page_may_do_nothing_it_does_not_ask_for():
    headers = page_headers()

    assert csp(Policy()) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("https://shop.example:8443/callback?a=b", "https:"),
        ("http://[::1]:3000/callback", "http:"),
        ("com.example.App://callback", "com.example.app:"),
        ("https://x; script-src *", "https:"),
    ],
)
def test_a_form_may_lead_on_by_the_scheme_of_its_target(target, source):
    assert csp(Policy(form_targets=(target,)))["form-action"] == f"'self' {source}"


@pytest.mark.parametrize("target", ["", "/path", "//host/path", "1x://host", "x y://host"])
def test_an_address_without_a_scheme_is_no_target_of_a_form(target):
    with pytest.raises(ValueError, match="no absolute address"):
        page_headers(Policy(form_targets=(target,)))


@pytest.mark.parametrize(
    ("ancestor", "source"),
    [
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://[::1]:3000", "http:"),
        ("https://x.example; script-src *", "https:"),
    ],
)
def test_only_the_origins_given_may_frame_a_page(ancestor, source):
    headers = page_headers(Policy(frame_ancestors=(ancestor,)))

    assert csp(Policy(frame_ancestors=(ancestor,)))["frame-ancestors"] == source
    assert "X-Frame-Options" not in headers


def test_the_reference_has_the_headers_of_a_page_and_may_fetch(api: Api):
    answer = api.get("/docs")

    assert answer.headers["Content-Security-Policy"] == page_headers(Policy(fetches=True))["Content-Security-Policy"]
    assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_template_that_names_what_it_was_not_given_is_an_error():
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        render("login/message.html", {}, language="en")


def test_jinja_is_imported_with_the_first_page_and_not_before():
    program = """
import sys
import chalicelib.wiring, chalicelib.web.surfaces, chalicelib.web.pages, chalicelib.web.login.pages as pages
assert "jinja2" not in sys.modules
pages.render_message(pages.message(pages.Shell(tenant="acme"), "signed_out"))
assert "jinja2" in sys.modules
"""

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", ["pages.js", "dashboard.js"])
def test_what_two_scripts_share_is_a_part_of_each_and_of_its_fingerprint(name):
    fingerprint = assets.address(name).split("/")[2]

    text, _ = assets.asset(fingerprint, name)

    assert text.count('each("form[data-once]"') == 1
    assert "{{text:" not in text
    assert fingerprint == sha256(text.encode()).hexdigest()[:16]
