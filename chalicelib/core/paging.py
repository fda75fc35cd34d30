"""Pages, as the Management API has them: by offset (`page`, `per_page`) or from a checkpoint (`from`, `take`).

Limits: at most 100 items a page; an offset reaches at most `MAX_OFFSET_RESULTS` items into a list of users.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from chalicelib.core.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")

MAX_PER_PAGE = 100
MAX_OFFSET_RESULTS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    """What part of a list is asked for. `start_after` is where the page before ended."""

    page: int = 0
    per_page: int = 50
    include_totals: bool = False
    checkpoint: bool = False
    start_after: str | None = None

    @property
    def offset(self) -> int:
        """How many items come before this page."""
        return self.page * self.per_page


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """Part of a list. `total` is counted only when asked for; `next` is where to go on, None at the end."""

    items: Sequence[T]
    start: int = 0
    limit: int = 50
    total: int | None = None
    next: str | None = None


def within_offset(request: PageRequest) -> None:
    """Refuse an offset into the deep of a long list: reading up to it costs as much as the list is long."""
    if not request.checkpoint and request.offset + request.per_page > MAX_OFFSET_RESULTS:
        raise Invalid(
            f"You can only page through the first {MAX_OFFSET_RESULTS} records. Use from and take for more.",
            code="invalid_paging",
        )


def cut(items: Iterable[T], request: PageRequest, key: str) -> Page[T]:
    """Take one page out of a lazy, ordered sequence, reading no further than needed.

    `key` names the attribute that identifies an item in a checkpoint. With totals the whole sequence is read.
    """
    if request.checkpoint:
        return _after(items, request, key)
    remaining = iter(items)
    skipped = sum(1 for _ in islice(remaining, request.offset))
    page = list(islice(remaining, request.per_page))
    total = skipped + len(page) + sum(1 for _ in remaining) if request.include_totals else None
    return Page(items=page, start=request.offset, limit=request.per_page, total=total)


def _after(items: Iterable[T], request: PageRequest, key: str) -> Page[T]:
    page = list(islice(items, request.per_page + 1))
    following = str(getattr(page[request.per_page - 1], key)) if len(page) > request.per_page else None
    return Page(items=page[: request.per_page], limit=request.per_page, next=following)
