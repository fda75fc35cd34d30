"""Verification: somebody proves an address by opening a link that was sent there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.entities import retrying
from chalicelib.core.errors import Gone, Invalid
from chalicelib.core.jobs import PENDING, Job
from chalicelib.core.logs import happened
from chalicelib.core.sign_ins import name_of
from chalicelib.core.tickets import VERIFY_EMAIL, Issue, MailedIssue, Opened, Terms, Use
from chalicelib.core.users import Change, missing

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connection
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.identities import Identity
    from chalicelib.core.logs import LogEvent, LogStore
    from chalicelib.core.outbox import Outbox
    from chalicelib.core.tickets import AccountName, Tickets
    from chalicelib.core.users import User, UserStore


class Addresses(Protocol):
    """Where tenants keep addresses themselves."""

    def verify(self, caller: Caller, connection: Connection, email: str) -> None:
        """Tell that an address is proven."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Makes links that prove an address, and takes the proof."""

    tickets: Tickets
    users: UserStore
    connections: EntityStore[Connection]
    databases: Addresses
    outbox: Outbox
    logs: LogStore
    ambient: Ambient

    def ticket(self, caller: Caller, user_id: str, name: AccountName | None, terms: Terms) -> str:
        """Make a link for a program that brings it to the user itself. `name` None is the main account."""
        user, account = self._account(caller.tenant, user_id, name)
        self.tickets.demand_client(caller.tenant, terms.client_id)
        ticket, link = self.tickets.make(caller.tenant, VERIFY_EMAIL, user, account, terms)
        self.tickets.store.issue(caller.tenant, Issue(ticket=ticket, event=self._event(caller, "svr", user)))
        return link

    def send(self, caller: Caller, user_id: str, name: AccountName | None, client_id: str) -> Job:
        """Send the link by mail, and give the job that tells how it went."""
        user, account = self._account(caller.tenant, user_id, name)
        self.tickets.demand_client(caller.tenant, client_id)
        issue = self.prepare(caller, user, account, client_id=client_id)
        letter = replace(issue.letter, is_job=True)
        self.ask(caller, replace(issue, letter=letter))
        return letter.job(PENDING)

    def ask(self, caller: Caller, issue: MailedIssue) -> None:
        """Send a link that was prepared: one transaction."""
        self.tickets.store.issue(caller.tenant, issue)

    def prepare(
        self,
        caller: Caller,
        user: User,
        account: Identity,
        *,
        client_id: str = "",
        language: str = "",
        event: LogEvent | None = None,
        wanted: bool = True,
    ) -> MailedIssue:
        """Make the link for somebody who was read already, with its letter; `event` takes the place of ours."""
        ticket, link = self.tickets.make(caller.tenant, VERIFY_EMAIL, user, account, Terms(client_id=client_id))
        letter = self.outbox.note(
            caller,
            "verify_email",
            ticket.email,
            user=user,
            language=language,
            link=link,
            lifetime=ticket.expires_at - ticket.created_at,
            wanted=wanted,
        )
        return MailedIssue(ticket=ticket, letter=letter, event=event or self._event(caller, "svr", user))

    def open(self, caller: Caller, text: str) -> Opened:
        """Look at a link without using it."""
        return self.tickets.open(caller.tenant, VERIFY_EMAIL, text)

    def confirm(self, caller: Caller, text: str) -> Opened:
        """Use a link: the address is verified, once. A refusal is in the history."""
        try:
            return retrying(lambda: self._confirm(caller, text))
        except Gone as error:
            self.logs.record(caller.tenant, happened(self.ambient, caller, "fv", why=error.message))
            raise

    def _confirm(self, caller: Caller, text: str) -> Opened:
        opened = self.open(caller, text)
        verified = with_verified(opened.user, opened.ticket.account)
        connection = self.connections.recall(caller.tenant, opened.ticket.connection_id)
        if connection is not None and connection.asks_always:
            self.databases.verify(caller, connection, opened.ticket.email)
        change = Change(before=opened.user, after=replace(verified, updated_at=self.ambient.now()))
        event = self._event(caller, "sv", opened.user)
        self.tickets.store.spend(caller.tenant, Use(ticket=opened.ticket, change=change, event=event))
        return replace(opened, user=change.after)

    def _account(self, tenant: str, user_id: str, name: AccountName | None) -> tuple[User, Identity]:
        user = self.users.find(tenant, user_id)
        if user is None:
            raise missing()
        account = name.of(user) if name else user.main
        if account is None:
            raise Invalid("The user does not have this identity.", code="inexistent_identity")
        return user, account

    def _event(self, caller: Caller, kind: str, user: User) -> LogEvent:
        return happened(self.ambient, caller, kind, user_id=user.user_id, user_name=name_of(user))


def with_verified(user: User, account_id: str) -> User:
    """Give a user whose address at an account is verified: their own, or what a linked account brought."""
    if account_id == user.main.full_id:
        return replace(user, email_verified=True)
    identities = tuple(
        replace(each, profile={**(each.profile or {}), "email_verified": True}) if each.full_id == account_id else each
        for each in user.identities
    )
    return replace(user, identities=identities)
