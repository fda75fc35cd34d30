"""Tenants: made with everything they begin with or not at all, and listed by creation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.paging import PageRequest
from chalicelib.storage.cache import SECONDS


@pytest.fixture
def tenants(stores):
    return stores.tenants


def names(page):
    return [tenant.name for tenant in page.items]


def test_a_tenant_begins_with_keys_a_connection_an_api_and_a_client_that_may_use_it(tenants, given, stores):
    new = given.tenant("acme")

    assert tenants.find("acme") == replace(new.tenant, version=1)
    assert stores.signing_keys.list("acme") == [replace(key, version=1) for key in new.signing_keys]
    assert stores.connections.recall_named("acme", new.connection.name) == replace(new.connection, version=1)
    assert stores.resource_servers.find("acme", new.resource_server.id) == replace(new.resource_server, version=1)
    assert stores.clients.find("acme", new.client.client_id) == replace(new.client, version=1)
    assert stores.client_grants.find("acme", new.client_grant.id) == replace(new.client_grant, version=1)


def test_a_tenant_that_is_not_there_is_none(tenants):
    assert tenants.find("acme") is None
    assert tenants.recall("acme") is None


def test_a_name_is_taken_once_and_the_second_leaves_nothing(tenants, given, contents):
    given.tenant("acme")
    before = contents()

    with pytest.raises(Conflict) as refusal:
        tenants.create(replace(given.unsaved_tenant("acme"), signing_keys=[given.signing_key("new")]), given.event())

    assert refusal.value.code == "tenant_exists"
    assert sorted(map(str, contents())) == sorted(map(str, before))


def test_a_tenant_is_made_with_all_it_begins_with_or_not_at_all(tenants, given, stores, contents):
    new = given.unsaved_tenant("acme")
    stores.clients.create("acme", new.client, given.event())
    before = len(contents())

    with pytest.raises(Conflict):
        tenants.create(new, given.event())

    assert tenants.find("acme") is None
    assert len(contents()) == before


def test_the_event_of_a_tenants_making_lies_in_it(tenants, given, stores):
    event = given.event()

    tenants.create(given.unsaved_tenant("acme"), event)

    assert stores.logs.find("acme", event.log_id) == event


def test_settings_are_written_over_the_version_that_was_read(tenants, given):
    first = replace(given.tenant("acme").tenant, version=1)
    changed = replace(first, settings={"friendly_name": "Acme", "session_lifetime": 0.1})

    tenants.replace(changed, given.event())
    with pytest.raises(Conflict) as refusal:
        tenants.replace(first, given.event())

    assert refusal.value.code == "changed"
    assert tenants.find("acme") == replace(changed, version=2)


def test_a_change_keeps_the_tenant_in_the_list_and_is_recalled_at_once(tenants, given):
    first = replace(given.tenant("acme").tenant, version=1)
    tenants.recall("acme")

    tenants.replace(replace(first, settings={"friendly_name": "Acme"}), given.event())

    assert tenants.recall("acme").settings == {"friendly_name": "Acme"}
    assert names(tenants.list(PageRequest())) == ["acme"]


def test_a_tenant_made_elsewhere_is_recalled_at_once_and_a_change_within_seconds(tenants, given, clock):
    elsewhere = replace(tenants, cache=type(tenants.cache)(clock.now))
    assert tenants.recall("acme") is None
    elsewhere.create(given.unsaved_tenant("acme"), given.event())
    assert tenants.recall("acme").version == 1
    elsewhere.replace(tenants.find("acme"), given.event())

    clock.advance(seconds=SECONDS)

    assert tenants.recall("acme").version == 2


def test_tenants_are_listed_by_creation_the_oldest_first(tenants, given, clock):
    for name in ("zulu", "alpha", "mike"):
        given.tenant(name)
        clock.advance(milliseconds=1)

    page = tenants.list(PageRequest(include_totals=True))

    assert names(page) == ["zulu", "alpha", "mike"]
    assert (page.start, page.total) == (0, 3)


@pytest.mark.parametrize(
    ("page", "per_page", "shown"),
    [(0, 2, ["t00", "t11"]), (1, 2, ["t22"]), (2, 2, []), (0, 0, []), (0, 3, ["t00", "t11", "t22"])],
)
def test_a_page_of_tenants_is_a_part_of_the_whole(tenants, given, clock, page, per_page, shown):
    for name in ("t00", "t11", "t22"):
        given.tenant(name)
        clock.advance(milliseconds=1)

    listed = tenants.list(PageRequest(page=page, per_page=per_page, include_totals=True))

    assert names(listed) == shown
    assert listed.total == 3
