"""Password resets: somebody who forgot a password chooses a new one behind a link.

Asking for a link never tells whether an address is known: everybody waits for the same reads and writes (S7).
A reset ends every session and refresh token, forgets the failed attempts, and unblocks nobody (S12).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.accounts import email_address
from chalicelib.core.entities import retrying
from chalicelib.core.errors import Forbidden, Gone, Invalid
from chalicelib.core.logs import happened
from chalicelib.core.passwords import PasswordLeakedError
from chalicelib.core.sign_ins import name_of, placed
from chalicelib.core.tickets import (
    CHANGE_PASSWORD,
    RESET_LIFETIME,
    Issue,
    Opened,
    Terms,
    Use,
    account_of,
    address_of,
    nobody,
)
from chalicelib.core.users import missing
from chalicelib.core.verification import with_verified

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.identities import Identity
    from chalicelib.core.logs import LogEvent, LogStore
    from chalicelib.core.outbox import Outbox
    from chalicelib.core.tickets import AccountName, Ticket, Tickets
    from chalicelib.core.users import User, Users

UNKNOWN, TOO_SOON = "The user does not exist.", "A link was sent a moment ago."


class ResetsDisabled(Forbidden):
    """The database lets nobody ask for a new password: an administrator makes the link."""

    def __init__(self) -> None:
        super().__init__("self-service password change is disabled", code="password_change_disabled")


class Newcomers(Protocol):
    """People whom only a tenant's own database knows yet."""

    def meet(self, caller: Caller, connection: Connection, name: str) -> None:
        """Have whoever has a name there here too, without a password."""


@dataclass(frozen=True, slots=True)
class PasswordResets:
    """Makes links that set a password, and sets it."""

    tickets: Tickets
    users: Users
    connections: Connections
    outbox: Outbox
    newcomers: Newcomers
    logs: LogStore
    ambient: Ambient

    def ticket(self, caller: Caller, user_id: str, name: AccountName | None, terms: Terms) -> str:
        """Make a link for a program that brings it to the user itself. `name` None is the main account."""
        user = self.users.store.find(caller.tenant, user_id)
        if user is None:
            raise missing()
        account = name.of(user) if name else user.main
        if account is None or not account.is_database:
            raise Invalid("The user's main connection does not support this operation", code="operation_not_supported")
        return self._hand_out(caller, user, account, terms)

    def ticket_for_address(self, caller: Caller, connection_id: str, email: str, terms: Terms) -> str:
        """Make a link for whoever has this address at a connection."""
        connection, address = self.connections.get(caller, connection_id), email_address(email)
        found = self._reader(caller.tenant, connection, address)
        if not found.known:
            raise missing()
        return self._hand_out(caller, found.user, found.account, terms)

    def request(
        self, caller: Caller, client: Client | None, connection: Connection, email: str, *, language: str = ""
    ) -> None:
        """Send a link to whoever has this address at a database; it takes as long for an address that nobody has.

        Three round trips: the name, its user with the last link, and one transaction. A minute must pass before the
        next mail goes, and after each twice as long. ResetsDisabled, for every address, where the connection says so.
        """
        if not connection.resets_passwords:
            raise ResetsDisabled
        tenant, address, now = caller.tenant, email_address(email), self.ambient.now()
        found = self._reader(tenant, connection, address)
        if connection.is_custom and not found.known:
            self.newcomers.meet(caller, connection, address)
            found = self._reader(tenant, connection, address)
        too_soon = found.earlier is not None and not found.earlier.may_follow(now)
        reader = _Reader.nobody(connection, address, now) if too_soon else found
        terms = Terms(lifetime=RESET_LIFETIME, client_id=client.client_id if client else "", marks_verified=True)
        ticket, link = self.tickets.make(tenant, CHANGE_PASSWORD, reader.user, reader.account, terms, reader.earlier)
        letter = self.outbox.note(
            caller,
            "change_password",
            address,
            user=reader.user,
            language=language,
            link=link,
            lifetime=RESET_LIFETIME,
            wanted=reader.known,
        )
        event = placed(self._asked(caller, found, address, too_soon=too_soon), client, connection)
        self.tickets.store.issue(tenant, Issue(ticket=ticket, letter=letter, event=event))

    def open(self, caller: Caller, text: str) -> tuple[Opened, Connection]:
        """Look at a link without using it, and at the connection whose rules the password must keep."""
        opened = self.tickets.open(caller.tenant, CHANGE_PASSWORD, text)
        return opened, self.connections.named(caller.tenant, self._account(opened).connection)

    def finish(
        self, caller: Caller, text: str, password: str, *, ends_sessions: bool = True, language: str = ""
    ) -> Opened:
        """Use a link: set the password, once. PasswordError if the connection refuses it, and the link stays good.

        Sessions and refresh tokens may be kept only by somebody whose address was proven before: until then whoever
        has them may be somebody else.
        """
        try:
            return retrying(
                lambda: self._finish(caller, text, password, ends_sessions=ends_sessions, language=language)
            )
        except Gone as error:
            self.logs.record(caller.tenant, happened(self.ambient, caller, "fcp", why=error.message))
            raise
        except PasswordLeakedError as error:
            self.logs.record(caller.tenant, happened(self.ambient, caller, "reset_pwd_leak", why=error.summary))
            raise

    def _finish(self, caller: Caller, text: str, password: str, *, ends_sessions: bool, language: str) -> Opened:
        opened, connection = self.open(caller, text)
        user, account = opened.user, self._account(opened)
        after = with_verified(user, account.full_id) if opened.ticket.marks_verified else user
        change = self.users.with_password(
            caller,
            user,
            after,
            account,
            connection,
            password,
            ends_sessions=ends_sessions or not user.email_verified,
        )
        change = self.users.settled(caller, change, language=language)
        event = happened(self.ambient, caller, "scp", user_id=user.user_id, user_name=name_of(user))
        event = placed(event, opened.client, connection)
        use = Use(ticket=opened.ticket, change=change, forgiven=account.names, event=event)
        self.tickets.store.spend(caller.tenant, use)
        return replace(opened, user=change.after)

    def _hand_out(self, caller: Caller, user: User, account: Identity, terms: Terms) -> str:
        self.tickets.demand_client(caller.tenant, terms.client_id)
        ticket, link = self.tickets.make(caller.tenant, CHANGE_PASSWORD, user, account, terms)
        event = happened(self.ambient, caller, "scpr", user_id=user.user_id, user_name=name_of(user))
        self.tickets.store.issue(caller.tenant, Issue(ticket=ticket, event=event))
        return link

    def _reader(self, tenant: str, connection: Connection, address: str) -> _Reader:
        """Find who reads mails at an address; for an unknown one, by as many reads, nobody."""
        unknown = _Reader.nobody(connection, address, self.ambient.now())
        login = self.users.store.login(tenant, connection.id, address)
        user_id = login.user_id if login else unknown.user.user_id
        user, earlier = self.tickets.store.with_user(tenant, user_id, CHANGE_PASSWORD)
        account = account_of(user, login.identity_id) if user and login else None
        if user is None or account is None or address_of(user, account) != address:
            return unknown
        return _Reader(user=user, account=account, earlier=earlier)

    def _asked(self, caller: Caller, found: _Reader, address: str, *, too_soon: bool) -> LogEvent:
        if not found.known:
            return happened(self.ambient, caller, "fcpr", user_name=address, why=UNKNOWN)
        kind, why = ("fcpr", TOO_SOON) if too_soon else ("scpr", "")
        return happened(self.ambient, caller, kind, user_id=found.user.user_id, user_name=address, why=why)

    def _account(self, opened: Opened) -> Identity:
        account = account_of(opened.user, opened.ticket.account)
        if account is None:  # a good ticket has one
            raise missing()
        return account


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    """Who reads the mails at an address, and the last link they got there."""

    user: User
    account: Identity
    earlier: Ticket | None = None
    known: bool = True

    @classmethod
    def nobody(cls, connection: Connection, address: str, now: datetime) -> _Reader:
        """Give whoever has an address that nobody has."""
        user = nobody(connection, address, now)
        return cls(user=user, account=user.main, known=False)
