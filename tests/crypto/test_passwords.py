"""Hashes of passwords: strong, exact, and safe to check whatever is stored."""

import os
from statistics import median
from time import thread_time

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2i, Argon2id

from chalicelib.core.errors import Invalid
from chalicelib.crypto.passwords import Argon2PasswordHasher

CHEAP = Argon2PasswordHasher(memory_kib=16, iterations=2, lanes=1)


def replaced(old, new, password="open sesame"):
    """A hash in which one thing was exchanged."""
    stored = CHEAP.hash(password)
    assert old in stored
    return stored.replace(old, new)


def seconds(work):
    """How much of the processor it takes to be refused: that of this thread, whatever else the machine does."""
    started = thread_time()
    assert work() is False
    return thread_time() - started


@pytest.mark.security(6)
def test_the_defaults_are_argon2id_with_19_mib_two_passes_and_one_lane():
    hasher = Argon2PasswordHasher()

    stored = hasher.hash("open sesame")

    algorithm, version, cost, salt, tag = stored.split("$")[1:]
    assert (algorithm, version, cost) == ("argon2id", "v=19", "m=19456,t=2,p=1")
    assert (len(salt) * 6 // 8, len(tag) * 6 // 8) == (16, 32)
    assert hasher.verify(stored, "open sesame")
    assert not hasher.verify(stored, "open sesamE")
    assert not hasher.outdated(stored)


@pytest.mark.security(6)
def test_the_salt_is_sixteen_bytes_of_the_given_randomness():
    asked = []

    def random_bytes(count):
        asked.append(count)
        return b"\xff" * count

    stored = Argon2PasswordHasher(16, 1, 1, random_bytes=random_bytes).hash("open sesame")

    assert asked == [16]
    assert stored.split("$")[4] == "/" * 21 + "w"


@pytest.mark.security(6)
def test_the_same_password_has_another_hash_each_time():
    stored = {CHEAP.hash("open sesame") for _ in range(20)}

    assert len(stored) == 20


@pytest.mark.security(2)
@pytest.mark.parametrize("length", [10_000, 100_000])
def test_long_passwords_that_differ_in_the_last_character_are_different(length):
    first, second = "x" * (length - 1) + "y", "x" * (length - 1) + "z"

    stored_first, stored_second = CHEAP.hash(first), CHEAP.hash(second)

    assert CHEAP.verify(stored_first, first)
    assert CHEAP.verify(stored_second, second)
    assert not CHEAP.verify(stored_first, second)
    assert not CHEAP.verify(stored_first, first[:-1])


@pytest.mark.security(3)
@pytest.mark.parametrize(
    ("password", "nearly"),
    [
        ("\x00", ""),
        ("open\x00sesame", "open"),
        ("open sesame\x00", "open sesame"),
        (" open sesame ", "open sesame"),
        ("open sesame\n", "open sesame"),
        ("👩‍👩‍👧‍👦", "👩👩👧👦"),
        ("étoile", "e\u0301toile"),
        ("ﬁre", "fire"),
        ("Sesame", "sesame"),
    ],
)
def test_a_password_verifies_exactly_as_typed_and_in_no_other_form(password, nearly):
    stored = CHEAP.hash(password)

    assert CHEAP.verify(stored, password)
    assert not CHEAP.verify(stored, nearly)


def test_half_a_surrogate_pair_is_not_hashed_and_matches_nothing():
    with pytest.raises(Invalid):
        CHEAP.hash("open \ud800")

    assert not CHEAP.verify(CHEAP.hash("open ?"), "open \ud800")
    assert not CHEAP.verify_nobody("open \ud800")


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "open sesame",
        "$",
        "$argon2id$",
        "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "pbkdf2_sha256$1000$c2FsdA$dGFn",
        "\x00" * 100,
        "é" * 100,
        "\ud800",
        "$argon2id$v=19$m=16,t=2,p=1$$",
        "$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHQ$dGFn",
        "$argon2id$v=19$m=16,t=2,p=1$AAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$" * 100_000,
    ],
)
def test_what_is_no_hash_of_ours_verifies_nothing_and_is_outdated(stored):
    assert CHEAP.verify(stored, "open sesame") is False
    assert CHEAP.verify(stored, "") is False
    assert CHEAP.outdated(stored) is True


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("argon2id", "argon2i"),
        ("argon2id", "argon2d"),
        ("v=19", "v=16"),
        ("m=16", "m=7"),
        ("m=16", "m=016"),
        ("m=16", "m=-16"),
        ("m=16", "m=+16"),
        ("m=16", "m=١٦"),
        ("t=2", "t=0"),
        ("p=1", "p=0"),
        ("p=1", "p=3"),
        ("m=16,t=2", "t=2,m=16"),
        ("p=1$", "p=1,data=AAAA$"),
        ("$argon2id", " $argon2id"),
    ],
)
def test_a_tampered_hash_verifies_nothing(old, new):
    stored = replaced(old, new)

    verified = CHEAP.verify(stored, "open sesame")

    assert verified is False


@pytest.mark.parametrize("ending", ["\n", "=", "\x00", "A"])
def test_a_hash_with_something_behind_it_verifies_nothing(ending):
    stored = CHEAP.hash("open sesame") + ending

    verified = CHEAP.verify(stored, "open sesame")

    assert verified is False


def test_a_truncated_hash_verifies_nothing():
    stored = CHEAP.hash("open sesame")

    verified = [CHEAP.verify(stored[:length], "open sesame") for length in range(len(stored))]

    assert not any(verified)


def test_a_hash_of_another_kind_of_argon2_verifies_nothing():
    other = Argon2i(salt=os.urandom(16), length=32, iterations=1, lanes=1, memory_cost=8)
    stored = other.derive_phc_encoded(b"open sesame")

    verified = CHEAP.verify(stored, "open sesame")

    assert verified is False


@pytest.mark.security(43)
@pytest.mark.parametrize(("memory_kib", "iterations", "lanes"), [(131_073, 1, 1), (16, 11, 1), (72, 1, 9)])
def test_a_stored_hash_one_past_the_limit_of_cost_is_not_verified(memory_kib, iterations, lanes):
    dear = Argon2id(salt=os.urandom(16), length=32, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    stored = dear.derive_phc_encoded(b"open sesame")

    verified = CHEAP.verify(stored, "open sesame")

    assert verified is False


@pytest.mark.parametrize(
    "cost",
    [
        "m=9999999,t=1,p=1",
        "m=4294967295,t=1,p=1",
        "m=99999999999999999999,t=1,p=1",
        "m=16,t=4294967295,p=1",
        "m=131072,t=9999,p=1",
        "m=131072,t=1,p=16777215",
    ],
)
def test_a_stored_hash_cannot_choose_to_take_the_machine(cost):
    stored = replaced("m=16,t=2,p=1", cost)

    started = thread_time()
    verified = CHEAP.verify(stored, "open sesame")

    assert verified is False
    assert thread_time() - started < 1


@pytest.mark.security(43)
@pytest.mark.parametrize(("memory_kib", "iterations", "lanes"), [(131_072, 1, 1), (16, 10, 1), (64, 1, 8), (8, 1, 1)])
def test_a_hash_at_the_limit_of_cost_is_verified_by_any_hasher(memory_kib, iterations, lanes):
    stored = Argon2PasswordHasher(memory_kib, iterations, lanes).hash("open sesame")

    assert CHEAP.verify(stored, "open sesame")
    assert not CHEAP.verify(stored, "open says me")


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("memory_kib", "iterations", "lanes"),
    [(131_073, 1, 1), (7, 1, 1), (15, 1, 2), (16, 11, 1), (16, 0, 1), (72, 1, 9), (16, 1, 0)],
)
def test_a_hasher_that_could_not_verify_its_own_hashes_is_not_made(memory_kib, iterations, lanes):
    with pytest.raises(ValueError, match=f"not {memory_kib} KiB, {iterations} and {lanes}"):
        Argon2PasswordHasher(memory_kib, iterations, lanes)


@pytest.mark.security(6)
@pytest.mark.parametrize(
    ("memory_kib", "iterations", "lanes", "outdated"),
    [
        (32, 2, 2, False),
        (31, 2, 2, True),
        (32, 1, 2, True),
        (32, 2, 1, True),
        (64, 1, 2, True),
        (33, 3, 3, False),
    ],
)
def test_a_hash_is_outdated_when_anything_in_it_is_weaker(memory_kib, iterations, lanes, outdated):
    current = Argon2PasswordHasher(32, 2, 2)

    stored = Argon2PasswordHasher(memory_kib, iterations, lanes).hash("open sesame")

    assert current.verify(stored, "open sesame")
    assert current.outdated(stored) == outdated


@pytest.mark.security(6)
def test_a_hash_with_a_short_salt_or_tag_verifies_and_is_outdated():
    short_salt = "$argon2id$v=19$m=16,t=2,p=1$" + "A" * 11 + "$" + "A" * 43
    short_tag = "$argon2id$v=19$m=16,t=2,p=1$" + "A" * 22 + "$" + "A" * 22

    outdated = [CHEAP.outdated(stored) for stored in (short_salt, short_tag)]

    assert outdated == [True, True]


@pytest.mark.security(7)
@pytest.mark.parametrize("stored", [None, "", "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"])
def test_nobody_and_a_user_without_a_password_take_as_long_as_a_wrong_password(stored):
    hasher = Argon2PasswordHasher(memory_kib=4_096)
    known = hasher.hash("open sesame")

    def unknown_user():
        return hasher.verify_nobody("open says me") if stored is None else hasher.verify(stored, "open says me")

    pairs = [(seconds(lambda: hasher.verify(known, "open says me")), seconds(unknown_user)) for _ in range(25)]

    known_user, nobody = (median(times) for times in zip(*pairs, strict=True))
    assert known_user / 2 < nobody < known_user * 2


@pytest.mark.security(7)
@pytest.mark.parametrize("password", ["", "\x00", "x" * 100_000])
def test_nobody_has_a_password(password):
    verified = CHEAP.verify_nobody(password)

    assert verified is False
