"""A started local stack, as `make serve` starts it, and official clients pointed at it over https."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from auth0.management import ManagementClient

from infra.local import env_file

ROOT = Path(__file__).parents[2]
PATIENCE = 90


@dataclass
class Stack:
    """A running stack: its process, and what its environment file says."""

    process: subprocess.Popen[str]
    env: dict[str, str]

    @property
    def domain(self) -> str:
        return self.env["AUTH0_DOMAIN"]

    @contextmanager
    def management(self, **known: str) -> Iterator[ManagementClient]:
        """The official SDK, unmodified, given what a newcomer finds in the environment file.

        It never closes its connections itself, and an open one at the end of the run is an error here.
        """
        with httpx.Client(timeout=30) as connections:
            yield ManagementClient(
                domain=known.get("domain", self.domain),
                client_id=known.get("client_id", self.env["AUTH0_CLIENT_ID"]),
                client_secret=known.get("client_secret", self.env["AUTH0_CLIENT_SECRET"]),
                httpx_client=connections,
            )


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as started, trusting(started):
        yield started


@pytest.fixture(scope="session")
def sdk(stack: Stack) -> Iterator[ManagementClient]:
    with stack.management() as client:
        yield client


@contextmanager
def running(data: Path) -> Iterator[Stack]:
    """Start the stack on free ports over a folder, wait until it says that it is ready, and stop it as Ctrl-C would."""
    environment = {**os.environ, "DATA_DIR": str(data), "PORT": str(free_port()), "TLS_PORT": str(free_port())}
    command = [sys.executable, "-m", "infra.local"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        _wait_until_ready(process)
        yield Stack(process, env_file.read(data / env_file.NAME))
    finally:
        process.terminate()
        process.wait(PATIENCE)
        if process.stdout:
            process.stdout.close()


@contextmanager
def trusting(stack: Stack) -> Iterator[None]:
    """Trust the stack's certificate authority in this process, as its environment file makes a shell do."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setenv(name, stack.env[name])
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    """Read until the stack is ready; whatever it prints later is drained, so that it never blocks on a full pipe."""
    assert process.stdout
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Gatehouse is ready" in line:
            timer.cancel()
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return
    timer.cancel()
    pytest.fail(f"The local stack did not start:\n{''.join(lines)}")
