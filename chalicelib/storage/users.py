"""Users in the table: a profile, the sign-in names and outside accounts that lead to it, what the deleted left.

A profile's document is what the Management API writes; counters of sign-ins lie beside it, so that a sign-in does not
meet a change of the profile, and no index contains them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.connections import no_connection
from chalicelib.core.errors import Conflict, Gone
from chalicelib.core.identities import Identity, Login, PasswordHistory
from chalicelib.core.places import KnownPlace
from chalicelib.core.users import User, taken
from chalicelib.core.work import GENERATION, USER, id_of
from chalicelib.storage import keys
from chalicelib.storage.documents import DocumentItem
from chalicelib.storage.encoding import brief
from chalicelib.storage.logs import LogItem, event_item, trace_item
from chalicelib.storage.outbox import put_letter
from chalicelib.storage.table import ABSENT, MAX_TRANSACTION, PRESENT, Item, batched
from chalicelib.storage.ticket_items import put_issue
from chalicelib.storage.user_entries import move_entries, put_entries, remove_entries, shard_of
from chalicelib.storage.work import finish, genuine, work_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.expressions.condition import Condition

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.tickets import Issue
    from chalicelib.core.users import Change
    from chalicelib.core.work import Work
    from chalicelib.storage.table import Table, Transaction


class UserItem(Item):
    """A profile. `last_login` is in epoch milliseconds; `places` are words such as `0123456789ab:20513`."""

    document = UnicodeAttribute()
    version = NumberAttribute()
    blocked = BooleanAttribute()
    generation = NumberAttribute(default=0)
    logins_count = NumberAttribute(default=0)
    last_login = NumberAttribute(null=True)
    last_ip = UnicodeAttribute(null=True)
    places = UnicodeAttribute(null=True)
    listed_in = NumberAttribute(null=True)


class LoginItem(Item):
    """A sign-in name: one read finds who signs in and what the password must match."""

    connection_id = UnicodeAttribute()
    name = UnicodeAttribute()
    user_id = UnicodeAttribute()
    identity_id = UnicodeAttribute()
    password_hash = UnicodeAttribute()


class IdentityItem(Item):
    """An outside account: whose it is."""

    user_id = UnicodeAttribute()


class LinkedItem(Item):
    """Stands in the place of a profile whose account was linked: whose it is now."""

    user_id = UnicodeAttribute()


class PasswordHistoryItem(Item):
    """Hashes of earlier passwords of an account."""

    document = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class UserStore:
    """Reads and writes users."""

    table: Table

    def find(self, tenant: str, user_id: str) -> User | None:
        """Read a profile."""
        item = self.table.get(UserItem, profile_key(tenant, user_id))
        return decode_user(item) if item else None

    def with_email(self, tenant: str, email: str) -> Sequence[User]:
        """Find by address: one query and one batch of reads. The index may lag, so what was read decides."""
        found = self.table.query_by_email(keys.by_email(tenant, email))
        return [user for user in self._read(found) if user.email == email]

    def owners(self, tenant: str, connection_id: str, limit: int) -> Sequence[str]:
        """Give the ids of the users of the oldest accounts at a connection."""
        found = self.table.query_by_time([keys.accounts_of(tenant, connection_id)], page_size=limit)
        items = self.table.batch_get(IdentityItem, [key for _, key in islice(found, limit)])
        return list(dict.fromkeys(item.user_id for item in items))

    def login(self, tenant: str, connection_id: str, name: str) -> Login | None:
        """Find who signs in by a name: one read."""
        item = self.table.get(LoginItem, keys.login(tenant, connection_id, name))
        return decode_login(item) if item else None

    def logins(self, tenant: str, connection_ids: Sequence[str], name: str) -> Sequence[Login]:
        """Find who signs in by a name at several connections: one read of a hundred."""
        wanted = [keys.login(tenant, connection_id, name) for connection_id in connection_ids]
        return [decode_login(item) for item in self.table.batch_get(LoginItem, wanted)]

    def password_history(self, tenant: str, identity_id: str, connection_id: str) -> PasswordHistory | None:
        """Read the earlier passwords of an account, by its own id."""
        item = self.table.get(PasswordHistoryItem, _history_key(tenant, identity_id, connection_id))
        return msgspec.json.decode(item.document, type=PasswordHistory) if item else None

    def create(
        self,
        tenant: str,
        user: User,
        logins: Sequence[Login],
        history: PasswordHistory | None,
        event: LogEvent,
        issue: Issue | None = None,
    ) -> None:
        """Write a new user in one transaction, with conditions on its connection and on every name it takes."""
        deleting = Conflict("A user with this id is being deleted. Try again shortly.", code="deletion_pending")
        work_key = keys.work(tenant, id_of(USER, user.user_id))
        connection_key = keys.entity(tenant, keys.CONNECTION, user.main.connection_id)
        transaction = self.table.write().check(work_key, ABSENT, deleting)
        transaction.check(connection_key, PRESENT, no_connection())
        transaction.put(self._item(tenant, user), ABSENT, taken())
        # User names first, so that one that is taken is told of whether or not the address is taken too.
        for login in reversed(logins):
            transaction.put(_login_item(tenant, user, login), ABSENT, taken(login, user))
        _guard(transaction, tenant, user)
        put_entries(transaction, tenant, user, shard_of(self.table, user))
        if history is not None:
            _put_history(transaction, tenant, user.user_id, history)
        transaction.put(event_item(self.table, tenant, event))
        if issue is not None:
            put_issue(transaction, self.table, tenant, issue)
        transaction.commit()

    def change(self, tenant: str, change: Change, event: LogEvent) -> None:
        """Write a change in one transaction."""
        self.begun(tenant, change).put(event_item(self.table, tenant, event)).commit()

    def begun(self, tenant: str, change: Change) -> Transaction:
        """Begin the transaction of a change, without its event."""
        transaction = self._updated(tenant, change)
        for login in change.given_up:
            transaction.delete(keys.login(tenant, login.connection_id, login.name), PRESENT)
        for login in change.taken:
            transaction.put(_login_item(tenant, change.after, login), ABSENT, taken())
        for login in change.passwords:
            transaction.update(
                LoginItem.at(keys.login(tenant, login.connection_id, login.name)),
                [LoginItem.password_hash.set(login.password_hash)],
                LoginItem.user_id == login.user_id,
            )
        for work in change.works:
            transaction.put(work_item(self.table, work))
        for letter in change.letters:
            put_letter(transaction, letter)
        if change.history is not None:
            _put_history(transaction, tenant, change.passwords[0].identity_id, change.history)
        return transaction

    def link(self, tenant: str, change: Change, secondary: User, event: LogEvent) -> None:
        """Move the accounts of `secondary` to the user and remove its profile, in one transaction."""
        transaction = self._updated(tenant, change)
        key = profile_key(tenant, secondary.user_id)
        transaction.delete(key, UserItem.version == secondary.version)
        remove_entries(transaction, tenant, secondary)
        owner = change.after.user_id
        self._move(transaction, tenant, secondary.main, secondary.user_id, owner)
        transaction.put(LinkedItem.at(keys.linked(tenant, secondary.user_id), user_id=owner), ABSENT)
        transaction.put(event_item(self.table, tenant, event)).commit()

    def unlink(self, tenant: str, change: Change, freed: User, event: LogEvent) -> None:
        """Move one account from the user to a profile of its own, in one transaction."""
        transaction = self._updated(tenant, change)
        transaction.put(self._item(tenant, freed), ABSENT, taken())
        put_entries(transaction, tenant, freed, shard_of(self.table, freed))
        self._move(transaction, tenant, freed.main, change.before.user_id, freed.user_id)
        transaction.delete(keys.linked(tenant, freed.user_id), PRESENT)
        transaction.put(event_item(self.table, tenant, event)).commit()

    def retire(self, tenant: str, user: User, works: Sequence[Work], event: LogEvent) -> None:
        """Remove the profile and every name of it in one transaction, and note what is left."""
        profile = profile_key(tenant, user.user_id)
        transaction = self.table.write().delete(profile, UserItem.version == user.version)
        remove_entries(transaction, tenant, user)
        for identity in user.identities:
            for name in identity.names:
                transaction.delete(keys.login(tenant, identity.connection_id, name))
            if not identity.names:
                transaction.delete(_identity_key(tenant, identity))
        for identity in user.identities[1:]:
            transaction.delete(keys.linked(tenant, identity.full_id))
        for work in works:
            transaction.put(work_item(self.table, work))
        # What was to be removed of earlier generations is removed with everything else.
        transaction.delete(keys.work(tenant, id_of(GENERATION, user.user_id)))
        transaction.put(event_item(self.table, tenant, event, with_user=False)).commit()

    def purge(self, work: Work, limit: int) -> bool:
        """Remove up to `limit` items of a deleted user, and the note when there are no more.

        Each transaction demands that the note is still there: a sweep that comes late, when another has finished and
        the user id is in use again, removes nothing. An event leaves a trace, so that it is known to be gone with its
        user, unless the note is not ours.
        """
        partition = keys.user(work.tenant, work.target)
        found = list(islice(self.table.query(LogItem, partition, expired=True), limit))
        traced = genuine(self.table, work)
        try:
            if any(item.sk == keys.MEMBERSHIPS for item in found):
                self._leave_tenants(work)
            for part in batched(found, (MAX_TRANSACTION - 1) // 2):
                self._remove(work, part, traced=traced)
        except Gone:
            return True
        if len(found) == limit:
            return False
        finish(self.table, work)
        return True

    def _leave_tenants(self, work: Work) -> None:
        """Let a deleted person of the dashboard be a member nowhere, before what says where they are goes too."""
        item = self.table.get(DocumentItem, keys.memberships(work.tenant, work.target))
        tenants = msgspec.json.decode(item.document)["roles"] if item else {}
        for part in batched(tenants, MAX_TRANSACTION - 1):
            transaction = self._begun_removal(work)
            for tenant in part:
                transaction.delete(keys.entity(tenant, keys.MEMBER, work.target))
            transaction.commit()

    def _remove(self, work: Work, part: Sequence[LogItem], *, traced: bool) -> None:
        transaction = self._begun_removal(work)
        for item in part:
            transaction.delete(item.key)
            if traced and (trace := trace_item(self.table, work.tenant, item)):
                transaction.put(trace)
        transaction.commit()

    def _begun_removal(self, work: Work) -> Transaction:
        finished = Gone("This deletion has been finished by another sweep.")
        return self.table.write().check(keys.work(work.tenant, work.id), PRESENT, finished)

    def _move(self, transaction: Transaction, tenant: str, identity: Identity, old: str, new: str) -> None:
        """Let the names of an account lead to its new owner."""
        for name in identity.names:
            item = LoginItem.at(keys.login(tenant, identity.connection_id, name))
            transaction.update(item, [LoginItem.user_id.set(new)], LoginItem.user_id == old)
        if not identity.names:
            outside = IdentityItem.at(_identity_key(tenant, identity))
            transaction.update(outside, [IdentityItem.user_id.set(new)], IdentityItem.user_id == old)

    def _updated(self, tenant: str, change: Change) -> Transaction:
        """Begin a transaction with the new profile and what lists say of it; counters are left alone."""
        before, after = change.before, change.after
        item = UserItem.at(profile_key(tenant, after.user_id))
        actions = [
            UserItem.document.set(_document(after)),
            UserItem.blocked.set(after.blocked),
            UserItem.generation.set(after.generation),
            UserItem.version.set(before.version + 1),
        ]
        if before.email != after.email and after.email:
            actions.append(UserItem.by_email_pk.set(keys.by_email(tenant, after.email)))
            actions.append(UserItem.by_email_sk.set(keys.moment(after.created_at, after.user_id)))
        transaction = self.table.write().update(item, actions, UserItem.version == before.version)
        move_entries(transaction, tenant, before, after)
        return transaction

    def _item(self, tenant: str, user: User) -> UserItem:
        moment = keys.moment(user.created_at, user.user_id)
        return UserItem.at(
            profile_key(tenant, user.user_id),
            document=_document(user),
            version=1,
            blocked=user.blocked,
            generation=user.generation,
            by_email_pk=keys.by_email(tenant, user.email) if user.email else None,
            by_email_sk=moment if user.email else None,
            by_time_pk=keys.users_by_creation(tenant, keys.shard(user.user_id, self.table.shards)),
            by_time_sk=moment,
            listed_in=shard_of(self.table, user),
        )

    def _read(self, found: Sequence[keys.Key]) -> Sequence[User]:
        return [decode_user(item) for item in self.table.batch_get(UserItem, found)]


def _document(user: User) -> str:
    """Encode a profile without what is kept beside it."""
    beside = replace(user, logins_count=0, last_login=None, last_ip="", places=(), generation=0, version=0)
    return brief(replace(beside, listed_in=None))


def profile_key(tenant: str, user_id: str) -> keys.Key:
    """Where a profile lies."""
    return keys.Key(keys.user(tenant, user_id), keys.PROFILE)


def in_generation(user: User) -> tuple[Condition, Conflict]:
    """Demand that nobody blocked a user, or ended their sessions, since the profile was read; and what it means."""
    ended = Conflict("The user was blocked, or their sessions were ended, at this moment.", code="generation_over")
    return (UserItem.generation == user.generation) & (UserItem.blocked == False), ended  # noqa: E712 - a condition


def decode_user(item: UserItem) -> User:
    """Make the profile of an item."""
    last_login = datetime.fromtimestamp(item.last_login / 1000, UTC) if item.last_login is not None else None
    return replace(
        msgspec.json.decode(item.document, type=User),
        version=int(item.version),
        blocked=item.blocked,
        generation=int(item.generation),
        logins_count=int(item.logins_count),
        last_login=last_login,
        last_ip=item.last_ip or "",
        places=_decoded_places(item.places or ""),
        listed_in=int(item.listed_in) if item.listed_in is not None else None,
    )


def encoded_places(places: Sequence[KnownPlace]) -> str:
    """Write known places as briefly as they can be read: each profile that is read or written has them."""
    return " ".join(f"{place.digest}:{place.day}" for place in places)


def _decoded_places(text: str) -> tuple[KnownPlace, ...]:
    parted = (word.partition(":") for word in text.split())
    return tuple(KnownPlace(digest, int(day)) for digest, _, day in parted)


def decode_login(item: LoginItem) -> Login:
    """Make the sign-in name of an item."""
    return Login(
        connection_id=item.connection_id,
        name=item.name,
        user_id=item.user_id,
        identity_id=item.identity_id,
        password_hash=item.password_hash,
    )


def _login_item(tenant: str, user: User, login: Login) -> LoginItem:
    """Make the item of a sign-in name. Only the first name of an account is listed, so that it is listed once."""
    listed = login.name == user.main.names[0]
    return LoginItem.at(
        keys.login(tenant, login.connection_id, login.name),
        **asdict(login),
        by_time_pk=keys.accounts_of(tenant, login.connection_id) if listed else None,
        by_time_sk=keys.moment(user.created_at, login.identity_id) if listed else None,
    )


def _guard(transaction: Transaction, tenant: str, user: User) -> None:
    """Make sure that no linked account has the id of a new user, and hold an outside account."""
    transaction.check(keys.linked(tenant, user.user_id), ABSENT, taken())
    if user.main.names:
        return
    item = IdentityItem.at(
        _identity_key(tenant, user.main),
        user_id=user.user_id,
        by_time_pk=keys.accounts_of(tenant, user.main.connection_id),
        by_time_sk=keys.moment(user.created_at, user.user_id),
    )
    transaction.put(item, ABSENT, taken())


def _put_history(transaction: Transaction, tenant: str, identity_id: str, history: PasswordHistory) -> None:
    """Keep the earlier passwords of an account where they stay with it when it is linked or unlinked."""
    key = _history_key(tenant, identity_id, history.connection_id)
    transaction.put(PasswordHistoryItem.at(key, document=msgspec.json.encode(history).decode()))


def _history_key(tenant: str, identity_id: str, connection_id: str) -> keys.Key:
    return keys.Key(keys.user(tenant, identity_id), keys.PASSWORD_HISTORY + connection_id)


def _identity_key(tenant: str, identity: Identity) -> keys.Key:
    return keys.identity(tenant, identity.connection_id, identity.user_id)
