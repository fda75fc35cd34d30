"""Races over the lists of users, with real threads: whoever wins, every entry fits its profile and none is missing.

Judged by MiniStack and DynamoDB Local, as in test_races.py.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict
from chalicelib.core.sign_ins import SignIn
from chalicelib.core.user_words import words_of

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

TENANT = "acme"
SCOPES = frozenset({"update:users", "delete:users", "read:users"})
CALLER = Caller(tenant=TENANT, operation="Race", scopes=SCOPES)


@pytest.fixture(autouse=True)
def tenant(given):
    given.database = given.tenant(TENANT).connection


@pytest.fixture
def update(product):
    """Change a user as the Management API does: read, changed, written, and again when somebody was faster."""
    return lambda user, **patch: product.users.update(CALLER, user.user_id, patch)


@pytest.fixture
def sign_in(stores, given):
    """Enter as a user who was read before."""

    def write(user):
        event = given.event(user.user_id)
        made = SignIn(user=user, at=event.date, ip="192.0.2.1", event=event, counted=True)
        with suppress(Conflict):  # blocked or gone at this moment
            stores.sign_ins.write(TENANT, made)

    return write


@pytest.fixture
def settled(stores, contents):
    """Whether the entries in the table are exactly those that follow from the profiles."""

    def judge():
        lie, ids = set(), set()
        for item in contents():
            letter = item["pk"]["S"].split("#")[2:3]
            if letter in (["B"], ["P"]):
                lie.add((letter[0], item["user_id"]["S"]))
            elif letter == ["N"]:
                lie.add((item["sk"]["S"].partition("\x1f")[0], item["user_id"]["S"]))
            elif item["sk"]["S"] == "PROFILE":
                ids.add(item["pk"]["S"].partition("#U#")[2])
        users = [stores.users.find(TENANT, user_id) for user_id in ids]
        follow = {(word, user.user_id) for user in users for word in words_of(user)}
        follow |= {("B", user.user_id) for user in users if user.blocked}
        follow |= {("P", user.user_id) for user in users if not user.logins_count}
        return lie == follow

    return judge


def test_first_sign_ins_at_once_leave_nobody_pending(given, stores, sign_in, race, settled, users_of):
    user = given.user("ann")

    race(*[partial(sign_in, user)] * 20)

    assert stores.users.find(TENANT, user.user_id).logins_count == 20
    assert users_of("P") == []
    assert settled()


def test_renames_blocks_and_sign_ins_at_once_leave_entries_that_fit(given, update, sign_in, race, settled):
    user = given.user("ann", name="Ann Smith")
    renames = [partial(update, user, name=f"Ann Number{number}") for number in range(3)]
    blocks = [partial(update, user, blocked=blocked) for blocked in (True, False, True)]

    race(*renames, *blocks, *[partial(sign_in, user)] * 3)

    assert settled()


@pytest.mark.parametrize("number", range(3))
def test_a_user_who_is_renamed_and_deleted_at_once_leaves_nothing_or_stays_whole(
    product, given, update, sign_in, race, settled, users_of, number
):
    user = given.user("ann", name="Ann Smith")

    race(
        partial(update, user, name="Ann Brown", blocked=True),
        partial(product.users.delete, CALLER, user.user_id),
        partial(sign_in, user),
    )

    assert users_of("N") == users_of("B") == users_of("P") == []


def test_a_user_who_is_linked_and_renamed_at_once_is_found_under_one_user(
    product, given, update, race, settled, users_of
):
    ann, bob = given.user("ann", name="Ann"), given.user("bob", name="Bob")

    race(
        partial(product.links.link, CALLER, ann.user_id, bob.user_id),
        partial(update, bob, name="Bobby"),
        partial(update, ann, name="Annie"),
    )

    assert settled()


def test_runs_of_the_backfill_meet_changes_sign_ins_and_deletions_and_entries_fit(
    product, old, update, sign_in, race, settled, backfilled
):
    people = [old(f"user{number}", name=f"User {number}") for number in range(8)]

    race(
        *[product.backfill.run] * 3,
        *(partial(update, user, name="Somebody Else", blocked=True) for user in people[:3]),
        *(partial(sign_in, user) for user in people[2:6]),
        partial(product.users.delete, CALLER, people[7].user_id),
    )
    backfilled()

    assert settled()


def test_two_runs_of_the_backfill_at_once_give_entries_once(product, old, race, users_of):
    people = [old(f"user{number}") for number in range(10)]

    outcome = race(*[product.backfill.run] * 4)

    assert sum(outcome.won) == len(people)
    assert users_of("P") == [user.user_id for user in people]


def test_a_first_sign_in_that_meets_the_backfill_leaves_nobody_pending(
    stores, product, old, sign_in, race, settled, backfilled
):
    people = [old(f"user{number}") for number in range(10)]

    race(*[product.backfill.run] * 2, *(partial(sign_in, user) for user in people))
    backfilled()

    assert stores.users.find(TENANT, people[0].user_id).logins_count == 1
    assert settled()
