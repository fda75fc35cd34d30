"""What the pages of the local stack share, which the product does not have: who may see them, and their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from infra.local.messages import Answer

if TYPE_CHECKING:
    from infra.local.messages import Request

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"


class Answering(Protocol):
    """What answers requests."""

    def answer(self, request: Request) -> Answer:
        """Answer one request."""


def host_name(request: Request) -> str:
    """Give the name in the Host header, without its port; nothing where that is no host at all."""
    try:
        return urlsplit(f"//{request.header('host')}").hostname or ""
    except ValueError:
        return ""


def is_local(request: Request) -> bool:
    """Say whether a request came by a name of this machine: another site's name may point here too."""
    name = host_name(request)
    return name in {"localhost", "127.0.0.1", "::1"} or name.endswith(".localhost")


def page_answer(content_type: str, text: str, further_policy: str = "") -> Answer:
    """Answer with a page, or what it is made of. It loads style sheets of ours, and what `further_policy` adds."""
    headers = [
        ("Content-Type", f"{content_type}; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", f"{_POLICY}{further_policy}"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Answer(200, headers, text.encode())
