"""/api/v2/logs: two days of history."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.core.log_search import MAX_LENGTH
from chalicelib.core.logs import LOG_ID_LENGTH, SORTED_BY, LogEvent, Order
from chalicelib.core.paging import PageRequest
from chalicelib.web.schemas import Document, Paged, PagedFields, choose, moment
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("logs")

Sort = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join(SORTED_BY)}):(1|-1)$(?!\n)",
        description="date:1 or date:-1; by another property, such as type:1, the newest 1,000 events are sorted.",
    ),
]

LogId = Annotated[
    str,
    Meta(
        max_length=LOG_ID_LENGTH,
        pattern=r"^[0-9a-f]+$(?!\n)",
        description="A log_id, or its first digits: epoch milliseconds.",
    ),
]


class LogAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of history."""

    log_id: str
    id: str = msgspec.field(name="_id")
    date: str
    type: str
    description: str = ""
    connection: str = ""
    connection_id: str = ""
    client_id: str = ""
    client_name: str = ""
    ip: str = ""
    hostname: str = ""
    user_id: str = ""
    user_name: str = ""
    audience: str = ""
    scope: str = ""
    strategy: str = ""
    strategy_type: str = ""
    location_info: Document = {}
    user_agent: str = ""
    is_mobile: bool = msgspec.field(name="isMobile", default=False)
    details: Document = {}


class LogsOfUserQuery(Paged, kw_only=True):
    """Which part of a user's history."""

    sort: Sort = "date:-1"


SearchText = Annotated[
    str,
    Meta(
        max_length=MAX_LENGTH,
        description="A search, such as type:f* AND date:[2026-01-01 TO *]. It looks at up to 1,000 events.",
    ),
]


class LogsQuery(PagedFields, kw_only=True):
    """Which part of the history, and what of it.

    `from` is a log_id: it asks for what came after it, the oldest first, and lets searches and `sort` not count.
    """

    sort: Sort = "date:-1"
    q: SearchText = ""
    search: SearchText = ""
    from_: LogId | None = msgspec.field(name="from", default=None)
    take: Annotated[int, Meta(ge=1, le=100)] | None = None

    def request(self) -> PageRequest:
        """Say what part of the history is asked for."""
        if self.from_ is None and self.take is None:
            return Paged.request(self)
        return PageRequest(per_page=self.take or 50, checkpoint=True, start_after=self.from_)

    def text(self) -> str:
        """Give the search. Auth0's API calls it `q`, its SDK `search`, and both at once are one narrower search."""
        parts = [part for part in (self.q, self.search) if part.strip()]
        return parts[0] if len(parts) == 1 else " ".join(f"({part})" for part in parts)


@surface.endpoint(
    "GET", "/api/v2/logs", summary="Search log events", scopes=("read:logs",), query=LogsQuery, answer=list[LogAnswer]
)
def list_logs(incoming: Incoming[LogsQuery, None]) -> Any:
    """List events, the newest first, or those that a search finds, or from a checkpoint on."""
    query, logs, request = incoming.query, incoming.core.logs, incoming.query.request()
    if query.text() and not request.checkpoint:
        page = logs.search(incoming.caller, query.text(), request, order(query.sort))
    else:
        page = logs.list(incoming.caller, request, order(query.sort))
    items = [choose(rendered(event), query) for event in page.items]
    if query.include_totals and not request.checkpoint:
        return {"start": page.start, "limit": page.limit, "length": len(items), "total": page.total, "logs": items}
    return items


@surface.endpoint(
    "GET", "/api/v2/logs/{log_id}", summary="Get a log event by id", scopes=("read:logs",), answer=LogAnswer
)
def get_log(incoming: Incoming[Nothing, None], log_id: str) -> LogAnswer:
    """Give one event."""
    return rendered(incoming.core.logs.get(incoming.caller, log_id))


def order(sort: str) -> Order:
    """Read a sort parameter."""
    field, _, direction = sort.partition(":")
    return Order(field, descending=direction == "-1")


def rendered(event: LogEvent) -> LogAnswer:
    """Show an event."""
    known = {name: getattr(event, name) for name in _SHOWN}
    return LogAnswer(
        **known,
        id=event.log_id,
        date=moment(event.date),
        is_mobile="Mobile" in event.user_agent,
        location_info=dict(event.location_info),
        details=dict(event.details),
    )


_SHOWN = tuple(
    set(LogAnswer.__struct_fields__) & set(LogEvent.__dataclass_fields__) - {"date", "location_info", "details"}
)
