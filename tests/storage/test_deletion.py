"""Deletions: nobody ever sees half of what is deleted, and whatever ends the process, the sweep finishes.

The end of the process is simulated after every single call of DynamoDB that a deletion makes.
"""

from __future__ import annotations

from itertools import count

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict
from chalicelib.core.paging import PageRequest
from chalicelib.core.sweep import ACCOUNTS_PER_NOTE
from chalicelib.core.user_walks import AT_CONNECTION, BEGINNING, EVERYBODY, PENDING
from chalicelib.storage import keys
from chalicelib.storage.keys import Key
from chalicelib.storage.table import Item

TENANT, PEOPLE = "acme", "con_people"
CALLER = Caller(tenant=TENANT, operation="Delete")
without_moto = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)
"""For tests of many transactions over many items: moto copies the whole table for each of them."""


@pytest.fixture
def users(stores):
    return stores.users


@pytest.fixture
def remains(contents):
    """What lies in the table and mentions a name, but for the events of a tenant, which outlive what they tell of."""

    def find(name):
        return [item for item in contents() if name in str(item) and not item["pk"]["S"].startswith("T#acme#H#")]

    return find


@pytest.fixture
def fill(table):
    """Give a user more items than it has, written in batches."""

    def write(user_id, count, **attributes):
        with Item.batch_write() as batch:
            for number in range(count):
                batch.save(Item.at(Key(keys.user(TENANT, user_id), f"LOG#{number:05}"), **attributes))

    return write


@pytest.fixture
def doors(users, seen):
    """Through which of all doors a user is seen."""

    def look(user):
        name = user.main.names[0]
        return {
            "profile": users.find(TENANT, user.user_id) is not None,
            "sign-in": users.login(TENANT, PEOPLE, name) is not None,
            "address": user.user_id in {found.user_id for found in users.with_email(TENANT, user.email)},
            "list": user.user_id in seen(EVERYBODY),
            "connection": user.user_id in seen(AT_CONNECTION, PEOPLE),
            "pending": user.user_id in seen(PENDING),
            "search": user.user_id in seen(BEGINNING, name[:3]),
        }

    return look


@pytest.fixture
def rich(users, given):
    """Make users with everything a user has: a device, an outside account, history."""

    def make(name):
        user, outside = given.user(name), given.user(f"{name}-outside", given.social)
        users.link(TENANT, given.linked(user, outside), outside, given.event(user.user_id))
        given.device(user.user_id, name)
        return users.find(TENANT, user.user_id)

    return make


def sweep_until_done(product):
    """Run the sweep as the schedule would, and give how often it had something to do."""
    runs = 0
    while product.sweep.works.pending(1):
        product.sweep.run()
        runs += 1
        assert runs < 20
    return runs


# What is left, and who removes it


def test_a_deleted_user_is_seen_through_no_door_before_anything_is_swept(given, doors):
    user = given.user("ann")

    given.retired(user)

    assert set(doors(user).values()) == {False}


def test_a_deletion_is_told_by_an_event_that_outlives_the_user(users, given, stores):
    user = given.user("ann")

    work = given.retired(user)
    users.purge(work, 100)

    (event,) = [each for each in stores.logs.list(TENANT, PageRequest(), newest_first=True).items if each.type == "sdu"]
    assert event.user_id == user.user_id
    assert stores.logs.find(TENANT, event.log_id) == event


def test_a_deletion_over_an_older_version_is_refused(users, given):
    user = given.user("ann")
    users.change(TENANT, given.renamed(user, "new@example.com"), given.event())

    with pytest.raises(Conflict) as refusal:
        given.retired(user)

    assert refusal.value.code == "changed"
    assert users.find(TENANT, user.user_id).version == 2


@pytest.mark.parametrize(("items", "looks"), [(0, 1), (9, 1), (10, 2), (25, 3), (30, 4)])
def test_a_purge_removes_as_much_as_it_may_and_says_when_nothing_is_left(users, given, fill, remains, items, looks):
    user = given.user("ann")
    fill(user.user_id, items - 1)
    work = given.retired(user)

    results = [users.purge(work, 10) for _ in range(looks)]

    assert results == [False] * (looks - 1) + [True]
    assert remains("ann") == []


@without_moto
def test_a_purge_removes_more_than_one_transaction_holds(users, given, fill, remains):
    user = given.user("ann")
    fill(user.user_id, 250)

    finished = users.purge(given.retired(user), 1_000)

    assert finished
    assert remains("ann") == []


def test_a_purge_removes_what_has_expired_and_is_not_yet_removed(users, given, fill, remains):
    user = given.user("ann")
    fill(user.user_id, 5, expires_at=1)

    users.purge(given.retired(user), 100)

    assert remains("ann") == []


def test_the_id_of_a_deleted_user_is_free_when_nothing_of_it_is_left(users, given, fill):
    user = given.user("ann")
    fill(user.user_id, 5)
    work = given.retired(user)

    users.purge(work, 3)
    with pytest.raises(Conflict) as refusal:
        given.user("ann")
    users.purge(work, 100)

    assert refusal.value.code == "deletion_pending"
    assert users.find(TENANT, given.user("ann").user_id)


def test_a_sweep_that_comes_late_removes_nothing_of_a_user_that_was_made_anew(users, given, stores, contents):
    work = given.retired(given.user("ann"))
    users.purge(work, 100)
    given.device(given.user("ann").user_id, "phone")
    before = contents()

    finished = users.purge(work, 1), users.purge(work, 100)

    assert finished == (True, True)
    assert sorted(map(str, contents())) == sorted(map(str, before))


def test_a_sweep_that_comes_late_leaves_the_note_of_a_later_deletion(users, given, stores, clock):
    late = given.retired(given.user("ann"))
    users.purge(late, 100)
    clock.advance(seconds=1)
    work = given.retired(given.user("ann"))

    stores.works.finish(late)

    assert stores.works.pending(10) == [work]


# The end of the process, anywhere


def test_a_user_is_seen_whole_or_not_at_all_wherever_a_deletion_ends_and_the_sweep_finishes_it(
    product, rich, crash, doors, remains
):
    rich("first")
    product.connections.store.recall(TENANT, PEOPLE)  # whether it is a custom database is cached, as in a busy process
    for calls in count():
        user = rich(f"ann{calls:02}")
        with crash.after(calls):
            product.users.delete(CALLER, user.user_id)
        seen = set(doors(user).values())
        sweep_until_done(product)
        if seen == {False}:
            assert remains(f"ann{calls:02}") == []
        assert seen == set(doors(user).values())
        assert seen == {calls < 2}
        if not crash.crashed:
            break
    assert calls >= 6


@without_moto
def test_a_deletion_that_ended_anywhere_can_be_asked_for_again(product, rich, crash, remains):
    for calls in count():
        user = rich(f"ann{calls:02}")
        with crash.after(calls):
            product.users.delete(CALLER, user.user_id)
        product.users.delete(CALLER, user.user_id)
        sweep_until_done(product)
        assert remains(f"ann{calls:02}") == []
        if not crash.crashed:
            break
    assert calls >= 6


@without_moto
def test_a_sweep_that_ends_anywhere_is_finished_by_the_next(product, users, given, fill, crash, remains):
    for calls in count():
        user = given.user(f"ann{calls:02}")
        fill(user.user_id, 120)
        given.retired(user)
        with crash.after(calls):
            product.sweep.run()
        sweep_until_done(product)
        assert remains(f"ann{calls:02}") == []
        if not crash.crashed:
            break
    assert calls >= 5


def test_the_users_of_a_deleted_connection_go_whole_wherever_the_sweep_ends(
    product, given, rich, crash, doors, remains, users
):
    people = [rich("ann"), rich("bob")]
    kept = given.user("kept", given.connection("others"))
    joined = given.user("joined")
    users.link(TENANT, given.linked(kept, joined), joined, given.event())
    product.connections.delete(CALLER, PEOPLE)

    for calls in range(100):
        with crash.after(calls):
            product.sweep.run()
        assert all(len(set(doors(user).values())) == 1 for user in people)
        if not product.sweep.works.pending(1):
            break

    assert 1 < calls < 99
    assert [remains(name) for name in ("ann", "bob", "joined@")] == [[], [], []]
    assert users.find(TENANT, kept.user_id).identities == kept.identities


@without_moto
def test_a_connection_with_more_accounts_than_one_run_takes_is_emptied(product, given, stores, remains):
    for number in range(ACCOUNTS_PER_NOTE + 1):
        given.user(f"user{number}")
    product.connections.delete(CALLER, PEOPLE)

    runs = sweep_until_done(product)

    assert runs >= 3
    assert remains("user") == []


@pytest.mark.parametrize("what", ["clients", "resource_servers"])
def test_nothing_names_a_client_or_an_api_that_is_gone_wherever_its_deletion_ended(
    product, given, stores, crash, remains, what
):
    for calls in count():
        app, orders = given.client(f"app{calls:02}"), given.api(f"https://orders{calls:02}")
        grant = given.unsaved_grant(f"cgr_{calls:02}", app.client_id, orders.identifier)
        stores.client_grants.create(TENANT, grant, given.event())
        given.connection(f"people{calls:02}", enabled_clients=(app.client_id, "other"))
        named, item_id = {"clients": (app.client_id,) * 2, "resource_servers": (orders.identifier, orders.id)}[what]
        with crash.after(calls):
            getattr(product, what).delete(CALLER, named)
        sweep_until_done(product)
        assert bool(remains(named)) == bool(getattr(stores, what).find(TENANT, item_id)) == (calls < 2)
        if not crash.crashed:
            break
    assert calls >= 4


def test_a_grant_for_an_api_that_was_registered_anew_stays_and_one_from_before_does_not(
    product, given, stores, crash, clock
):
    old, new = given.client("old"), given.client("new")
    product.client_grants.create(CALLER, {"client_id": old.client_id, "audience": given.api().identifier})
    with crash.after(2):
        product.resource_servers.delete(CALLER, "https://orders")
    clock.advance(seconds=1)
    product.client_grants.create(CALLER, {"client_id": new.client_id, "audience": given.api().identifier})

    sweep_until_done(product)

    assert crash.crashed
    assert [grant.client_id for grant in stores.client_grants.walk(TENANT)] == ["new"]


# Very large users


@pytest.mark.parametrize("stand_in", ["ministack"], indirect=True)  # the others take minutes
def test_a_user_with_ten_thousand_items_is_deleted_completely_a_bounded_part_at_a_time(
    product, given, fill, contents, crash, doors
):
    user = given.user("ann")
    fill(user.user_id, 10_000)

    product.users.delete(CALLER, user.user_id)
    seen, left = set(doors(user).values()), len(contents())
    with crash.after(10):
        product.sweep.run()
    runs = sweep_until_done(product)

    assert seen == {False}
    assert 9_000 <= left <= 9_010
    assert (crash.crashed, runs) == (True, 5)
    assert not any(item["pk"]["S"].startswith("T#acme#U#") for item in contents())
