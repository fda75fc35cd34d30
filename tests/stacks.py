"""A local stack started as `make serve` starts it, on free ports and over a folder of the test's own."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import env_file

ROOT = Path(__file__).parents[1]
PATIENCE = 90


@dataclass
class Stack:
    """A running stack: its process, what that has said, and what its environment file says."""

    process: subprocess.Popen[str]
    data: Path
    said: list[str] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        return env_file.read(self.data / env_file.NAME)

    @property
    def domain(self) -> str:
        return self.env["AUTH0_DOMAIN"]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and give the return code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def call(self, method: str, path: str, *, host: str = "", **known: Any) -> httpx.Response:
        """Send one request over https, trusting the stack's authority and no other."""
        trusting = ssl.create_default_context(cafile=self.env["SSL_CERT_FILE"])
        return httpx.request(method, f"https://{host or self.domain}{path}", verify=trusting, timeout=30, **known)

    def token(self, client_id: str = "", client_secret: str = "", host: str = "") -> str:
        """Get a token for the Management API of a host, as the client of the environment file or another."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id or self.env["AUTH0_CLIENT_ID"],
            "client_secret": client_secret or self.env["AUTH0_CLIENT_SECRET"],
            "audience": f"https://{host or self.domain}/api/v2/",
        }
        return str(self.call("POST", "/oauth/token", host=host, data=form).raise_for_status().json()["access_token"])


def command(data: Path, **moved: object) -> subprocess.Popen[str]:
    """Start the command; its ports are free ones unless they are given."""
    ports = {"PORT": free_port(), "TLS_PORT": free_port(), **moved}
    environment = {**os.environ, "DATA_DIR": str(data), **{name: str(port) for name, port in ports.items()}}
    return subprocess.Popen(
        [sys.executable, "-m", "infra.local"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def running(data: Path, **moved: object) -> Iterator[Stack]:
    """Start the stack, wait until it says that it is ready, and at the end stop it, if it has not ended yet."""
    stack = Stack(command(data, **moved), data)
    assert stack.process.stdout
    listening = threading.Thread(target=_listen, args=(stack, ready := threading.Event()))
    listening.start()
    try:
        if not ready.wait(PATIENCE) or stack.process.poll() is not None:
            pytest.fail(f"The local stack did not start:\n{''.join(stack.said)}")
        yield stack
    finally:
        stack.end()
        listening.join()
        stack.process.stdout.close()


def _listen(stack: Stack, ready: threading.Event) -> None:
    """Keep what it says, to its end, so that it never blocks on a full pipe."""
    for line in stack.process.stdout or ():
        stack.said.append(line)
        if "Ctrl-C stops it" in line:
            ready.set()
    ready.set()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
