"""The keys: none without a tenant, and no name that somebody chose reaches into another pattern."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.connections import Connections
from chalicelib.core.hosts import TENANT_NAME
from chalicelib.core.user_words import MAX_WORD, folded
from chalicelib.storage import keys
from chalicelib.storage.keys import Key

WHEN = datetime(2026, 3, 1, 12, 0, 0, 123_000, UTC)
LONGEST_TENANT, CONNECTION_ID = "t" * 63, "con_0123456789abcdef"
HOSTILE = [
    "",
    "#",
    "##",
    "x#LOGS#0",
    "a#U#b",
    "#L#con#name",
    "T#acme#U#auth0|1",
    "PROFILE",
    "\x00",
    "a\x00",
    "a",
    "A",
    "à",
    "a\u0300",
    "😀",
    "👩‍👩‍👧",
    "a" * 1_500,
    "a" * 1_501,
    "a" * 2_000,
    "a" * 2_001,
    "é" * 750,
    "é" * 751,
    "😀" * 1_024,
]
PATTERNS = {
    "entity": lambda tenant, name: keys.entity(tenant, keys.CLIENT, name),
    "entity with a prefix that begins alike": lambda tenant, name: keys.entity(tenant, keys.CLIENT_GRANT, name),
    "user": lambda tenant, name: Key(keys.user(tenant, name), keys.PROFILE),
    "linked": keys.linked,
    "memberships": keys.memberships,
    "login": lambda tenant, name: keys.login(tenant, CONNECTION_ID, name),
    "login elsewhere": lambda tenant, name: keys.login(tenant, CONNECTION_ID + "0", name),
    "identity": lambda tenant, name: keys.identity(tenant, CONNECTION_ID, name),
    "public_keys": keys.public_keys,
    "history of a user": lambda tenant, name: Key(keys.history(tenant, f"user {name}", WHEN), keys.LOG),
    "impersonation of": lambda tenant, name: keys.impersonation(tenant, f"user {name}", name),
    "failures of": lambda tenant, name: keys.failures(tenant, CONNECTION_ID, name, "192.0.2.1"),
    "failures from": lambda tenant, name: keys.failures(tenant, CONNECTION_ID, "ann", name),
    "sign_ups": lambda tenant, name: keys.sign_ups(tenant, name, WHEN),
    "user_word": lambda tenant, name: keys.user_word(tenant, 0, "ann", name),
    "user_word of": lambda tenant, name: keys.user_word(tenant, 1, folded(name)[:MAX_WORD], name),
    "by_email": lambda tenant, name: Key(keys.by_email(tenant, name), ""),
}
NAMELESS = {
    "tenant": keys.tenant,
    "history": lambda tenant: Key(keys.history(tenant, "", WHEN), keys.LOG),
    "traces": lambda tenant: Key(keys.traces(tenant, WHEN), keys.TRACE),
    "log_seals": lambda tenant: Key(keys.log_seals(tenant), keys.LOG_SEAL),
    "work": lambda tenant: keys.work(tenant, "1"),
    "job": lambda tenant: keys.job(tenant, "job_1"),
    "mail": lambda tenant: keys.mail(tenant, "1"),
    "connections": keys.connections,
    "connection_script": lambda tenant: keys.connection_script(tenant, CONNECTION_ID, "login"),
    "requests": lambda tenant: keys.requests(tenant, "management", 1),
    "one_time": lambda tenant: keys.one_time(tenant, "1", keys.CODE),
    "users_by_creation": lambda tenant: Key(keys.users_by_creation(tenant, 0), ""),
    "blocked_users": lambda tenant: Key(keys.blocked_users(tenant, 0), ""),
    "pending_users": lambda tenant: Key(keys.pending_users(tenant, 0), ""),
    "user_words": lambda tenant: Key(keys.user_words(tenant, 0), ""),
    "logs_by_time": lambda tenant: Key(keys.logs_by_time(tenant, 0), ""),
    "accounts_of": lambda tenant: Key(keys.accounts_of(tenant, CONNECTION_ID), ""),
    "devices_of": lambda tenant: Key(keys.devices_of(tenant), ""),
    "sessions_of": lambda tenant: Key(keys.sessions_of(tenant), ""),
    "consents_of": lambda tenant: Key(keys.consents_of(tenant), ""),
}
NOT_KEYS = {"moment", "digest", "folded", "sorting", "shard", "word_of", "tenant_of"}


def every_key(tenant):
    """Every key that any name makes in a tenant, and what it was made of."""
    named = {(pattern, name): make(tenant, name) for pattern, make in PATTERNS.items() for name in HOSTILE}
    return named | {(pattern, None): make(tenant) for pattern, make in NAMELESS.items()}


@pytest.fixture
def makers():
    """The functions that make keys, by their name."""
    functions = inspect.getmembers(keys, inspect.isfunction)
    return {name: made for name, made in functions if made.__module__ == keys.__name__ and name not in NOT_KEYS}


@pytest.mark.security(33)
def test_no_key_is_made_without_a_tenant(makers):
    first = {name: next(iter(inspect.signature(made).parameters)) for name, made in makers.items()}

    assert {name: parameter for name, parameter in first.items() if parameter != "tenant"} == {"tenant": "name"}


def test_every_pattern_is_among_those_tried_here(makers):
    tried = {pattern.split()[0] for pattern in {**PATTERNS, **NAMELESS}}

    # What is pending lies among that of all tenants, which the last test is about.
    assert set(makers) - tried == {"configuration", "pending_link"}


@pytest.mark.security(33)
@pytest.mark.parametrize("tenant", ["acme", "acme2", LONGEST_TENANT])
def test_every_partition_is_the_tenants_own(tenant):
    partitions = {key.pk for key in every_key(tenant).values()}

    assert {pk for pk in partitions if pk != f"T#{tenant}" and not pk.startswith(f"T#{tenant}#")} == set()


@pytest.mark.parametrize("name", ["acme#U", "acme#", "#", "T#acme", "acme\x00", "ac me", "acmé"])
def test_a_tenant_cannot_have_a_name_that_reaches_into_anothers_partitions(name):
    assert TENANT_NAME.fullmatch(name) is None


def test_the_id_of_a_connection_has_no_separator(ambient):
    connections = Connections(
        store=None, ambient=ambient, check_database_options=lambda _: None, custom=None
    )  # making one stores nothing

    made = [connections.make({"name": "any", "strategy": "auth0"}).id for _ in range(100)]

    assert [connection_id for connection_id in made if not connection_id.removeprefix("con_").isalnum()] == []


@pytest.mark.security(33)
def test_no_two_names_patterns_or_tenants_share_a_key():
    made = [(tenant, *of, key) for tenant in ("acme", "acme2", "c") for of, key in every_key(tenant).items()]

    different = {key for *_, key in made}

    assert len(different) == len(made)


def test_the_lists_that_are_no_tenants_lie_beside_all_of_them():
    beside = {keys.TENANTS, keys.PENDING_WORK, keys.PENDING_MAIL, keys.PENDING_LINKS, keys.USER_ENTRIES.pk}

    assert not any(name.startswith("T#") for name in beside)
    assert len(beside) == 5


@pytest.mark.security(33)
def test_pending_links_of_two_tenants_do_not_meet_in_their_list():
    made = {keys.pending_link(tenant, digest, WHEN) for tenant in ("acme", "acme2", "c") for digest in ("1", "2")}

    assert {key.pk for key in made} == {keys.PENDING_LINKS}
    assert len(made) == 6


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_key_of_any_name_fits_dynamodb(pattern, name):
    key = PATTERNS[pattern](LONGEST_TENANT, name)

    assert 0 < len(key.pk.encode()) <= 2_048
    assert len(key.sk.encode()) <= 1_024


@pytest.mark.parametrize("kept", ["a" * 1_500, "é" * 750, "😀" * 375, "auth0|1", ""])
def test_a_name_of_up_to_1500_bytes_is_kept(kept):
    assert keys.folded(kept) == kept


@pytest.mark.parametrize("long", ["a" * 1_501, "é" * 751, "😀" * 376])
def test_a_longer_name_becomes_one_that_nobody_can_have(long):
    folded = keys.folded(long)

    assert folded == keys.folded(long)
    assert folded != keys.folded(long + "a")
    assert folded.startswith("\x7f")
    assert len(folded) == 65


@pytest.mark.parametrize("name", HOSTILE)
def test_an_id_of_any_length_fits_a_sort_key_and_a_short_one_is_kept(name):
    sorting = keys.sorting(name)

    assert len(sorting.encode()) <= 900
    assert (sorting == name) == (len(name.encode()) <= 900)


# Moments and shards


def test_moments_sort_by_time_whatever_the_names_are():
    moments = [keys.moment(WHEN + timedelta(milliseconds=step), name) for step, name in enumerate(HOSTILE)]

    assert sorted(moments) == moments
    assert {len(moment) for moment in moments} == {38}


def test_moments_before_the_year_2001_sort_too():
    early, late = datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)

    assert keys.moment(early, "z") < keys.moment(late, "a")


def test_what_was_made_in_one_millisecond_is_told_apart_by_name():
    assert len({keys.moment(WHEN, name) for name in HOSTILE}) == len(HOSTILE)


def test_the_shard_of_a_name_never_changes():
    shards = [keys.shard(name, 16) for name in ("auth0|1", "auth0|2", "", "😀")]

    assert shards == [5, 9, 2, 4]


def test_names_are_spread_evenly_over_the_shards():
    chosen = [keys.shard(f"auth0|{number}", 4) for number in range(4_000)]

    assert set(chosen) == {0, 1, 2, 3}
    assert all(900 < chosen.count(shard) < 1_100 for shard in range(4))


def test_one_shard_takes_every_name():
    assert {keys.shard(name, 1) for name in HOSTILE} == {0}
