"""Connections: a name is used once, is found by, and is free again with its connection; users follow it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.connections import MAX_BYTES
from chalicelib.core.errors import Conflict, Forbidden, NotFound
from chalicelib.core.work import CONNECTION, Work
from chalicelib.storage import keys
from chalicelib.storage.cache import SECONDS
from chalicelib.storage.connections import ConnectionsItem

TENANT = "acme"


@pytest.fixture
def connections(stores):
    return stores.connections


def retire(connections, given, connection):
    work = Work.on(CONNECTION, connection.id, TENANT, given.ambient.now())
    connections.retire(TENANT, connection, work, given.event())
    return work


def test_a_connection_is_found_by_its_name(connections, given):
    connection = given.connection("people")

    assert connections.recall_named(TENANT, "people") == connection
    assert connections.recall_named(TENANT, "People") is None
    assert connections.recall_named("other", "people") is None


def test_a_name_is_used_once_in_a_tenant(connections, given):
    first = given.connection("people")

    with pytest.raises(Conflict) as refusal:
        given.connection("people", id="con_second")

    assert refusal.value.code == "connection_conflict"
    assert list(connections.walk(TENANT)) == [first]


def test_an_id_that_is_in_use_takes_no_name(connections, given):
    given.connection("people")

    with pytest.raises(Conflict):
        given.connection("others", id="con_people")

    assert connections.recall_named(TENANT, "others") is None


@pytest.mark.security(33)
def test_two_tenants_may_use_one_name(connections, given):
    connection = given.unsaved_connection("people")

    for tenant in (TENANT, "other"):
        connections.create(tenant, connection, given.event())

    assert connections.recall_named(TENANT, "people") == connections.recall_named("other", "people")


def test_a_retired_connection_is_gone_by_id_and_by_name_and_its_work_is_noted(connections, given, stores):
    connection = given.connection("people")
    connections.recall_named(TENANT, "people")

    work = retire(connections, given, connection)

    assert connections.find(TENANT, connection.id) is None
    assert connections.recall(TENANT, connection.id) is None
    assert connections.recall_named(TENANT, "people") is None
    assert stores.works.pending(10) == [work]


def test_the_name_of_a_retired_connection_is_free(connections, given):
    retire(connections, given, given.connection("people"))

    second = given.connection("people", id="con_second")

    assert connections.recall_named(TENANT, "people") == second


def test_the_name_of_a_deleted_connection_is_free(connections, given):
    people = given.connection("people")

    connections.delete(TENANT, people.id, given.event())

    assert connections.recall_named(TENANT, "people") is None
    assert given.connection("people", id="con_again").id == "con_again"


def test_a_connection_that_is_not_there_is_not_deleted(connections, given, contents):
    with pytest.raises(NotFound) as refusal:
        connections.delete(TENANT, "con_nobody", given.event())

    assert refusal.value.code == "inexistent_connection"
    assert contents() == []


def test_a_change_is_recalled_by_name_as_by_id(connections, given):
    connection = given.connection("people")
    connections.recall_named(TENANT, "people")

    connections.replace(TENANT, replace(connection, display_name="People"), given.event())

    assert connections.recall_named(TENANT, "people").display_name == "People"


def test_a_deletion_elsewhere_is_seen_by_name_within_seconds(connections, given, stores, clock):
    connection = given.connection("people")
    connections.recall_named(TENANT, "people")
    retire(replace(connections, cache=type(connections.cache)(clock.now)), given, connection)

    clock.advance(seconds=SECONDS)

    assert connections.recall_named(TENANT, "people") is None


@pytest.mark.parametrize("name", ["a#b", "#", "PEOPLE#", "😀", "x" * 900, "x" * 2_000])
def test_any_name_finds_its_connection_and_no_other(connections, given, name):
    given.connection("people")

    connection = given.connection(name, id="con_hostile")

    assert connections.recall_named(TENANT, name) == connection
    assert connections.recall_named(TENANT, name[:-1]) is None
    assert connections.recall_named(TENANT, name + "#") is None


# What all of a tenant take together


@pytest.fixture
def leave(table, connections):
    """Let all connections of the tenant take so much that these bytes are left."""

    def fill(left):
        counter = ConnectionsItem.at(keys.connections(TENANT))
        table.change(counter, [ConnectionsItem.held.set(MAX_BYTES - left)])

    return fill


def size_of(connections, connection):
    return len(connections.item(TENANT, connection).document.encode())


@pytest.mark.security(42, 43)
def test_connections_take_6_000_000_bytes_together_and_no_more(connections, given, leave):
    one = size_of(connections, given.unsaved_connection("one"))
    leave(one)
    given.connection("one")

    with pytest.raises(Forbidden) as refusal:
        given.connection("two")

    assert (MAX_BYTES, refusal.value.code) == (6_000_000, "too_many_entities")
    assert connections.recall_named(TENANT, "two") is None


@pytest.mark.security(42)
def test_a_connection_grows_within_what_is_left(connections, given, leave):
    people = connections.find(TENANT, given.connection("people").id)
    grown = replace(people, display_name="x" * 100)
    leave(99)
    with pytest.raises(Forbidden):
        connections.replace(TENANT, grown, given.event())

    leave(100)
    connections.replace(TENANT, grown, given.event())

    assert connections.find(TENANT, people.id).display_name == "x" * 100


@pytest.mark.parametrize("freed", ["retired", "deleted", "smaller"])
def test_what_is_gone_leaves_room(connections, given, leave, freed):
    given.connection("people", display_name="x" * 1_000)
    people = connections.find(TENANT, "con_people")
    leave(0)

    if freed == "smaller":
        connections.replace(TENANT, replace(people, display_name=""), given.event())
    elif freed == "retired":
        retire(connections, given, people)
    else:
        connections.delete(TENANT, people.id, given.event())

    assert given.connection("others")


def test_another_tenant_has_room_of_its_own(connections, given, leave):
    leave(0)

    connections.create("main", given.unsaved_connection("people"), given.event())

    assert connections.recall_named("main", "people")


def test_a_connection_that_changed_since_it_was_read_is_not_removed(connections, given):
    given.connection("people")
    read = connections.find(TENANT, "con_people")
    connections.replace(TENANT, replace(read, display_name="People"), given.event())

    with pytest.raises(Conflict) as refusal:
        retire(connections, given, read)

    assert refusal.value.code == "changed"
    assert connections.find(TENANT, read.id)
