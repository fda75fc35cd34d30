"""Entries of the lists of users, written and removed in the transaction of the profile that they tell of.

An entry is an item of its own, in a partition that is an index of a tenant, or a shard of one: a word, that a user is
blocked, or that they never signed in. Which shard it is stays with the profile, for the number of shards may be raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.user_words import words_of
from chalicelib.storage import keys
from chalicelib.storage.table import Item

if TYPE_CHECKING:
    from chalicelib.core.users import User
    from chalicelib.storage.table import Table, Transaction


class UserEntryItem(Item):
    """An entry: whose it is."""

    user_id = UnicodeAttribute()


def shard_of(table: Table, user: User) -> int:
    """Give the shard in which a user's entries lie, or will."""
    return keys.shard(user.user_id, table.shards) if user.listed_in is None else user.listed_in


def put_entries(transaction: Transaction, tenant: str, user: User, shard: int) -> None:
    """Write every entry of a user who has none."""
    for key in {*_entries(tenant, user, shard), *_pending(tenant, user, shard)}:
        _put(transaction, key, user)


def move_entries(transaction: Transaction, tenant: str, before: User, after: User) -> None:
    """Write and remove the entries by which a change differs; whoever has none yet gets them by the backfill."""
    if before.listed_in is None:
        return
    old, new = (_entries(tenant, user, before.listed_in) for user in (before, after))
    for key in new - old:
        _put(transaction, key, after)
    for key in old - new:
        transaction.delete(key)


def remove_entries(transaction: Transaction, tenant: str, user: User) -> None:
    """Remove every entry of a user who goes."""
    if user.listed_in is None:
        return
    for key in {*_entries(tenant, user, user.listed_in), *_pending(tenant, user, user.listed_in)}:
        transaction.delete(key)


def no_longer_pending(transaction: Transaction, table: Table, tenant: str, user: User) -> None:
    """Let a user who enters for the first time, as far as was read, leave those who never did."""
    for key in _pending(tenant, user, shard_of(table, user)):
        transaction.delete(key)


def _entries(tenant: str, user: User, shard: int) -> set[keys.Key]:
    """Give what follows from the profile alone: a sign-in changes none of it."""
    found = {keys.user_word(tenant, shard, word, user.user_id) for word in words_of(user)}
    if user.blocked:
        found.add(keys.Key(keys.blocked_users(tenant, shard), keys.moment(user.created_at, user.user_id)))
    return found


def _pending(tenant: str, user: User, shard: int) -> set[keys.Key]:
    if user.logins_count:
        return set()
    return {keys.Key(keys.pending_users(tenant, shard), keys.moment(user.created_at, user.user_id))}


def _put(transaction: Transaction, key: keys.Key, user: User) -> None:
    transaction.put(UserEntryItem.at(key, user_id=user.user_id))
