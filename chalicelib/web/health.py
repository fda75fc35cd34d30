"""/health: whether the functions answer at all. Asks for nothing else, so that it may be asked every second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.surface import Rendered, Surface

if TYPE_CHECKING:
    from chalicelib.web.surface import Incoming, Nothing

surface = Surface("health", counted=False)


@surface.endpoint("GET", "/health", summary="Health", public=True, answer=dict[str, str], any_host=True)
def get_health(incoming: Incoming[Nothing, None]) -> Rendered:
    """Say that requests are answered, at any host and without asking the table."""
    del incoming
    return Rendered(body={"status": "ok"})
