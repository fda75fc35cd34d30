"""What a Lambda keeps for seconds: never longer, never past its own writes, and never without end."""

from __future__ import annotations

import pytest

from chalicelib.storage import cache as caching
from chalicelib.storage.cache import SECONDS, Cache
from chalicelib.storage.keys import Key

KEY, OTHER = Key("T#acme", "CLIENT#1"), Key("T#acme", "CLIENT#2")


@pytest.fixture
def cache(clock):
    return Cache(clock.now)


@pytest.fixture
def store():
    """What lies behind the cache: values by key, and the keys that were loaded."""
    return Store()


class Store(dict):
    def __init__(self):
        super().__init__()
        self.loaded = []

    def load(self, key):
        def loading():
            self.loaded.append(key)
            return self.get(key)

        return loading


def test_a_value_is_loaded_once_for_five_seconds(cache, store, clock):
    store[KEY] = "old"
    first = cache.get(KEY, store.load(KEY))
    store[KEY] = "new"

    clock.advance(seconds=SECONDS - 0.001)
    second = cache.get(KEY, store.load(KEY))

    assert (first, second) == ("old", "old")
    assert store.loaded == [KEY]


def test_after_five_seconds_a_value_is_loaded_anew(cache, store, clock):
    store[KEY] = "old"
    cache.get(KEY, store.load(KEY))
    store[KEY] = "new"

    clock.advance(seconds=SECONDS)

    assert SECONDS == 5
    assert cache.get(KEY, store.load(KEY)) == "new"


def test_reading_does_not_prolong_the_life_of_a_value(cache, store, clock):
    store[KEY] = "old"
    for _ in range(3):
        cache.get(KEY, store.load(KEY))
        store[KEY] = "new"
        clock.advance(seconds=2)

    assert cache.get(KEY, store.load(KEY)) == "new"


def test_a_clock_that_was_put_back_makes_nothing_live_longer(cache, store, clock):
    store[KEY] = "old"
    cache.get(KEY, store.load(KEY))
    store[KEY] = "new"

    clock.advance(hours=-1)

    assert cache.get(KEY, store.load(KEY)) == "new"


def test_what_does_not_exist_is_asked_for_each_time(cache, store):
    missing = cache.get(KEY, store.load(KEY))
    store[KEY] = "created meanwhile"

    assert missing is None
    assert cache.get(KEY, store.load(KEY)) == "created meanwhile"


@pytest.mark.parametrize("value", [[], "", 0, False])
def test_a_value_that_is_empty_is_kept_like_any_other(cache, store, value):
    store[KEY] = value

    values = [cache.get(KEY, store.load(KEY)) for _ in range(2)]

    assert values == [value, value]
    assert store.loaded == [KEY]


def test_what_was_written_is_forgotten_and_nothing_else(cache, store):
    store.update({KEY: "old", OTHER: "other"})
    for key in store:
        cache.get(key, store.load(key))
    store[KEY] = "new"

    cache.drop(KEY)
    values = [cache.get(key, store.load(key)) for key in (KEY, OTHER)]

    assert values == ["new", "other"]
    assert store.loaded == [KEY, OTHER, KEY]


def test_forgetting_what_is_not_kept_is_no_error(cache, store):
    cache.drop(KEY)

    assert cache.get(KEY, store.load(KEY)) is None


def test_a_failure_to_load_is_not_kept(cache, store):
    def fail():
        raise OSError("no answer")

    with pytest.raises(OSError, match="no answer"):
        cache.get(KEY, fail)
    store[KEY] = "there"

    assert cache.get(KEY, store.load(KEY)) == "there"


def test_the_cache_starts_anew_before_it_holds_more_than_2000_values(cache):
    keys = [Key("T#acme", f"CLIENT#{number}") for number in range(2_001)]

    sizes = []
    for key in keys:
        cache.get(key, lambda: "value")
        sizes.append(len(cache.entries))

    assert caching._MOST == 2_000
    assert max(sizes) == 2_000
    assert sizes[-1] == 1
