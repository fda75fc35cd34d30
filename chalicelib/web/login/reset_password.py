"""/u/reset-password: asks for a link to choose a new password and, behind that link, for the password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from chalicelib.core.accounts import email_address
from chalicelib.core.errors import Invalid
from chalicelib.core.passwords import PasswordError, PasswordPolicy
from chalicelib.web.forms import demand_same_origin, redirect
from chalicelib.web.login.doors import door
from chalicelib.web.login.links import TicketQuery, address, go_on_from, shell_behind
from chalicelib.web.login.login import State
from chalicelib.web.login.pages import ResetPage, ResetRequestPage, render_reset, render_reset_request
from chalicelib.web.login.rules import password_error, password_rules
from chalicelib.web.login.shell import login_surface, shell_for
from chalicelib.web.login.texts import Text
from chalicelib.web.surface import Incoming, Rendered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from chalicelib.core.connections import Connection
    from chalicelib.core.tickets import Opened
    from chalicelib.web.login.doors import Door
    from chalicelib.web.login.texts import Said

    Field = Literal["password", "password_again"]

surface = login_surface()

_PATH = "/u/reset-password"
_SAID = "You can now login to the application with the new password."


class ResetQuery(TicketQuery, kw_only=True):
    """The link by which a password is chosen, or the sign-in under way in which it is missing."""

    state: State = ""


class ResetForm(msgspec.Struct, kw_only=True):
    """What the pages post: an address, or the new password twice."""

    state: State = ""
    email: Annotated[str, Meta(max_length=1_000)] = ""
    password: str = ""
    password_again: str = ""
    end_sessions: Annotated[str, Meta(max_length=10)] = ""


@surface.endpoint("GET", _PATH, summary="Show the password reset page", public=True, query=ResetQuery)
def get_reset_password(incoming: Incoming[ResetQuery, None]) -> Rendered:
    """Ask whose password is forgotten; behind a link, for the new one."""
    if incoming.query.ticket:
        found, connection = incoming.core.password_resets.open(incoming.caller, incoming.query.ticket)
        return render_reset(_new_password_page(incoming, found, connection))
    way_in = door(incoming, incoming.query.state)
    if not way_in.resets_passwords:
        return redirect(_login(way_in))
    return render_reset_request(_request_page(way_in, way_in.login_hint))


@surface.endpoint("POST", _PATH, summary="Reset a password", public=True, query=ResetQuery, body=ResetForm, form=True)
def post_reset_password(incoming: Incoming[ResetQuery, ResetForm]) -> Rendered:
    """Send a link; behind a link, set the new password."""
    demand_same_origin(incoming.http)
    return _set_password(incoming) if incoming.query.ticket else _send_link(incoming)


def _send_link(incoming: Incoming[ResetQuery, ResetForm]) -> Rendered:
    """Send a link, and say nothing about whether somebody has the address (S7)."""
    caller, email = incoming.caller, incoming.body.email.strip()
    way_in = door(incoming, incoming.body.state)
    if not way_in.resets_passwords:
        return redirect(_login(way_in))
    try:
        email_address(email)
    except Invalid:
        problem = Text("error.email_invalid" if email else "error.email_missing")
        return render_reset_request(_request_page(way_in, email, problem=problem), 400)
    incoming.core.password_resets.request(
        caller, way_in.client, way_in.connection, email, language=way_in.shell.language
    )
    return render_reset_request(_request_page(way_in, email, sent=True))


def _set_password(incoming: Incoming[ResetQuery, ResetForm]) -> Rendered:
    """Set the password, or say what is wrong with it: then the link stays good."""
    resets, caller, form, ticket = incoming.core.password_resets, incoming.caller, incoming.body, incoming.query.ticket
    problems = _problems(form)
    if not problems:
        try:
            ends, language = form.end_sessions == "yes", shell_for(incoming.core, caller, incoming.http).language
            done = resets.finish(caller, ticket, form.password, ends_sessions=ends, language=language)
            return go_on_from(incoming, done, "password_changed", _SAID)
        except PasswordError as refused:
            problems = {"password": password_error(refused)}
    found, connection = resets.open(caller, ticket)
    page = _new_password_page(incoming, found, connection, form=form, problems=problems)
    return render_reset(page, 400)


def _problems(form: ResetForm) -> Mapping[Field, Said]:
    if not form.password:
        return {"password": Text("error.password_missing")}
    if form.password != form.password_again:
        return {"password_again": Text("error.passwords_differ")}
    return {}


def _request_page(way_in: Door, email: str, *, problem: Said = "", sent: bool = False) -> ResetRequestPage:
    return ResetRequestPage(
        shell=way_in.shell,
        action=_PATH,
        state=way_in.state,
        email=email,
        sent=sent,
        errors={"email": problem} if problem else {},
        login_link=_login(way_in),
    )


def _login(way_in: Door) -> str:
    return f"/u/login?{urlencode({'state': way_in.state})}"


def _new_password_page(
    incoming: Incoming[ResetQuery, Any],
    found: Opened,
    connection: Connection,
    *,
    form: ResetForm | None = None,
    problems: Mapping[Field, Said] | None = None,
) -> ResetPage:
    strength = PasswordPolicy.from_options(connection.options).strength
    return ResetPage(
        shell=shell_behind(incoming, found),
        action=address(_PATH, incoming.query.ticket),
        state="",
        email=found.ticket.email,
        rules=password_rules(strength, form.password if form and form.password else None),
        errors=problems or {},
        end_sessions=form is None or form.end_sessions == "yes",
    )
