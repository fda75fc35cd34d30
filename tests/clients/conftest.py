"""A started local stack, and official clients pointed at it over https."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from auth0.management import ManagementClient

from tests.stacks import Stack, running


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
    """Trust the stack's certificate authority in this process, as its environment file makes a shell do."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            patch.setenv(name, stack.env[name])
        yield


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as started, trusting(started):
        yield started


@pytest.fixture(scope="session")
def sdk(stack: Stack) -> Iterator[ManagementClient]:
    with management(stack) as client:
        yield client
