"""Sign-ins in the table: what a password needs is read in one round trip, what a success means is one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from chalicelib.core.ambient import milliseconds
from chalicelib.core.errors import Gone
from chalicelib.core.oauth.authorize import UNDER_WAY
from chalicelib.storage import keys
from chalicelib.storage.attempts import FailuresItem, counted, counter_key, demand_below
from chalicelib.storage.codes import put_code
from chalicelib.storage.logs import event_item
from chalicelib.storage.outbox import put_letter
from chalicelib.storage.refresh_tokens import put_refresh_token
from chalicelib.storage.sessions import put_session, session_key
from chalicelib.storage.table import ABSENT, PRESENT, Item
from chalicelib.storage.ticket_items import put_ticket
from chalicelib.storage.user_entries import no_longer_pending
from chalicelib.storage.users import LoginItem, UserItem, decode_login, encoded_places, in_generation, profile_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.core.attempts import Counter
    from chalicelib.core.identities import Login
    from chalicelib.core.sign_ins import SignIn
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table, Transaction


@dataclass(frozen=True, slots=True)
class SignInStore:
    """Reads what a sign-in needs and writes what it changes."""

    table: Table

    def look_up(
        self, tenant: str, connection_id: str, name: str, wanted: Sequence[Counter]
    ) -> tuple[Login | None, tuple[Counter, ...]]:
        """Read a sign-in name and its counters in one round trip."""
        login, *failures = self.table.get_each(
            [
                (LoginItem, keys.login(tenant, connection_id, name)),
                *((FailuresItem, counter_key(tenant, counter)) for counter in wanted),
            ]
        )
        found = tuple(counted(counter, item) for counter, item in zip(wanted, failures, strict=True))
        return decode_login(login) if login else None, found

    def write(self, tenant: str, sign_in: SignIn) -> None:
        """Write a sign-in in one transaction."""
        transaction = self.table.write()
        self._enter(transaction, tenant, sign_in)
        for counter in sign_in.counters:
            demand_below(transaction, tenant, counter, sign_in.at)
        if sign_in.session:
            put_session(transaction, tenant, sign_in.session)
        if sign_in.replaced:
            transaction.delete(session_key(tenant, sign_in.replaced.user_id, sign_in.replaced.id))
        if sign_in.code:
            put_code(transaction, tenant, sign_in.code)
        if sign_in.refresh_token:
            put_refresh_token(transaction, tenant, sign_in.refresh_token)
        if sign_in.ticket:
            put_ticket(transaction, tenant, sign_in.ticket)
        if sign_in.letter:
            put_letter(transaction, sign_in.letter)
        if sign_in.once:
            put_once(transaction, tenant, sign_in.once, sign_in.at)
        transaction.put(event_item(self.table, tenant, sign_in.event)).commit()

    def refuse_blocked(self, tenant: str, sign_in: SignIn) -> None:
        """Count the attempt of a blocked user with its event."""
        item = UserItem.at(profile_key(tenant, sign_in.user.user_id))
        transaction = self.table.write().update(item, _counted(sign_in), PRESENT)
        no_longer_pending(transaction, self.table, tenant, sign_in.user)
        transaction.put(event_item(self.table, tenant, sign_in.event)).commit()

    def _enter(self, transaction: Transaction, tenant: str, sign_in: SignIn) -> None:
        key = profile_key(tenant, sign_in.user.user_id)
        if sign_in.counted:
            condition, ended = in_generation(sign_in.user)
            actions = _counted(sign_in)
            if sign_in.places is not None:
                actions.append(UserItem.places.set(encoded_places(sign_in.places)))
                condition &= _places_of(sign_in.user)
            transaction.update(UserItem.at(key), actions, condition, ended)
            no_longer_pending(transaction, self.table, tenant, sign_in.user)
        else:
            transaction.check(key, *in_generation(sign_in.user))
        if sign_in.upgraded:
            login = sign_in.upgraded
            transaction.update(
                LoginItem.at(keys.login(tenant, login.connection_id, login.name)),
                [LoginItem.password_hash.set(login.password_hash)],
                LoginItem.user_id == login.user_id,
            )


def _places_of(user: User) -> Condition:
    """Demand that the known places are those that were read, so that none is lost and none is told of twice."""
    if not user.places:
        return UserItem.places.does_not_exist()
    same: Condition = UserItem.places == encoded_places(user.places)
    return same


def put_once(transaction: Transaction, tenant: str, digest: str, at: datetime) -> None:
    """Add to a transaction that something happened which happens once; kept as long as it could be tried again."""
    item = Item.at(keys.one_time(tenant, digest, keys.CONTINUED), expires_at=ceil((at + UNDER_WAY).timestamp()))
    transaction.put(item, ABSENT, Gone("It happened before."))


def _counted(sign_in: SignIn) -> list[Action]:
    return [
        UserItem.last_login.set(milliseconds(sign_in.at)),
        UserItem.last_ip.set(sign_in.ip),
        UserItem.logins_count.add(1),
    ]
