"""Finding the route of a request, as API Gateway does; path parameters stay encoded as they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chalice.local import RouteMatcher

if TYPE_CHECKING:
    from collections.abc import Iterable


class Match(NamedTuple):
    """A route, such as `/api/v2/users/{id}`, and what stands in its braces."""

    route: str
    captured: dict[str, str]


class Routes:
    """Chalice's own matching, without what it lets through: `//host/path`, `;parameters` cut off, empty names."""

    def __init__(self, routes: Iterable[str]) -> None:
        self._matcher = RouteMatcher(list(routes))

    def find(self, path: str) -> Match | None:
        """Find the route of a path that begins with a slash and has no query."""
        if path.startswith("//"):
            return None
        try:
            # What these two begin would be dropped; in the paths we know they are nothing special.
            found = self._matcher.match_route(path.replace(";", "%3B").replace("#", "%23"))
        except ValueError:
            return None
        # What other routes captured before they failed to match is in there too.
        captured = {name: value for name, value in found.captured.items() if f"{{{name}}}" in found.route}
        return Match(found.route, captured) if all(captured.values()) else None
