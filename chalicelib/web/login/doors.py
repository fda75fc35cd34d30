"""What leads in from the login page: to an application, or to the account page. The pages need not know which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.oauth.authorize import UnderWay
from chalicelib.web.cookies import browser
from chalicelib.web.forms import redirect, with_cookies
from chalicelib.web.login.shell import go_on, session_cookie, shell_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.account_sign_in import AccountUnderWay
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.sign_ins import Authenticated
    from chalicelib.web.login.pages import Shell
    from chalicelib.web.surface import Incoming, Rendered

ACCOUNT = "/u/account"


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """A sign-in under way: how its pages are framed, where its user has a password, and what follows a right one.

    `client` None is the account page, which is no application's.
    """

    shell: Shell
    state: str
    connection: Connection
    client: Client | None
    enter: Callable[[Authenticated], Rendered]
    login_hint: str = ""

    @property
    def takes_sign_ups(self) -> bool:
        """Whether somebody may make an account on the way in: for an application only."""
        return self.client is not None and self.connection.takes_sign_ups

    @property
    def resets_passwords(self) -> bool:
        """Whether a forgotten password can be replaced here by a link."""
        return self.connection.resets_passwords


def opened(incoming: Incoming[Any, Any], state: str) -> UnderWay:
    """Open the sign-in to an application that a page belongs to."""
    return incoming.core.authorize.under_way(incoming.caller, state, browser(incoming.http))


def door(incoming: Incoming[Any, Any], state: str) -> Door:
    """Open the sign-in that a page belongs to, wherever it leads."""
    to_account = incoming.core.account_sign_in.under_way(incoming.caller, state, browser(incoming.http))
    return _to_account(incoming, to_account) if to_account else _to_application(incoming, opened(incoming, state))


def _to_application(incoming: Incoming[Any, Any], under_way: UnderWay) -> Door:
    authorize, caller, client, request = (
        incoming.core.authorize,
        incoming.caller,
        under_way.client,
        under_way.request,
    )
    return Door(
        shell=shell_for(incoming.core, caller, incoming.http, client, request),
        state=under_way.state,
        connection=authorize.connection_for(caller, under_way),
        client=client,
        enter=lambda proven: go_on(incoming, authorize.finish(caller, under_way, proven, browser(incoming.http))),
        login_hint=request.login_hint,
    )


def _to_account(incoming: Incoming[Any, Any], under_way: AccountUnderWay) -> Door:
    def enter(proven: Authenticated) -> Rendered:
        core, caller = incoming.core, incoming.caller
        session, handle = core.account_sign_in.finish(caller, proven, browser(incoming.http))
        return with_cookies(redirect(ACCOUNT), session_cookie(core, caller, session, handle))

    return Door(
        shell=shell_for(incoming.core, incoming.caller, incoming.http),
        state=under_way.state,
        connection=under_way.connection,
        client=None,
        enter=enter,
    )
