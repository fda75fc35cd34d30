"""One HTTP/1.1 connection: reads requests, writes answers, and survives clients that are slow, broken or gone."""

from __future__ import annotations

import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ssl import SSLSocket
from typing import TYPE_CHECKING, BinaryIO, cast

from infra.local.bodies import declared_length, read_body
from infra.local.messages import Answer, RefusedError, Request, refusal
from infra.local.process import say

if TYPE_CHECKING:
    from infra.local.listeners import Listener

IDLE_SECONDS = 60
"""How long a client may be silent, between requests and within one."""
_LINGER_SECONDS = 2


class Connection(BaseHTTPRequestHandler):
    """Python's own HTTP server as this needs it: JSON errors, bodies of either framing, one write per answer."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # what cannot be read is refused with a status line, not as HTTP/0.9
    timeout = IDLE_SECONDS
    wbufsize = -1  # headers and body in one packet; without it the second waits for the first's acknowledgement
    disable_nagle_algorithm = True
    server: Listener

    def _answer(self) -> None:
        started = time.perf_counter()
        with self.server.traffic.request() as is_open:
            try:
                request = self._read()
                answer = self.server.gateway.answer(request) if is_open else refusal(503)
            except RefusedError as error:
                # What is left of the body would be taken for the next request.
                self.close_connection = True
                answer = error.answer
            self._write(answer, last=not is_open)
        if self.server.verbose:
            # Without the query: it may hold secrets.
            took = 1000 * (time.perf_counter() - started)
            say(f"{self.command} {self.path.partition('?')[0]} {answer.status} {took:.1f} ms")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - http.server's names

    def _read(self) -> Request:
        if self.headers.defects or any("\n" in value or "\r" in value for value in self.headers.values()):
            # A line that is no header ends them, and what follows is taken for the next request (RFC 9112, 5.1).
            raise RefusedError(400, "A header cannot be read.")
        return Request(
            method=self.command,
            target=self.requestline.split()[1],  # `path` has lost a second slash at its start
            headers=self.headers.items(),
            body=read_body(cast("BinaryIO", self.rfile), self.headers),
            peer=self.client_address[0],
            secure=isinstance(self.connection, SSLSocket),
            port=self.server.server_address[1],
        )

    def _write(self, answer: Answer, *, last: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        has_body = answer.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        if has_body:
            self.send_header("Content-Length", str(len(answer.body)))
        if last or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Refuse a body that is too large before it is sent; otherwise say at once that it may be."""
        try:
            declared_length(self.headers)
        except RefusedError as error:
            self.close_connection = True
            self._write(error.answer)
            return False
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself refuses (no HTTP, unknown method, too long) in our shape."""
        del message, explain
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        self._write(refusal(code))

    def finish(self) -> None:
        """End the connection; first swallow what a refused client still sends, or it would never read the answer."""
        with suppress(OSError):
            super().finish()
        if getattr(self, "close_connection", True):
            with suppress(OSError):
                self._linger()

    def _linger(self) -> None:
        deadline = time.monotonic() + _LINGER_SECONDS
        if not isinstance(self.connection, SSLSocket):
            self.connection.shutdown(1)
        self.connection.settimeout(0.2)
        while time.monotonic() < deadline and self.connection.recv(65536):
            pass

    def version_string(self) -> str:
        """Tell nobody which Python this is."""
        return "Gatehouse"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: `verbose` has a line per request, and a client that went away is no news."""
