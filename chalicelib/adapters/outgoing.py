"""HTTP requests that a tenant's scripts ask for, to public addresses and nowhere else.

An address is judged after its name is resolved, again on every redirect, and the connection goes to the address that
was judged: a name that answers otherwise a moment later changes nothing. A script cannot tell
what it may not reach from what is not there. Owns no connection that outlives its request.
"""

from __future__ import annotations

import base64
import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from chalicelib.core.sandbox import OperationRefused

MAX_BYTES = 1_000_000
"""Of a request's body, and of a response's."""
MAX_REDIRECTS = 5
MAX_URL = 8_192
MAX_HEADERS = 50
MAX_HEADER = 8_192
PORTS = {"http": 80, "https": 443}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A domain with a top level that begins with a letter: no number in any notation is one."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Headers that belong to the connection. A script that sets one is not refused: old scripts do, needlessly."""
_OF_THE_ORIGIN = frozenset({"authorization", "cookie"})
_FORBIDDEN = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip
"""The special-purpose registries of IANA, and multicast. Of IPv6 only 2000::/3 is considered at all."""
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")


def is_public(address: Address) -> bool:
    """Whether an address is of the public internet, with no way round to another network."""
    if address.version == 6 and address not in _PUBLIC_V6:
        return False
    return address.is_global and not any(address in network for network in _FORBIDDEN)


def resolve(name: str, port: int) -> list[str]:
    """Give every address of a name, as the system resolves it."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True)
class Outgoing:
    """Sends requests. `ports` beside 80 and 443 are a tenant's to allow; tests judge and resolve otherwise."""

    ports: frozenset[int] = frozenset(PORTS.values())
    judge: Callable[[Address], bool] = is_public
    resolve: Resolve = resolve
    trusted: str | None = None
    """A file of certificates to trust instead of the system's."""

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """How https is spoken: certificates are always checked."""
        context = ssl.create_default_context(cafile=self.trusted)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and give its response, both as JSON has them. Raises OperationRefused.

        {method, url, headers, text or base64, redirects} -> {status, statusText, headers, url, text or base64}.
        The time is for everything together, redirects included.
        """
        deadline = time.monotonic() + seconds
        call = _Call.read(request)
        hops = request.get("redirects", MAX_REDIRECTS)
        most = min(hops, MAX_REDIRECTS) if type(hops) is int and hops > 0 else 0
        for hop in range(most + 1):
            response = self._once(call, deadline)
            following = call.after(response) if most else None
            if following is None:
                return response
            if hop < most:
                call = following
        raise OperationRefused("Too many redirects", "ERR_TOO_MANY_REDIRECTS")

    def _once(self, call: _Call, deadline: float) -> dict[str, Any]:
        parts, port = self._place(call.url)
        host = parts.hostname or ""
        try:
            with _connected(self._judged(host, port), port, deadline) as plain:
                if parts.scheme == "https":
                    plain.settimeout(_left(deadline))
                    with self.tls.wrap_socket(plain, server_hostname=host) as secure:
                        return call.spoken(secure, parts, port, deadline)
                return call.spoken(plain, parts, port, deadline)
        except TimeoutError as error:
            raise OperationRefused("The request took too long", "ETIMEDOUT") from error
        except ssl.SSLError as error:
            raise OperationRefused("The server's certificate or TLS is not acceptable", "ERR_TLS") from error
        except ConnectionRefusedError as error:
            raise OperationRefused("The connection was refused", "ECONNREFUSED") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise OperationRefused("The connection failed", "ECONNRESET") from error

    def _place(self, url: str) -> tuple[SplitResult, int]:
        """Read an address, or refuse it: one way to write it, no second meaning."""
        try:
            parts = urlsplit(url)
            port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
        except ValueError as error:
            raise _unreadable() from error
        if parts.scheme not in PORTS:
            raise OperationRefused("Only http and https are spoken", "ERR_INVALID_PROTOCOL")
        if parts.username is not None or parts.password is not None or not parts.hostname:
            raise _unreadable()
        if port not in self.ports:
            raise _forbidden()
        return parts, port

    def _judged(self, host: str, port: int) -> list[str]:
        """Give the addresses of a host if all may be reached. One that may not is enough to refuse all."""
        try:
            found = [str(ipaddress.ip_address(host))]
        except ValueError:
            if not _NAME.fullmatch(host) or len(host) > 253:
                raise _forbidden() from None
            try:
                found = self.resolve(host, port)
            except OSError as error:
                raise OperationRefused("The host is not found", "ENOTFOUND") from error
        addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
        if not addresses or not all(self.judge(address) for address in addresses):
            raise _forbidden()
        return [str(address) for address in addresses]


@dataclass(frozen=True)
class _Call:
    """A request that has been read."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)

    @classmethod
    def read(cls, request: dict[str, Any]) -> _Call:
        method, given = request.get("method", "GET"), request.get("headers", {})
        if method not in METHODS:
            raise OperationRefused("The method is not allowed", "EINVAL")
        if not isinstance(given, dict) or len(given) > MAX_HEADERS:
            raise OperationRefused("The headers are not acceptable", "ERR_INVALID_HEADER")
        return cls(method, _address(request.get("url")), _headers(given), _body(request))

    def spoken(self, connected: socket.socket, parts: SplitResult, port: int, deadline: float) -> dict[str, Any]:
        """Send it and read the response."""
        connection = http.client.HTTPConnection(parts.hostname or "", port, blocksize=65_536)
        connection.sock = cast("socket.socket", _Timed(connected, deadline))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(self.method, target, skip_host=True, skip_accept_encoding=True)
        headers = {"user-agent": "Gatehouse", "accept": "*/*", **self.headers}
        connection.putheader("host", parts.netloc)
        connection.putheader("connection", "close")
        connection.putheader("accept-encoding", "identity")
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1"))
        if self.body is not None or self.method in ("POST", "PUT", "PATCH"):
            connection.putheader("content-length", str(len(self.body or b"")))
        connection.endheaders(self.body)
        response = connection.getresponse()
        return _answer(response, self.url)

    def after(self, response: dict[str, Any]) -> _Call | None:
        """Give the request that a redirect asks for, or None."""
        where = response["headers"].get("location")
        if response["status"] not in (301, 302, 303, 307, 308) or not isinstance(where, str):
            return None
        url = _address(urljoin(self.url, where))
        headers = self.headers if _origin(url) == _origin(self.url) else _without(self.headers, _OF_THE_ORIGIN)
        if response["status"] in (307, 308) or self.method in ("GET", "HEAD"):
            return _Call(self.method, url, headers, self.body)
        kept = _without(headers, frozenset({"content-type"}))
        return _Call("GET", url, kept, None)


class _Timed:
    """A socket that a response is read from, until a time and no longer, however slowly it comes."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self.connected, self.deadline = connected, deadline

    def sendall(self, data: bytes) -> None:
        self.connected.settimeout(_left(self.deadline))
        self.connected.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(_Reader(self.connected, self.deadline))

    def close(self) -> None:
        """Leave it open: whoever connected closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self.connected, self.deadline = connected, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.connected.settimeout(_left(self.deadline))
        return self.connected.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connected(addresses: list[str], port: int, deadline: float) -> socket.socket:
    """Connect to the first that answers. They are numbers, which nothing resolves again."""
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout=_left(deadline) / 2)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout=_left(deadline))


def _unreadable() -> OperationRefused:
    return OperationRefused("The address cannot be read", "ERR_INVALID_URL")


def _forbidden() -> OperationRefused:
    return OperationRefused("The address is not allowed", "EACCES")


def _address(given: Any) -> str:
    """Give an address in ASCII, or refuse what servers and libraries read in different ways."""
    if not isinstance(given, str) or not 0 < len(given) <= MAX_URL or re.search(r"[\x00-\x20\x7f\\]", given.strip(" ")):
        raise _unreadable()
    address = given.strip(" ").partition("#")[0]
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        _ = parts.port
    except (ValueError, UnicodeError) as error:
        raise _unreadable() from error
    if "@" in parts.netloc or "%" in parts.netloc:
        raise _unreadable()
    tail = parts.netloc.rpartition("]")[2].rpartition(":")
    port = f":{tail[2]}" if tail[1] else ""
    place = f"[{host}]" if ":" in host else host
    path, query = (quote(part, safe="/%:@!$&'()*+,;=?~-._[]") for part in (parts.path, parts.query))
    return f"{parts.scheme}://{place}{port}{path}" + (f"?{query}" if query else "")


def _headers(given: dict[str, Any]) -> dict[str, str]:
    kept = {}
    for name, value in given.items():
        plain = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(plain) or len(plain) > MAX_HEADER:
            raise OperationRefused("A header is not acceptable", "ERR_INVALID_CHAR")
        if name.lower() not in _OURS and not name.lower().startswith("proxy-"):
            kept[name.lower()] = plain
    return kept


def _body(request: dict[str, Any]) -> bytes | None:
    plain, encoded = request.get("text"), request.get("base64")
    try:
        body = plain.encode() if isinstance(plain, str) else None
        body = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else body
    except ValueError as error:
        raise OperationRefused("The body cannot be read", "EINVAL") from error
    if body is not None and len(body) > MAX_BYTES:
        raise OperationRefused("The body is too large", "EMSGSIZE")
    return body


def _answer(response: http.client.HTTPResponse, url: str) -> dict[str, Any]:
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise OperationRefused("The response is too large", "EMSGSIZE")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    headers: dict[str, Any] = {}
    for name in dict.fromkeys(name.lower() for name in response.headers):
        values = response.headers.get_all(name) or []
        headers[name] = values if name == "set-cookie" else ", ".join(values)
    answer = {"status": response.status, "statusText": response.reason, "headers": headers, "url": url}
    try:
        return {**answer, "text": body.decode()}
    except UnicodeDecodeError:
        return {**answer, "base64": base64.b64encode(body).decode()}


def _without(headers: dict[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
