"""Tickets: one-time links that are sent to people or handed to programs, and what such a link may do once.

A link is a handle: it says whose it is and of which kind, and proves it by a secret of which only the digest is kept
(S11). A user has one ticket of a kind at a time, so a newer one ends the older. It is spent by one conditional write,
together with what it does. Opening a link changes nothing: mail scanners and browsers open links too (S20, S41).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from chalicelib.core.errors import Gone, Invalid
from chalicelib.core.handles import SECRET_CHARACTERS, Handle, digest, parse
from chalicelib.core.identities import Identity
from chalicelib.core.users import User

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.outbox import Waiting
    from chalicelib.core.users import Change

VERIFY_EMAIL, CHANGE_PASSWORD, UNBLOCK = "verify-email", "change-password", "unblock"
PAGES = {VERIFY_EMAIL: "u/verify-email", CHANGE_PASSWORD: "u/reset-password", UNBLOCK: "u/unblock"}
DEFAULT_LIFETIME = timedelta(seconds=432_000)
"""Of a link whose maker says nothing: Auth0's 5 days."""
LONGEST_LIFETIME = timedelta(days=30)
RESET_LIFETIME = timedelta(hours=24)
"""Of a link that somebody asked for who only knows an address (NIST SP 800-63B-4, 4.2.1.2)."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """One link. `email` is the address it was made for: a changed one voids it, as a changed password does.

    `account` is the identity it is about, `provider|id`. `in_a_row` counts the links of a kind that were made while
    the one before was still good.
    """

    kind: str
    user_id: str
    digest: str
    email: str
    account: str
    connection_id: str
    created_at: datetime
    expires_at: datetime
    client_id: str = ""
    result_url: str = ""
    email_in_redirect: bool = False
    marks_verified: bool = False
    password_set_at: datetime | None = None
    in_a_row: int = 1

    def good(self, user: User, now: datetime) -> bool:
        """Whether it may still be used: not expired, and what it was made for has not changed."""
        account = account_of(user, self.account)
        unchanged = account is not None and address_of(user, account) == self.email
        current = self.kind != CHANGE_PASSWORD or self.password_set_at == user.last_password_reset
        return now < self.expires_at and unchanged and current

    def may_follow(self, now: datetime) -> bool:
        """Whether a stranger may have another one made now: a minute after the first, twice as long after each."""
        pause = min(_SHORTEST_PAUSE * (1 << min(self.in_a_row, 10) - 1), _LONGEST_PAUSE)
        return now >= min(self.created_at + pause, self.expires_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountName:
    """Which account of a user is meant, by its `provider|id`, and at which connection, if that is said."""

    full_id: str
    connection_id: str = ""

    def of(self, user: User) -> Identity | None:
        """Find the account, if the user has it there."""
        account = account_of(user, self.full_id)
        return account if account and self.connection_id in {"", account.connection_id} else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What whoever asks for a link may choose. `client_id` and `result_url` say where to go on after it was used."""

    lifetime: timedelta = DEFAULT_LIFETIME
    client_id: str = ""
    result_url: str = ""
    email_in_redirect: bool = False
    marks_verified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """What is written together when a link is made. `letter` is the mail it is in, if it goes by mail."""

    ticket: Ticket
    event: LogEvent
    letter: Waiting | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MailedIssue(Issue):
    """A link that goes by mail."""

    letter: Waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What is written together when a link is used: its end, and what it does.

    `forgiven` are the names, at the ticket's connection, whose failed attempts are forgotten.
    """

    ticket: Ticket
    event: LogEvent
    change: Change | None = None
    forgiven: tuple[str, ...] = ()


class TicketStore(Protocol):
    """Where tickets lie: with their user, one of each kind."""

    def with_user(self, tenant: str, user_id: str, kind: str) -> tuple[User | None, Ticket | None]:
        """Read a user and their ticket of a kind together."""

    def issue(self, tenant: str, issue: Issue) -> None:
        """Write a ticket over the one there was, with its letter and its event."""

    def spend(self, tenant: str, use: Use) -> None:
        """Use it with one conditional write; Gone if it is used or replaced, a conflict if its user changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A link that is good, whose it is, and the client it goes on to, if any."""

    ticket: Ticket
    user: User
    client: Client | None


@dataclass(frozen=True, slots=True)
class Tickets:
    """Makes links and opens them. What they do is said where it is done."""

    store: TicketStore
    clients: EntityStore[Client]
    hosts: Hosts
    ambient: Ambient

    def make(
        self, tenant: str, kind: str, user: User, account: Identity, terms: Terms, earlier: Ticket | None = None
    ) -> tuple[Ticket, str]:
        """Make a ticket that is not stored yet, and its link."""
        address = address_of(user, account)
        if address is None:
            raise Invalid("The user does not have an email address.", code="operation_not_supported")
        now = self.ambient.now()
        handle = Handle(user.user_id, kind, self.ambient.new_secret(SECRET_CHARACTERS))
        ticket = Ticket(
            kind=kind,
            user_id=user.user_id,
            digest=handle.digest,
            email=address,
            account=account.full_id,
            connection_id=account.connection_id,
            created_at=now,
            expires_at=now + terms.lifetime,
            client_id=terms.client_id,
            result_url=terms.result_url,
            email_in_redirect=terms.email_in_redirect,
            marks_verified=terms.marks_verified,
            password_set_at=user.last_password_reset,
            in_a_row=earlier.in_a_row + 1 if earlier and earlier.good(user, now) else 1,
        )
        link = f"{self.hosts.issuer(tenant)}{PAGES[kind]}?{urlencode({'ticket': str(handle)})}"
        return ticket, link

    def open(self, tenant: str, kind: str, text: str) -> Opened:
        """Look at a link without using it; Gone, in words that tell nothing, if it is good for nothing."""
        handle = parse(text)
        if handle is None or handle.id != kind:
            raise spent()
        user, ticket = self.store.with_user(tenant, handle.user_id, kind)
        if user is None or ticket is None or not handle.proves(ticket.digest):
            raise spent()
        if not ticket.good(user, self.ambient.now()):
            raise spent()
        client = self.clients.recall(tenant, ticket.client_id) if ticket.client_id else None
        return Opened(ticket=ticket, user=user, client=client)

    def demand_client(self, tenant: str, client_id: str) -> None:
        """Refuse a link that would go on to a client there is not."""
        if client_id and self.clients.recall(tenant, client_id) is None:
            raise Invalid("The client does not exist.", code="inexistent_client")


def spent() -> Gone:
    """Say that a link is good for nothing: used, expired, replaced or never ours; the words do not tell which."""
    return Gone("This link no longer works.", code="expired_ticket")


def account_of(user: User, full_id: str) -> Identity | None:
    """Find an account of a user by its `provider|id`."""
    return next((identity for identity in user.identities if identity.full_id == full_id), None)


def address_of(user: User, account: Identity) -> str | None:
    """Give the address of an account: the user's own, or what a linked one brought."""
    if account == user.main:
        return user.email
    address = (account.profile or {}).get("email")
    return address if isinstance(address, str) else None


def nobody(connection: Connection, name: str, now: datetime) -> User:
    """Give a user there is not, by the name that was asked for.

    What is read and written for them costs what it costs for somebody, so that time does not tell (S7). Their id has a
    form that no user's can have.
    """
    identity = Identity(
        connection=connection.name, connection_id=connection.id, provider="nobody", user_id=digest(name)[:24]
    )
    return User(user_id=identity.full_id, identities=(identity,), created_at=now, updated_at=now, email=name)
