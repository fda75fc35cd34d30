"""Reading the body of a request: by length or in chunks, and never more than API Gateway takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from infra.local.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

MAX_BODY = 10 * 1024 * 1024
"""API Gateway's limit, in bytes."""
_MAX_LINE = 4096


def read_body(stream: BinaryIO, headers: Message) -> bytes:
    """Read the whole body, or raise RefusedError; ConnectionError when the client went away in the middle."""
    length = declared_length(headers)
    encodings = headers.get_all("Transfer-Encoding")
    if encodings is None:
        return _read(stream, length)
    if ",".join(encodings).strip().lower() != "chunked":
        raise RefusedError(501, "Of the transfer encodings only chunked is supported.")
    if "Content-Length" in headers:
        # RFC 9112, 6.1: an attempt to smuggle one request in another.
        raise RefusedError(400, "Content-Length and Transfer-Encoding exclude each other.")
    return b"".join(_chunks(stream))


def declared_length(headers: Message) -> int:
    """Give the Content-Length, 0 if there is none; refuse one that is no number or too large."""
    values = set(headers.get_all("Content-Length", ["0"]))
    text = values.pop().strip()
    if values or not (text.isascii() and text.isdigit()):
        raise RefusedError(400, "Content-Length must be one whole number.")
    if len(text) > 18 or int(text) > MAX_BODY:
        raise RefusedError(413)
    return int(text)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    total = 0
    while size := _chunk_size(stream):
        total += size
        if total > MAX_BODY:
            raise RefusedError(413)
        yield _read(stream, size)
        if stream.readline(_MAX_LINE) not in {b"\r\n", b"\n"}:
            raise RefusedError(400, "A chunk of the body is longer than it says.")
    _skip_trailers(stream)


def _chunk_size(stream: BinaryIO) -> int:
    digits = _line(stream).partition(b";")[0].strip()
    if not digits or len(digits) > 8 or not all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        raise RefusedError(400, "A chunk of the body has no size.")
    return int(digits, 16)


def _skip_trailers(stream: BinaryIO) -> None:
    for _ in range(100):
        if _line(stream) in {b"\r\n", b"\n"}:
            return
    raise RefusedError(400, "The body has too many trailers.")


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        raise ConnectionError("The client went away within the body, or its line is too long.")
    return line


def _read(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size) if size else b""
    if len(content) < size:
        raise ConnectionError("The client went away within the body.")
    return content
