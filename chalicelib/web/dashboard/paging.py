"""Pages of a list that can be paged in both directions, by addresses that can be bookmarked and come back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.core.paging import PageRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.paging import Page

PER_PAGE = 50
_LONGEST_TRAIL = 1_900
"""Characters: a value of a query has 2,048. The first pages of a longer trail are forgotten; "First" leads there."""


class PlaceQuery(msgspec.Struct, kw_only=True):
    """Where in a list one is: where the page before ended, and where those before that did."""

    start: Annotated[str, Meta(max_length=200)] = msgspec.field(name="from", default="")
    trail: str = ""

    def request(self, per_page: int = PER_PAGE) -> PageRequest:
        """Ask for the page."""
        return PageRequest(checkpoint=True, per_page=per_page, start_after=self.start or None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pager:
    """The addresses of the first page, the one before and the one after; "" where there is none."""

    first: str = ""
    previous: str = ""
    following: str = ""


def pager(query: PlaceQuery, page: Page[Any], address: Callable[..., str]) -> Pager:
    """Lead on from a page. `address` makes the address of the list with `from` and `trail`, and what it filters by."""
    before = query.trail.split("~") if query.trail else []
    trail = "~".join([*before, query.start] if query.start else [])
    while len(trail) > _LONGEST_TRAIL:
        trail = trail.partition("~")[2]
    following = address(**{"from": page.next, "trail": trail}) if page.next else ""
    if not query.start:
        return Pager(following=following)
    back = address(**{"from": before[-1], "trail": "~".join(before[:-1])}) if before else address()
    return Pager(first=address(), previous=back, following=following)
