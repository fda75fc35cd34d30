"""`/dev/mailbox`: the mails that the emulated SES took, for people to read and for tests. The product has no such page.

They lie in MiniStack's memory, so they are gone when the stack stops.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.local.messages import refusal
from infra.local.pages import is_local, page_answer

if TYPE_CHECKING:
    from infra.local.messages import Answer, Request
    from infra.local.pages import Answering

PATH = "/dev/mailbox"
_KINDS = {PATH: "text/html", f"{PATH}.css": "text/css", f"{PATH}.json": "application/json"}
_TAKEN = "/_ministack/ses/messages"
_SECONDS = 10
_CSS = Path(__file__).with_suffix(".css")
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}']")


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """One mail, as SES was given it. `sent_at` is ISO 8601; `links` are those of the text, in order."""

    id: str
    sent_at: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    links: list[str]


class Mailbox:
    """Answers for `/dev/mailbox`, its style sheet and its JSON; everything else goes to `behind`."""

    def __init__(self, behind: Answering, endpoint: str) -> None:
        self._behind = behind
        self._endpoint = endpoint

    def answer(self, request: Request) -> Answer:
        """Answer a request, if it comes by a name of this machine: another site's name may point here too."""
        if request.path not in _KINDS:
            return self._behind.answer(request)
        if not is_local(request):
            return refusal(403, "The mailbox is open to this machine only.")
        if request.method not in {"GET", "HEAD"}:
            return refusal(405, headers=[("Allow", "GET, HEAD")])
        try:
            return page_answer(_KINDS[request.path], self._text(request.path))
        except (OSError, HTTPException, ValueError):
            return refusal(503, "MiniStack did not say which mails it took.")

    def _text(self, path: str) -> str:
        if path.endswith(".css"):
            return _CSS.read_text("utf-8")
        mails = received(self._endpoint)
        return json.dumps([asdict(mail) for mail in mails], indent=2) if path.endswith(".json") else _page(mails)


def received(endpoint: str) -> list[Received]:
    """Give every mail that MiniStack's SES took since it started, the newest first."""
    address = urlsplit(endpoint)
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=_SECONDS)
    try:
        connection.request("GET", _TAKEN)
        accounts: dict[str, list[dict[str, Any]]] = json.load(connection.getresponse())["messages"]
    finally:
        connection.close()
    in_order = sorted((mail for mails in accounts.values() for mail in mails), key=lambda mail: mail["Timestamp"])
    return [_received(mail) for mail in reversed(in_order)]


def _received(mail: dict[str, Any]) -> Received:
    text = str(mail["BodyText"] or "")
    return Received(
        id=mail["MessageId"],
        sent_at=datetime.fromtimestamp(mail["Timestamp"], UTC).isoformat(timespec="milliseconds"),
        sender=mail["Source"],
        to=mail["To"],
        subject=mail["Subject"],
        text=text,
        html=str(mail["BodyHtml"] or ""),
        links=_LINK.findall(text),
    )


def _page(mails: list[Received]) -> str:
    rows = "\n".join(_row(mail, is_open=place == 0) for place, mail in enumerate(mails))
    return _PAGE.format(list=f"<ol>\n{rows}\n</ol>" if rows else "<p>There is none yet.</p>", path=PATH)


def _row(mail: Received, *, is_open: bool) -> str:
    return _ROW.format(
        open=" open" if is_open else "",
        subject=escape(mail.subject),
        to=escape(", ".join(mail.to)),
        sent_at=mail.sent_at,
        time=mail.sent_at[:19].replace("T", " "),
        text=_with_links(mail.text),
    )


def _with_links(text: str) -> str:
    """Escape a text and make links of the addresses in it."""
    shown, end = [], 0
    for match in _LINK.finditer(text):
        link = escape(match[0])
        shown += [escape(text[end : match.start()]), f'<a href="{link}">{link}</a>']
        end = match.end()
    return "".join([*shown, escape(text[end:])])


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailbox - Gatehouse on this machine</title>
<link rel="stylesheet" href="{path}.css">
</head>
<body>
<main>
<h1>Mailbox</h1>
<p>The mails that Gatehouse sent on this machine, the newest first. They are gone when the stack stops.</p>
<nav aria-label="Mailbox"><a href="{path}">Look again</a><a href="{path}.json">As JSON</a></nav>
{list}
</main>
</body>
</html>
"""
_ROW = """\
<li><details{open}>
<summary><strong>{subject}</strong>
<span>to {to}, <time datetime="{sent_at}">{time} UTC</time></span></summary>
<pre>{text}</pre>
</details></li>"""
