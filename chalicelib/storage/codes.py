"""Authorization codes in the table, by the digest of their secret, and the marks of what was revoked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.core.errors import Gone
from chalicelib.core.oauth.codes import REMEMBERED, AuthorizationCode
from chalicelib.storage import keys
from chalicelib.storage.impersonation_items import demand_running
from chalicelib.storage.logs import copy_item, event_item
from chalicelib.storage.refresh_tokens import put_refresh_token
from chalicelib.storage.table import ABSENT, Item
from chalicelib.storage.users import UserItem, decode_user, in_generation, profile_key

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.oauth.codes import Exchange
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table, Transaction


class CodeItem(Item):
    """A code; `spent` is there once it was exchanged."""

    document = UnicodeAttribute()
    spent = BooleanAttribute(null=True)
    refresh_token_id = UnicodeAttribute(null=True)


class RevokedItem(Item):
    """A mark that the opaque tokens of a code are good for nothing."""


@dataclass(frozen=True, slots=True)
class CodeStore:
    """Reads and spends codes."""

    table: Table

    def find(self, tenant: str, digest: str) -> tuple[AuthorizationCode, bool] | None:
        """Read a code, and whether it is spent."""
        item = self.table.get(CodeItem, keys.one_time(tenant, digest, keys.CODE))
        if item is None:
            return None
        code = msgspec.json.decode(item.document, type=AuthorizationCode)
        return replace(code, refresh_token_id=item.refresh_token_id or ""), bool(item.spent)

    def spend(self, tenant: str, exchange: Exchange) -> None:
        """Spend it, write the refresh token and the event: one transaction, of any number of racers one wins."""
        code, token, impersonator = exchange.code, exchange.refresh_token, exchange.impersonator
        transaction = self.table.write().check(profile_key(tenant, code.user_id), *in_generation(exchange.user))
        actions = [CodeItem.spent.set(True)]
        if token is not None:
            actions.append(CodeItem.refresh_token_id.set(token.credential.id))
            put_refresh_token(transaction, tenant, token)
        item = CodeItem.at(keys.one_time(tenant, code.digest, keys.CODE))
        unspent = CodeItem.document.exists() & CodeItem.spent.does_not_exist()
        transaction.update(item, actions, unspent, Gone("The code is spent."))
        if code.impersonation and impersonator:
            demand_running(transaction, tenant, code.impersonation)
            transaction.check(profile_key(tenant, impersonator.user_id), *in_generation(impersonator))
            transaction.put(copy_item(self.table, tenant, exchange.event, impersonator.user_id))
        transaction.put(event_item(self.table, tenant, exchange.event)).commit()

    def revoke(self, tenant: str, code: AuthorizationCode, until: datetime, event: LogEvent) -> None:
        """Remove the refresh token of a code and mark its opaque access tokens."""
        transaction = self.table.write()
        if code.refresh_token_id:
            transaction.delete(keys.Key(keys.user(tenant, code.user_id), keys.DEVICE + code.refresh_token_id))
        mark = RevokedItem.at(revoked_key(tenant, code.user_id, code.grant_id), expires_at=ceil(until.timestamp()))
        transaction.put(mark).put(event_item(self.table, tenant, event)).commit()

    def with_user(self, tenant: str, user_id: str, grant_id: str) -> tuple[User | None, bool]:
        """Read a user, and whether what a code gave was ended, in one round trip."""
        user, mark = self.table.get_each(
            [(UserItem, profile_key(tenant, user_id)), (RevokedItem, revoked_key(tenant, user_id, grant_id))]
        )
        return decode_user(user) if user else None, mark is not None


def put_code(transaction: Transaction, tenant: str, code: AuthorizationCode) -> None:
    """Add the writing of a new code to a transaction."""
    item = CodeItem.at(
        keys.one_time(tenant, code.digest, keys.CODE),
        document=msgspec.json.encode(code).decode(),
        expires_at=ceil((code.created_at + REMEMBERED).timestamp()),
    )
    transaction.put(item, ABSENT)


def revoked_key(tenant: str, user_id: str, grant_id: str) -> keys.Key:
    """Where the mark lies that what came of a code was ended."""
    return keys.Key(keys.user(tenant, user_id), keys.REVOKED + grant_id)
