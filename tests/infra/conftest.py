"""What the tests of the local stack share: waiting for others, a function behind the gateway, raw connections to it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

import pytest
from chalice.app import Chalice, CORSConfig, Response

from infra.local.gateway import Gateway
from infra.local.listeners import Listener, bind, serving

PATIENCE = 20


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until another process or thread has done something; fail when it has not for long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.01)


class Function(Chalice):
    """A function with a few routes that remembers its events. `result`, if set, is asked instead of the routes."""

    def __init__(self) -> None:
        super().__init__("function", configure_logs=False)
        self.events: list[dict[str, Any]] = []
        self.result: Callable[[], Any] | None = None

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        self.events.append(event)
        return self.result() if self.result else super().__call__(event, context)


@pytest.fixture(scope="session")
def only_function() -> Function:
    made = Function()

    def say(**captured: str) -> Response:
        return Response("said", headers={"Content-Type": "text/plain"})

    everything = ["*/*"]
    made.route("/", methods=["GET"], name="root", content_types=everything)(say)
    made.route("/things", methods=["GET", "POST"], name="things", content_types=everything)(say)
    made.route("/things/first", methods=["GET"], name="first", content_types=everything)(say)
    made.route("/things/{name}", methods=["GET", "PUT", "HEAD"], name="thing", content_types=everything)(say)
    made.route("/things/{owner}/parts/{part}", methods=["GET"], name="part", content_types=everything)(say)
    shared = CORSConfig(allow_origin="https://app.example.com", allow_credentials=True, max_age=600)
    made.route("/shared", methods=["GET"], cors=shared, name="shared", content_types=everything)(say)
    made.route("/shared", methods=["PUT"], name="own", content_types=everything)(say)
    return made


@pytest.fixture
def function(only_function: Function) -> Function:
    only_function.events, only_function.result = [], None
    return only_function


@dataclass
class Line:
    """One raw connection: what is written goes out as it is."""

    socket: socket.socket

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self, method: str = "GET") -> HTTPResponse:
        """Read one answer with its whole body, which is in `answer.content`."""
        response = HTTPResponse(self.socket, method=method)
        response.begin()
        response.content = response.read()
        return response

    def rest(self) -> bytes:
        """Read until the other side ends the connection, well or not."""
        parts = []
        with suppress(ConnectionResetError):
            while part := self.socket.recv(65536):
                parts.append(part)
        return b"".join(parts)


@dataclass
class Door:
    """A gateway that is being served."""

    function: Function
    listeners: list[Listener]

    @property
    def port(self) -> int:
        return int(self.listeners[0].server_address[1])

    @contextmanager
    def line(
        self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, name: str = "localhost"
    ) -> Iterator[Line]:
        with socket.create_connection((host, self.port), timeout=PATIENCE) as connected:
            if tls is None:
                yield Line(connected)
                return
            with tls.wrap_socket(connected, server_hostname=name) as secured:
                yield Line(secured)

    def ask(self, content: bytes, method: str = "GET") -> HTTPResponse:
        """Send one request on a connection of its own and give the answer."""
        with self.line() as line:
            line.send(content)
            return line.answer(method)


@pytest.fixture(scope="session")
def only_door(only_function: Function) -> Iterator[Door]:
    """A gateway for all tests: ending one takes a fifth of a second."""
    listeners = bind(0, "PORT")
    with serving(listeners, Gateway(only_function)):
        yield Door(only_function, listeners)


@pytest.fixture
def door(only_door: Door, function: Function) -> Door:
    only_door.listeners[0].verbose = False
    return only_door
