"""The pages behind impersonation links: /u/impersonate, which asks first, and Auth0's path, whose GET is the use.

Whatever only looks at a link spends none: HEAD, a prefetch, a preview. What has become of a link is said to nobody but
the person who was to use it, signed in here.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from chalicelib.core.errors import Gone
from chalicelib.core.impersonation import ANSWERED_WITHIN, ENDED, EXPIRED, PENDING, REVOKED, USED
from chalicelib.core.oauth.impersonate import LeadTo, unusable
from chalicelib.web import cookies
from chalicelib.web.forms import demand_same_origin, redirect, with_cookies
from chalicelib.web.login.pages import ImpersonationPage, message, render_impersonation, render_message
from chalicelib.web.login.previews import fetched_ahead, previews
from chalicelib.web.login.shell import login_surface, send_back, shell_for
from chalicelib.web.surface import Incoming, Rendered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.impersonation import ImpersonationLink
    from chalicelib.web.login.texts import MessageName

surface = login_surface()

_PATH = "/u/impersonate"


class LinkQuery(msgspec.Struct, kw_only=True):
    """The link. What mail programs add to an address is ignored."""

    link: Annotated[str, Meta(max_length=200)] = ""


class LinkForm(msgspec.Struct, kw_only=True):
    """What the page posts: that somebody pressed the button."""


@surface.endpoint("GET", _PATH, summary="Ask before impersonating", public=True, query=LinkQuery)
def get_impersonate(incoming: Incoming[LinkQuery, None]) -> Rendered:
    """Say who becomes whom, where; or go on at once, if the link was made so."""
    return _follow(incoming, incoming.core.impersonate.open(incoming.caller, incoming.query.link))


@surface.endpoint(
    "POST", _PATH, summary="Impersonate", public=True, query=LinkQuery, body=LinkForm, body_optional=True, form=True
)
def post_impersonate(incoming: Incoming[LinkQuery, LinkForm]) -> Rendered:
    """Spend the link and go on to the application."""
    demand_same_origin(incoming.http)
    return _spend(incoming, incoming.core.impersonate.open(incoming.caller, incoming.query.link))


@surface.endpoint(
    "GET", "/users/{user_id}/impersonate", summary="Follow an impersonation link", public=True, query=LinkQuery
)
def get_classic(incoming: Incoming[LinkQuery, None], user_id: str) -> Rendered:
    """Sign in once and answer the application, as Auth0's links did. `user_id` is the impersonator's."""
    return _follow(incoming, incoming.core.impersonate.open_classic(incoming.caller, incoming.query.link, user_id))


def _follow(incoming: Incoming[LinkQuery, Any], link: ImpersonationLink) -> Rendered:
    if fetched_ahead(incoming.http):
        # A browser throws away what it fetched ahead when it is an error, and asks again when somebody goes there.
        return Rendered(body="", content_type="text/plain", status=HTTPStatus.SERVICE_UNAVAILABLE)
    if previews(incoming.http):
        return _said(incoming, "impersonation_preview", HTTPStatus.OK)
    if not link.confirm:
        return _spend(incoming, link)
    if incoming.core.impersonate.state(link) != PENDING:
        return _over(incoming, link)
    return render_impersonation(_question(incoming, link))


def _spend(incoming: Incoming[LinkQuery, Any], link: ImpersonationLink) -> Rendered:
    try:
        outcome = incoming.core.impersonate.spend(incoming.caller, link)
    except Gone:
        return _over(incoming, link)
    if isinstance(outcome, LeadTo):
        seconds = int(ANSWERED_WITHIN.total_seconds())
        held = cookies.kept(cookies.IMPERSONATION, outcome.held, seconds=seconds)
        return with_cookies(redirect(outcome.address), held)
    return send_back(incoming, outcome)


def _question(incoming: Incoming[LinkQuery, Any], link: ImpersonationLink) -> ImpersonationPage:
    client = incoming.core.impersonate.client_of(incoming.caller, link)
    target = link.request.redirect_uri if link.request else client.initiate_login_uri
    # An application that lost its address since is refused with the rest, when the button is pressed.
    targets = tuple(filter(None, (target, *client.callbacks)))
    return ImpersonationPage(
        shell=replace(shell_for(incoming.core, incoming.caller, incoming.http, client), form_targets=targets),
        action=f"{_PATH}?{urlencode({'link': incoming.query.link})}",
        impersonator=link.impersonator_email,
        user=link.user_name,
        reason=link.reason,
    )


_OVER: Mapping[str, MessageName] = {
    USED: "impersonation_used",
    ENDED: "impersonation_used",
    EXPIRED: "impersonation_expired",
    REVOKED: "impersonation_revoked",
}


def _over(incoming: Incoming[LinkQuery, Any], link: ImpersonationLink) -> Rendered:
    """Say what has become of a link to the person who was to use it; to anybody else only that it does not work."""
    core, caller = incoming.core, incoming.caller
    held = core.sessions.held(caller.tenant, cookies.browser(incoming.http).session)
    state = core.impersonate.state(core.impersonate.open(caller, incoming.query.link))
    if held is None or held[0].blocked or held[0].user_id != link.impersonator_id or state not in _OVER:
        raise unusable()
    return _said(incoming, _OVER[state], HTTPStatus.GONE)


def _said(incoming: Incoming[LinkQuery, Any], name: MessageName, status: HTTPStatus) -> Rendered:
    return render_message(message(shell_for(incoming.core, incoming.caller, incoming.http), name), int(status))
