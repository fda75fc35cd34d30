"""Setting a deployment up and bringing it up to date, as the function that AWS alone may invoke does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib import tasks
from chalicelib.core.callers import Caller
from chalicelib.core.errors import NotFound
from chalicelib.core.logs import done


def test_a_new_deployment_has_its_two_tenants_and_says_how_to_reach_them(contents, core):
    contents.restore([])

    access = tasks.administer(core, {})["access"]

    assert [(each["tenant"], each["audience"]) for each in access] == [
        ("main", "https://gatehouse.test/api/v2/"),
        ("system", "https://system.gatehouse.test/api/v2/"),
    ]
    kept = core.clients.store.find("system", access[1]["client_id"])
    assert kept.verify_secret(access[1]["client_secret"], core.clients.ambient.now())


def test_setting_up_again_changes_nothing_and_shows_no_secret(contents, core):
    tasks.administer(core, {})
    before = contents.read()

    again = tasks.administer(core, {})

    assert again == {"access": [], "brought_up_to_date": []}
    assert contents.read() == before


def test_a_new_version_brings_its_scopes_to_every_tenant(core):
    for tenant in ("acme", "system"):
        server = core.resource_servers.management_api(tenant)
        kept = core.resource_servers.store.find(tenant, server.id)
        core.resource_servers.store.replace(
            tenant, replace(kept, scopes=kept.scopes[1:]), done(core.clients.ambient, Caller(tenant=tenant))
        )

    brought = tasks.administer(core, {})["brought_up_to_date"]

    assert sorted(brought) == ["acme", "system"]
    assert tasks.administer(core, {})["brought_up_to_date"] == []


def test_a_lost_secret_is_replaced_at_once(core):
    first = core.deployment.new_access("acme")

    second = core.deployment.new_access("acme")

    kept, now = core.clients.store.find("acme", second.client_id), core.clients.ambient.now()
    assert kept.verify_secret(second.client_secret, now)
    assert not kept.verify_secret(first.client_secret, now)


def test_a_tenant_that_is_not_there_gets_no_secret(core):
    with pytest.raises(NotFound):
        tasks.administer(core, {"new_access": "nobody"})


def test_a_deployment_is_well_when_table_and_key_answer(core):
    assert tasks.administer(core, {"health": True}) == {"health": {"table": "ok", "sealing_key": "ok"}}


def test_a_deployment_without_its_tenants_says_what_is_missing(contents, core):
    contents.restore([])

    health = tasks.administer(core, {"health": True})["health"]

    assert health == {"table": "The tenant does not exist.", "sealing_key": "ok"}
