"""/docs and /api/v2/openapi.json: what the API is, for people and for tools."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from chalicelib.web import assets, openapi
from chalicelib.web.pages import HTML, Policy, page_headers
from chalicelib.web.surface import Incoming, Nothing, Rendered, Surface

if TYPE_CHECKING:
    from chalicelib.core.hosts import Hosts
    from chalicelib.web.surface import Endpoint

surface = Surface("reference", counted=False)


@surface.endpoint("GET", "/api/v2/openapi.json", summary="The OpenAPI document", public=True)
def get_openapi(incoming: Incoming[Nothing, None]) -> Rendered:
    """Describe the API of the tenant."""
    text = _document(incoming.endpoints, incoming.core.hosts, incoming.caller.tenant)
    return Rendered(body=text, headers={"Cache-Control": "public, max-age=300"})


@surface.endpoint("GET", "/docs", summary="The API reference", public=True)
def get_docs(incoming: Incoming[Nothing, None]) -> Rendered:
    """Give the page that renders the OpenAPI document."""
    del incoming
    headers = {**page_headers(Policy(fetches=True)), "Cache-Control": "public, max-age=300"}
    return Rendered(body=assets.page("docs.html"), content_type=HTML, headers=headers)


@surface.endpoint("GET", "/static/{fingerprint}/{name}", summary="A static file", public=True)
def get_asset(incoming: Incoming[Nothing, None], fingerprint: str, name: str) -> Rendered:
    """Give a file that a page is made of."""
    del incoming
    text, content_type = assets.asset(fingerprint, name)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Rendered(body=text, content_type=content_type, headers=headers)


@lru_cache(maxsize=100)
def _document(endpoints: tuple[Endpoint, ...], hosts: Hosts, tenant: str) -> str:
    return msgspec.json.encode(openapi.document(list(endpoints), hosts, tenant)).decode()
