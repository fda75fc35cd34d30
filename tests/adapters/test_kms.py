"""KMS seals small secrets for a purpose, and opens them for no other."""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.session
import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.kms import KmsSealer
from chalicelib.core.errors import Unavailable

CONTEXT = {"tenant": "main", "kid": "k1"}


@pytest.fixture
def sealer(settings):
    return KmsSealer(settings.kms_key, settings.region)


@pytest.mark.parametrize("plain", [b"secret", b"\x00" * 10, os.urandom(4_096)], ids=len)
def test_what_is_sealed_opens_to_what_it_was(sealer, plain):
    sealed = sealer.seal(plain, CONTEXT)

    assert isinstance(sealed, bytes)
    assert plain not in sealed
    assert sealer.open(sealed, CONTEXT) == plain


@pytest.mark.parametrize("context", [{}, {"tenant": "acme", "kid": "k1"}, {"tenant": "main"}, {**CONTEXT, "more": "x"}])
def test_it_opens_with_the_same_context_only(sealer, context):
    sealed = sealer.seal(b"secret", CONTEXT)

    with pytest.raises(ClientError) as refused:
        sealer.open(sealed, context)

    assert refused.value.response["Error"]["Code"] == "InvalidCiphertextException"


def test_what_was_changed_does_not_open(sealer):
    sealed = sealer.seal(b"secret", CONTEXT)

    with pytest.raises(ClientError):
        sealer.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), CONTEXT)


def test_another_key_does_not_open_it(sealer, settings, aws):
    other = KmsSealer(aws["kms"].create_key()["KeyMetadata"]["KeyId"], settings.region)
    sealed = sealer.seal(b"secret", CONTEXT)

    with pytest.raises(ClientError):
        other.open(sealed, CONTEXT)


def test_more_than_kms_takes_is_a_mistake_of_ours_and_not_an_outage(sealer):
    with pytest.raises(ClientError):
        sealer.seal(b"a" * 4_097, CONTEXT)


@pytest.fixture
def closed_port():
    """A port at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return opened.getsockname()[1]


def test_a_key_service_that_does_not_answer_is_unavailable(settings, closed_port):
    sealer = KmsSealer(settings.kms_key, settings.region, f"http://127.0.0.1:{closed_port}")

    with pytest.raises(Unavailable) as sealing:
        sealer.seal(b"secret", CONTEXT)
    with pytest.raises(Unavailable) as opening:
        sealer.open(b"sealed", CONTEXT)

    assert sealing.value.message == opening.value.message == "The key service does not answer. Try again."


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException", "DependencyTimeoutException"])
def test_a_key_service_that_is_busy_is_unavailable(busy, settings, code):
    sealer = KmsSealer(settings.kms_key, settings.region, busy(code))

    with pytest.raises(Unavailable) as refused:
        sealer.seal(b"secret", CONTEXT)

    assert refused.value.message == "The key service is busy. Try again."


@pytest.fixture
def busy():
    """Start a key service that answers every request with an error, and give its address."""
    servers = []

    def start(code):
        class Busy(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(400, "Bad Request")
                self.end_headers()
                self.wfile.write(json.dumps({"__type": code}).encode())

            def log_message(self, *known):
                """Print nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Busy))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_client_is_made_when_it_is_needed_and_once(sealer, monkeypatch):
    made = []
    create = botocore.session.Session.create_client
    monkeypatch.setattr(
        botocore.session.Session, "create_client", lambda *args, **known: made.append(1) or create(*args, **known)
    )
    before = len(made)

    sealer.seal(b"a", CONTEXT)
    sealer.seal(b"b", CONTEXT)

    assert (before, len(made)) == (0, 1)
