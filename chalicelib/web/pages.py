"""What all HTML pages share: their templates, their language and their headers. Owns no page.

Jinja is imported when the first page is rendered, so that a request for JSON never pays for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.web import assets
from chalicelib.web.surface import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jinja2 import Environment

HTML = "text/html; charset=utf-8"
LANGUAGES = ("en", "de", "es")
"""In which the pages exist."""

_TEMPLATES = Path(__file__).parent / "templates"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a page may do beyond its own host. Nothing, unless it says so.

    `form_targets` are the addresses its forms may end at, `frame_ancestors` the origins that may frame it.
    `https_images` lets it show a logo from elsewhere: not for a page with a code or a link in its address (S21).
    `keeps_opener` leaves a page in a pop-up connected to the window that opened it, which has to hear the outcome.
    """

    form_targets: Sequence[str] = ()
    frame_ancestors: Sequence[str] = ()
    https_images: bool = False
    fetches: bool = False
    keeps_opener: bool = False


STRICT = Policy()


def language(ui_locales: str, accept_language: str, enabled: Sequence[str]) -> str:
    """Choose the language of a page: as the application asks, else the browser, else the tenant's first.

    Only languages the tenant enabled are chosen; `de-AT` counts as `de`. Without any that exists here, English.
    """
    offered = [known for known in map(_primary, enabled) if known in LANGUAGES] or [LANGUAGES[0]]
    wanted = map(_primary, [*ui_locales.split(), *_accepted(accept_language)])
    return next((known for known in wanted if known in offered), offered[0])


def page_headers(policy: Policy = STRICT) -> dict[str, str]:
    """Give the headers of an HTML page, beside those of every answer."""
    headers = {
        "Content-Security-Policy": "; ".join(_directives(policy)),
        "Cross-Origin-Opener-Policy": "unsafe-none" if policy.keeps_opener else "same-origin",
    }
    # X-Frame-Options cannot name an origin, so it would undo frame-ancestors where browsers heed both.
    return headers if policy.frame_ancestors else {**headers, "X-Frame-Options": "DENY"}


def render(
    template: str, context: Mapping[str, Any], *, language: str, policy: Policy = STRICT, status: int = 200
) -> Rendered:
    """Render a template into an answer. Whatever it names must be in the context; whatever it prints is escaped."""
    html = _environment().get_template(template).render(context, language=language)
    headers = {**page_headers(policy), "Content-Language": language}
    return Rendered(body=html, content_type=HTML, status=status, headers=headers)


@cache
def _environment() -> Environment:
    """Make the one environment of the process; it compiles each template once and keeps it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - see the module's docstring

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = assets.address
    return environment


def _directives(policy: Policy) -> Iterator[str]:
    yield "default-src 'none'"
    yield "script-src 'self'"
    yield "style-src 'self'"
    yield f"img-src 'self' data:{' https:' if policy.https_images else ''}"
    if policy.fetches:
        yield "connect-src 'self'"
    # Chrome holds every redirect after a POST against form-action, also those beyond the callback, which only the
    # application knows. So the scheme of a target is allowed, not its host: docs/decisions.md.
    yield " ".join(["form-action 'self'", *sorted({_scheme(target) for target in policy.form_targets})])
    yield " ".join(
        ["frame-ancestors", *(map(_source, policy.frame_ancestors) if policy.frame_ancestors else ["'none'"])]
    )
    yield "base-uri 'none'"


def _scheme(address: str) -> str:
    """Write the scheme of an address as a source of a policy. It is all that can be said of a custom one."""
    scheme = urlsplit(address).scheme
    if not _SCHEME.fullmatch(scheme):
        raise ValueError(f"{address!r} is no absolute address.")
    return f"{scheme}:"


def _source(origin: str) -> str:
    """Write an origin as a source of a policy; its scheme where the grammar has no way to write the host: [::1]."""
    return origin.lower() if _ORIGIN.fullmatch(origin.lower()) else _scheme(origin)


def _primary(tag: str) -> str:
    return re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]


def _accepted(header: str) -> list[str]:
    """List the languages of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    weighed = [(_weight(parameters), tag) for tag, _, parameters in (part.partition(";") for part in header.split(","))]
    return [tag for weight, tag in sorted(weighed, key=lambda item: -item[0]) if weight > 0]


def _weight(parameters: str) -> float:
    """Read `q=0.8`; what cannot be read is not wanted."""
    found = re.fullmatch(r"\s*(?:q=([01](?:\.\d{0,3})?)\s*)?", parameters)
    return float(found[1] or 1) if found else 0.0
