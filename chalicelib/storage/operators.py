"""Members of tenants in the table, and where each person is a member: with the person, so that it goes with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from chalicelib.core.errors import Conflict
from chalicelib.core.operators import Member, Memberships, no_person
from chalicelib.core.tenants import SYSTEM_TENANT
from chalicelib.storage import keys
from chalicelib.storage.documents import DocumentItem, Documents
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, PRESENT
from chalicelib.storage.users import UserItem, decode_user, profile_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.operators import Alteration
    from chalicelib.core.users import User
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.table import Table, Transaction


@dataclass(frozen=True, slots=True)
class OperatorStore:
    """Reads and writes members."""

    table: Table
    cache: Cache

    @property
    def documents(self) -> Documents[Member]:
        """The members as documents."""
        return Documents(self.table, self.cache, Member, keys.MEMBER, id_field="user_id", called="member")

    def find(self, tenant: str, user_id: str) -> Member | None:
        """Read a member of a tenant."""
        return self.documents.find(tenant, user_id)

    def walk(self, tenant: str, start_after: str | None = None) -> Iterator[Member]:
        """Read the members of a tenant in order of id, lazily."""
        return self.documents.walk(tenant, start_after)

    def memberships(self, user_id: str) -> Memberships:
        """Read where a person is a member: one read."""
        item = self.table.get(DocumentItem, keys.memberships(SYSTEM_TENANT, user_id))
        return decode_memberships(item) if item else Memberships(user_id=user_id)

    def people(self, user_ids: Sequence[str]) -> Mapping[str, User]:
        """Read the profiles of people: one batch of reads, none for nobody."""
        wanted = [profile_key(SYSTEM_TENANT, user_id) for user_id in user_ids]
        found = self.table.batch_get(UserItem, wanted) if wanted else []
        return {person.user_id: person for person in map(decode_user, found)}

    def alter(self, tenant: str, alteration: Alteration, event: LogEvent) -> None:
        """Write an alteration with its event in one transaction."""
        transaction = self.table.write()
        put_alteration(transaction, self.documents, tenant, alteration)
        transaction.put(event_item(self.table, tenant, event)).commit()


def put_alteration(transaction: Transaction, documents: Documents[Member], tenant: str, alteration: Alteration) -> None:
    """Add the writing of an alteration to a transaction."""
    member = alteration.member
    if alteration.newcomer:
        transaction.check(profile_key(SYSTEM_TENANT, member.user_id), PRESENT, no_person())
    if alteration.witness is not None:
        _demand_owner(transaction, documents, tenant, alteration.witness)
    if alteration.leaves:
        transaction.delete(documents.key(tenant, member.user_id), DocumentItem.version == member.version)
    else:
        condition = ABSENT if member.version == 0 else DocumentItem.version == member.version
        transaction.put(documents.item(tenant, member), condition)
    memberships = alteration.memberships
    condition = ABSENT if memberships.version == 0 else DocumentItem.version == memberships.version
    transaction.put(_memberships_item(memberships), condition)


def _demand_owner(transaction: Transaction, documents: Documents[Member], tenant: str, owner: Member) -> None:
    """Demand that somebody still is an owner, and there: of two who remove each other at once one stays."""
    changed = Conflict("The owners changed at this moment.", code="changed")
    transaction.check(documents.key(tenant, owner.user_id), DocumentItem.version == owner.version, changed)
    transaction.check(profile_key(SYSTEM_TENANT, owner.user_id), PRESENT, changed)


def decode_memberships(item: DocumentItem) -> Memberships:
    """Make the memberships of an item."""
    return replace(msgspec.json.decode(item.document, type=Memberships), version=int(item.version))


def _memberships_item(memberships: Memberships) -> DocumentItem:
    return DocumentItem.at(
        keys.memberships(SYSTEM_TENANT, memberships.user_id),
        document=msgspec.json.encode(memberships).decode(),
        version=memberships.version + 1,
    )
