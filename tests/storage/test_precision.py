"""What callers put into metadata, options and history comes back as it was: every number, every text, every key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.users import Change

TENANT = "acme"
DEEP = {"level": 1}
for _ in range(14):
    DEEP = {"deeper": DEEP}

VALUES = {
    "floats": [0.1, 1 / 3, 1e-320, 5e-324, 1.7976931348623157e308, 1e22, 1e16, 123456789.123456789],
    "whole floats": [1.0, 100.0, 1e15, -1.0],
    "minus zero": [-0.0, 0.0, 0],
    "integers past a double": [2**53 + 1, -(2**53) - 1, 2**63, 2**64, -(2**64)],
    "integers past dynamodb": [10**30, 10**38 + 1, -(10**60), 7**400],
    "truth": [True, False, 1, 0, None],
    "empty": {"text": "", "list": [], "map": {}, "null": None, "lists": [[], [[]]]},
    "nested nulls": {"a": {"b": None, "c": [None, {"d": None}]}},
    "nul": ["\x00", "a\x00b", {"\x00": "\x00"}],
    "control characters": ["\x01\x1f\x7f\x85\u2028\u2029\ufeff\uffff"],
    "emoji": ["😀", "👩‍👩‍👧‍👦", "🇧🇪", {"👍🏽": "🏳️‍🌈"}],
    "composed and decomposed": ["\u00e9", "e\u0301", "\ufb01", "\u212b", "\u00c5"],
    "lone keys": [{"": ""}, {" ": None}, {"0": 0}],
    "keys that mean something elsewhere": {"__proto__": 1, "$set": 2, "a.b": 3, "#": 4, ":v": 5, "constructor": None},
    "order": {"z": 1, "a": 2, "m": 3, "10": 4, "9": 5},
    "sixteen levels": DEEP,
    "long": ["x" * 100_000, list(range(1_000))],
}
each_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)


def exactly(value):
    """Tell apart what compares as equal: 1, 1.0 and True, 0.0 and -0.0, and the order of keys."""
    return repr(value)


@each_value
def test_metadata_and_attributes_of_a_user_come_back_exactly(stores, given, value):
    given.user("ann", user_metadata={"it": value}, app_metadata={"": value}, attributes={"\x00": value})

    found = stores.users.find(TENANT, "auth0|ann")
    (shown,) = stores.users.with_email(TENANT, "ann@example.com")

    assert exactly(found.user_metadata) == exactly({"it": value})
    assert exactly(found.app_metadata) == exactly({"": value})
    assert exactly(found.attributes) == exactly({"\x00": value})
    assert exactly(shown) == exactly(found)


@each_value
def test_a_changed_profile_and_the_profile_of_a_linked_account_come_back_exactly(stores, given, value):
    ann = given.user("ann")
    linked = replace(ann.main, profile={"it": value})
    after = replace(ann, identities=(linked,), user_metadata={"it": value})

    stores.users.change(TENANT, Change(before=ann, after=after), given.event())

    found = stores.users.find(TENANT, ann.user_id)
    assert exactly(found.main.profile) == exactly({"it": value})
    assert exactly(found.user_metadata) == exactly({"it": value})


@each_value
def test_options_of_a_connection_and_details_of_an_event_come_back_exactly(stores, given, value):
    given.connection("people", options={"it": value}, metadata={"it": value})
    event = given.event(details={"it": value})
    stores.logs.record(TENANT, event)

    connection = stores.connections.find(TENANT, "con_people")

    assert exactly(connection.options) == exactly(connection.metadata) == exactly({"it": value})
    assert exactly(stores.logs.find(TENANT, event.log_id)) == exactly(event)


@each_value
def test_a_patch_beside_a_value_leaves_it_exactly_as_it_was(product, given, value):
    caller = Caller(tenant=TENANT, operation="Patch", scopes=frozenset({"update:users"}))
    user = given.user("ann", user_metadata={"kept": value})

    product.users.update(caller, user.user_id, {"user_metadata": {"other": value}})

    found = product.users.store.find(TENANT, user.user_id)
    assert exactly(found.user_metadata) == exactly({"kept": value, "other": value})


def test_times_come_back_to_the_microsecond(stores, given, clock):
    clock.advance(microseconds=123_457)

    user = given.user("ann", last_password_reset=clock.now())

    found = stores.users.find(TENANT, user.user_id)
    assert found.created_at == found.last_password_reset == clock.now()
    assert found.created_at.tzinfo is not None
