"""The dashboard over https in a browser: an owner of the tenant `main` who is signed in, with JavaScript on and off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from chalicelib.core.roles import OWNER
from chalicelib.core.tenants import DEFAULT_CONNECTION
from infra.local.certificates import Authority
from infra.local.gateway import Gateway
from infra.local.listeners import bind, serving
from infra.local.tls import server_context
from tests.chromium import ready
from tests.conftest import BASE_DOMAIN
from tests.dashboards import Desk, People
from tests.flows.browsing import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

ORIGIN = f"https://system.{BASE_DOMAIN}"
REFUSED = "Failed to load resource: the server responded with a status of 4"
PHONE, DESKTOP = {"width": 320, "height": 640}, {"width": 1280, "height": 800}


@dataclass
class Window:
    """A tab of somebody who is signed in, and what went wrong in it. Paths are as those of a Desk."""

    page: Page
    desk: Desk
    problems: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Page:
        """Go to a page of the dashboard, and give the tab."""
        self.page.goto(path if path.startswith("https:") else f"{ORIGIN}{self.desk.address(path)}")
        return self.page

    def hear(self, said: ConsoleMessage) -> None:
        """Keep what the console says is wrong; a page that says no is none of it."""
        if said.type == "error" and not said.text.startswith(REFUSED):
            self.problems.append(said.text)

    @property
    def notice(self) -> str:
        """What the page says was done."""
        return self.page.get_by_role("status").locator("p").first.inner_text()


@pytest.fixture(scope="module")
def gateway(only_app, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port on which the app is served over https."""
    listeners = bind(0, "TLS_PORT", server_context(Authority.open(tmp_path_factory.mktemp("authority"))))
    with serving(listeners, Gateway(only_app)):
        yield listeners[0].server_address[1]


@pytest.fixture(scope="module")
def browser(gateway: int) -> Iterator[Browser]:
    """Chromium, for which every host of the tests is the app."""
    with ready() as found, found.launch(f"--host-resolver-rules=MAP *.{BASE_DOMAIN} 127.0.0.1:{gateway}") as browser:
        yield browser


@pytest.fixture
def people(app) -> People:
    return People(app)


@pytest.fixture
def user(api) -> Callable[..., str]:
    """Make a user of the tenant `main`, and give their id."""

    def make(name: str, /, **known: Any) -> str:
        account = {"connection": DEFAULT_CONNECTION, "email": f"{name}@example.com", "password": PASSWORD}
        return api.post("/api/v2/users", {**account, "verify_email": False, **known}).json["user_id"]

    return make


@pytest.fixture
def sign_in(people: People) -> Callable[..., Desk]:
    """Sign somebody in, as `people.desk` does, but once for all tabs of a test that are theirs."""
    known: dict[tuple[str, str], Desk] = {}

    def make(role: str, tenant: str) -> Desk:
        if (role, tenant) not in known:
            known[role, tenant] = people.desk(role, tenant)
        return known[role, tenant]

    return make


@pytest.fixture
def tab(browser: Browser, sign_in: Callable[..., Desk]) -> Iterator[Callable[..., Window]]:
    """Open a tab of somebody with a role: `tab(VIEWER)`, `tab(OWNER, scripts=False)`. Nothing may go wrong in it."""
    opened: list[tuple[BrowserContext, Window]] = []

    def make(role: str = OWNER, tenant: str = "main", *, scripts: bool = True, **known: Any) -> Window:
        desk = sign_in(role, tenant)
        context = browser.new_context(ignore_https_errors=True, java_script_enabled=scripts, **known)
        context.add_cookies([{"name": name, "value": value, "url": ORIGIN} for name, value in desk.cookies.items()])
        window = Window(context.new_page(), desk)
        window.page.set_default_timeout(10_000)
        window.page.on("console", window.hear)
        window.page.on("pageerror", lambda error: window.problems.append(str(error)))
        opened.append((context, window))
        return window

    yield make
    for context, _ in opened:
        context.close()
    assert [problem for _, window in opened for problem in window.problems] == []


@pytest.fixture
def owner(tab: Callable[..., Window]) -> Window:
    """A tab of an owner of the tenant `main`."""
    return tab()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def either(request: pytest.FixtureRequest, tab: Callable[..., Window]) -> Window:
    """A tab of an owner: the test runs once with JavaScript and once without."""
    return tab(scripts=request.param)


@pytest.fixture
def looks_well() -> Callable[[Window], None]:
    """Check the page in a tab, light and dark, on a phone and on a desk: axe finds nothing, nothing is too wide."""

    def check(window: Window) -> None:
        page = window.page
        # Colours that are on their way from light to dark have contrasts of their own.
        page.emulate_media(reduced_motion="reduce")
        page.evaluate(AXE_SCRIPT)
        for colours, size in product(("light", "dark"), (PHONE, DESKTOP)):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=colours)
            found = page.evaluate("axe.run({resultTypes: ['violations']})")
            assert found["violations"] == [], (colours, size)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (colours, size)

    return check
