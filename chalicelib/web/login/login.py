"""/u/login and /u/consent: the pages between /authorize and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from chalicelib.core.oauth.errors import DatabaseUnavailable, OAuthError, TooManyAttempts, UserBlocked
from chalicelib.web.cookies import browser
from chalicelib.web.errors import status_of
from chalicelib.web.forms import demand_same_origin
from chalicelib.web.login.doors import door, opened
from chalicelib.web.login.pages import ConsentPage, LoginPage, render_consent, render_login, scope
from chalicelib.web.login.shell import go_on, login_surface, shell_for
from chalicelib.web.login.texts import Text
from chalicelib.web.surface import Incoming, Nothing, Rendered

if TYPE_CHECKING:
    from chalicelib.web.login.doors import Door
    from chalicelib.web.login.texts import Said

surface = login_surface()

State = Annotated[str, Meta(max_length=16_384)]


class PageQuery(msgspec.Struct, kw_only=True):
    """Which sign-in under way a page belongs to."""

    state: State = ""


class LoginForm(PageQuery, kw_only=True):
    """What the login page posts."""

    username: Annotated[str, Meta(max_length=320)] = ""
    password: str = ""


class ConsentForm(PageQuery, kw_only=True):
    """What the consent page posts."""

    decision: Annotated[str, Meta(max_length=10)] = "deny"


@surface.endpoint("GET", "/u/login", summary="Show the login page", public=True, query=PageQuery)
def get_login(incoming: Incoming[PageQuery, None]) -> Rendered:
    """Ask for name and password."""
    way_in = door(incoming, incoming.query.state)
    return render_login(_login_page(way_in, username=way_in.login_hint))


@surface.endpoint("POST", "/u/login", summary="Sign in", public=True, body=LoginForm, form=True)
def post_login(incoming: Incoming[Nothing, LoginForm]) -> Rendered:
    """Sign somebody in, or say what is wrong beside what they typed."""
    demand_same_origin(incoming.http)
    caller, form = incoming.caller, incoming.body
    way_in = door(incoming, form.state)
    if not form.username.strip() or not form.password:
        page = _login_page(way_in, username=form.username, error=Text("error.login_missing"))
        return render_login(page, 400)
    try:
        proven = incoming.core.sign_ins.with_password(
            caller, way_in.client, way_in.connection, form.username, form.password
        )
        return way_in.enter(proven)
    except OAuthError as error:
        page = _login_page(way_in, username=form.username, error=_said(error))
        return render_login(page, int(status_of(error)))


@surface.endpoint("GET", "/u/consent", summary="Show the consent page", public=True, query=PageQuery)
def get_consent(incoming: Incoming[PageQuery, None]) -> Rendered:
    """Ask whether the application may have what it asks for."""
    under_way = opened(incoming, incoming.query.state)
    core, caller = incoming.core, incoming.caller
    held = core.sessions.held(caller.tenant, browser(incoming.http).session)
    if held is None:
        return go_on(incoming, core.authorize.ask_to_sign_in(caller, under_way, browser(incoming.http)))
    terms = core.authorize.responses.terms(caller.tenant, under_way.client, under_way.request)
    described = {each.value: each.description for each in (terms.server.scopes if terms.server else ())}
    page = ConsentPage(
        shell=shell_for(core, caller, incoming.http, under_way.client, under_way.request),
        action="/u/consent",
        state=under_way.state,
        email=held[0].email or held[0].name or "",
        scopes=tuple(scope(name, described.get(name, "")) for name in terms.scope.split()),
    )
    return render_consent(page)


@surface.endpoint("POST", "/u/consent", summary="Allow or deny", public=True, body=ConsentForm, form=True)
def post_consent(incoming: Incoming[Nothing, ConsentForm]) -> Rendered:
    """Go on with what was decided."""
    demand_same_origin(incoming.http)
    under_way, allowed = opened(incoming, incoming.body.state), incoming.body.decision == "allow"
    answer = incoming.core.authorize.consent(incoming.caller, under_way, browser(incoming.http), allowed=allowed)
    return go_on(incoming, answer)


def _login_page(way_in: Door, *, username: str, error: Said = "") -> LoginPage:
    query = urlencode({"state": way_in.state})
    return LoginPage(
        shell=way_in.shell,
        action="/u/login",
        state=way_in.state,
        username_is="email_or_username" if way_in.connection.requires_username else "email",
        username=username,
        error=error,
        signup_link=f"/u/signup?{query}" if way_in.takes_sign_ups else "",
        reset_link=f"/u/reset-password?{query}" if way_in.resets_passwords else "",
    )


def _said(error: OAuthError) -> Said:
    """Say a refusal in the page's language; whether a name is known is never said."""
    if isinstance(error, UserBlocked):
        return UserBlocked.DESCRIPTION
    if isinstance(error, DatabaseUnavailable):
        return Text("error.database_unavailable")
    return Text("error.too_many_attempts" if isinstance(error, TooManyAttempts) else "error.wrong_credentials")
