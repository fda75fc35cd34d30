"""One ticket as an item: what the store of tickets and every transaction that makes one share."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.tickets import Ticket
from chalicelib.storage import keys
from chalicelib.storage.logs import event_item
from chalicelib.storage.outbox import put_letter
from chalicelib.storage.table import Item

if TYPE_CHECKING:
    from chalicelib.core.tickets import Issue
    from chalicelib.storage.table import Table, Transaction


class TicketItem(Item):
    """One ticket as JSON text, and beside it the digest by which it is spent."""

    document = UnicodeAttribute()
    digest = UnicodeAttribute()


def put_ticket(transaction: Transaction, tenant: str, ticket: Ticket) -> Transaction:
    """Add a new ticket to the transaction of what it comes with; it takes the place of the one there was."""
    item = TicketItem.at(
        ticket_key(tenant, ticket.user_id, ticket.kind),
        document=msgspec.json.encode(ticket).decode(),
        digest=ticket.digest,
        expires_at=ceil(ticket.expires_at.timestamp()),
    )
    return transaction.put(item)


def put_issue(transaction: Transaction, table: Table, tenant: str, issue: Issue) -> Transaction:
    """Add a ticket with its letter and its event to a transaction."""
    put_ticket(transaction, tenant, issue.ticket)
    if issue.letter:
        put_letter(transaction, issue.letter)
    return transaction.put(event_item(table, tenant, issue.event))


def ticket_key(tenant: str, user_id: str, kind: str) -> keys.Key:
    """Where a ticket lies."""
    return keys.Key(keys.user(tenant, user_id), keys.TICKET + kind)


def decode_ticket(item: TicketItem) -> Ticket:
    """Make the ticket of an item."""
    return msgspec.json.decode(item.document, type=Ticket)
