"""What signing in costs, step by step: CPU time in the process that answers, and what each step asks of DynamoDB.

One person goes from an application's button to its tokens and out again, many times; every request goes through the
handler that Lambda calls. MiniStack is in a process of its own, so none of its CPU time is in the figures.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from http.cookies import SimpleCookie
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from chalicelib.core.tenants import DEFAULT_CONNECTION
from infra.local.events import make_event
from infra.local.functions import new_context
from infra.local.messages import Request
from infra.local.routes import Routes
from tests.bench.product import Product, begin, person, running
from tests.bench.tables import show
from tests.conftest import BASE_DOMAIN
from tests.web.test_budget import counting

TIMES = 100
CALLBACK = "https://shop.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

LOGIN = "sign in on the page"
STEPS = {
    "begin": "begin, with nobody signed in",
    "page": "see the page",
    "login": LOGIN,
    "code": "exchange the code",
    "refresh": "refresh",
    "silent": "sign in silently, in a frame",
    "userinfo": "userinfo",
    "logout": "sign out",
}


def report() -> None:
    """Print the table, over a product of its own."""
    with running() as opened:
        begin(opened)
        measure(opened)


def measure(product: Product) -> None:
    """Print a row for each step."""
    somebody = person("signing-in")
    product.call("POST", "/api/v2/users", somebody)
    visitor = Visitor(product, _application(product), somebody["email"], somebody["password"])
    visitor.come_and_go()  # fills caches, and compiles the templates
    visitor.spent.clear()
    for _ in range(TIMES):
        visitor.come_and_go()
    checking = _checking_a_password(product, somebody["password"])
    show(
        f"Signing in, step by step: medians of {TIMES} times",
        ["step", "CPU, ms", "wall, ms", "asks DynamoDB for"],
        _rows(visitor.spent, checking),
    )


def _rows(spent: dict[str, Spent], checking: float) -> list[list[object]]:
    rows: list[list[object]] = []
    for step, name in STEPS.items():
        used, waited = median(spent[step].used), median(spent[step].waited)
        asked = ", ".join(f"{count // TIMES} {kind}" for kind, count in spent[step].asked.items()) or "nothing"
        rows.append([name, used, waited, asked])
        if name == LOGIN:
            rows.append(["of which checking the password", checking, "", ""])
            rows.append(["of which all else", used - checking, "", ""])
    return rows


@dataclass
class Spent:
    """What one step took, each time."""

    used: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)


@dataclass
class Visitor:
    """Somebody with a browser, and the application in it."""

    product: Product
    client_id: str
    email: str
    password: str
    cookies: dict[str, str] = field(default_factory=dict)
    spent: dict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))

    def come_and_go(self) -> None:
        """Sign in, get tokens, refresh them, ask in a frame, and sign out."""
        login = self.send("begin", "GET", self.address())["Location"]
        state = re.search(r'name="state" value="([^"]+)"', self.send("page", "GET", login)["body"])
        typed = {"username": self.email, "password": self.password}
        back = self.send("login", "POST", "/u/login", {"state": unescape(state[1]) if state else "", **typed})
        (code,) = parse_qs(urlsplit(back["Location"]).query)["code"]
        proof = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        tokens = self.token("code", grant_type="authorization_code", code=code, **proof)
        tokens = self.token("refresh", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        self.send("silent", "GET", self.address(prompt="none", response_mode="web_message"))
        self.send("userinfo", "GET", "/userinfo", Authorization=f"Bearer {tokens['access_token']}")
        self.send("logout", "GET", f"/v2/logout?{urlencode({'client_id': self.client_id, 'returnTo': CALLBACK})}")

    def address(self, **asked: str) -> str:
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid profile email offline_access",
            "state": "s" * 43,
            "nonce": "n" * 43,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return f"/authorize?{urlencode({**query, **asked})}"

    def token(self, step: str, **form: str) -> dict[str, str]:
        given: dict[str, str] = json.loads(
            self.send(step, "POST", "/oauth/token", {"client_id": self.client_id, **form})["body"]
        )
        return given

    def send(
        self, step: str, method: str, target: str, form: dict[str, str] | None = None, **headers: str
    ) -> dict[str, Any]:
        """Send a request that must go well; gives the headers of its answer, and the body under that name."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Host": BASE_DOMAIN, "Cookie": cookies, **headers}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        request = Request(method, target, list(sent.items()), urlencode(form or {}).encode())
        match = Routes(self.product.app.routes).find(request.path)
        assert match, target
        event = make_event(request, match, "bench", frozenset())
        result = self._timed(step, lambda: self.product.app(event, new_context("api")))
        assert result["statusCode"] in {200, 303}, result["body"]
        self._keep(result["multiValueHeaders"].get("Set-Cookie", []))
        return {**result["headers"], "body": result["body"]}

    def _timed(self, step: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        spent = self.spent[step]
        with counting() as calls:
            cpu, wall = time.process_time(), time.perf_counter()
            result = call()
            spent.used.append((time.process_time() - cpu) * 1000)
            spent.waited.append((time.perf_counter() - wall) * 1000)
        spent.asked += calls
        return result

    def _keep(self, headers: list[str]) -> None:
        for header in headers:
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]


def _application(product: Product) -> str:
    """Register a single-page application that people may sign in to; gives its id."""
    settings = {"name": "Shop", "app_type": "spa", "callbacks": [CALLBACK], "allowed_logout_urls": [CALLBACK]}
    client_id: str = product.call("POST", "/api/v2/clients", settings)["client_id"]
    (connection,) = product.call("GET", "/api/v2/connections", name=DEFAULT_CONNECTION)
    on = [{"client_id": client_id, "status": True}]
    product.call("PATCH", f"/api/v2/connections/{connection['id']}/clients", on)
    return client_id


def _checking_a_password(product: Product, password: str) -> float:
    """Give the CPU time of one check in milliseconds, the median."""
    hasher = product.app.core.sign_ins.hasher
    stored, used = hasher.hash(password), []
    for _ in range(TIMES):
        cpu = time.process_time()
        assert hasher.verify(stored, password)
        used.append((time.process_time() - cpu) * 1000)
    return median(used)


if __name__ == "__main__":
    report()
