"""/u/account: where people look after their own account. Whoever is not signed in is asked to sign in first."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from chalicelib.core.account_page import SHOWN, NewPassword, OldPage, SignedOut
from chalicelib.core.custom_databases import ScriptFailed
from chalicelib.core.logs import LOG_ID_LENGTH
from chalicelib.core.oauth.errors import DatabaseUnavailable, TooManyAttempts, UserBlocked, WrongPassword
from chalicelib.core.passwords import PasswordError, PasswordPolicy
from chalicelib.core.sign_ins import name_of
from chalicelib.web import cookies
from chalicelib.web.errors import status_of
from chalicelib.web.forms import demand_same_origin, redirect, with_cookies
from chalicelib.web.login.activity import entry
from chalicelib.web.login.doors import ACCOUNT
from chalicelib.web.login.pages import (
    AccountPage,
    EndingPage,
    PasswordForm,
    message,
    render_account,
    render_ending,
    render_message,
)
from chalicelib.web.login.rows import device_row, impersonation_row, session_row
from chalicelib.web.login.rules import password_error, password_rules
from chalicelib.web.login.shell import go_on, refuse, session_cookie, shell_for
from chalicelib.web.login.texts import NoticeKey, Text, said
from chalicelib.web.surface import PAGE, Incoming, Nothing, Refused, Rendered, Surface

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from chalicelib.core.account_page import Account, Entrances, Owner
    from chalicelib.core.callers import Caller
    from chalicelib.core.gatehouse import Core
    from chalicelib.core.handles import Handle
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.sessions import Session
    from chalicelib.web.login.pages import DeviceRow, SessionRow, Shell
    from chalicelib.web.login.texts import EndingName, Said

    Field = Literal["current_password", "password", "password_again"]

State = Annotated[str, Meta(max_length=16_384)]
Id = Annotated[str, Meta(max_length=100)]
LogId = Annotated[str, Meta(max_length=LOG_ID_LENGTH, pattern=r"^[0-9a-f]*$(?!\n)")]


class AccountQuery(msgspec.Struct, kw_only=True):
    """Where to sign in, which part of the activity to show, and what was just done, sealed."""

    connection: Annotated[str, Meta(max_length=128)] = ""
    older: LogId = ""
    done: str = ""


class ButtonForm(msgspec.Struct, kw_only=True):
    """What every form of the page posts: its sealed state."""

    state: State = ""


class SessionForm(ButtonForm, kw_only=True):
    """Which session is to end, and whether somebody was asked."""

    session_id: Id = ""
    confirmed: Annotated[str, Meta(max_length=10)] = ""


class DeviceForm(ButtonForm, kw_only=True):
    """Which device is to end."""

    device_id: Id = ""


class ImpersonationForm(ButtonForm, kw_only=True):
    """Which impersonation is to end."""

    link_id: Id = ""


class PasswordChange(ButtonForm, kw_only=True):
    """The current password and the new one, twice."""

    current_password: str = ""
    password: str = ""
    password_again: str = ""
    end_sessions: Annotated[str, Meta(max_length=10)] = ""


def _refuse(refused: Refused) -> Rendered:
    """Show the page anew where a form came too late; whoever is not signed in is asked to there."""
    if refused.code == SignedOut.code:
        return redirect(ACCOUNT)
    if refused.code == OldPage.code:
        return _back(refused.core, refused.caller, "notice.account_old_page")
    if isinstance(refused.error, UserBlocked):
        page = message(shell_for(refused.core, refused.caller, refused.http), "blocked")
        said_so = f"{said(page.shell.language, page.text)} ({UserBlocked.DESCRIPTION})"
        return render_message(replace(page, text=said_so), int(refused.status))
    return refuse(refused)


surface = Surface("login", shape=PAGE, refusal=_refuse)


@surface.endpoint("GET", ACCOUNT, summary="Show one's own account", public=True, query=AccountQuery)
def get_account(incoming: Incoming[AccountQuery, None]) -> Rendered:
    """Show the account of whoever is signed in."""
    core, caller, query = incoming.core, incoming.caller, incoming.query
    browser = cookies.browser(incoming.http)
    try:
        owner = core.account_page.owner(caller, browser.session)
    except SignedOut:
        return go_on(incoming, core.account_sign_in.begin(caller, query.connection, browser))
    notice = _notice(core, caller, query.done)
    return render_account(replace(_page(incoming, owner, older=query.older), notice=notice))


@surface.endpoint("POST", f"{ACCOUNT}/sessions", summary="Sign out a browser", public=True, body=SessionForm, form=True)
def post_session(incoming: Incoming[Nothing, SessionForm]) -> Rendered:
    """End a session, after asking if devices end with it."""
    demand_same_origin(incoming.http)
    core, caller, form = incoming.core, incoming.caller, incoming.body
    ending = core.account_page.end_session(
        caller, _cookie(incoming), form.state, form.session_id, confirmed=form.confirmed == "yes"
    )
    if not ending.done:
        asked = _ending(incoming, "session", ending.entrances, state=form.state, session_id=form.session_id)
        return render_ending(asked)
    if ending.own:
        page = message(shell_for(core, caller, incoming.http), "signed_out")
        return with_cookies(render_message(page), cookies.dropped(cookies.SESSION))
    return _back(core, caller, "notice.account_session")


@surface.endpoint(
    "POST", f"{ACCOUNT}/devices", summary="End a device's access", public=True, body=DeviceForm, form=True
)
def post_device(incoming: Incoming[Nothing, DeviceForm]) -> Rendered:
    """End a device."""
    demand_same_origin(incoming.http)
    form = incoming.body
    incoming.core.account_page.end_device(incoming.caller, _cookie(incoming), form.state, form.device_id)
    return _back(incoming.core, incoming.caller, "notice.account_device")


@surface.endpoint(
    "POST",
    f"{ACCOUNT}/impersonations",
    summary="End an impersonation of oneself",
    public=True,
    body=ImpersonationForm,
    form=True,
)
def post_impersonation(incoming: Incoming[Nothing, ImpersonationForm]) -> Rendered:
    """End what somebody may do as the user."""
    demand_same_origin(incoming.http)
    form = incoming.body
    incoming.core.account_page.end_impersonation(incoming.caller, _cookie(incoming), form.state, form.link_id)
    return _back(incoming.core, incoming.caller, "notice.account_impersonation")


@surface.endpoint("GET", f"{ACCOUNT}/others", summary="Ask to sign out everywhere else", public=True)
def get_others(incoming: Incoming[Nothing, None]) -> Rendered:
    """Say what ends, and ask."""
    page, caller = incoming.core.account_page, incoming.caller
    owner = page.owner(caller, _cookie(incoming))
    others = page.entrances(caller, owner).but(owner.session)
    if not others:
        return redirect(ACCOUNT)
    return render_ending(_ending(incoming, "others", others, state=page.state(caller, owner)))


@surface.endpoint(
    "POST", f"{ACCOUNT}/others", summary="Sign out everywhere else", public=True, body=ButtonForm, form=True
)
def post_others(incoming: Incoming[Nothing, ButtonForm]) -> Rendered:
    """End everything but this session."""
    demand_same_origin(incoming.http)
    core, caller = incoming.core, incoming.caller
    renewed = core.account_page.end_others(caller, _cookie(incoming), incoming.body.state)
    return _renewed(incoming, renewed, "notice.account_others")


@surface.endpoint(
    "POST", f"{ACCOUNT}/password", summary="Change one's own password", public=True, body=PasswordChange, form=True
)
def post_password(incoming: Incoming[Nothing, PasswordChange]) -> Rendered:
    """Set the new password, or say what is wrong beside the fields."""
    demand_same_origin(incoming.http)
    page, caller, form = incoming.core.account_page, incoming.caller, incoming.body
    problems, status = _problems(form), 400
    error: Said = ""
    if not problems:
        chosen = NewPassword(
            current=form.current_password, password=form.password, ends_others=form.end_sessions == "yes"
        )
        language = shell_for(incoming.core, caller, incoming.http).language
        try:
            renewed = page.change_password(caller, _cookie(incoming), form.state, chosen, language=language)
            return _renewed(incoming, renewed, "notice.account_password")
        except PasswordError as refused:
            problems = {"password": password_error(refused)}
        except WrongPassword as refused:
            problems, status = {"current_password": Text("error.current_password_wrong")}, int(status_of(refused))
        except TooManyAttempts as refused:
            error, status = Text("error.too_many_attempts"), int(status_of(refused))
        except (DatabaseUnavailable, ScriptFailed) as refused:
            error, status = Text("error.database_unavailable"), int(status_of(refused))
    shown = _page(incoming, page.owner(caller, _cookie(incoming)), judged=form.password or None)
    if shown.password:
        asked = replace(shown.password, error=error, errors=problems, end_sessions=form.end_sessions == "yes")
        shown = replace(shown, password=asked)
    return render_account(shown, status)


def _page(incoming: Incoming[Any, Any], owner: Owner, *, older: str = "", judged: str | None = None) -> AccountPage:
    """Make the page; with a password that was refused, also which rules that keeps."""
    core, caller, page = incoming.core, incoming.caller, incoming.core.account_page
    shell, called = shell_for(core, caller, incoming.http), _names(core, caller)
    entrances, activity = page.entrances(caller, owner), page.activity(caller, owner, older)
    sessions, devices = _rows(core, entrances, called, own_id=owner.session.id)
    account, application = page.account(caller, owner), partial(_application, called, shell)
    return AccountPage(
        shell=shell,
        action=ACCOUNT,
        state=page.state(caller, owner),
        name=name_of(owner.user),
        sessions=sessions,
        devices=devices,
        more_sessions=len(entrances.sessions[SHOWN:]),
        more_devices=len(entrances.devices[SHOWN:]),
        others=bool(entrances.but(owner.session)),
        impersonations=tuple(
            impersonation_row(each, called, page.ambient.now()) for each in page.impersonations(caller, owner)
        ),
        password=_password_form(account, judged) if account else None,
        activity=tuple(entry(event, application) for event in activity.items),
        older=f"{ACCOUNT}?{urlencode({'older': activity.next})}#activity" if activity.next else "",
        newest=f"{ACCOUNT}#activity" if older else "",
    )


def _ending(
    incoming: Incoming[Any, Any], name: EndingName, entrances: Entrances, *, state: str, session_id: str = ""
) -> EndingPage:
    core, caller = incoming.core, incoming.caller
    sessions, devices = _rows(core, entrances, _names(core, caller))
    return EndingPage(
        shell=shell_for(core, caller, incoming.http),
        action=f"{ACCOUNT}/others" if name == "others" else f"{ACCOUNT}/sessions",
        state=state,
        name=name,
        back=ACCOUNT,
        fields=(("session_id", session_id),) if session_id else (),
        sessions=sessions,
        devices=devices,
        more=len(entrances) - len(sessions) - len(devices),
    )


def _rows(
    core: Core, entrances: Entrances, called: Callable[[str], Said], *, own_id: str = ""
) -> tuple[tuple[SessionRow, ...], tuple[DeviceRow, ...]]:
    """Make the lines of what was used last."""
    sessions = (session_row(each, core.locator, called, own=each.id == own_id) for each in entrances.sessions[:SHOWN])
    devices = (device_row(each, called) for each in entrances.devices[:SHOWN])
    return tuple(sessions), tuple(devices)


def _names(core: Core, caller: Caller) -> Callable[[str], Said]:
    """Give what calls each client by its name, and looks each up once."""

    @cache
    def called(client_id: str) -> Said:
        client = core.clients.store.recall(caller.tenant, client_id)
        return client.name if client else Text("browser.gone_application")

    return called


def _application(called: Callable[[str], Said], shell: Shell, event: LogEvent) -> str:
    """Name where something happened: the application, or the tenant whose own page it was."""
    name = event.client_name or (called(event.client_id) if event.client_id else shell.tenant)
    return said(shell.language, name)


def _password_form(account: Account, judged: str | None) -> PasswordForm:
    strength = PasswordPolicy.from_options(account.connection.options).strength
    return PasswordForm(username=account.identity.names[0], rules=password_rules(strength, judged))


def _problems(form: PasswordChange) -> Mapping[Field, Said]:
    """Say what is missing, before anything is tried: that is no failed attempt."""
    if not form.current_password:
        return {"current_password": Text("error.current_password_missing")}
    if not form.password:
        return {"password": Text("error.password_missing")}
    if form.password != form.password_again:
        return {"password_again": Text("error.passwords_differ")}
    return {}


def _renewed(incoming: Incoming[Any, Any], renewed: tuple[Session, Handle], done: NoticeKey) -> Rendered:
    """Go back with the cookie of the session as it goes on."""
    cookie = session_cookie(incoming.core, incoming.caller, *renewed)
    return with_cookies(_back(incoming.core, incoming.caller, done), cookie)


def _back(core: Core, caller: Caller, done: NoticeKey) -> Rendered:
    """Go back to the page, which says what was done."""
    return redirect(f"{ACCOUNT}?{urlencode({'done': core.account_page.receipt(caller, done)})}")


def _notice(core: Core, caller: Caller, receipt: str) -> Said:
    done = core.account_page.received(caller, receipt)
    return Text(next(key for key in get_args(NoticeKey) if key == done)) if done else ""


def _cookie(incoming: Incoming[Any, Any]) -> str:
    return cookies.browser(incoming.http).session
