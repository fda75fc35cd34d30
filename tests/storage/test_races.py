"""Races, with real threads: of those who take one thing at one moment one wins, and the others are told so.

Judged by MiniStack and DynamoDB Local. moto is none: a transaction that it refuses puts the whole table back as it was
when that transaction began, and so undoes what others wrote in between.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.connections import MAX_BYTES
from chalicelib.core.paging import PageRequest
from chalicelib.core.users import Change
from chalicelib.core.work import CLIENT, CONNECTION, Work
from chalicelib.storage import keys
from chalicelib.storage.connections import ConnectionsItem
from tests.storage.conftest import ids

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

TENANT, PEOPLE = "acme", "con_people"
MANY = 50
CALLER = Caller(
    tenant=TENANT, operation="Race", scopes=frozenset({"update:users", "read:users", "create:users", "delete:users"})
)
NEW_USER = {
    "connection": "people",
    "email": "ann@example.com",
    "password": "correct Horse 7 battery",
    "verify_email": False,  # a mail is sealed with the keys of a tenant, and there is none here
}


@pytest.fixture
def users(stores):
    return stores.users


@pytest.fixture
def ann(given):
    return given.user("ann")


@pytest.fixture
def bob(given):
    return given.user("bob")


@pytest.fixture
def linked(users, given, ann, bob):
    """Ann, with the account of Bob."""
    users.link(TENANT, given.linked(ann, bob), bob, given.event(ann.user_id))
    return users.find(TENANT, ann.user_id)


def owner(users, name):
    login = users.login(TENANT, PEOPLE, name)
    return login and login.user_id


# Many make one thing


def test_fifty_creations_of_one_address_make_one_user(product, given, race, listed):
    assert given.database

    outcome = race(*[partial(product.users.create, CALLER, NEW_USER)] * MANY)

    (user,) = outcome.won
    assert (len(outcome.refused), outcome.codes) == (MANY - 1, {"auth0_idp_error"})
    assert ids(listed(per_page=100)) == [user.user_id]
    assert owner(product.users.store, "ann@example.com") == user.user_id


def test_fifty_creations_of_one_user_id_make_one_user(product, given, race, listed):
    assert given.database
    attempts = [{**NEW_USER, "user_id": "ann", "email": f"ann{number}@example.com"} for number in range(MANY)]

    outcome = race(*(partial(product.users.create, CALLER, attempt) for attempt in attempts))

    (user,) = outcome.won
    assert outcome.codes == {"auth0_idp_error"}
    assert ids(listed(per_page=100)) == ["auth0|ann"]
    assert [name for name in (each["email"] for each in attempts) if owner(product.users.store, name)] == [user.email]


def test_fifty_creations_of_different_users_all_succeed(product, given, race, listed):
    assert given.database
    attempts = [{**NEW_USER, "email": f"user{number}@example.com"} for number in range(MANY)]

    outcome = race(*(partial(product.users.create, CALLER, attempt) for attempt in attempts))

    assert outcome.refused == []
    assert sorted(ids(listed(per_page=100))) == sorted(user.user_id for user in outcome.won)


def test_fifty_creations_of_one_connection_name_make_one_connection(product, race, stores):
    attempt = {"name": "people", "strategy": "auth0"}

    outcome = race(*[partial(product.connections.create, CALLER, attempt)] * MANY)

    (connection,) = (saved.connection for saved in outcome.won)
    assert outcome.codes == {"connection_conflict"}
    assert [each.id for each in stores.connections.walk(TENANT)] == [connection.id]
    assert stores.connections.recall_named(TENANT, "people").id == connection.id


def test_fifty_creations_of_one_tenant_make_one_tenant_with_one_pair_of_keys(given, race, stores):
    def attempt(number):
        keys = [given.signing_key(f"{number}-1", "current"), given.signing_key(f"{number}-2", "next")]
        stores.tenants.create(replace(given.unsaved_tenant("acme"), signing_keys=keys), given.event())
        return number

    outcome = race(*(partial(attempt, number) for number in range(MANY)))

    (winner,) = outcome.won
    assert outcome.codes == {"tenant_exists"}
    assert [key.kid for key in stores.signing_keys.list("acme")] == [f"{winner}-1", f"{winner}-2"]
    assert stores.tenants.list(PageRequest(include_totals=True)).total == 1


def test_fifty_creations_of_one_api_make_one_api(product, race, stores):
    outcome = race(*[partial(product.resource_servers.create, CALLER, {"identifier": "https://orders"})] * MANY)

    assert len(outcome.won) == 1
    assert outcome.codes == {"conflict"}
    assert len(list(stores.resource_servers.walk(TENANT))) == 1


def test_fifty_grants_for_one_pair_make_one_grant(product, given, race, stores):
    asked = {"client_id": given.client().client_id, "audience": given.api().identifier, "scope": ()}

    outcome = race(*[partial(product.client_grants.create, CALLER, asked)] * MANY)

    assert len(outcome.won) == 1
    assert outcome.codes == {"conflict"}
    assert len(list(stores.client_grants.walk(TENANT))) == 1


# Two change one thing


@pytest.mark.parametrize("racers", [2, 20])
def test_of_changes_over_one_version_one_is_written(users, given, ann, race, racers):
    def write(number):
        after = replace(ann, nickname=str(number))
        users.change(TENANT, Change(before=ann, after=after), given.event(ann.user_id))
        return str(number)

    outcome = race(*(partial(write, number) for number in range(racers)))

    assert len(outcome.won) == 1
    assert outcome.codes == {"changed"}
    assert users.find(TENANT, ann.user_id) == replace(ann, nickname=outcome.won[0], version=2)


def test_patches_at_one_moment_are_all_kept_or_refused(product, ann, race):
    def patch(number):
        product.users.update(CALLER, ann.user_id, {"user_metadata": {f"key{number}": number}})
        return f"key{number}"

    outcome = race(*(partial(patch, number) for number in range(8)))

    found = product.users.get(CALLER, ann.user_id)
    assert set(found.user_metadata) == set(outcome.won)
    assert found.version == 1 + len(outcome.won)
    assert outcome.codes <= {"changed"}
    assert len(outcome.won) >= 4


def test_of_two_who_are_renamed_to_one_address_one_is(users, given, ann, bob, race):
    def rename(user):
        users.change(TENANT, given.renamed(user, "new@example.com"), given.event(user.user_id))
        return user

    outcome = race(partial(rename, ann), partial(rename, bob))

    (winner,) = outcome.won
    loser = bob if winner == ann else ann
    assert outcome.codes == {"auth0_idp_error"}
    assert owner(users, "new@example.com") == winner.user_id
    assert owner(users, winner.email) is None
    assert users.find(TENANT, loser.user_id) == loser
    assert owner(users, loser.email) == loser.user_id


def test_of_two_renames_of_one_user_one_is_written(users, given, ann, race):
    def rename(email):
        users.change(TENANT, given.renamed(ann, email), given.event(ann.user_id))
        return email

    outcome = race(partial(rename, "a@example.com"), partial(rename, "b@example.com"))

    (email,) = outcome.won
    names = ("ann@example.com", "a@example.com", "b@example.com")
    assert outcome.codes == {"changed"}
    assert [name for name in names if owner(users, name)] == [email]


def test_of_rotations_of_one_pair_of_keys_one_is_written(given, race, stores):
    pair = [given.signing_key("1", "current"), given.signing_key("2", "next")]
    stores.signing_keys.write(TENANT, pair, [], given.event())

    def rotate(number):
        current, following = (replace(key, version=1) for key in pair)
        rotated = [replace(current, status="previous"), replace(following, status="current")]
        stores.signing_keys.write(TENANT, [*rotated, given.signing_key(f"3-{number}", "next")], [], given.event())
        return f"3-{number}"

    outcome = race(*(partial(rotate, number) for number in range(10)))

    assert len(outcome.won) == 1
    assert outcome.codes == {"changed"}
    statuses = {key.kid: key.status for key in stores.signing_keys.list(TENANT)}
    assert statuses == {"1": "previous", "2": "current", outcome.won[0]: "next"}


# One links, another deletes


@pytest.mark.parametrize("deleted", ["primary", "secondary"])
def test_of_a_link_and_the_deletion_of_either_user_one_happens(users, given, ann, bob, race, deleted):
    victim = ann if deleted == "primary" else bob
    link = partial(users.link, TENANT, given.linked(ann, bob), bob, given.event())

    outcome = race(link, partial(given.retired, victim))

    assert len(outcome.won) == 1
    assert outcome.codes == {"changed"}
    was_linked = outcome.won == [None]
    assert owner(users, "bob@example.com") == (ann.user_id if was_linked else bob.user_id if victim == ann else None)
    assert bool(users.find(TENANT, ann.user_id)) == (was_linked or victim == bob)


def test_of_two_links_in_opposite_directions_one_happens(users, given, ann, bob, race, listed):
    def link(user, secondary):
        users.link(TENANT, given.linked(user, secondary), secondary, given.event())
        return user.user_id

    outcome = race(partial(link, ann, bob), partial(link, bob, ann))

    assert ids(listed(per_page=100)) == outcome.won
    assert outcome.codes == {"changed"}
    assert {owner(users, name) for name in ("ann@example.com", "bob@example.com")} == set(outcome.won)


def test_an_account_is_unlinked_once_by_any_number_at_once(users, given, linked, bob, race):
    change, freed = given.unlinked(linked, linked.identities[1])

    outcome = race(*[lambda: users.unlink(TENANT, change, freed, given.event())] * 10)

    assert len(outcome.won) == 1
    assert outcome.codes <= {"changed", "auth0_idp_error"}
    assert users.find(TENANT, bob.user_id) == replace(freed, version=1)
    assert owner(users, "bob@example.com") == bob.user_id


# One deletes, others create


def test_a_user_deleted_and_made_anew_at_one_moment_is_whole_or_gone(product, given, race, contents, listed):
    custom = {**NEW_USER, "user_id": "ann"}
    assert given.database
    for _ in range(5):
        product.users.create(CALLER, custom)
        outcome = race(
            partial(product.users.delete, CALLER, "auth0|ann"),
            *[partial(product.users.create, CALLER, custom)] * 5,
            partial(product.sweep.run),
        )

        assert outcome.codes <= {"auth0_idp_error", "deletion_pending"}
        seen = {bool(ids(listed(per_page=100))), owner(product.users.store, "ann@example.com") == "auth0|ann"}
        assert len(seen) == 1
        product.users.delete(CALLER, "auth0|ann")
        product.sweep.run()

    assert [item for item in contents() if item["pk"]["S"].startswith(("T#acme#U#", "T#acme#L#", "T#acme#W#"))] == []


def test_many_deletions_of_one_user_are_one(product, ann, race, contents):
    outcome = race(*[partial(product.users.delete, CALLER, ann.user_id)] * 10)

    assert outcome.refused == []
    assert [item for item in contents() if "auth0|ann" in str(item) and "#H#" not in item["pk"]["S"]] == []


def test_many_sweeps_at_once_finish_what_one_would(product, given, race, contents):
    for number in range(5):
        given.retired(given.user(f"user{number}"))

    outcome = race(*[product.sweep.run] * 8)

    assert outcome.refused == []
    assert product.sweep.works.pending(10) == []
    assert [item for item in contents() if item["pk"]["S"].startswith("T#acme#U#")] == []


def test_no_user_stays_at_a_connection_that_is_deleted_while_users_are_made(product, given, race, stores, listed):
    connection = given.database
    work = Work.on(CONNECTION, connection.id, TENANT, given.ambient.now())
    attempts = [{**NEW_USER, "email": f"user{number}@example.com"} for number in range(20)]

    outcome = race(
        *(partial(product.users.create, CALLER, attempt) for attempt in attempts),
        partial(stores.connections.retire, TENANT, connection, work, given.event()),
    )
    for _ in range(5):
        product.sweep.run()

    assert product.sweep.works.pending(1) == []
    assert outcome.codes <= {"inexistent_connection"}
    assert ids(listed(per_page=100)) == []
    assert [name for name in (each["email"] for each in attempts) if owner(product.users.store, name)] == []


def test_no_grant_stays_of_a_client_that_is_deleted_while_grants_are_given(product, given, race, stores):
    client = given.client()
    servers = [given.api(f"https://{number}") for number in range(10)]
    asked = [{"client_id": client.client_id, "audience": server.identifier, "scope": ()} for server in servers]

    outcome = race(
        *(partial(product.client_grants.create, CALLER, each) for each in asked),
        partial(product.clients.delete, CALLER, client.client_id),
    )
    product.sweep.run()

    assert outcome.codes <= {"inexistent_client"}
    assert list(stores.client_grants.walk(TENANT)) == []
    assert Work.on(CLIENT, client.client_id, TENANT, given.ambient.now()) not in stores.works.pending(10)


def test_of_many_public_keys_made_at_once_a_user_has_20(stores, given, ann, race):
    outcomes = race(*[partial(given.device, ann.user_id, f"key{number:02}") for number in range(MANY)])

    kept = list(stores.device_credentials.walk_for_user(TENANT, ann.user_id))
    assert (len(outcomes.won), len(kept)) == (20, 20)
    assert outcomes.codes == {"operation_not_supported"}


def test_a_public_key_that_many_remove_at_once_leaves_room_for_one(stores, given, ann, race):
    first, *_ = [given.device(ann.user_id, f"key{number:02}") for number in range(20)]
    removal = partial(stores.device_credentials.delete, TENANT, first, given.event(ann.user_id))
    race(*[removal] * 10)

    again = race(*[partial(given.device, ann.user_id, f"more{number}") for number in range(10)])

    assert len(again.won) == 1


def test_connections_that_are_made_at_once_are_all_made(stores, given, race):
    outcomes = race(*[partial(given.connection, f"c{number}") for number in range(10)])

    assert (len(outcomes.won), outcomes.codes) == (10, set())
    assert len(stores.connections.recall_all(TENANT)) == 10


def test_of_many_connections_made_at_once_as_many_as_fit_are_made(stores, table, given, race):
    one = len(stores.connections.item(TENANT, given.unsaved_connection("c0")).document)
    room = MAX_BYTES - 3 * one
    table.change(ConnectionsItem.at(keys.connections(TENANT)), [ConnectionsItem.held.set(room)])

    outcomes = race(*[partial(given.connection, f"c{number}") for number in range(8)])

    assert (len(outcomes.won), outcomes.codes) == (3, {"too_many_entities"})
