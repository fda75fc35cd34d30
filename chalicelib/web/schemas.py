"""Types that several resources share: how lists are asked for and answered, texts, times and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.core.oauth.claims import iso
from chalicelib.core.paging import PageRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.core.paging import Page

# Patterns end in `$(?!\n)`: in Python `$` alone also matches before a last line break, and `\Z`, which does not, is
# unknown to JavaScript, where the OpenAPI document is read.
ShortText = Annotated[str, Meta(max_length=300)]
Identifier = Annotated[str, Meta(min_length=1, max_length=255)]
Url = Annotated[str, Meta(min_length=1, max_length=2048, pattern=r"^[A-Za-z][A-Za-z0-9+.-]*://[^\s]+$(?!\n)")]
HttpsUrl = Annotated[str, Meta(max_length=2048, pattern=r"^(https://[^\s]+)?$(?!\n)")]
Document = dict[str, Any]


class Paged(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A list by offset."""

    page: Annotated[int, Meta(ge=0, le=1_000_000, description="Page number, from 0.")] = 0
    per_page: Annotated[int, Meta(ge=0, le=100, description="Items per page, at most 100.")] = 50
    include_totals: Annotated[bool, Meta(description="Wrap the items with start, limit, length and total.")] = False

    def request(self) -> PageRequest:
        """Say what part of the list is asked for."""
        return PageRequest(page=self.page, per_page=self.per_page, include_totals=self.include_totals)


class Checkpointed(Paged, kw_only=True):
    """A list by offset, or from a checkpoint: `take` asks for the first, the `next` of an answer for the following."""

    from_: Annotated[str, Meta(max_length=200, description="Where to go on: `next` of the page before.")] | None = (
        msgspec.field(name="from", default=None)
    )
    take: Annotated[int, Meta(ge=1, le=100, description="Items per page from a checkpoint, at most 100.")] | None = None

    def request(self) -> PageRequest:
        """Say what part of the list is asked for."""
        if self.from_ is None and self.take is None:
            return Paged.request(self)
        return PageRequest(per_page=self.take or 50, checkpoint=True, start_after=self.from_ or None)


class Continued(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A list that is always answered from a checkpoint on. `include_totals` is accepted and changes nothing."""

    from_: Annotated[str, Meta(max_length=200, description="Where to go on: `next` of the page before.")] | None = (
        msgspec.field(name="from", default=None)
    )
    take: Annotated[int, Meta(ge=1, le=100, description="Items per page, at most 100.")] = 50
    include_totals: bool = False

    def request(self) -> PageRequest:
        """Say what part of the list is asked for."""
        return PageRequest(per_page=self.take, checkpoint=True, start_after=self.from_ or None)


FieldNames = Annotated[str, Meta(max_length=1000, description="Comma-separated properties to include or leave out.")]
IncludeFields = Annotated[bool, Meta(description="false turns `fields` round.")]


class Fields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which properties to answer with."""

    fields: FieldNames = ""
    include_fields: IncludeFields = True


class PagedFields(Paged, kw_only=True):
    """A list by offset, and which properties to answer with."""

    fields: FieldNames = ""
    include_fields: IncludeFields = True


class CheckpointedFields(Checkpointed, kw_only=True):
    """A list by offset or from a checkpoint, and which properties to answer with."""

    fields: FieldNames = ""
    include_fields: IncludeFields = True


def choose(item: Any, query: Any) -> Any:
    """Keep the properties that `fields` and `include_fields` ask for."""
    document: dict[str, Any] = msgspec.to_builtins(item)
    named = {name.strip() for name in query.fields.split(",") if name.strip()}
    if not named:
        return document
    return {name: value for name, value in document.items() if (name in named) == query.include_fields}


def paged(page: Page[Any], name: str, query: Any, render: Callable[[Any], Any]) -> Any:
    """Shape a page: a bare list, with totals, or with the checkpoint of the next one."""
    items = [choose(render(item), query) if hasattr(query, "fields") else render(item) for item in page.items]
    if getattr(query, "take", None) is not None or getattr(query, "from_", None) is not None:
        return {name: items, **({"next": page.next} if page.next else {})}
    if query.include_totals:
        return {"start": page.start, "limit": page.limit, "length": len(items), "total": page.total, name: items}
    return items


def moment(date: datetime) -> str:
    """Show a time as Auth0 does: ISO 8601, UTC, milliseconds."""
    return iso(date)


def names(text: str) -> frozenset[str]:
    """Read a comma-separated parameter."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
