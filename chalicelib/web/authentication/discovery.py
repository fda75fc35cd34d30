"""/.well-known: what a tenant says of itself, and its public keys. Cached by those who ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.web.surface import OAUTH, Incoming, Nothing, Rendered, Surface

if TYPE_CHECKING:
    from collections.abc import Mapping

# Whoever floods a tenant's door must not keep its APIs from the keys they verify tokens with.
surface = Surface("authentication", shape=OAUTH, counted=False)

_CACHED = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""Five minutes: the next key is public long before it signs. Any page may read what is public."""


@surface.endpoint(
    "GET", "/.well-known/openid-configuration", summary="OpenID Connect discovery", public=True, answer=dict[str, Any]
)
def get_configuration(incoming: Incoming[Nothing, None]) -> Rendered:
    """Give the OpenID Provider Metadata."""
    return _cached(incoming.core.discovery.configuration(incoming.caller.tenant))


@surface.endpoint("GET", "/.well-known/jwks.json", summary="Public keys", public=True, answer=dict[str, Any])
def get_jwks(incoming: Incoming[Nothing, None]) -> Rendered:
    """Give the keys tokens are verified with."""
    return _cached(incoming.core.discovery.jwks(incoming.caller.tenant))


def _cached(document: Mapping[str, Any]) -> Rendered:
    return Rendered(body=dict(document), headers=_CACHED)
