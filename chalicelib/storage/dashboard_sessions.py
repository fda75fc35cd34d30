"""Sessions of the dashboard in the table: the secret of each, beside the browser's session that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.dashboard_sign_in import Held
from chalicelib.core.operators import Memberships
from chalicelib.core.tenants import SYSTEM_TENANT
from chalicelib.storage import keys
from chalicelib.storage.documents import DocumentItem
from chalicelib.storage.logs import event_item
from chalicelib.storage.operators import decode_memberships
from chalicelib.storage.sessions import SessionItem, decode_session, put_session, session_key
from chalicelib.storage.table import Item
from chalicelib.storage.users import UserItem, decode_user, profile_key

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.handles import Handle
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.sessions import Session
    from chalicelib.storage.table import Table


class DashboardItem(Item):
    """The digest of the secret in a browser's cookie."""

    secret_hash = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class DashboardSessionStore:
    """Reads and writes sessions of the dashboard."""

    table: Table

    def begin(self, handle: Handle, expires_at: datetime) -> None:
        """Write the session of a handle over an earlier one on the same browser's session."""
        key, end = _key(handle.user_id, handle.id), ceil(expires_at.timestamp())
        self.table.put(DashboardItem.at(key, secret_hash=handle.digest, expires_at=end))

    def held(self, user_id: str, session_id: str) -> Held:
        """Read the person, both sessions and the memberships: one batch of reads."""
        person, session, dashboard, memberships = self.table.get_each(
            [
                (UserItem, profile_key(SYSTEM_TENANT, user_id)),
                (SessionItem, session_key(SYSTEM_TENANT, user_id, keys.sorting(session_id))),
                (DashboardItem, _key(user_id, session_id)),
                (DocumentItem, keys.memberships(SYSTEM_TENANT, user_id)),
            ]
        )
        return Held(
            person=decode_user(person) if person else None,
            session=decode_session(session) if session else None,
            memberships=decode_memberships(memberships) if memberships else Memberships(user_id=user_id),
            secret_hash=dashboard.secret_hash if dashboard else "",
        )

    def touch(self, session: Session) -> None:
        """Write the use of a session; a conflict if it has ended."""
        transaction = self.table.write()
        put_session(transaction, SYSTEM_TENANT, session)
        transaction.commit()

    def end(self, session: Session, event: LogEvent) -> None:
        """Remove a session, and the dashboard's with it, with the event of it."""
        transaction = self.table.write().delete(session_key(SYSTEM_TENANT, session.user_id, session.id))
        transaction.delete(_key(session.user_id, session.id))
        transaction.put(event_item(self.table, SYSTEM_TENANT, event)).commit()


def _key(user_id: str, session_id: str) -> keys.Key:
    return keys.Key(keys.user(SYSTEM_TENANT, user_id), keys.DASHBOARD + keys.sorting(session_id))
