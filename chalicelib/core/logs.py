"""History: one log event per thing that happened, kept for two days. Owns what an event says, not where it lies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.ambient import milliseconds
from chalicelib.core.documents import Document
from chalicelib.core.errors import NotFound
from chalicelib.core.log_search import parse
from chalicelib.core.paging import cut, within_offset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.log_conditions import Search
    from chalicelib.core.paging import Page, PageRequest

KEPT_FOR = timedelta(days=2)
HELD_BACK = timedelta(seconds=10)
"""How long after its time an event is given from a checkpoint: a write that is tried again takes up to five."""
LOG_ID_LENGTH = 37
WALKED = 250
"""Events, or keys of them, that a walk brings in one round trip."""
MAX_SEARCHED = 1_000
"""Events that one search looks at, or that are sorted by anything but their date."""
SORTED_BY = (
    "date",
    "connection",
    "client_id",
    "client_name",
    "ip",
    "user_id",
    "user_name",
    "description",
    "user_agent",
    "type",
    "details",
    "strategy",
    "strategy_type",
)
"""What Auth0 sorts events by."""

TYPES = {
    "sapi": "Success API Operation",
    "fapi": "Failed API Operation",
    "sdu": "Successful User Deletion",
    "seccft": "Success Exchange of Client Credentials for an Access Token",
    "feccft": "Failed Exchange of Client Credentials for an Access Token",
    "w": "Warnings During Login",
    "s": "Success Login",
    "ssa": "Success Silent Auth",
    "f": "Failed Login",
    "fp": "Failed Login (Incorrect Password)",
    "fu": "Failed Login (Invalid Email/Username)",
    "limit_wc": "Blocked Account",
    "limit_mu": "Blocked IP Address",
    "api_limit": "Rate Limit on the Authentication or Management APIs",
    "slo": "Success Logout",
    "seacft": "Success Exchange of Authorization Code for an Access Token",
    "feacft": "Failed Exchange of Authorization Code for an Access Token",
    "sertft": "Success Exchange of a Refresh Token for an Access Token",
    "fertft": "Failed Exchange of a Refresh Token for an Access Token",
    "ferrt": "Failed Exchange of a Rotating Refresh Token",
    "sepft": "Success Exchange of a Password for an Access Token",
    "fepft": "Failed Exchange of a Password for an Access Token",
    "srrt": "Successfully Revoked a Refresh Token",
    "ss": "Success Signup",
    "fs": "Failed Signup",
    "sv": "Success Verification Email",
    "fv": "Failed Verification Email",
    "svr": "Success Verification Email Request",
    "scp": "Success Change Password",
    "fcp": "Failed Change Password",
    "scpr": "Success Change Password Request",
    "fcpr": "Failed Change Password Request",
    "sce": "Success Change Email",
    "scu": "Success Change Username",
    "ublkdu": "User Login Block Released",
    "signup_pwd_leak": "Breached Password - Signup",
    "reset_pwd_leak": "Breached Password - Reset",
    "fn": "Failed Sending Notification",
    "simp": "Impersonation Link Made",
    "simpu": "Impersonation Link Used",
    "simpa": "Impersonation Entered an Application",
    "simps": "Impersonation Stopped",
    "simpr": "Impersonation Link Revoked",
    "simpe": "Impersonation Link Expired",
    "fimp": "Impersonation Refused",
}
"""Every type of event Gatehouse writes, with Auth0's name for it. Those of impersonation are ours: Auth0 has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogEvent:
    """One line of history.

    `log_id` sorts by time: 13 digits of epoch milliseconds, 4 hexadecimal ones that count within the millisecond, and
    20 random ones, which keep apart what two processes wrote at once. `location_info` is Auth0's word for a place.
    """

    log_id: str
    date: datetime
    type: str
    description: str
    client_id: str = ""
    client_name: str = ""
    connection: str = ""
    connection_id: str = ""
    user_id: str = ""
    user_name: str = ""
    ip: str = ""
    hostname: str = ""
    user_agent: str = ""
    audience: str = ""
    scope: str = ""
    strategy: str = ""
    strategy_type: str = ""
    location_info: Document = field(default_factory=dict)
    details: Document = field(default_factory=dict)


class LogStore(Protocol):
    """Where events lie. Those of a user lie with the user, the others with the tenant, by hour."""

    def record(self, tenant: str, event: LogEvent) -> None:
        """Write an event of its own, outside any change."""

    def find(self, tenant: str, log_id: str) -> LogEvent | None:
        """Find one event by its id."""

    def list(self, tenant: str, request: PageRequest, *, newest_first: bool) -> Page[LogEvent]:
        """List the tenant's events by time."""

    def list_for_user(self, tenant: str, user_id: str, request: PageRequest, *, newest_first: bool) -> Page[LogEvent]:
        """List one user's events by time."""

    def walk(
        self,
        tenant: str,
        since: str,
        until: str,
        *,
        user_id: str | None = None,
        newest_first: bool,
        page_size: int = WALKED,
    ) -> Iterator[LogEvent]:
        """Read the events, of one user if it is named, whose ids lie between two texts; lazily, in order of time.

        `page_size` are brought at once.
        """


@dataclass(frozen=True, slots=True)
class Order:
    """By which of `SORTED_BY` events are listed, and in which direction."""

    field: str = "date"
    descending: bool = True

    @property
    def by_time(self) -> bool:
        """Whether it is the order in which events lie."""
        return self.field == "date"

    def applied(self, events: Sequence[LogEvent]) -> list[LogEvent]:
        """Sort events that come newest first: so those that are alike stay. Those without a value come last."""
        said = [event for event in events if getattr(event, self.field)]
        unsaid = [event for event in events if not getattr(event, self.field)]
        return [*sorted(said, key=self._value, reverse=self.descending), *unsaid]

    def _value(self, event: LogEvent) -> str:
        value = getattr(event, self.field)
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


NEWEST_FIRST = Order()
_EVER = ("0" * 13, "9" * 13)


@dataclass(frozen=True, slots=True)
class Logs:
    """What can be done with history: read it, and record what no other write records."""

    store: LogStore
    ambient: Ambient

    def get(self, caller: Caller, log_id: str) -> LogEvent:
        """Give one event of the caller's tenant."""
        event = self.store.find(caller.tenant, log_id)
        if event is None:
            raise NotFound("The log event does not exist.", code="inexistent_log")
        return event

    def list(self, caller: Caller, request: PageRequest, order: Order = NEWEST_FIRST) -> Page[LogEvent]:
        """List the tenant's events; a checkpoint always goes from the oldest to the newest, as Auth0's does.

        By anything but the date the newest 1,000 are sorted, and a total counts these.
        """
        within_offset(request)
        if order.by_time or request.checkpoint:
            newest_first = order.descending and not request.checkpoint
            return self.store.list(caller.tenant, request, newest_first=newest_first)
        return self._sorted(self.store.walk(caller.tenant, *_EVER, newest_first=True), request, order)

    def list_for_user(
        self, caller: Caller, user_id: str, request: PageRequest, order: Order = NEWEST_FIRST
    ) -> Page[LogEvent]:
        """List one user's events, as `list` does. An unknown user has none, which is not an error."""
        within_offset(request)
        if order.by_time:
            return self.store.list_for_user(caller.tenant, user_id, request, newest_first=order.descending)
        return self._sorted(self.store.walk(caller.tenant, *_EVER, user_id=user_id, newest_first=True), request, order)

    def search(self, caller: Caller, query: str, request: PageRequest, order: Order = NEWEST_FIRST) -> Page[LogEvent]:
        """Search the tenant's events; `log_search` has the language. A total counts the matches among these.

        At most 1,000 are looked at: the newest, or by date the oldest, of the time and the user that the query names.
        """
        within_offset(request)
        search = parse(query)
        newest_first = order.descending or not order.by_time
        looked_at = islice(self._candidates(caller.tenant, search, newest_first=newest_first), MAX_SEARCHED)
        return self._sorted((event for event in looked_at if search.matches(event)), request, order)

    def _sorted(self, events: Iterator[LogEvent], request: PageRequest, order: Order) -> Page[LogEvent]:
        """Cut a page out of events that come in order of time."""
        if order.by_time:
            return cut(events, request, "log_id")
        return cut(order.applied(list(islice(events, MAX_SEARCHED))), request, "log_id")

    def _candidates(self, tenant: str, search: Search, *, newest_first: bool) -> Iterator[LogEvent]:
        """Give the events of the user that a query is about; of one that is gone there is the tenant's word only."""
        since, until = search.window
        if search.user_id:
            own = self.store.walk(tenant, since, until, user_id=search.user_id, newest_first=newest_first)
            first = next(own, None)
            if first is not None:
                return chain([first], own)
        return self.store.walk(tenant, since, until, newest_first=newest_first)

    def record_refusal(self, caller: Caller, message: str, status: int) -> None:
        """Write the refusal of a Management request that would have changed something (type `fapi`).

        `message` must be one that was shown to the caller; bodies never go into history.
        """
        response = {"statusCode": status, "body": {"message": message}}
        self.store.record(caller.tenant, _event(self.ambient, caller, "fapi", {"response": response}))


def first_log_id(moment: datetime) -> str:
    """Give what the ids of a moment's events begin with: 13 digits of epoch milliseconds."""
    return f"{milliseconds(moment):013d}"


def happened(
    ambient: Ambient, caller: Caller, kind: str, *, user_id: str = "", user_name: str = "", why: str = ""
) -> LogEvent:
    """Make the event of something people do, called what Auth0 calls it; of a failure, `why` says more."""
    event = _event(ambient, caller, kind, {}, user_id=user_id, user_name=user_name)
    return replace(event, description=why or TYPES[kind])


def done(
    ambient: Ambient,
    caller: Caller,
    *,
    user_id: str = "",
    user_name: str = "",
    type: str = "sapi",  # noqa: A002 - Auth0's word
    details: Document | None = None,
) -> LogEvent:
    """Make the event that a change by `caller` is written with: who, what, from where.

    `details` never hold what was sent, which may be a password; names of fields and ids may stand in them.
    """
    return _event(ambient, caller, type, details or {}, user_id=user_id, user_name=user_name)


def _event(
    ambient: Ambient, caller: Caller, kind: str, details: Document, *, user_id: str = "", user_name: str = ""
) -> LogEvent:
    now = ambient.now()
    request = {
        "method": caller.method,
        "path": caller.path,
        "auth": {
            "subject": caller.subject,
            "client_id": caller.client_id,
            **({"operator": caller.operator} if caller.operator else {}),
        },
        "request_id": caller.request_id,
    }
    return LogEvent(
        log_id=ambient.new_tick(now) + ambient.new_id(20),
        date=now,
        type=kind,
        description=caller.operation or TYPES[kind],
        client_id=caller.client_id,
        user_id=user_id,
        user_name=user_name,
        ip=caller.ip,
        hostname=caller.hostname,
        user_agent=caller.user_agent[:512],
        location_info=place.document() if (place := caller.place()) else {},
        details={"request": request, **details},
    )
