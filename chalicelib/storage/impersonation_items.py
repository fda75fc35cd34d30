"""The items of an impersonation link, and what the writes of others demand of one.

The link lies by the digest of its secret and holds what becomes of it. Two more items lead to it: one with its user, by
id, and one among those that expire, as long as it is pending.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import Conflict, Gone
from chalicelib.core.impersonation import KEPT_FOR, PENDING, USED, Due, ImpersonationLink
from chalicelib.storage import keys
from chalicelib.storage.logs import copy_item, event_item
from chalicelib.storage.table import Item

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

    from chalicelib.core.impersonation import Impersonation
    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.table import Table, Transaction


class LinkItem(Item):
    """A link as it was made, as JSON text; beside it what becomes of it. Times in epoch milliseconds."""

    document = UnicodeAttribute()
    state = UnicodeAttribute()
    used_at = NumberAttribute(null=True)
    ends_at = NumberAttribute(null=True)
    ended_at = NumberAttribute(null=True)
    answer_hash = UnicodeAttribute(null=True)


class LinkOfUserItem(Item):
    """Where the link of an id lies."""

    digest = UnicodeAttribute()


class PendingLinkItem(Item):
    """A link that was not used yet, with all that its expiry needs."""

    tenant = UnicodeAttribute()
    document = UnicodeAttribute()


def link_key(tenant: str, digest: str) -> keys.Key:
    """Where a link lies."""
    return keys.one_time(tenant, digest, keys.LINK)


def put_link(transaction: Transaction, tenant: str, link: ImpersonationLink, condition: Condition) -> None:
    """Add the three items of a new link to a transaction."""
    document, kept_until = msgspec.json.encode(link).decode(), ceil((link.expires_at + KEPT_FOR).timestamp())
    key = link_key(tenant, link.digest)
    transaction.put(LinkItem.at(key, document=document, state=PENDING, expires_at=kept_until), condition)
    by_id = keys.impersonation(tenant, link.user_id, link.id)
    transaction.put(LinkOfUserItem.at(by_id, digest=link.digest, expires_at=kept_until))
    pending = keys.pending_link(tenant, link.digest, link.expires_at)
    transaction.put(PendingLinkItem.at(pending, tenant=tenant, document=document))


def change_link(
    transaction: Transaction, tenant: str, link: ImpersonationLink, expected: str, **changes: str | int
) -> None:
    """Add a change of state to a transaction, over exactly the state that was read: Gone if it has another.

    What is pending no more leaves the list of those that expire.
    """
    actions = [getattr(LinkItem, name).set(value) for name, value in changes.items()]
    gone = Gone("The link is used, or over.")
    transaction.update(LinkItem.at(link_key(tenant, link.digest)), actions, LinkItem.state == expected, gone)
    if expected == PENDING:
        transaction.delete(keys.pending_link(tenant, link.digest, link.expires_at))


def put_events(
    transaction: Transaction, table: Table, tenant: str, event: LogEvent, impersonator_id: str
) -> Transaction:
    """Add an event to the histories of both people, once if they are one."""
    transaction.put(event_item(table, tenant, event))
    return (
        transaction
        if event.user_id == impersonator_id
        else transaction.put(copy_item(table, tenant, event, impersonator_id))
    )


def demand_running(transaction: Transaction, tenant: str, impersonation: Impersonation) -> None:
    """Demand that nobody ended an impersonation."""
    running = LinkItem.state == USED
    ended = Conflict("The impersonation has ended.", code="impersonation_ended")
    transaction.check(link_key(tenant, impersonation.digest), running, ended)


def decode_link(item: LinkItem) -> ImpersonationLink:
    """Make the link of an item."""
    return replace(
        msgspec.json.decode(item.document, type=ImpersonationLink),
        state=item.state,
        used_at=_moment(item.used_at),
        ends_at=_moment(item.ends_at),
        ended_at=_moment(item.ended_at),
        answer_hash=item.answer_hash or "",
    )


def decode_due(item: PendingLinkItem) -> Due:
    """Make the pending link of an item."""
    return Due(tenant=item.tenant, link=msgspec.json.decode(item.document, type=ImpersonationLink))


def _moment(epoch_milliseconds: float | None) -> datetime | None:
    return None if epoch_milliseconds is None else datetime.fromtimestamp(epoch_milliseconds / 1000, UTC)
