"""The sockets of the gateway: both loopback addresses, plain and with TLS, a thread per connection."""

from __future__ import annotations

import errno
import socket
import ssl
import sys
import traceback
from contextlib import ExitStack, contextmanager
from socketserver import ThreadingTCPServer
from threading import Condition, Thread
from typing import TYPE_CHECKING

from infra.local.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.pages import Answering

_HANDSHAKE_SECONDS = 10
_DRAIN_SECONDS = 10
_ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


class Traffic:
    """Counts requests under way, so that stopping can wait for them."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._count = 0
        self._open = True

    @contextmanager
    def request(self) -> Iterator[bool]:
        """Count one request; say whether it may still be answered."""
        with self._changed:
            self._count += 1
            is_open = self._open
        try:
            yield is_open
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def drain(self, seconds: float = _DRAIN_SECONDS) -> bool:
        """Admit no more, wait until all have been answered, and say whether that was so."""
        with self._changed:
            self._open = False
            return self._changed.wait_for(lambda: self._count == 0, seconds)


class Listener(ThreadingTCPServer):
    """One bound port. It accepts nobody until `serving`: a client that can connect finds a gateway that is ready."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    gateway: Answering
    traffic: Traffic
    verbose = False

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int], tls: ssl.SSLContext | None) -> None:
        self.address_family = family
        self._tls = tls
        super().__init__(address, Connection, bind_and_activate=False)
        try:
            self.server_bind()
            _refuse_taken(family, self.server_address[1], address[0])
        except BaseException:
            self.server_close()
            raise

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """Serve one connection, in its own thread. The handshake is there too: a silent client holds up nobody."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(_HANDSHAKE_SECONDS)
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Show what is our fault. A client that goes away, or speaks no TLS, is not."""
        del request, client_address
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


def bind(port: int, name: str, tls: ssl.SSLContext | None = None) -> list[Listener]:
    """Bind a port of both loopback addresses, or end with a sentence. Port 0 takes a free one, the same on both."""
    listeners: list[Listener] = []
    for family, host in _ADDRESSES:
        try:
            listeners.append(Listener(family, (host, port), tls))
        except OSError as error:
            # Machines without IPv6 are served over IPv4 alone.
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT} and family is socket.AF_INET6:
                continue
            for listener in listeners:
                listener.server_close()
            raise SystemExit(
                f"Port {port} of {host} cannot be used: {error.strerror}. Set {name} to another."
            ) from None
        port = listeners[0].server_address[1]
    return listeners


def _refuse_taken(family: socket.AddressFamily, port: int, host: str) -> None:
    # With SO_REUSEADDR some systems let us bind what somebody else listens on.
    with socket.socket(family) as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, port)) == 0:
            raise OSError(errno.EADDRINUSE, "Address already in use")


@contextmanager
def serving(listeners: list[Listener], gateway: Answering, *, verbose: bool = False) -> Iterator[None]:
    """Serve on all of them; at the end accept no more and wait, a while, for what is under way."""
    traffic = Traffic()
    with ExitStack() as exits:
        exits.callback(traffic.drain)
        for listener in listeners:
            listener.gateway, listener.traffic, listener.verbose = gateway, traffic, verbose
            exits.enter_context(_accepting(listener))
        yield


@contextmanager
def _accepting(listener: Listener) -> Iterator[None]:
    try:
        listener.server_activate()
    except OSError as error:
        # Somebody else was faster since we bound it.
        raise SystemExit(f"Port {listener.server_address[1]} cannot be used: {error.strerror}.") from None
    thread = Thread(target=listener.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
