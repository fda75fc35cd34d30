"""/dashboard: to one's tenant, or to the list of them; and the way in and out."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.core.dashboard_sign_in import HOME
from chalicelib.core.errors import Invalid
from chalicelib.web import cookies
from chalicelib.web.dashboard.addresses import CALLBACK, SIGN_OUT, SIGNED_OUT, TENANTS, within
from chalicelib.web.dashboard.door import Form, demand_host
from chalicelib.web.dashboard.shell import dashboard_surface, page, visitor_of
from chalicelib.web.forms import redirect, with_cookies
from chalicelib.web.surface import Incoming, Nothing, Rendered

surface = dashboard_surface("entrance")


class CallbackQuery(msgspec.Struct, kw_only=True):
    """What /authorize sends back: a code, or why there is none."""

    code: Annotated[str, Meta(max_length=512)] = ""
    state: str = ""
    error: Annotated[str, Meta(max_length=200)] = ""
    error_description: Annotated[str, Meta(max_length=1_000)] = ""


@surface.endpoint("GET", HOME, summary="Go to one's dashboard")
def get_home(incoming: Incoming[Nothing, None]) -> Rendered:
    """Lead on: to the tenant one was at last, to the only one there is, or to the list of them."""
    roles = visitor_of(incoming).operator.memberships.roles
    (last,) = cookies.read(incoming.http, cookies.DASHBOARD_TENANT)
    if last in roles:
        return redirect(within(last))
    return redirect(within(next(iter(roles))) if len(roles) == 1 else TENANTS)


@surface.endpoint("GET", CALLBACK, summary="Come back from signing in", public=True, query=CallbackQuery)
def get_callback(incoming: Incoming[CallbackQuery, None]) -> Rendered:
    """Exchange the code for a session of the dashboard."""
    core, caller, query = incoming.core, incoming.caller, incoming.query
    demand_host(caller)
    if not query.code:
        raise Invalid(query.error_description or "Signing in was broken off.", code=query.error or "invalid_request")
    (flow,) = cookies.read(incoming.http, cookies.DASHBOARD_FLOW)
    arrived = core.dashboard_sign_in.finish(caller, query.code, query.state, flow)
    cookie = cookies.kept(cookies.DASHBOARD, str(arrived.handle), seconds=arrived.seconds)
    return with_cookies(redirect(arrived.path), cookie, cookies.dropped(cookies.DASHBOARD_FLOW))


@surface.endpoint("POST", SIGN_OUT, summary="Sign out of the dashboard", body=Form, form=True)
def post_sign_out(incoming: Incoming[Nothing, Form]) -> Rendered:
    """End the session, and the browser's in the system tenant."""
    incoming.core.dashboard_sign_in.sign_out(incoming.caller, visitor_of(incoming).operator)
    gone = (cookies.DASHBOARD, cookies.DASHBOARD_NOTICE, cookies.SESSION)
    return with_cookies(redirect(SIGNED_OUT), *map(cookies.dropped, gone))


@surface.endpoint("GET", SIGNED_OUT, summary="Say that one is signed out", public=True)
def get_signed_out(incoming: Incoming[Nothing, None]) -> Rendered:
    """Show where to sign in again."""
    demand_host(incoming.caller)
    return page(incoming, "dashboard/signed_out.html", title="You are signed out", home=HOME)
