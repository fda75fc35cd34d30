"""The cookies of a browser: its session, what ties sign-ins it began to it, and what an impersonation link left.

No script reads them (S16).
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from chalicelib.core.oauth.authorize import Browser

if TYPE_CHECKING:
    from chalice.app import Request as HttpRequest

SESSION = "__Host-gatehouse"
FLOW = "__Host-gatehouse-flow"
IMPERSONATION = "__Host-gatehouse-as"
DASHBOARD = "__Host-gatehouse-dashboard"
DASHBOARD_FLOW = "__Host-gatehouse-dashboard-flow"
DASHBOARD_NOTICE = "__Host-gatehouse-dashboard-notice"
DASHBOARD_TENANT = "__Host-gatehouse-dashboard-tenant"
_SAME_SITE = {
    SESSION: "None",
    FLOW: "Lax",
    IMPERSONATION: "Lax",
    DASHBOARD: "Lax",
    DASHBOARD_FLOW: "Lax",
    DASHBOARD_NOTICE: "Lax",
    DASHBOARD_TENANT: "Lax",
}
"""Applications of other sites ask in a frame whether somebody is signed in; nobody else posts our forms."""


def browser(http: HttpRequest) -> Browser:
    """Read what a browser brings to a sign-in."""
    session, flow, held = read(http, SESSION, FLOW, IMPERSONATION)
    return Browser(session=session, flow=flow, impersonation=held)


def read(http: HttpRequest, *names: str) -> tuple[str, ...]:
    """Read cookies; those that are not there are empty, and so are all if they cannot be read."""
    try:
        sent = SimpleCookie(http.headers.get("cookie", ""))
    except CookieError:
        return ("",) * len(names)
    return tuple(sent[name].value if name in sent else "" for name in names)


def kept(name: str, value: str, *, seconds: int | None) -> str:
    """Set a cookie, for `seconds` or until the browser is closed."""
    life = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite={_SAME_SITE[name]}{life}"


def dropped(name: str) -> str:
    """Remove a cookie."""
    return kept(name, "", seconds=0)
