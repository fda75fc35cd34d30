"""A started local stack, clients pointed at it over https, and somebody who signs in with a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from itertools import count
from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient

from tests.stacks import Stack, running

CONNECTION = "Username-Password-Authentication"
PASSWORD = "correct Horse battery 1"
_NUMBERS = count(1)


@contextmanager
def management(stack: Stack, **known: str) -> Iterator[ManagementClient]:
    """The official SDK, unmodified, given what a newcomer finds in the environment file.

    It never closes its connections itself, and an open one at the end of the run is an error here.
    """
    with httpx.Client(timeout=30) as connections:
        yield ManagementClient(
            domain=known.get("domain", stack.domain),
            client_id=known.get("client_id", stack.env["AUTH0_CLIENT_ID"]),
            client_secret=known.get("client_secret", stack.env["AUTH0_CLIENT_SECRET"]),
            httpx_client=connections,
        )


@contextmanager
def trusting(stack: Stack) -> Iterator[None]:
    """Trust the stack's certificate authority in this process, as its environment file makes a shell do.

    And no other, so it must not outlive the tests of this folder: others fetch packages from the net.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            patch.setenv(name, stack.env[name])
        yield


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture(autouse=True, scope="module")
def authority(stack: Stack) -> Iterator[None]:
    with trusting(stack):
        yield


@pytest.fixture(scope="session")
def sdk(stack: Stack) -> Iterator[ManagementClient]:
    """The official SDK, whose connections trust the stack from when they are made."""
    with ExitStack() as opened:
        with trusting(stack):
            client = opened.enter_context(management(stack))
        yield client


@pytest.fixture
def user(sdk):
    created = sdk.users.create(
        connection=CONNECTION, email=f"user{next(_NUMBERS)}@example.com", password=PASSWORD, verify_email=False
    )
    yield created
    sdk.users.delete(created.user_id)


@pytest.fixture
def register(sdk):
    """Register applications that the database connection is turned on for."""
    made = []

    def register(**settings: Any) -> Any:
        client = sdk.clients.create(name="Shop", **settings)
        made.append(client)
        connection = next(each for each in sdk.connections.list() if each.name == CONNECTION)
        on = [{"client_id": client.client_id, "status": True}]
        sdk.connections.clients.update(connection.id, request=on)
        return client

    yield register
    for client in made:
        sdk.clients.delete(client.client_id)


@dataclass
class Visitor:
    """Somebody at a browser: keeps cookies, goes where Gatehouse leads within itself, fills in its pages."""

    browser: httpx.Client

    def go(self, address: str) -> httpx.Response:
        """Go to an address; gives the page where that ends, or the redirect to somewhere else."""
        answer = self.browser.get(address)
        while answer.next_request and answer.next_request.url.netloc == self.browser.base_url.netloc:
            answer = self.browser.send(answer.next_request)
        return answer

    def sign_in(self, address: str, email: str, password: str = PASSWORD) -> httpx.Response:
        """Go to an application's sign-in and fill in the page; gives the answer to that."""
        page = self.go(address)
        assert page.status_code == 200, page.text
        state, action = (unescape(re.search(sought, page.text)[1]) for sought in (_STATE, _ACTION))
        return self.browser.post(action, data={"state": state, "username": email, "password": password})


_STATE = re.compile(r'name="state" value="([^"]+)"')
_ACTION = re.compile(r'<form method="post" action="([^"]+)"')


@pytest.fixture
def visitor(stack):
    with httpx.Client(base_url=f"https://{stack.domain}", timeout=30) as browser:
        yield Visitor(browser)


def given_back(answer: httpx.Response) -> dict[str, str]:
    """Read what a redirect takes to an application's callback."""
    assert answer.status_code == 303, answer.text
    return dict(httpx.URL(answer.headers["Location"]).params)
