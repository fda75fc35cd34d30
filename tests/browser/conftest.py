"""What the tests in a browser share: Chromium, and small sites on loopback that serve rendered pages as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from chalicelib.web import assets
from chalicelib.web.surface import SECURITY_HEADERS, Rendered
from tests.chromium import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

LOGO = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'><rect width='40' height='40' fill='#0a6b3b'/></svg>"
HTML = "text/html; charset=utf-8"


class Server(ThreadingHTTPServer):
    """A server that belongs to a site."""

    daemon_threads = True
    site: Site


class Answers(BaseHTTPRequestHandler):
    """Answers what the site holds for a path, with the headers of every answer of the product."""

    server: Server

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.site.posts.append(dict(parse_qsl(sent, keep_blank_values=True)))
        self.answer()

    def answer(self) -> None:
        rendered = self.server.site.find(self.path)
        self.send_response(rendered.status)
        for name, value in {**SECURITY_HEADERS, "Content-Type": rendered.content_type, **rendered.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(str(rendered.body).encode())

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output to themselves."""


@dataclass
class Site:
    """A web site on loopback. `posts` are the forms it got."""

    port: int
    answers: dict[str, Rendered] = field(default_factory=dict)
    posts: list[dict[str, str]] = field(default_factory=list)

    def origin(self, host: str = "127.0.0.1") -> str:
        """Give one of the two origins the site has: by address and by name."""
        return f"http://{host}:{self.port}"

    def serve(self, path: str, rendered: Rendered | str, host: str = "127.0.0.1") -> str:
        """Answer a path with a page, and give its address. With 200, because Chromium logs any 400 as an error."""
        page = rendered if isinstance(rendered, Rendered) else Rendered(body=rendered, content_type=HTML)
        self.answers[path] = replace(page, status=200) if page.status >= 400 else page
        return self.origin(host) + path

    def redirect(self, path: str, target: str, host: str = "127.0.0.1") -> str:
        """Answer a path by leading on, and give its address."""
        return self.serve(path, Rendered(body="", status=303, headers={"Location": target}), host)

    def find(self, path: str) -> Rendered:
        """Find what a path answers."""
        if path.startswith("/static/"):
            text, content_type = assets.asset(*path.split("/")[2:])
            return Rendered(body=text, content_type=content_type)
        return self.answers.get(path, Rendered(body="", status=404))


@dataclass
class Window:
    """A tab, and what went wrong in it. `requests` are the addresses it asked for."""

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def running_site() -> Iterator[Site]:
    with Server(("127.0.0.1", 0), Answers) as server:
        server.site = Site(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.site
        server.shutdown()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    """The host of the sign-in pages."""
    with running_site() as site:
        yield site


@pytest.fixture
def shop() -> Iterator[Site]:
    """The host of an application."""
    with running_site() as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def prepared(context: BrowserContext) -> BrowserContext:
    """Let logos come from here, and any other host beyond loopback answer nothing."""
    context.route(re.compile("^https:"), lambda route: route.fulfill(status=204))
    context.route(re.compile(r"^https:.*\.svg"), lambda route: route.fulfill(content_type="image/svg+xml", body=LOGO))
    return context


def new_window(context: BrowserContext) -> Window:
    window = Window(context.new_page())
    window.page.set_default_timeout(10_000)
    window.page.on("console", lambda said: window.problems.append(said.text) if said.type == "error" else None)
    window.page.on("pageerror", lambda error: window.problems.append(str(error)))
    window.page.on("request", lambda request: window.requests.append(request.url))
    return window


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    with prepared(browser.new_context()) as context:
        yield context


@pytest.fixture
def window_with_problems(context: BrowserContext) -> Iterator[Window]:
    """A tab in which something is meant to go wrong."""
    window = new_window(context)
    yield window
    window.page.close()


@pytest.fixture
def window(window_with_problems: Window) -> Iterator[Window]:
    """A tab in which nothing may go wrong: no error in its console, a breach of the policy included."""
    yield window_with_problems
    assert window_with_problems.problems == []


@pytest.fixture
def window_without_scripts(browser: Browser) -> Iterator[Window]:
    """A tab of a browser with JavaScript off."""
    with prepared(browser.new_context(java_script_enabled=False)) as context:
        yield new_window(context)
