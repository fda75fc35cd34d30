"""The contract of everything small that configures a tenant: clients, client grants, APIs and connections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from chalicelib.core.clients import ClientSecret
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.paging import PageRequest
from chalicelib.core.resource_servers import ApiScope
from chalicelib.core.work import CLIENT, RESOURCE_SERVER, Work
from chalicelib.storage.cache import SECONDS

TENANT, ELSEWHERE = "acme", "other"
EVERYTHING = PageRequest(per_page=100)
KINDS = {
    "client": ("clients", "client_id", lambda given, name: given.unsaved_client(name), {"name": "New"}),
    "client_grant": ("client_grants", "id", lambda given, name: given.unsaved_grant(name), {"scope": ("new",)}),
    "resource_server": ("resource_servers", "id", lambda given, name: given.unsaved_api(name), {"name": "New"}),
    "connection": ("connections", "id", lambda given, name: given.unsaved_connection(name), {"display_name": "New"}),
}


@dataclass(frozen=True)
class Kind:
    """One kind of entity: its store, how one is made, and something to change of it."""

    name: str
    given: Any
    store: Any
    id_field: str
    maker: Any
    change: dict[str, Any]

    def make(self, name):
        return self.maker(self.given, name)

    def create(self, name):
        """Write a new one and give it as it is then found."""
        self.store.create(TENANT, made := self.make(name), self.given.event())
        return replace(made, version=1)

    def id_of(self, entity):
        return getattr(entity, self.id_field)

    def find(self, entity):
        return self.store.find(TENANT, self.id_of(entity))


@pytest.fixture(params=KINDS)
def kind(request, stores, given):
    if request.param == "client_grant":
        given.client("app")
        given.api("https://orders")
    store, *known = KINDS[request.param]
    return Kind(request.param, given, getattr(stores, store), *known)


def log_ids(stores):
    return [event.log_id for event in stores.logs.list(TENANT, EVERYTHING, newest_first=False).items]


# Written and read


def test_what_was_created_is_found_as_it_was_with_its_first_version(kind):
    made = kind.make("one")

    kind.store.create(TENANT, made, kind.given.event())

    assert kind.find(made) == replace(made, version=1)
    assert kind.store.recall(TENANT, kind.id_of(made)) == replace(made, version=1)


def test_what_was_never_created_is_none(kind):
    made = kind.make("one")

    assert kind.find(made) is None
    assert kind.store.recall(TENANT, kind.id_of(made)) is None
    assert kind.id_of(made) not in {kind.id_of(each) for each in kind.store.walk(TENANT)}


@pytest.mark.security(33)
def test_one_tenants_is_not_anothers(kind, stores):
    made = kind.create("one")

    found = kind.store.find(ELSEWHERE, kind.id_of(made))
    with pytest.raises(NotFound):
        kind.store.delete(ELSEWHERE, kind.id_of(made), kind.given.event())

    assert found is None
    assert list(kind.store.walk(ELSEWHERE)) == []
    assert kind.find(made) == made


def test_an_id_can_be_created_once(kind, stores):
    first = kind.create("one")
    events = log_ids(stores)

    with pytest.raises(Conflict):
        kind.store.create(TENANT, replace(kind.make("one"), **kind.change), kind.given.event())

    assert kind.find(first) == first
    assert log_ids(stores) == events


# Changed


def test_a_change_is_written_over_the_version_that_was_read(kind):
    first = kind.create("one")

    kind.store.replace(TENANT, replace(first, **kind.change), kind.given.event())

    assert kind.find(first) == replace(first, **kind.change, version=2)


def test_a_change_over_an_older_version_is_refused_and_leaves_no_event(kind, stores):
    first = kind.create("one")
    kind.store.replace(TENANT, replace(first, **kind.change), kind.given.event())
    events = log_ids(stores)

    with pytest.raises(Conflict) as refusal:
        kind.store.replace(TENANT, first, kind.given.event())

    assert refusal.value.code == "changed"
    assert kind.find(first) == replace(first, **kind.change, version=2)
    assert log_ids(stores) == events


def test_a_change_of_what_was_deleted_meanwhile_does_not_bring_it_back(kind):
    first = kind.create("one")
    kind.store.delete(TENANT, kind.id_of(first), kind.given.event())

    with pytest.raises(Conflict) as refusal:
        kind.store.replace(TENANT, first, kind.given.event())

    assert refusal.value.code == "changed"
    assert kind.find(first) is None


# Deleted


def test_what_was_deleted_is_gone_and_the_next_deletion_finds_nothing(kind):
    first, second = kind.create("one"), kind.create("two")

    kind.store.delete(TENANT, kind.id_of(first), kind.given.event())
    with pytest.raises(NotFound) as refusal:
        kind.store.delete(TENANT, kind.id_of(first), kind.given.event())

    assert refusal.value.code == f"inexistent_{kind.name}"
    assert kind.find(first) is None
    assert kind.find(second) == second


def test_what_is_retired_is_gone_with_a_note_of_what_it_leaves(kind, stores):
    first = kind.create("one")
    work = Work.on(CLIENT, "one", TENANT, kind.given.ambient.now())

    kind.store.retire(TENANT, first, work, kind.given.event())

    assert kind.find(first) is None
    assert stores.works.pending(10) == [work]


def test_what_is_gone_cannot_be_retired_and_notes_nothing(kind, stores):
    work = Work.on(RESOURCE_SERVER, "one", TENANT, kind.given.ambient.now())

    with pytest.raises(NotFound) as refusal:
        kind.store.retire(TENANT, kind.make("one"), work, kind.given.event())

    assert refusal.value.code == f"inexistent_{kind.name}"
    assert stores.works.pending(10) == []


# History


def test_every_write_carries_its_event(kind, stores):
    events = [kind.given.event() for _ in range(3)]
    made = kind.make("one")

    kind.store.create(TENANT, made, events[0])
    kind.store.replace(TENANT, replace(made, version=1), events[1])
    kind.store.delete(TENANT, kind.id_of(made), events[2])

    assert {event.log_id for event in events} <= set(log_ids(stores))


# Listed


def test_all_are_walked_in_order_of_id_and_nothing_else_is(kind):
    kind.given.connection("beside")
    kind.given.client("beside")
    made = [kind.create(name) for name in ("c", "a", "b")]

    walked = [each for each in kind.store.walk(TENANT) if each in made]

    assert walked == sorted(made, key=kind.id_of)
    assert {type(each) for each in kind.store.walk(TENANT)} == {type(made[0])}


def test_a_walk_goes_on_after_an_id_also_if_it_was_deleted_meanwhile(kind):
    made = sorted((kind.create(name) for name in ("zz1", "zz2", "zz3")), key=kind.id_of)
    kind.store.delete(TENANT, kind.id_of(made[1]), kind.given.event())

    walked = kind.store.walk(TENANT, kind.id_of(made[1]))

    assert [each for each in walked if each in made] == [made[2]]


def test_a_walk_reads_nothing_before_it_is_asked(kind, calls):
    kind.create("one")
    calls.clear()

    walk = kind.store.walk(TENANT)
    before = list(calls)
    list(islice(walk, 1))

    assert before == []
    assert calls == ["Query"]


# Kept for seconds


def test_what_is_recalled_may_be_seconds_old_and_what_is_found_is_not(kind, clock):
    first = kind.create("one")
    kind.store.recall(TENANT, kind.id_of(first))
    elsewhere = replace(kind.store, cache=type(kind.store.cache)(clock.now))
    elsewhere.replace(TENANT, replace(first, **kind.change), kind.given.event())

    recalled, found = kind.store.recall(TENANT, kind.id_of(first)), kind.find(first)
    clock.advance(seconds=SECONDS)

    assert (recalled.version, found.version) == (1, 2)
    assert kind.store.recall(TENANT, kind.id_of(first)).version == 2


@pytest.mark.parametrize("written", ["replace", "delete", "refused"])
def test_nothing_is_recalled_past_a_write_of_the_same_process(kind, clock, written):
    first = kind.create("one")
    kind.store.recall(TENANT, kind.id_of(first))

    if written == "replace":
        kind.store.replace(TENANT, first, kind.given.event())
    elif written == "delete":
        kind.store.delete(TENANT, kind.id_of(first), kind.given.event())
    else:
        replace(kind.store, cache=type(kind.store.cache)(clock.now)).replace(TENANT, first, kind.given.event())
        with pytest.raises(Conflict):
            kind.store.replace(TENANT, first, kind.given.event())

    assert kind.store.recall(TENANT, kind.id_of(first)) == kind.find(first)


# Grants, whose client and API must be there


@pytest.mark.parametrize("gone", ["clients", "resource_servers"])
def test_a_grant_is_not_given_to_a_client_or_an_api_that_was_deleted_meanwhile(stores, given, gone):
    client, server = given.client("app"), given.api("https://orders")
    getattr(stores, gone).delete(TENANT, client.client_id if gone == "clients" else server.id, given.event())

    with pytest.raises(NotFound) as refusal:
        stores.client_grants.create(TENANT, given.unsaved_grant("one"), given.event())

    assert (
        refusal.value.code == {"clients": "inexistent_client", "resource_servers": "inexistent_resource_server"}[gone]
    )
    assert list(stores.client_grants.walk(TENANT)) == []


# What a document holds


def test_a_clients_secrets_and_nested_settings_come_back_exactly(stores, given):
    end = given.ambient.now() + timedelta(microseconds=1)
    secrets = (ClientSecret(digest="new"), ClientSecret(digest="old", expires_at=end))
    settings = {"lifetime_in_seconds": 1, "scopes": {}, "extra": [None, 0.1, -0.0, 10**30, ""]}

    given.client("app", secrets=secrets, jwt_configuration=settings, client_metadata={"": "", "é": "😀\x00"})

    found = stores.clients.find(TENANT, "app")
    assert found.secrets == secrets
    assert repr(found.jwt_configuration) == repr(settings)
    assert found.client_metadata == {"": "", "é": "😀\x00"}


def test_an_api_keeps_a_thousand_scopes_in_their_order(stores, given):
    scopes = tuple(ApiScope(value=f"read:{number}", description="x" * 200) for number in range(1_000, 0, -1))
    server = replace(given.unsaved_api("https://orders"), scopes=scopes)

    stores.resource_servers.create(TENANT, server, given.event())

    assert stores.resource_servers.find(TENANT, server.id).scopes == scopes
