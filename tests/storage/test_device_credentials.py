"""Device credentials: with their user and of no other, listed in order of id, gone when they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from chalicelib.core.errors import Conflict, NotFound

TENANT = "acme"


@pytest.fixture
def devices(stores):
    return stores.device_credentials


@pytest.fixture
def ann(given):
    return given.user("ann").user_id


def names(found):
    return [credential.device_name for credential in found]


def test_a_credential_is_found_by_its_id_as_it_was_created(devices, given, ann, clock):
    credential = given.device(ann, "phone", value="-----BEGIN\n😀", device_id="\x00", last_used=clock.now())

    assert devices.find(TENANT, credential.id) == credential
    assert list(devices.walk(TENANT)) == [credential]
    assert list(devices.walk_for_user(TENANT, ann)) == [credential]


@pytest.mark.security(33)
def test_a_credential_of_one_tenant_is_not_anothers(devices, given, ann):
    credential = given.device(ann, "phone")

    assert devices.find("other", credential.id) is None
    assert list(devices.walk("other")) == []
    assert list(devices.walk_for_user("other", ann)) == []


@pytest.mark.parametrize("credential_id", ["dcr_", "dcr_phone2", "~", "#", "x" * 1_024, "😀" * 1_024])
def test_an_id_that_no_credential_has_finds_nothing(devices, given, ann, credential_id):
    given.device(ann, "phone")

    assert devices.find(TENANT, credential_id) is None


def test_credentials_are_walked_in_order_of_id_each_user_for_itself(devices, given, ann):
    bob = given.user("bob").user_id
    for user_id, name in [(bob, "c"), (ann, "b"), (ann, "d"), (bob, "a")]:
        given.device(user_id, name)

    assert names(devices.walk(TENANT)) == ["a", "b", "c", "d"]
    assert names(devices.walk_for_user(TENANT, ann)) == ["b", "d"]
    assert names(devices.walk_for_user(TENANT, "auth0|nobody")) == []


@pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)  # moto copies the whole table
def test_many_credentials_are_read_a_hundred_at_a_time_and_no_further_than_needed(devices, given, calls):
    people = [given.user(f"user{number}").user_id for number in range(6)]
    for number in range(101):
        given.device(people[number // 20], f"{number:03}")
    calls.clear()

    first = names(islice(devices.walk(TENANT), 1))
    so_far = list(calls)
    everything = names(devices.walk(TENANT))

    assert first == ["000"]
    assert so_far == ["Query", "BatchGetItem"]
    assert everything == [f"{number:03}" for number in range(101)]


def test_a_credential_is_not_given_to_a_user_that_is_not_there(devices, given, contents):
    with pytest.raises(NotFound) as refusal:
        given.device("auth0|nobody", "phone")

    assert refusal.value.code == "inexistent_user"
    assert contents() == []


def test_an_id_is_used_once_by_a_user(devices, given, ann):
    first = given.device(ann, "phone")

    with pytest.raises(Conflict):
        given.device(ann, "phone", value="other")

    assert devices.find(TENANT, first.id) == first


def test_an_expired_credential_is_shown_nowhere(devices, given, ann, clock):
    credential = given.device(ann, "phone", expires_at=clock.now() + timedelta(minutes=1))

    clock.advance(seconds=59)
    before = devices.find(TENANT, credential.id)
    clock.advance(seconds=1)

    assert before == credential
    assert devices.find(TENANT, credential.id) is None
    assert [*devices.walk(TENANT), *devices.walk_for_user(TENANT, ann)] == []


def test_a_deleted_credential_is_gone_and_can_be_deleted_twice(devices, given, ann):
    phone, laptop = given.device(ann, "phone"), given.device(ann, "laptop")

    devices.delete(TENANT, phone, given.event(ann))
    devices.delete(TENANT, phone, given.event(ann))

    assert devices.find(TENANT, phone.id) is None
    assert names(devices.walk(TENANT)) == names(devices.walk_for_user(TENANT, ann)) == [laptop.device_name]


def test_what_is_done_with_a_credential_is_in_its_users_history(devices, given, ann, stores):
    credential, made, ended = given.unsaved_device(ann, "phone"), given.event(ann), given.event(ann)

    devices.create(TENANT, credential, made)
    devices.delete(TENANT, credential, ended)

    assert stores.logs.find(TENANT, made.log_id) == made
    assert stores.logs.find(TENANT, ended.log_id) == replace(ended, user_id=ann)


def test_a_deleted_users_count_of_public_keys_goes_along(stores, given, contents):
    bob = given.user("bob")
    given.device(bob.user_id, "phone")
    work = given.retired(bob)

    assert stores.users.purge(work, 100)
    assert not [item for item in contents() if item["sk"]["S"] == "PUBLIC_KEYS"]
