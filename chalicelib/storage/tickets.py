"""Tickets in the table: with their user, one of each kind, so that a newer one takes the place of the older."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.tickets import Ticket, spent
from chalicelib.storage import keys
from chalicelib.storage.attempts import forget
from chalicelib.storage.logs import event_item
from chalicelib.storage.outbox import put_letter
from chalicelib.storage.table import Item
from chalicelib.storage.users import UserItem, decode_user, profile_key

if TYPE_CHECKING:
    from chalicelib.core.tickets import Issue, Use
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table, Transaction
    from chalicelib.storage.users import UserStore


class TicketItem(Item):
    """One ticket as JSON text, and beside it the digest by which it is spent."""

    document = UnicodeAttribute()
    digest = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class TicketStore:
    """Reads, writes and spends tickets."""

    table: Table
    users: UserStore

    def with_user(self, tenant: str, user_id: str, kind: str) -> tuple[User | None, Ticket | None]:
        """Read a user and their ticket of a kind in one round trip."""
        user, ticket = self.table.get_each(
            [(UserItem, profile_key(tenant, user_id)), (TicketItem, _key(tenant, user_id, kind))]
        )
        return decode_user(user) if user else None, _decode(ticket) if ticket else None

    def issue(self, tenant: str, issue: Issue) -> None:
        """Write a ticket with its letter and its event in one transaction."""
        transaction = put_ticket(self.table.write(), tenant, issue.ticket)
        transaction.put(event_item(self.table, tenant, issue.event))
        if issue.letter:
            put_letter(transaction, issue.letter)
        transaction.commit()

    def spend(self, tenant: str, use: Use) -> None:
        """Remove a ticket, if it is this very one, with everything it does: of any number of racers one wins."""
        ticket = use.ticket
        transaction = self.users.begun(tenant, use.change) if use.change else self.table.write()
        transaction.delete(_key(tenant, ticket.user_id, ticket.kind), TicketItem.digest == ticket.digest, spent())
        transaction.put(event_item(self.table, tenant, use.event))
        forget(self.table, transaction, tenant, ticket.connection_id, use.forgiven)


def put_ticket(transaction: Transaction, tenant: str, ticket: Ticket) -> Transaction:
    """Add a new ticket to the transaction of what it comes with; it takes the place of the one there was."""
    item = TicketItem.at(
        _key(tenant, ticket.user_id, ticket.kind),
        document=msgspec.json.encode(ticket).decode(),
        digest=ticket.digest,
        expires_at=ceil(ticket.expires_at.timestamp()),
    )
    return transaction.put(item)


def _key(tenant: str, user_id: str, kind: str) -> keys.Key:
    return keys.Key(keys.user(tenant, user_id), keys.TICKET + kind)


def _decode(item: TicketItem) -> Ticket:
    return msgspec.json.decode(item.document, type=Ticket)
