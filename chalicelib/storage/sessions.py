"""Sessions in the table: with their user, found by id alone through the index by time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from math import ceil
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.core.ambient import milliseconds
from chalicelib.core.errors import Conflict
from chalicelib.core.sessions import Session
from chalicelib.storage import keys
from chalicelib.storage.logs import event_item
from chalicelib.storage.table import ABSENT, MAX_TRANSACTION, PRESENT, Item, batched
from chalicelib.storage.users import UserItem, decode_user, profile_key
from chalicelib.storage.work import finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.users import User
    from chalicelib.core.work import Work
    from chalicelib.storage.table import Table, Transaction


class OwnedItem(Item):
    """What a generation of a user owns: a session or a refresh token. A public key belongs to none."""

    generation = NumberAttribute(null=True)


class SessionItem(OwnedItem):
    """A session as it began; beside it what each use changes. Times in epoch milliseconds."""

    document = UnicodeAttribute()
    touched_at = NumberAttribute()
    idle_expires_at = NumberAttribute()
    clients = UnicodeSetAttribute(null=True)
    last_ip = UnicodeAttribute(null=True)
    last_user_agent = UnicodeAttribute(null=True)


@dataclass(frozen=True, slots=True)
class SessionStore:
    """Reads and ends sessions; a sign-in writes them."""

    table: Table

    def with_user(self, tenant: str, user_id: str, session_id: str) -> tuple[User | None, Session | None]:
        """Read a session and its user in one round trip."""
        user, session = self.table.get_each(
            [(UserItem, profile_key(tenant, user_id)), (SessionItem, session_key(tenant, user_id, session_id))]
        )
        return decode_user(user) if user else None, decode_session(session) if session else None

    def find(self, tenant: str, session_id: str) -> Session | None:
        """Find by id: one query of the index, one read."""
        found = self.table.query_by_time([keys.sessions_of(tenant)], where=Item.by_time_sk == session_id)
        items = self.table.batch_get(SessionItem, [key for _, key in found])
        return decode_session(items[0]) if items else None

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[Session]:
        """Read all of a user: one query."""
        for item in self.table.query(SessionItem, keys.user(tenant, user_id), prefix=keys.SESSION):
            yield decode_session(item)

    def end(self, tenant: str, session: Session, event: LogEvent) -> None:
        """Remove one with its event."""
        transaction = self.table.write().delete(session_key(tenant, session.user_id, session.id))
        transaction.put(event_item(self.table, tenant, event)).commit()

    def purge(self, work: Work, limit: int) -> bool:
        """Remove what belongs to generations of a user that are over, and the note when there is no more of it."""
        user = self.table.get(UserItem, profile_key(work.tenant, work.target))
        generation = int(user.generation) if user else 0
        partition = keys.user(work.tenant, work.target)
        items = chain(
            self.table.query(OwnedItem, partition, prefix=keys.SESSION, expired=True),
            self.table.query(OwnedItem, partition, prefix=keys.DEVICE, expired=True),
        )
        over = (item.key for item in items if item.generation is not None and item.generation < generation)
        found = list(islice(over, limit))
        for part in batched(found, MAX_TRANSACTION):
            transaction = self.table.write()
            for key in part:
                transaction.delete(key)
            transaction.commit()
        if len(found) == limit:
            return False
        finish(self.table, work)
        return True


def put_session(transaction: Transaction, tenant: str, session: Session) -> None:
    """Add a session to a transaction: a new one, or what a use changed of one that has not ended meanwhile."""
    if not session.stored:
        transaction.put(_item(tenant, session), ABSENT)
        return
    actions = [
        SessionItem.touched_at.set(milliseconds(session.touched_at)),
        SessionItem.idle_expires_at.set(milliseconds(session.idle_expires_at)),
        SessionItem.expires_at.set(_end(session)),
        SessionItem.last_ip.set(session.last_ip),
        SessionItem.last_user_agent.set(session.last_user_agent),
        SessionItem.clients.add(set(session.clients)),
    ]
    ended = Conflict("The session has ended.", code="session_ended")
    transaction.update(SessionItem.at(session_key(tenant, session.user_id, session.id)), actions, PRESENT, ended)


def _item(tenant: str, session: Session) -> SessionItem:
    return SessionItem.at(
        session_key(tenant, session.user_id, session.id),
        document=msgspec.json.encode(session).decode(),
        generation=session.generation,
        touched_at=milliseconds(session.touched_at),
        idle_expires_at=milliseconds(session.idle_expires_at),
        clients=set(session.clients) or None,
        last_ip=session.last_ip,
        last_user_agent=session.last_user_agent,
        expires_at=_end(session),
        by_time_pk=keys.sessions_of(tenant),
        by_time_sk=session.id,
    )


def decode_session(item: SessionItem) -> Session:
    """Make the session of an item."""
    return replace(
        msgspec.json.decode(item.document, type=Session),
        touched_at=datetime.fromtimestamp(item.touched_at / 1000, UTC),
        idle_expires_at=datetime.fromtimestamp(item.idle_expires_at / 1000, UTC),
        clients=tuple(sorted(item.clients or ())),
        last_ip=item.last_ip or "",
        last_user_agent=item.last_user_agent or "",
        stored=True,
    )


def _end(session: Session) -> int:
    return ceil(min(session.idle_expires_at, session.expires_at).timestamp())


def session_key(tenant: str, user_id: str, session_id: str) -> keys.Key:
    """Where a session lies."""
    return keys.Key(keys.user(tenant, user_id), keys.SESSION + session_id)
