"""People at the dashboard: signed in through its own door, with any role in any tenant; and what they see there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote

from chalicelib.core.callers import Caller
from chalicelib.core.roles import OWNER, ROLES
from chalicelib.core.tenants import DEFAULT_CONNECTION, SYSTEM_TENANT
from tests.flows.browsing import PASSWORD, Browser, state_of

DASHBOARD = "__Host-gatehouse-dashboard"
_TOKEN = re.compile(r'name="form_token" value="([^"]*)"')
_TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A page as somebody sees it: its html, and its words with one space between them."""

    status: int
    headers: dict[str, Any]
    html: str

    @property
    def text(self) -> str:
        return " ".join(unescape(_TAGS.sub(" ", self.html)).split())

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def title(self) -> str:
        return unescape(re.search(r"<title>(.*?)</title>", self.html)[1])

    @property
    def notice(self) -> str:
        """What was done just now, as the page says it at its top; "" if it says nothing."""
        found = re.search(r'role="status".*?<p>(.*?)</p>', self.html, re.DOTALL)
        return unescape(found[1]) if found else ""

    @property
    def problems(self) -> dict[str, str]:
        """What stands beside the fields that are wrong."""
        found = re.findall(r'<p class="problem" id="([^"]+)-problem">(.*?)</p>', self.html)
        return {name: unescape(said) for name, said in found}

    @property
    def links(self) -> list[str]:
        return [unescape(address) for address in re.findall(r'href="([^"]+)"', self.html)]


@dataclass
class Desk:
    """Somebody at the dashboard of a tenant, with a browser. Paths are below the tenant unless they begin with a /."""

    app: Any
    user_id: str
    email: str
    tenant: str = "main"
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser(self.app, SYSTEM_TENANT)

    def enter(self, path: str = "/dashboard", password: str = PASSWORD) -> Shown:
        """Sign in through the system tenant's own pages, and give what came last."""
        asked = self.browser.get(path)
        shown = self.browser.get(self.browser.get(asked.headers["Location"]).headers["Location"])
        form = {"state": state_of(shown), "username": self.email, "password": password}
        back = self.browser.post("/u/login", form)
        return self._shown(self.browser.get(back.headers["Location"].partition("gatehouse.test")[2]))

    def get(self, path: str = "", **headers: str) -> Shown:
        return self._shown(self.browser.get(self.address(path), **headers))

    def post(self, path: str, form: dict[str, str] | None = None, *, token: str | None = None, **headers: str) -> Shown:
        """Send a form with the token of this session, unless another is given."""
        sent = {"form_token": self.token if token is None else token, **(form or {})}
        return self._shown(self.browser.post(self.address(path), sent, **headers))

    def follow(self, shown: Shown) -> Shown:
        """Go where a form led to."""
        assert shown.status == 303, shown.html
        return self.get(shown.location)

    @property
    def token(self) -> str:
        """The token of this session's forms."""
        return _TOKEN.search(self.get("/dashboard/tenants").html)[1]

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser holds."""
        return self.browser.cookies

    def address(self, path: str) -> str:
        """Give the path of a page on the host."""
        below = f"/dashboard/t/{quote(self.tenant)}{'/' if path else ''}{path}"
        return path if path.startswith("/") else below

    def _shown(self, answer: Any) -> Shown:
        return Shown(answer.status_code, dict(answer.headers), answer.body.decode())


@dataclass
class People:
    """Makes people of the system tenant, and lets them into tenants."""

    app: Any

    def person(self, email: str) -> str:
        """Make somebody who proved their address, and give their id."""
        account = {"connection": DEFAULT_CONNECTION, "email": email, "password": PASSWORD, "email_verified": True}
        named = {**account, "name": email.partition("@")[0]}
        return self.app.core.users.create(Caller(tenant=SYSTEM_TENANT), named).user_id

    def let_in(self, user_id: str, role: str, tenant: str = "main") -> None:
        """Make somebody a member of a tenant."""
        self.app.core.operators.add(Caller(tenant=tenant, scopes=ROLES[OWNER]), user_id, role)

    def desk(self, role: str, tenant: str = "main", *, name: str = "") -> Desk:
        """Sign somebody in who has a role in a tenant; "" for somebody without any."""
        email = f"{name or role or 'nobody'}@example.com"
        made = Desk(self.app, self.person(email), email, tenant)
        if role:
            self.let_in(made.user_id, role, tenant)
        assert made.enter().status == 303
        assert DASHBOARD in made.browser.cookies
        return made
