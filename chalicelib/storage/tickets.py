"""Tickets in the table: with their user, one of each kind, so that a newer one takes the place of the older."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.tickets import spent
from chalicelib.storage.attempts import forget
from chalicelib.storage.logs import event_item
from chalicelib.storage.ticket_items import TicketItem, decode_ticket, put_issue, ticket_key
from chalicelib.storage.users import UserItem, decode_user, profile_key

if TYPE_CHECKING:
    from chalicelib.core.tickets import Issue, Ticket, Use
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table
    from chalicelib.storage.users import UserStore


@dataclass(frozen=True, slots=True)
class TicketStore:
    """Reads, writes and spends tickets."""

    table: Table
    users: UserStore

    def with_user(self, tenant: str, user_id: str, kind: str) -> tuple[User | None, Ticket | None]:
        """Read a user and their ticket of a kind in one round trip."""
        user, ticket = self.table.get_each(
            [(UserItem, profile_key(tenant, user_id)), (TicketItem, ticket_key(tenant, user_id, kind))]
        )
        return decode_user(user) if user else None, decode_ticket(ticket) if ticket else None

    def issue(self, tenant: str, issue: Issue) -> None:
        """Write a ticket with its letter and its event in one transaction."""
        put_issue(self.table.write(), self.table, tenant, issue).commit()

    def spend(self, tenant: str, use: Use) -> None:
        """Remove a ticket, if it is this very one, with everything it does: of any number of racers one wins."""
        ticket = use.ticket
        transaction = self.users.begun(tenant, use.change) if use.change else self.table.write()
        transaction.delete(ticket_key(tenant, ticket.user_id, ticket.kind), TicketItem.digest == ticket.digest, spent())
        transaction.put(event_item(self.table, tenant, use.event))
        forget(self.table, transaction, tenant, ticket.connection_id, use.forgiven)
