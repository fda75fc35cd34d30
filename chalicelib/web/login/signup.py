"""/u/signup: the page on which somebody makes an account, and goes on to the application with it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from msgspec import Meta

from chalicelib.core import accounts
from chalicelib.core.errors import Conflict, Invalid, TooMany
from chalicelib.core.passwords import PasswordError, PasswordPolicy
from chalicelib.core.sign_ins import Authenticated
from chalicelib.core.users import UsernameTaken
from chalicelib.web.cookies import browser
from chalicelib.web.forms import demand_same_origin, redirect
from chalicelib.web.login.doors import opened
from chalicelib.web.login.login import PageQuery
from chalicelib.web.login.pages import SignupPage, render_signup
from chalicelib.web.login.rules import password_error, password_rules
from chalicelib.web.login.shell import go_on, login_surface, shell_for
from chalicelib.web.login.texts import Text
from chalicelib.web.surface import Incoming, Nothing, Rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from chalicelib.core.connections import Connection
    from chalicelib.core.oauth.authorize import UnderWay
    from chalicelib.web.login.texts import Said

    Field = Literal["email", "username", "password"]

surface = login_surface()


class SignupForm(PageQuery, kw_only=True):
    """What the page posts."""

    email: Annotated[str, Meta(max_length=1_000)] = ""
    username: Annotated[str, Meta(max_length=1_000)] = ""
    password: str = ""


@surface.endpoint("GET", "/u/signup", summary="Show the sign-up page", public=True, query=PageQuery)
def get_signup(incoming: Incoming[PageQuery, None]) -> Rendered:
    """Ask for an address and a password."""
    under_way = opened(incoming, incoming.query.state)
    connection = incoming.core.authorize.connection_for(incoming.caller, under_way)
    if not connection.takes_sign_ups:
        return redirect(_login(under_way))
    return render_signup(_page(incoming, under_way, connection, SignupForm(email=under_way.request.login_hint)))


@surface.endpoint("POST", "/u/signup", summary="Sign up", public=True, body=SignupForm, form=True)
def post_signup(incoming: Incoming[Nothing, SignupForm]) -> Rendered:
    """Make the account and sign in to it, or say what is wrong beside what was typed."""
    demand_same_origin(incoming.http)
    core, caller, form = incoming.core, incoming.caller, incoming.body
    under_way = opened(incoming, form.state)
    connection = core.authorize.connection_for(caller, under_way)
    if not connection.takes_sign_ups:
        return redirect(_login(under_way))
    problems, judged = _problems(form, connection), None
    error: Said = ""
    status = HTTPStatus.BAD_REQUEST
    if not problems:
        try:
            user = core.sign_ups.sign_up(
                caller,
                under_way.client,
                connection,
                _attributes(form, connection),
                language=shell_for(core, caller, incoming.http, request=under_way.request).language,
            )
            proven = Authenticated(user=user, connection=connection)
            return go_on(incoming, core.authorize.finish(caller, under_way, proven, browser(incoming.http)))
        except PasswordError as refused:
            problems, judged = {"password": password_error(refused)}, form.password
        except UsernameTaken:
            problems = {"username": Text("error.username_taken")}
        except Conflict:
            error = Text("error.signup_refused")
        except TooMany:
            error, status = Text("error.too_many_sign_ups"), HTTPStatus.TOO_MANY_REQUESTS
    page = _page(incoming, under_way, connection, form, problems, error=error, judged=judged)
    return render_signup(page, status)


def _attributes(form: SignupForm, connection: Connection) -> dict[str, Any]:
    username = {"username": form.username.strip()} if connection.requires_username else {}
    return {"email": form.email.strip(), "password": form.password, **username}


def _problems(form: SignupForm, connection: Connection) -> Mapping[Field, Said]:
    """Say what is wrong with what was typed, whoever else is here: it is checked before anything is looked up."""
    found: dict[Field, Said] = {}
    email, username = form.email.strip(), form.username.strip()
    if not _accepted(lambda: accounts.email_address(email)):
        found["email"] = Text("error.email_invalid" if email else "error.email_missing")
    if connection.requires_username and not _accepted(lambda: accounts.user_name(username, connection.options)):
        shortest, longest = accounts.username_limits(connection.options)
        limits = {"min": shortest, "max": longest}
        found["username"] = Text("error.username_invalid", limits) if username else Text("error.username_missing")
    if not form.password:
        found["password"] = Text("error.password_missing")
    return found


def _accepted(check: Callable[[], object]) -> bool:
    try:
        check()
    except Invalid:
        return False
    return True


def _page(
    incoming: Incoming[Any, Any],
    under_way: UnderWay,
    connection: Connection,
    form: SignupForm,
    problems: Mapping[Field, Said] | None = None,
    *,
    error: Said = "",
    judged: str | None = None,
) -> SignupPage:
    strength = PasswordPolicy.from_options(connection.options).strength
    return SignupPage(
        shell=shell_for(incoming.core, incoming.caller, incoming.http, under_way.client, under_way.request),
        action="/u/signup",
        state=under_way.state,
        email=form.email,
        username=form.username if connection.requires_username else None,
        rules=password_rules(strength, judged),
        error=error,
        errors=problems or {},
        login_link=_login(under_way),
    )


def _login(under_way: UnderWay) -> str:
    return f"/u/login?{urlencode({'state': under_way.state})}"
