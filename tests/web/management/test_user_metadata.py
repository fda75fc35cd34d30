"""user_metadata and app_metadata: merged at the first level, kept exactly as sent, within their limits."""

import json
from dataclasses import replace

import pytest

from chalicelib.core.callers import Caller
from tests.web.management.conftest import nested, path

LIMIT = 380_000
RESERVED = [
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email",
    "email_verified",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor_last_modified",
    "multifactor",
    "updated_at",
    "user_id",
]
both_kinds = pytest.mark.parametrize("kind", ["user_metadata", "app_metadata"])


# Merging


@both_kinds
@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"c": 3}, {"a": 1, "b": {"x": 1, "y": 2}, "c": 3}),
        ({"a": 2}, {"a": 2, "b": {"x": 1, "y": 2}}),
        ({"a": None}, {"b": {"x": 1, "y": 2}}),
        ({"b": {"x": 9}}, {"a": 1, "b": {"x": 9}}),
        ({"b": {"x": None}}, {"a": 1, "b": {"x": None}}),
        ({"b": {}}, {"a": 1, "b": {}}),
        ({"unknown": None}, {"a": 1, "b": {"x": 1, "y": 2}}),
    ],
)
def test_a_patch_merges_at_the_first_level_and_a_null_removes(api, new_user, kind, patch, expected):
    user = new_user(**{kind: {"a": 1, "b": {"x": 1, "y": 2}}})

    answer = api.patch(path(user), {kind: patch})

    assert answer.json[kind] == expected
    assert api.get(path(user)).json[kind] == expected


@both_kinds
@pytest.mark.parametrize("patch", [{}, None, {"a": None}])
def test_an_empty_object_empties_and_so_does_removing_the_last_key(api, new_user, kind, patch):
    user = new_user(**{kind: {"a": 1}})

    answer = api.patch(path(user), {kind: patch})

    assert answer.status == 200
    assert kind not in answer.json
    assert kind not in api.get(path(user)).json


@both_kinds
def test_a_null_at_the_first_level_of_a_new_user_is_left_out(new_user, kind):
    assert new_user(**{kind: {"a": None, "b": {"c": None}}})[kind] == {"b": {"c": None}}


def test_the_two_kinds_are_two_documents(api, new_user):
    user = new_user(user_metadata={"a": 1}, app_metadata={"a": 2})

    changed = api.patch(path(user), {"user_metadata": {"a": None, "b": 3}}).json

    assert (changed["user_metadata"], changed["app_metadata"]) == ({"b": 3}, {"a": 2})


# Exactly as sent


@both_kinds
@pytest.mark.parametrize(
    "value",
    [
        1,
        1.0,
        -0.0,
        1e22,
        0.1,
        1.5e-9,
        2**53 + 1,
        -(2**63),
        2**64,
        12_345_678_901_234_567_890_123_456_789_012_345_678_901_234_567_890,
        "",
        " ",
        "a\x00b\u2028\ufffd😀",
        "2026-03-01T12:00:00Z",
        True,
        [],
        {},
        [None, [None], {"a": None}],
        {"": "", "a.b": 1, "$set": 2, "__proto__": 3, "😀": 4, "a#b": 5, " ": 6},
        {"z": 1, "a": 2, "m": 3},
        [1, 1.0, "1", True, None],
    ],
    ids=repr,
)
def test_a_value_comes_back_exactly_as_sent(api, new_user, kind, value):
    user = new_user(**{kind: {"made": value}})

    changed = api.patch(path(user), {kind: {"changed": value}})

    read = api.get(path(user)).json[kind]
    assert changed.status == 200
    assert json.dumps(user[kind]["made"]) == json.dumps(value)
    assert json.dumps(read) == json.dumps({"made": value, "changed": value})


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"1e999", b"9" * 5_000, b'"\\ud800"', b'"\xff"', b"01", b"'x'"])
def test_what_json_cannot_say_is_refused(api, new_user, raw):
    user = new_user()

    answer = api.patch(path(user), b'{"user_metadata": {"a": ' + raw + b"}}")

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert api.get(path(user)).json == user


@both_kinds
@pytest.mark.parametrize("value", [[], "text", 1, True, [{"a": 1}]])
def test_metadata_is_an_object(api, new_user, kind, value):
    answer = api.patch(path(new_user()), {kind: value})

    assert answer.status == 400
    assert f"on property {kind}" in answer.json["message"]


def test_a_change_that_came_between_is_not_lost(api, core, new_user, interrupted):
    user = new_user(user_metadata={"a": 1})
    store = interrupted(core.users.store, lambda: api.patch(path(user), {"user_metadata": {"b": 2}}))
    caller = Caller(tenant="main", scopes=frozenset({"update:users"}))

    replace(core.users, store=store).update(caller, user["user_id"], {"user_metadata": {"c": 3}})

    assert api.get(path(user)).json["user_metadata"] == {"a": 1, "b": 2, "c": 3}


# Limits


@pytest.mark.security(43)
@both_kinds
def test_16_levels_are_kept(api, post_user, kind):
    created = post_user(**{kind: nested(16)})

    changed = api.patch(path(created.json), {kind: {"more": nested(15)}})

    assert (created.status, changed.status) == (201, 200)
    assert changed.json[kind] == {**nested(16), "more": nested(15)}


@pytest.mark.security(43)
@both_kinds
def test_17_levels_are_refused_with_the_limit(api, post_user, new_user, kind):
    created = post_user(**{kind: nested(17)})
    changed = api.patch(path(new_user()), {kind: {"more": nested(16)}})

    assert (created.status, changed.status) == (400, 400)
    assert created.json["message"] == changed.json["message"]
    assert f"{kind} is nested deeper than 16 levels' on property {kind}" in created.json["message"]


@pytest.mark.security(43)
@both_kinds
def test_a_profile_is_full_at_380_000_bytes_to_the_byte(api, new_user, kind):
    user = new_user()
    first = api.patch(path(user), {kind: {"text": "x" * (LIMIT - len('{"text":""}'))}})
    over = int(first.json["message"].partition("would be ")[2].split()[0]) - LIMIT
    longest = LIMIT - len('{"text":""}') - over

    accepted = api.patch(path(user), {kind: {"text": "x" * longest}})
    refused = api.patch(path(user), {kind: {"text": "x" * (longest + 1)}})

    assert accepted.status == 200
    assert refused.status == 400
    assert f"The user would be {LIMIT + 1} bytes long, the limit is {LIMIT}" in refused.json["message"]
    assert len(api.get(path(user)).json[kind]["text"]) == longest


@pytest.mark.security(43)
@both_kinds
def test_one_document_past_the_limit_is_refused_with_its_size(post_user, kind):
    answer = post_user(**{kind: {"text": "x" * 400_000}})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert f"{kind} is 400011 bytes long, the limit is {LIMIT}' on property {kind}" in answer.json["message"]


@pytest.mark.security(43)
def test_metadata_that_grows_past_the_limit_by_merging_is_refused_and_stays(api, new_user):
    user = new_user(user_metadata={"a": "x" * 200_000})

    answer = api.patch(path(user), {"app_metadata": {"b": "x" * 200_000}})

    assert answer.status == 400
    assert "bytes long, the limit is 380000" in answer.json["message"]
    assert api.get(path(user)).json == user


# Reserved


@pytest.mark.parametrize("name", RESERVED)
def test_a_key_that_is_reserved_in_app_metadata_is_refused(api, post_user, new_user, name):
    created = post_user(app_metadata={"plan": "gold", name: "x"})
    changed = api.patch(path(new_user()), {"app_metadata": {name: {}}})

    assert (created.status, changed.status) == (400, 400)
    message = f"Payload validation error: 'Additional properties not allowed: {name}' on property app_metadata."
    assert created.json["message"] == changed.json["message"] == message


def test_several_reserved_keys_are_all_named(post_user):
    answer = post_user(app_metadata={"user_id": 1, "blocked": 2, "_id": 3})

    assert "Additional properties not allowed: _id, blocked, user_id'" in answer.json["message"]


def test_reserved_keys_are_free_deeper_down_and_in_user_metadata(new_user):
    document = dict.fromkeys(RESERVED, "x")

    user = new_user(user_metadata=document, app_metadata={"copy": document})

    assert (user["user_metadata"], user["app_metadata"]) == (document, {"copy": document})


def test_metadata_does_not_reach_into_the_profile(api, new_user):
    user = new_user(user_metadata={"blocked": True, "logins_count": 7, "last_login": "2026-03-01T12:00:00.000Z"})

    read = api.get(path(user)).json

    assert read["logins_count"] == 0
    assert not {"blocked", "last_login"} & read.keys()
