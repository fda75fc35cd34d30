"""What the sign-in pages need of a request: their frame, their language, how they refuse, how they answer a client."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chalicelib.core.oauth.authorize import Ask, Elsewhere, Entered, Impersonated
from chalicelib.core.oauth.errors import TooManyAttempts, UserBlocked
from chalicelib.core.throttles import LimitReached
from chalicelib.web import cookies
from chalicelib.web.forms import redirect, with_cookies
from chalicelib.web.login.pages import (
    FormPostPage,
    Shell,
    WebMessagePage,
    message,
    render_form_post,
    render_message,
    render_web_message,
)
from chalicelib.web.pages import language
from chalicelib.web.surface import PAGE, Incoming, Refused, Rendered, Surface

if TYPE_CHECKING:
    from chalice.app import Request as HttpRequest

    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.gatehouse import Core
    from chalicelib.core.handles import Handle
    from chalicelib.core.oauth.requests import AuthorizeRequest
    from chalicelib.core.oauth.responses import SendBack
    from chalicelib.core.sessions import Session
    from chalicelib.web.login.texts import MessageName


def login_surface() -> Surface:
    """Make a surface whose refusals are pages."""
    return Surface("login", shape=PAGE, refusal=refuse)


def shell_for(
    core: Core, caller: Caller, http: HttpRequest, client: Client | None = None, request: AuthorizeRequest | None = None
) -> Shell:
    """Frame a page: for which application of which tenant, in which language."""
    settings = core.tenants.recall_settings(caller.tenant)
    chosen = language(
        request.ui_locales if request else "", http.headers.get("accept-language", ""), settings["enabled_locales"]
    )
    return Shell(
        tenant=str(settings["friendly_name"] or caller.tenant),
        language=chosen,
        tenant_logo=str(settings["picture_url"] or ""),
        application=client.name if client else "",
        application_logo=client.logo_uri if client else "",
        form_targets=(request.redirect_uri,) if request else (),
        in_popup=request is not None and request.response_mode == "web_message",
    )


def refuse(refused: Refused) -> Rendered:
    """Show a refusal as a page."""
    name = _MESSAGES.get(refused.code, "failed" if refused.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None)
    shell = shell_for(refused.core, refused.caller, refused.http)
    page = message(shell, name or "invalid_request", request_id=refused.caller.request_id)
    return render_message(page, int(refused.status))


_MESSAGES: dict[str, MessageName] = {
    UserBlocked().error: "blocked",
    TooManyAttempts().error: "too_many_attempts",
    LimitReached.code: "too_many_requests",
    "expired_state": "sign_in_expired",
    "expired_ticket": "link_expired",
    "unusable_link": "impersonation_over",
    "access_denied": "access_denied",
}


def go_on(incoming: Incoming[Any, Any], outcome: SendBack | Ask | Entered | Impersonated | Elsewhere) -> Rendered:
    """Answer the browser: back to the application, or on to a page; with the cookies that belong to it."""
    if isinstance(outcome, Entered):
        cookie = session_cookie(incoming.core, incoming.caller, outcome.session, outcome.handle)
        return with_cookies(go_on(incoming, outcome.outcome), cookie)
    if isinstance(outcome, Impersonated):
        return with_cookies(send_back(incoming, outcome.answer), cookies.dropped(cookies.IMPERSONATION))
    if isinstance(outcome, Elsewhere):
        return with_cookies(redirect(outcome.address), cookies.kept(cookies.FLOW, outcome.flow, seconds=None))
    if isinstance(outcome, Ask):
        location = f"/u/{outcome.page}?{urlencode({'state': outcome.state})}"
        return with_cookies(redirect(location), cookies.kept(cookies.FLOW, outcome.flow, seconds=None))
    return send_back(incoming, outcome)


def send_back(incoming: Incoming[Any, Any], answer: SendBack) -> Rendered:
    """Answer an application by the response_mode it asked for; redirects are 303 and never 307 (S31)."""
    request, given = answer.request, answer.parameters
    if request.response_mode == "form_post":
        shell = shell_for(incoming.core, incoming.caller, incoming.http, request=request)
        return render_form_post(FormPostPage(shell=shell, action=request.redirect_uri, fields=tuple(given.items())))
    if request.response_mode == "web_message":
        shell = shell_for(incoming.core, incoming.caller, incoming.http, request=request)
        return render_web_message(WebMessagePage(shell=shell, target_origin=request.origin, response=_typed(given)))
    query_separator = "&" if "?" in request.redirect_uri else "?"
    separator = "#" if request.response_mode == "fragment" else query_separator
    return redirect(f"{request.redirect_uri}{separator}{urlencode(given)}")


def session_cookie(core: Core, caller: Caller, session: Session, handle: Handle) -> str:
    """Give the cookie of a session that begins, or goes on under a new secret: until its absolute end, at most."""
    persistent = core.tenants.recall_settings(caller.tenant)["session_cookie"]["mode"] == "persistent"
    seconds = int((session.expires_at - session.touched_at).total_seconds())
    return cookies.kept(cookies.SESSION, str(handle), seconds=seconds if persistent else None)


def _typed(given: dict[str, str]) -> dict[str, Any]:
    """Give a page's script a number where it expects one."""
    return {**given, **({"expires_in": int(given["expires_in"])} if "expires_in" in given else {})}
