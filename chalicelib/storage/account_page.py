"""What the account page reads and writes: below one user, so that no id reaches what is another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.account_page import Device, signed_out
from chalicelib.core.sessions import Session
from chalicelib.storage import keys
from chalicelib.storage.attempts import demand_below
from chalicelib.storage.device_credentials import credential_key, decode_credential
from chalicelib.storage.logs import event_item
from chalicelib.storage.refresh_tokens import RefreshTokenItem, decode_refresh_token
from chalicelib.storage.sessions import SessionItem, decode_session, put_session, session_key
from chalicelib.storage.table import MAX_TRANSACTION, PRESENT, batched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.account_page import Renewal
    from chalicelib.core.logs import LogEvent
    from chalicelib.storage.table import Table
    from chalicelib.storage.users import UserStore


@dataclass(frozen=True, slots=True)
class AccountPageStore:
    """Reads what lets a user in, and ends it."""

    table: Table
    users: UserStore

    def entrances(self, tenant: str, user_id: str) -> tuple[Sequence[Session], Sequence[Device]]:
        """Read every session and device of a user: two queries."""
        partition = keys.user(tenant, user_id)
        sessions = self.table.query(SessionItem, partition, prefix=keys.SESSION)
        devices = self.table.query(RefreshTokenItem, partition, prefix=keys.DEVICE)
        return [decode_session(item) for item in sessions], [_device(item) for item in devices]

    def device(self, tenant: str, user_id: str, device_id: str) -> Device | None:
        """Find one device of a user: one read."""
        key = keys.Key(keys.user(tenant, user_id), keys.DEVICE + keys.sorting(device_id))
        item = self.table.get(RefreshTokenItem, key)
        return _device(item) if item else None

    def end(self, tenant: str, ended: Sequence[tuple[Session | Device, LogEvent]]) -> None:
        """Remove some with their events, fifty in one transaction; a conflict if one of them is gone."""
        for part in batched(ended, MAX_TRANSACTION // 2):
            transaction = self.table.write()
            for each, event in part:
                transaction.delete(_key(tenant, each), PRESENT).put(event_item(self.table, tenant, event))
            transaction.commit()

    def renew(self, tenant: str, renewal: Renewal) -> None:
        """Write a change with the renewed session in one transaction; of those who do so at once one wins."""
        transaction, ended, now = self.users.begun(tenant, renewal.change), renewal.ended, self.table.now()
        transaction.delete(session_key(tenant, ended.user_id, ended.id), PRESENT, signed_out())
        put_session(transaction, tenant, renewal.session)
        for counter in renewal.counters:
            demand_below(transaction, tenant, counter, now)
        transaction.put(event_item(self.table, tenant, renewal.event)).commit()


def _device(item: RefreshTokenItem) -> Device:
    token = decode_refresh_token(item)
    if token is None:
        return Device(credential=decode_credential(item))
    return Device(credential=token.credential, session_id=token.session_id, generation=token.generation)


def _key(tenant: str, ended: Session | Device) -> keys.Key:
    if isinstance(ended, Session):
        return session_key(tenant, ended.user_id, ended.id)
    return credential_key(tenant, ended.credential)
