"""What every surface with forms does alike: refuse what another site posted, lead on by a GET, set cookies."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.core.errors import Forbidden
from chalicelib.web.surface import Rendered

if TYPE_CHECKING:
    from chalice.app import Request as HttpRequest


def demand_same_origin(http: HttpRequest) -> None:
    """Refuse a form that another site posted (S20). The sealed state, tied to a cookie, is the second check.

    Our pages send no referrer, so browsers may call their origin null; then Sec-Fetch-Site tells.
    """
    site = http.headers.get("sec-fetch-site", "same-origin")
    origin = http.headers.get("origin", "null")
    ours = origin == "null" or urlsplit(origin).netloc == http.headers.get("host", "")
    if site not in {"same-origin", "none"} or not ours:
        raise Forbidden("This form was sent from another site.", code="invalid_origin")


def redirect(location: str) -> Rendered:
    """Send the browser on with a GET."""
    return Rendered(body="", content_type="text/plain", status=HTTPStatus.SEE_OTHER, headers={"Location": location})


def with_cookies(answer: Rendered, *added: str) -> Rendered:
    """Add cookies to an answer; several Set-Cookie headers are a list."""
    earlier = answer.headers.get("Set-Cookie", [])
    every = [*([earlier] if isinstance(earlier, str) else earlier), *added]
    return replace(answer, headers={**answer.headers, "Set-Cookie": every})
