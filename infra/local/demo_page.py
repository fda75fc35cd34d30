"""`/demo`: an application that signs people in, to try and to read. The product has no such page.

It is served to `localhost` alone, the one name its client may come back to; other names lead there.
"""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from infra.local.messages import Answer, refusal
from infra.local.pages import host_name, page_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.local.messages import Request
    from infra.local.pages import Answering

PATH = "/demo"
_KINDS = {PATH: ("html", "text/html"), f"{PATH}.css": ("css", "text/css"), f"{PATH}.js": ("js", "text/javascript")}
_FILES = Path(__file__)
_POLICY = "; script-src 'self'; connect-src 'self'; img-src data:"


class DemoPage:
    """Answers for `/demo`, its style sheet and its script; everything else goes to `behind`.

    `home` is the address of http, without a slash at the end; `values` are the page's placeholders.
    """

    def __init__(self, behind: Answering, home: str, values: Mapping[str, str]) -> None:
        self._behind = behind
        self._home = home
        self._values = values

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if request.path not in _KINDS:
            return self._behind.answer(request)
        if request.method not in {"GET", "HEAD"}:
            return refusal(405, headers=[("Allow", "GET, HEAD")])
        if host_name(request) != "localhost":
            return Answer(HTTPStatus.SEE_OTHER, [("Location", f"{self._home}{PATH}")])
        suffix, content_type = _KINDS[request.path]
        text = _FILES.with_suffix(f".{suffix}").read_text("utf-8")
        return page_answer(content_type, self._filled(text) if suffix == "html" else text, _POLICY)

    def _filled(self, html: str) -> str:
        return Template(html).substitute({name: escape(value) for name, value in self._values.items()})
