"""An HTTP request and the answer to it, as plain values between the connection and the gateway."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Request:
    """What came in: the target as it stood in the request line, the headers in order, the whole body."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    peer: str = "127.0.0.1"
    secure: bool = False
    port: int = 8000

    @property
    def path(self) -> str:
        """The target without its query; without scheme and host too, which a proxy's client sends."""
        path = self.target.partition("?")[0]
        if path.lower().startswith(("http://", "https://")):
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        return path

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str:
        """The last header of that lower-case name, or nothing."""
        return next((value for key, value in reversed(self.headers) if key.lower() == name), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out, headers in order. Length and date are the connection's business."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class RefusedError(Exception):
    """The request cannot be read, or not answered; `answer` says so to the client."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(status, message)
        self.answer = refusal(status, message)


def refusal(status: int, message: str = "", headers: list[tuple[str, str]] | None = None) -> Answer:
    """Make the answer of the gateway itself, in the shape that `infra/template` gives it in AWS."""
    title = HTTPStatus(status).phrase.replace("Request Entity Too Large", "Payload Too Large")
    content = {"statusCode": status, "error": title, "message": message or title}
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(status, [("Content-Type", "application/json"), *(headers or [])], body)
