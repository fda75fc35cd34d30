"""/api/v2/rules-configs: values that rules know and nobody may read."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Unavailable
from chalicelib.core.rules_configs import MAX_CONFIGS, MAX_KEY
from chalicelib.wiring import build_core

PATH = "/api/v2/rules-configs"
CALLER = Caller(tenant="main")


@pytest.fixture
def put(api):
    return lambda key, value="secret": api.put(f"{PATH}/{key}", {"value": value})


def keys(api):
    return [config["key"] for config in api.get(PATH).json]


def stored(contents, kind, tenant="main"):
    return [each for each in contents.read() if each["pk"]["S"] == f"T#{tenant}" and each["sk"]["S"].startswith(kind)]


# Set and listed


def test_a_value_is_answered_to_whoever_set_it_and_its_key_is_listed(api, put):
    answer = put("API_KEY", "s3cret")

    assert (answer.status, answer.json) == (200, {"key": "API_KEY", "value": "s3cret"})
    assert api.get(PATH).json == [{"key": "API_KEY"}]


def test_keys_are_listed_in_order(api, put):
    for key in ("b", "B", "a"):
        put(key)

    assert keys(api) == ["B", "a", "b"]


def test_a_value_takes_the_place_of_the_one_before(api, core, put):
    put("API_KEY", "old")

    assert put("API_KEY", "new").status == 200
    assert keys(api) == ["API_KEY"]
    assert core.rules_configs.opened("main") == {"API_KEY": "new"}


def test_a_value_alone_cannot_be_read(api, put):
    put("API_KEY")

    assert api.get(f"{PATH}/API_KEY").status == 405


@pytest.mark.security(43)
@pytest.mark.parametrize("key", ["a", "9", "_-@*+:", "-", "k" * MAX_KEY])
def test_a_key_of_1_to_127_of_auth0s_characters_is_accepted(api, put, key):
    assert put(key).json["key"] == key
    assert keys(api) == [key]


@pytest.mark.security(43)
@pytest.mark.parametrize("key", ["k" * (MAX_KEY + 1), "a%20b", "a.b", "a%2Fb", "%C3%A9", "a%23b", "a%7B", "a%24"])
def test_another_key_is_refused(api, put, key):
    answer = put(key)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_uri")
    assert keys(api) == []


@pytest.mark.security(43)
@pytest.mark.parametrize("value", ["", "x" * 4_096, "😀" * 4_096, " \x00\n", '{"a": "b"}'])
def test_a_value_of_up_to_4_096_characters_comes_back_to_rules_as_it_was(core, put, value):
    assert put("API_KEY", value).status == 200
    assert core.rules_configs.opened("main") == {"API_KEY": value}


@pytest.mark.security(43)
@pytest.mark.parametrize(
    "body", [{"value": "x" * 4_097}, {"value": None}, {"value": 7}, {}, {"value": "x", "key": "y"}]
)
def test_another_value_is_refused(api, body):
    answer = api.put(f"{PATH}/API_KEY", body)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert keys(api) == []


@pytest.mark.security(42, 43)
def test_a_tenant_has_a_hundred_and_no_more(api, core, put):
    for number in range(MAX_CONFIGS):
        core.rules_configs.set(CALLER, f"KEY_{number}", "")

    over, again = put("ONE_MORE"), put("KEY_0")
    api.delete(f"{PATH}/KEY_1")

    assert (over.status, over.json["message"]) == (429, "A tenant has at most 100 rules configs.")
    assert again.status == 200
    assert put("ONE_MORE").status == 200


# Deleted


def test_a_deleted_value_is_gone(api, core, put):
    put("API_KEY")
    core.rules_configs.opened("main")

    answer = api.delete(f"{PATH}/API_KEY")

    assert (answer.status, answer.text) == (204, "")
    assert keys(api) == []
    assert core.rules_configs.opened("main") == {}


@pytest.mark.parametrize("key", ["UNKNOWN", "no%20key", "k" * 1_000])
def test_deleting_what_does_not_exist_is_no_error(api, key):
    assert api.delete(f"{PATH}/{key}").status == 204


@pytest.mark.security(40)
def test_each_change_is_an_event_without_the_value(api, put, clock):
    clock.advance(seconds=1)
    put("API_KEY", "canary")
    api.delete(f"{PATH}/API_KEY")

    events = api.get("/api/v2/logs").json

    assert [event["description"] for event in events[:2]] == [
        "Delete rules config for a given key",
        "Set rules config for a given key",
    ]
    assert "canary" not in str(events)


# Kept


def test_a_value_is_kept_encrypted_and_nowhere_else(contents, put, caplog):
    caplog.set_level("DEBUG")

    put("API_KEY", "canary")

    sealed = stored(contents, "RULE_CONFIG#")[0]["sealed"]["S"]
    assert "canary" not in str(contents.read()) + caplog.text
    assert b"canary" not in b64decode(sealed)


def test_the_same_value_is_never_encrypted_to_the_same_text(contents, put):
    put("ONE")
    put("TWO")

    one, two = (item["sealed"]["S"] for item in stored(contents, "RULE_CONFIG#"))
    assert one != two


def test_a_value_outlives_every_signing_key_there_was_when_it_was_set(api, clock, core, put):
    put("API_KEY", "s3cret")
    for _ in range(3):
        key = core.signing_keys.current("main").kid
        api.post("/api/v2/keys/signing/rotate")
        api.put(f"/api/v2/keys/signing/{key}/revoke")
    clock.advance(days=3_650)

    assert core.rules_configs.opened("main") == {"API_KEY": "s3cret"}


def test_another_process_opens_what_this_one_sealed(core, settings, ambient, put):
    put("API_KEY", "s3cret")

    other = build_core(settings, ambient)

    assert other.rules_configs.opened("main") == {"API_KEY": "s3cret"}


def test_a_tenant_has_one_data_key_however_many_values(contents, put):
    put("ONE")
    put("TWO")

    assert len(stored(contents, "DATA_KEY#")) == 1


def test_a_tenant_without_values_has_none_and_no_key(core, contents):
    assert core.rules_configs.opened("main") == {}
    assert stored(contents, "DATA_KEY#") == []


def test_the_key_service_is_asked_once_by_a_process(core, settings, ambient, put, aws):
    put("ONE")
    put("TWO")
    asked, other = [], build_core(settings, ambient)
    other.rules_configs.vault.sealer.client.meta.events.register(
        "before-call.kms", lambda model, **_: asked.append(model.name)
    )

    for _ in range(3):
        other.rules_configs.opened("main")

    assert asked == ["Decrypt"]


@pytest.mark.security(33)
@pytest.mark.parametrize(
    "moved", ["to another key", "to another tenant", "and changed", "and cut off", "and is no text of ours"]
)
def test_what_lies_where_it_was_not_sealed_for_is_not_taken_for_what_belongs_there(
    core, contents, api, acme, put, moved
):
    put("API_KEY", "theirs")
    acme.put(f"{PATH}/API_KEY", {"value": "ours"})
    (item,), (other,) = stored(contents, "RULE_CONFIG#", "acme"), stored(contents, "RULE_CONFIG#")
    raw = b64decode(item["sealed"]["S"])
    forged = {
        "to another key": {**item, "sk": {"S": "RULE_CONFIG#OTHER"}, "config_key": {"S": "OTHER"}},
        "to another tenant": {**item, "sealed": other["sealed"]},
        "and changed": {**item, "sealed": {"S": b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()}},
        "and cut off": {**item, "sealed": {"S": b64encode(raw[:5]).decode()}},
        "and is no text of ours": {**item, "sealed": {"S": "not sealed"}},
    }[moved]
    contents.restore([*(each for each in contents.read() if each != item), forged])
    core.clients.store.cache.entries.clear()

    with pytest.raises(Unavailable) as refused:
        core.rules_configs.opened("acme")

    assert "ours" not in refused.value.message + refused.value.detail


def test_values_without_the_key_that_opens_them_are_not_taken_for_none(core, contents, put):
    put("API_KEY")
    contents.restore([each for each in contents.read() if not each["sk"]["S"].startswith("DATA_KEY#")])
    core.clients.store.cache.entries.clear()

    with pytest.raises(Unavailable):
        core.rules_configs.opened("main")


def test_a_value_that_comes_while_the_first_is_made_is_sealed_with_the_key_that_is_kept(core, put):
    """Of two data keys that are made at once one is stored, and both values open with it."""
    configs = core.rules_configs
    first_look = iter([None])

    class Late:
        """A store in which the data key of another process is not there yet, the first time one looks."""

        def recall_data_key(self, tenant):
            if next(first_look, "again") is None:
                put("THEIRS", "1")
                return None
            return configs.store.recall_data_key(tenant)

        def __getattr__(self, name):
            return getattr(configs.store, name)

    replace(configs, store=Late()).set(CALLER, "OURS", "2")

    assert configs.opened("main") == {"OURS": "2", "THEIRS": "1"}
