"""A browser that keeps cookies, an application that speaks OpenID Connect, and what a person does with them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from chalice.test import Client as ChaliceClient

EMAIL = "ann@example.com"
PASSWORD = "correct Horse battery 1"
NEW_PASSWORD = "another Horse battery 2"
CHANGE = {"current_password": PASSWORD, "password": NEW_PASSWORD, "password_again": NEW_PASSWORD}
SESSION = "__Host-gatehouse"
CALLBACK = "https://app.example.com/callback"
VERIFIER = "a" * 43
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Browser:
    """What a browser does: keeps cookies, sends forms, follows no redirect by itself."""

    app: Any
    tenant: str = "main"
    ip: str = "203.0.113.7"
    agent: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    def send(self, method: str, address: str, form: dict[str, str] | bytes | None = None, **headers: str) -> Any:
        host = self.app.core.hosts.domain(self.tenant)
        sent = {"Host": host, **({"User-Agent": self.agent} if self.agent else {}), **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        body = form if isinstance(form, bytes) else urlencode(form or {}).encode()
        with ChaliceClient(self.app) as client:
            client.http._local_gateway.event_converter.LOCAL_SOURCE_IP = self.ip
            answer = client.http.request(method, address, sent, body)
        self._keep(answer.headers.get("Set-Cookie", []))
        return answer

    def get(self, address: str, **headers: str) -> Any:
        return self.send("GET", address, **headers)

    def post(self, address: str, form: dict[str, str], **headers: str) -> Any:
        return self.send("POST", address, form, **headers)

    def _keep(self, headers: list[str] | str) -> None:
        self.set_cookies = [headers] if isinstance(headers, str) else list(headers)
        for header in self.set_cookies:
            for name, morsel in SimpleCookie(header).items():
                self.cookies.pop(name, None)
                if morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value


@dataclass
class Visitor:
    """Somebody who is at the account page with a browser."""

    browser: Browser

    def see(self, address: str = "/u/account", **headers: str) -> Any:
        return self.browser.get(address, **headers)

    def page(self, address: str = "/u/account") -> str:
        shown = self.see(address)
        assert shown.status_code == 200, shown.body
        return unescape(shown.body.decode())

    def press(self, name: str, **form: str) -> Any:
        """Press a button of the page as it is now."""
        return self.browser.post(f"/u/account/{name}", {"state": state_of(self.see()), **form})

    def change(self, **typed: str) -> Any:
        """Fill in the form for a new password, which is repeated unless something else is typed."""
        again = {"password_again": typed["password"]} if "password" in typed else {}
        return self.press("password", **{"end_sessions": "yes", **CHANGE, **again, **typed})

    def follow(self, answer: Any) -> str:
        assert answer.status_code == 303, answer.body
        return self.page(answer.headers["Location"])

    @property
    def is_in(self) -> bool:
        """Whether the browser is signed in."""
        return self.see().status_code == 200

    @property
    def session_id(self) -> str:
        return self.browser.cookies[SESSION].split(".")[1]


@dataclass
class Application:
    """A client of the tenant, and what it asks for."""

    app: Any
    client: Any
    secret: str
    tenant: str = "main"

    @property
    def is_public(self) -> bool:
        return self.client.token_endpoint_auth_method == "none"

    def address(self, **asked: Any) -> str:
        """The address that sends a browser to sign in."""
        query = {
            "client_id": self.client.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid profile email",
            "state": "xyz",
            "nonce": "n-0S6",
            **({"code_challenge": CHALLENGE, "code_challenge_method": "S256"} if self.is_public else {}),
            **asked,
        }
        return "/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})

    def token(self, **form: str) -> Any:
        """Ask the token endpoint."""
        proof = {} if self.is_public else {"client_secret": self.secret}
        sent = {"client_id": self.client.client_id, **proof, **form}
        return Browser(self.app, self.tenant).post("/oauth/token", sent)

    def exchange(self, code: str, **form: str) -> Any:
        verifier = {"code_verifier": VERIFIER} if self.is_public else {}
        return self.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **verifier, **form)


def shown_by(browser: Browser, application: Application, **asked: Any) -> Any:
    """Go to the application's sign-in and give the page that comes."""
    page = browser.get(application.address(**asked))
    assert page.status_code == 303, page.body
    shown = browser.get(page.headers["Location"])
    assert shown.status_code == 200, shown.body
    return shown


def sign_in(browser: Browser, application: Application, *, password: str = PASSWORD, email: str = EMAIL, **asked: Any):
    """Go to the application's sign-in, fill in the page, and give the answer to that."""
    shown = shown_by(browser, application, **asked)
    return browser.post("/u/login", {"state": state_of(shown), "username": email, "password": password})


def state_of(page: Any) -> str:
    """Read the sealed state out of a page's form."""
    return unescape(re.search(r'name="state"\s+value="([^"]+)"', page.body.decode())[1])


def answer_of(answer: Any) -> dict[str, str]:
    """Read what came back to the callback, in the query or the fragment."""
    parts = urlsplit(answer.headers["Location"])
    given = parse_qs(parts.fragment or parts.query, keep_blank_values=True)
    return {name: values[0] for name, values in given.items()}


def claims_of(token: str) -> dict[str, Any]:
    """Read a token's claims without a proof."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
