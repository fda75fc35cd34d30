"""Impersonation links in the table: made, read with all they depend on, and spent by one conditional write."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from chalicelib.core.ambient import milliseconds
from chalicelib.core.client_grants import id_of as grant_id_of
from chalicelib.core.errors import Gone
from chalicelib.core.impersonation import EXPIRED, PENDING, USED, Circumstances, Standing
from chalicelib.storage import keys
from chalicelib.storage.codes import RevokedItem, put_code, revoked_key
from chalicelib.storage.documents import DocumentItem
from chalicelib.storage.impersonation_items import (
    LinkItem,
    LinkOfUserItem,
    PendingLinkItem,
    change_link,
    decode_due,
    decode_link,
    link_key,
    put_events,
    put_link,
)
from chalicelib.storage.logs import copy_item, event_item
from chalicelib.storage.outbox import put_letter
from chalicelib.storage.table import ABSENT, batched
from chalicelib.storage.users import UserItem, decode_user, in_generation, profile_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from chalicelib.core.client_grants import ClientGrant
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.impersonation import Due, Impersonation, ImpersonationLink, Redeemed
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.users import User
    from chalicelib.storage.documents import Documents
    from chalicelib.storage.table import Table, Transaction

_LISTED = 25
"""Links in one round trip of a list."""


@dataclass(frozen=True, slots=True)
class ImpersonationStore:
    """Reads and writes links."""

    table: Table
    clients: Documents[Client]
    client_grants: Documents[ClientGrant]
    connections: Documents[Connection]

    def people(self, tenant: str, user_id: str, impersonator_id: str) -> tuple[User | None, User | None]:
        """Read both profiles in one round trip; once where both are one."""
        wanted = dict.fromkeys([profile_key(tenant, user_id), profile_key(tenant, impersonator_id)])
        found = self.table.get_each([(UserItem, key) for key in wanted])
        user, impersonator = found[0], found[-1]
        return decode_user(user) if user else None, decode_user(impersonator) if impersonator else None

    def make(self, tenant: str, link: ImpersonationLink, people: tuple[User, User], event: LogEvent) -> None:
        """Write a link in one transaction."""
        transaction = self._between(tenant, *people)
        put_link(transaction, tenant, link, ABSENT)
        put_events(transaction, self.table, tenant, event, link.impersonator_id).commit()

    def find(self, tenant: str, digest: str) -> ImpersonationLink | None:
        """Find one by the digest of its secret: one read."""
        item = self.table.get(LinkItem, link_key(tenant, digest))
        return decode_link(item) if item else None

    def find_for_user(self, tenant: str, user_id: str, link_id: str) -> ImpersonationLink | None:
        """Find one of a user by its id: two reads."""
        by_id = self.table.get(LinkOfUserItem, keys.impersonation(tenant, user_id, link_id))
        return self.find(tenant, by_id.digest) if by_id else None

    def walk_for_user(self, tenant: str, user_id: str, start_after: str | None) -> Iterator[ImpersonationLink]:
        """Read those of a user, the newest first: one query and one batch of reads for 25."""
        after = keys.impersonation(tenant, user_id, start_after).sk if start_after else None
        found = self.table.query(
            LinkOfUserItem,
            keys.user(tenant, user_id),
            prefix=keys.IMPERSONATION,
            after=after,
            newest_first=True,
            page_size=_LISTED,
        )
        return chain.from_iterable(
            map(decode_link, self.table.batch_get(LinkItem, [link_key(tenant, item.digest) for item in batch]))
            for batch in batched(found, _LISTED)
        )

    def circumstances(self, tenant: str, link: ImpersonationLink, audience: str) -> Circumstances:
        """Read what the use of a link depends on in one round trip, past every cache."""
        user, impersonator, client, connection, issuer, grant = self.table.get_each(
            [
                (UserItem, profile_key(tenant, link.user_id)),
                (UserItem, profile_key(tenant, link.impersonator_id)),
                (DocumentItem, self.clients.key(tenant, link.client_id)),
                (DocumentItem, self.connections.key(tenant, link.connection_id)),
                (DocumentItem, self.clients.key(tenant, link.issuer)),
                (DocumentItem, self.client_grants.key(tenant, grant_id_of(link.issuer, audience))),
            ]
        )
        return Circumstances(
            user=decode_user(user) if user else None,
            impersonator=decode_user(impersonator) if impersonator else None,
            client=self.clients.decode(client) if client else None,
            connection=self.connections.decode(connection) if connection else None,
            issuer=self.clients.decode(issuer) if issuer else None,
            grant=self.client_grants.decode(grant) if grant else None,
        )

    def spend(self, tenant: str, redeemed: Redeemed) -> None:
        """Spend it in one transaction: of any number of racers one wins."""
        link = redeemed.link
        changes: dict[str, str | int] = {
            "state": USED,
            "used_at": milliseconds(redeemed.used_at),
            "ends_at": milliseconds(redeemed.ends_at),
        }
        if redeemed.answer_hash:
            changes["answer_hash"] = redeemed.answer_hash
        transaction = self._between(tenant, redeemed.user, redeemed.impersonator)
        change_link(transaction, tenant, link, PENDING, **changes)
        self._commit(transaction, tenant, redeemed)

    def answer(self, tenant: str, redeemed: Redeemed) -> None:
        """Answer the browser that spent it, in one transaction: once."""
        link = redeemed.link
        waiting = (LinkItem.state == USED) & (LinkItem.answer_hash == link.answer_hash)
        transaction = self._between(tenant, redeemed.user, redeemed.impersonator)
        item = LinkItem.at(link_key(tenant, link.digest))
        transaction.update(item, [LinkItem.answer_hash.remove()], waiting, Gone("It was answered, or has ended."))
        self._commit(transaction, tenant, redeemed)

    def close(self, tenant: str, link: ImpersonationLink, state: str, at: datetime, event: LogEvent) -> None:
        """Revoke or end it in one transaction."""
        transaction = self.table.write()
        change_link(transaction, tenant, link, link.state, state=state, ended_at=milliseconds(at))
        put_events(transaction, self.table, tenant, event, link.impersonator_id).commit()

    def refuse(self, tenant: str, link: ImpersonationLink, event: LogEvent, *, gone: frozenset[str]) -> None:
        """Write a refusal into the histories of those who still have one."""
        transaction = self.table.write()
        transaction.put(event_item(self.table, tenant, event, with_user=link.user_id not in gone))
        if link.impersonator_id not in {*gone, link.user_id}:
            transaction.put(copy_item(self.table, tenant, event, link.impersonator_id))
        transaction.commit()

    def standing(self, tenant: str, user_id: str, impersonation: Impersonation, grant_id: str) -> Standing:
        """Read what decides whether a token is still good in one round trip."""
        user, impersonator, link, mark = self.table.get_each(
            [
                (UserItem, profile_key(tenant, user_id)),
                (UserItem, profile_key(tenant, impersonation.impersonator_id)),
                (LinkItem, link_key(tenant, impersonation.digest)),
                (RevokedItem, revoked_key(tenant, user_id, grant_id)),
            ]
        )
        return Standing(
            user=decode_user(user) if user else None,
            impersonator=decode_user(impersonator) if impersonator else None,
            link=decode_link(link) if link else None,
            revoked=mark is not None,
        )

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Give the pending links whose time is over: one query, or one for each thousand."""
        after_now = f"{milliseconds(now) + 1:013d}"
        found = self.table.query(PendingLinkItem, keys.PENDING_LINKS, before=after_now, page_size=limit)
        return [decode_due(item) for item in islice(found, limit)]

    def expire(self, over: Sequence[tuple[Due, LogEvent]]) -> None:
        """Mark up to 25 links as expired in one transaction: four items each, of the hundred there may be."""
        transaction = self.table.write()
        for due, event in over:
            change_link(transaction, due.tenant, due.link, PENDING, state=EXPIRED)
            put_events(transaction, self.table, due.tenant, event, due.link.impersonator_id)
        transaction.commit()

    def forget(self, due: Due) -> None:
        """Take a link from the list of those that expire; doing it twice is doing it once."""
        self.table.write().delete(keys.pending_link(due.tenant, due.link.digest, due.link.expires_at)).commit()

    def _between(self, tenant: str, user: User, impersonator: User) -> Transaction:
        """Begin a write that demands that both people are as they were read."""
        transaction = self.table.write().check(profile_key(tenant, user.user_id), *in_generation(user))
        return transaction.check(profile_key(tenant, impersonator.user_id), *in_generation(impersonator))

    def _commit(self, transaction: Transaction, tenant: str, redeemed: Redeemed) -> None:
        if redeemed.code:
            put_code(transaction, tenant, redeemed.code)
        if redeemed.letter:
            put_letter(transaction, redeemed.letter)
        put_events(transaction, self.table, tenant, redeemed.event, redeemed.impersonator.user_id).commit()
