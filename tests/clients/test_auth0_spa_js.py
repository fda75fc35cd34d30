"""Auth0's SDK for single-page applications, unmodified, in a real Chromium against a started local stack.

The application is on plain http and the stack on https, so a browser takes them for two sites: what holds here holds
for an application with a domain of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from infra.npm import Package, PackageError
from tests.chromium import Chromium, ready
from tests.clients.conftest import PASSWORD
from tests.stacks import ROOT

SDK = Package(
    name="@auth0/auth0-spa-js",
    version="2.28.3",
    sha512="W4bqoPdzjakJdtzKiOcWT5yMLciR9jeaHHwGydAKRpAkTD80ld2tGDUVL+sTpzaty8i3SL7lakgERiowcl0WCw==",
    folder="package/dist/",
    size="2 MB",
)
PAGE = """<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">
<script src="/sdk.js"></script><script>const client = new auth0.Auth0Client({options})</script>"""
CALL = """([method, given]) => client[method](...given).then(
  (value) => ({ value: value ?? null }),
  (error) => ({ error: error.error, description: error.error_description }),
)"""


class Host(ThreadingHTTPServer):
    """A web server on loopback with the SDK and one page, which makes a client of the SDK by these options."""

    daemon_threads = True
    sdk: bytes = b""
    options: dict[str, Any]

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        is_sdk = self.path == "/sdk.js"
        page = PAGE.replace("{options}", json.dumps(self.server.options)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_sdk else "text/html")
        self.end_headers()
        self.wfile.write(self.server.sdk if is_sdk else page)

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output to themselves."""


@dataclass
class Shop:
    """The application in a window of somebody's browser."""

    host: Host
    page: Page
    problems: list[str] = field(default_factory=list)

    def open(self, **options: Any) -> None:
        """Load the page, with further options of the SDK."""
        self.host.options.update(options)
        self.page.goto(self.host.origin)

    def call(self, method: str, **options: Any) -> dict[str, Any]:
        """Call the SDK; gives what it said: `value`, or `error` and `description`."""
        return self.page.evaluate(CALL, [method, [options] if options else []])

    def begin(self, **parameters: Any) -> None:
        """Press the application's button to sign in."""
        self.page.evaluate("(given) => void client.loginWithRedirect(given)", {"authorizationParams": parameters})

    def fill(self, email: str, password: str = PASSWORD, page: Page | None = None) -> None:
        """Fill in our page and send it."""
        shown = page or self.page
        shown.get_by_label("E-mail address").fill(email)
        shown.get_by_label("Password", exact=True).fill(password)
        shown.get_by_role("button", name="Sign in").click()

    def come_back(self) -> dict[str, Any]:
        """Wait until the browser is back, and let the SDK read what it came back with, once."""
        self.page.wait_for_url(f"{self.host.origin}/?**")
        told = self.call("handleRedirectCallback")
        self.page.evaluate("history.replaceState(null, '', '/')")
        return told

    def sign_in(self, email: str) -> None:
        self.begin()
        self.fill(email)
        assert "value" in self.come_back()


@pytest.fixture(scope="module")
def sdk_js() -> bytes:
    try:
        files = SDK.fetch(ROOT / ".local" / "auth0-spa-js")
    except PackageError as error:
        pytest.skip(str(error))
    return (files / "auth0-spa-js.production.js").read_bytes()


@pytest.fixture
def host(sdk_js, register, stack) -> Iterator[Host]:
    with Host(("127.0.0.1", 0), Answers) as host:
        places = {"callbacks": [host.origin], "allowed_logout_urls": [f"{host.origin}/bye"]}
        client = register(app_type="spa", **places)
        where = {"authorizationParams": {"redirect_uri": host.origin}}
        host.sdk, host.options = sdk_js, {"domain": stack.domain, "clientId": client.client_id, **where}
        thread = Thread(target=host.serve_forever, args=(0.01,))
        thread.start()
        yield host
        host.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with ready() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def browser(chromium) -> Iterator[Browser]:
    with chromium.launch() as browser:
        yield browser


def opened(host: Host, context: BrowserContext) -> Shop:
    shop = Shop(host, context.new_page())
    shop.page.set_default_timeout(10_000)
    shop.page.on("pageerror", lambda error: shop.problems.append(str(error)))
    shop.page.on("console", lambda said: shop.problems.append(said.text) if "Policy" in said.text else None)
    return shop


@pytest.fixture
def shop(host, browser) -> Iterator[Shop]:
    # The browser cannot be told of the stack's authority; Python's clients prove the certificate.
    with browser.new_context(ignore_https_errors=True) as context:
        shop = opened(host, context)
        shop.open()
        yield shop
        assert shop.problems == []


def test_somebody_signs_in_on_our_page_and_the_application_knows_them(shop, user, stack):
    shop.begin()
    shop.fill(user.email)
    came_back = shop.come_back()

    known, claims = shop.call("getUser")["value"], shop.call("getIdTokenClaims")["value"]
    assert came_back["value"]["response_type"] == "code"
    assert (known["sub"], known["email"], known["name"]) == (user.user_id, user.email, user.email)
    assert claims["iss"] == f"https://{stack.domain}/"


def test_a_wrong_password_is_said_and_the_right_one_still_signs_in(shop, user):
    shop.begin()
    shop.fill(user.email, "wrong")
    expect(shop.page.get_by_role("alert")).to_contain_text("did not match")

    shop.fill(user.email)

    assert "value" in shop.come_back()


def test_a_blocked_user_is_told_so(shop, sdk, user):
    sdk.users.update(user.user_id, blocked=True)

    shop.begin()
    shop.fill(user.email)

    expect(shop.page.get_by_role("alert")).to_have_text("user is blocked")


def test_what_is_wrong_with_a_request_is_told_to_the_application(shop):
    shop.begin(audience="https://nowhere.example")

    told = shop.come_back()

    assert told == {"error": "access_denied", "description": "Service not found: https://nowhere.example"}


def test_tokens_are_refreshed_again_and_again(shop, user):
    shop.open(useRefreshTokens=True)
    shop.sign_in(user.email)

    tokens = [shop.call("getTokenSilently", cacheMode="off")["value"] for _ in range(3)]

    assert len(set(tokens)) == 3


def test_a_revoked_refresh_token_is_gone_here_and_there(shop, sdk, user):
    shop.open(useRefreshTokens=True)
    shop.sign_in(user.email)
    held = list(sdk.users.refresh_token.list(user.user_id))

    shop.call("revokeRefreshToken")

    assert len(held) == 1
    assert list(sdk.users.refresh_token.list(user.user_id)) == []
    assert shop.call("getTokenSilently", cacheMode="off")["error"] == "missing_refresh_token"


def test_who_signed_in_once_is_not_asked_again(shop, user):
    shop.sign_in(user.email)

    shop.begin()

    assert "value" in shop.come_back()
    assert shop.call("getUser")["value"]["sub"] == user.user_id


def test_after_signing_out_one_is_asked_again(shop, user):
    shop.sign_in(user.email)

    leaving = {"logoutParams": {"returnTo": f"{shop.host.origin}/bye"}}
    shop.page.evaluate("(given) => void client.logout(given)", leaving)
    shop.page.wait_for_url("**/bye")
    shop.begin()

    expect(shop.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_somebody_signs_in_in_a_pop_up(shop, user):
    with shop.page.expect_popup() as opening:
        shop.page.evaluate("() => { window.signedIn = client.loginWithPopup(); }")
    shop.fill(user.email, page=opening.value)

    shop.page.evaluate("() => window.signedIn")

    assert shop.call("getUser")["value"]["sub"] == user.user_id


def silently(shop: Shop) -> dict[str, Any]:
    """Have the SDK ask in a frame."""
    return shop.call("getTokenSilently", cacheMode="off", timeoutInSeconds=10)


@pytest.fixture
def browsing(host, chromium, tmp_path):
    """Start the application where frames of other sites get their cookies, or do not: browsers differ in that."""

    @contextmanager
    def browsing(*, third_party_cookies: bool) -> Iterator[Shop]:
        preferences = {"profile": {"cookie_controls_mode": 0 if third_party_cookies else 1}}
        with chromium.launch_with(preferences, tmp_path / "profile", ignore_https_errors=True) as context:
            yield opened(host, context)

    return browsing


def test_a_frame_signs_in_silently_where_its_cookies_are_let_through(browsing, user):
    with browsing(third_party_cookies=True) as shop:
        shop.open()
        shop.sign_in(user.email)

        told = silently(shop)

    assert "value" in told


def test_a_frame_is_told_to_sign_in_where_its_cookies_are_held_back(browsing, user):
    with browsing(third_party_cookies=False) as shop:
        shop.open()
        shop.sign_in(user.email)

        told = silently(shop)

    assert told == {"error": "login_required", "description": "Login required"}


def test_over_http_alone_there_is_one_site_and_nothing_to_trust(host, browser, stack, user):
    with browser.new_context() as context:
        shop = opened(host, context)
        shop.open(domain=stack.env["GATEHOUSE_URL"], issuer=f"https://{stack.domain}/")
        shop.sign_in(user.email)

        told = silently(shop)

    assert "value" in told
    assert shop.problems == []


def test_a_frame_is_told_that_the_user_was_blocked_meanwhile(host, browser, stack, sdk, user):
    with browser.new_context() as context:
        shop = opened(host, context)
        shop.open(domain=stack.env["GATEHOUSE_URL"], issuer=f"https://{stack.domain}/")
        shop.sign_in(user.email)
        sdk.users.update(user.user_id, blocked=True)

        told = silently(shop)

    assert told == {"error": "unauthorized", "description": "user is blocked"}
