"""Connections: a name is used once, is found by, and is free again with its connection; users follow it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.work import CONNECTION, Work
from chalicelib.storage.cache import SECONDS

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
