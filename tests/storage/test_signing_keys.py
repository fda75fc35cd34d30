"""The keys of a tenant: always read and written together, so that a rotation is whole or has not happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.storage.cache import SECONDS

TENANT = "acme"


@pytest.fixture
def signing_keys(stores):
    return stores.signing_keys


@pytest.fixture
def pair(signing_keys, given):
    """The two keys a tenant begins with, as they are found."""
    made = [given.signing_key("1", "current"), given.signing_key("2", "next")]
    signing_keys.write(TENANT, made, [], given.event())
    return [replace(key, version=1) for key in made]


def by_status(keys):
    return {key.kid: key.status for key in keys}


def test_all_keys_of_a_tenant_are_read_together_and_no_others(signing_keys, pair, given):
    given.client("1")
    signing_keys.write("other", [given.signing_key("3")], [], given.event())

    assert signing_keys.list(TENANT) == pair
    assert signing_keys.recall(TENANT) == pair


def test_a_tenant_without_keys_is_asked_again_each_time(signing_keys, given):
    before = signing_keys.recall(TENANT)
    elsewhere = replace(signing_keys, cache=type(signing_keys.cache)(given.ambient.now))
    elsewhere.write(TENANT, [given.signing_key("1")], [], given.event())

    after = signing_keys.recall(TENANT)

    assert list(before) == []
    assert by_status(after) == {"1": "current"}


def test_a_rotation_changes_adds_and_drops_together_and_is_recalled_at_once(signing_keys, pair, given):
    current, following = pair
    signing_keys.recall(TENANT)
    changed = [replace(following, status="current"), given.signing_key("3", "next")]

    signing_keys.write(TENANT, changed, [current], given.event())

    assert by_status(signing_keys.recall(TENANT)) == {"2": "current", "3": "next"}
    assert by_status(signing_keys.list(TENANT)) == {"2": "current", "3": "next"}


def test_a_rotation_over_keys_that_changed_meanwhile_does_nothing(signing_keys, pair, given, stores):
    current, following = pair
    signing_keys.write(TENANT, [replace(current, status="previous")], [], given.event())
    event = given.event()

    with pytest.raises(Conflict) as refusal:
        signing_keys.write(TENANT, [replace(following, status="current"), current], [], event)

    assert refusal.value.code == "changed"
    assert by_status(signing_keys.list(TENANT)) == {"1": "previous", "2": "next"}
    assert stores.logs.find(TENANT, event.log_id) is None


def test_a_key_that_is_there_is_not_written_anew(signing_keys, pair, given):
    with pytest.raises(Conflict):
        signing_keys.write(TENANT, [given.signing_key("1", "next")], [], given.event())

    assert signing_keys.list(TENANT) == pair


def test_a_rotation_elsewhere_is_recalled_within_seconds(signing_keys, pair, given, clock):
    signing_keys.recall(TENANT)
    elsewhere = replace(signing_keys, cache=type(signing_keys.cache)(clock.now))
    elsewhere.write(TENANT, [replace(pair[0], status="previous")], [], given.event())

    soon = signing_keys.recall(TENANT)
    clock.advance(seconds=SECONDS)

    assert by_status(soon) == {"1": "current", "2": "next"}
    assert by_status(signing_keys.recall(TENANT)) == {"1": "previous", "2": "next"}


def test_everything_of_a_key_comes_back(signing_keys, given, clock):
    now = clock.now()
    key = given.signing_key(
        "1", current_since=now, current_until=now, revoked_at=now, jwk={"n": "x" * 342, "e": "AQAB"}
    )

    signing_keys.write(TENANT, [key], [], given.event())

    assert signing_keys.list(TENANT) == [replace(key, version=1)]
