"""Signing in to the account page, which is no application's: begin, go on, finish. Owns nothing of how one is proven.

It is like a sign-in to an application (`oauth/authorize.py`), without a client, an answer or a consent. The state of
its pages is sealed for a purpose of its own, so that neither is taken for the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.connections import database_among
from chalicelib.core.errors import Invalid
from chalicelib.core.handles import SECRET_CHARACTERS, digest
from chalicelib.core.oauth.authorize import LOGIN, UNDER_WAY, Ask, expired
from chalicelib.core.sessions import Lifetimes

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.handles import Handle
    from chalicelib.core.oauth.authorize import Browser
    from chalicelib.core.seals import Seals
    from chalicelib.core.sessions import Session, Sessions
    from chalicelib.core.sign_ins import Authenticated, SignIns
    from chalicelib.core.tenants import Tenants

_PURPOSE = "account sign-in"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountUnderWay:
    """A sign-in to the account page under way: its state, and where people have their password."""

    connection: Connection
    state: str


@dataclass(frozen=True, slots=True)
class AccountSignIn:
    """Lets people in to where they look after their own account."""

    connections: Connections
    tenants: Tenants
    sessions: Sessions
    sign_ins: SignIns
    seals: Seals
    ambient: Ambient

    def begin(self, caller: Caller, connection: str, browser: Browser) -> Ask:
        """Ask for a password at a database that is named, else the tenant's default one, else the first in use."""
        self._connection(caller.tenant, connection)
        flow = browser.flow or self.ambient.new_secret(SECRET_CHARACTERS)
        document = {"connection": connection, "flow": digest(flow)}
        return Ask(page=LOGIN, state=self.seals.seal(caller.tenant, _PURPOSE, document, UNDER_WAY), flow=flow)

    def under_way(self, caller: Caller, state: str, browser: Browser) -> AccountUnderWay | None:
        """Open the state of a page; None if it is of no such sign-in, Invalid if it is another browser's."""
        kept = self.seals.open(caller.tenant, _PURPOSE, state)
        if kept is None:
            return None
        if kept["flow"] != digest(browser.flow):
            raise expired()
        return AccountUnderWay(connection=self._connection(caller.tenant, kept["connection"]), state=state)

    def finish(self, caller: Caller, proven: Authenticated, browser: Browser) -> tuple[Session, Handle]:
        """Write the sign-in of a proven user: a new session, whatever the browser had."""
        lifetimes = Lifetimes.of(self.tenants.recall_settings(caller.tenant))
        session, handle = self.sessions.begin(caller, proven.user, proven.connection, lifetimes)
        session = replace(session, methods=proven.methods)
        held = self.sessions.held(caller.tenant, browser.session) if browser.session else None
        self.sign_ins.enter(caller, None, proven, session, replaced=held[1] if held else None)
        return session, handle

    def _connection(self, tenant: str, wanted: str) -> Connection:
        in_use = [each for each in self.connections.databases(tenant) if each.enabled_clients]
        default = str(self.tenants.recall_settings(tenant)["default_directory"] or "")
        connection = database_among(in_use, wanted, default)
        if connection is None:
            raise Invalid("No such connection lets anybody sign in here.", code="inexistent_connection")
        return connection
