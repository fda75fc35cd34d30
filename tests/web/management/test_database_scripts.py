"""Scripts and configuration of custom databases: how they come with a connection's options, and how they are kept."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.connections import DATABASE_DEFAULTS, MAX_BYTES
from chalicelib.core.database_scripts import NAMES
from chalicelib.core.errors import Unavailable
from chalicelib.storage import keys
from chalicelib.storage.connections import ConnectionsItem

PATH = "/api/v2/connections"
SCRIPT = "function (name, password, callback) { callback(null); }"


@pytest.fixture
def save(api):
    """Make a database with options, and give the answer."""

    def made(options, name="people"):
        return api.post(PATH, {"name": name, "strategy": "auth0", "options": options})

    return made


@pytest.fixture
def held(core):
    """How many bytes all connections of the tenant take."""

    def count() -> int:
        table = core.connections.store.table
        return int(table.get(ConnectionsItem, keys.connections("main")).held)

    return count


def scripts_in(contents) -> list[str]:
    return [item["sk"]["S"].rpartition("#")[2] for item in contents.read() if "CONNECTION_SCRIPT#" in item["sk"]["S"]]


def padded(size: int) -> str:
    return SCRIPT + " " * (size - len(SCRIPT))


def test_every_script_of_auth0_is_kept_and_given_back(api, save):
    scripts = {name: f"// {name}\n{SCRIPT}" for name in NAMES}

    made = save({"enabledDatabaseCustomization": True, "customScripts": scripts})

    assert (made.status, made.json["options"]["customScripts"]) == (201, scripts)
    assert api.get(f"{PATH}/{made.json['id']}").json["options"] == made.json["options"]
    listed = [each for each in api.get(PATH).json if each["id"] == made.json["id"]]
    assert listed[0]["options"] == made.json["options"]


def test_scripts_lie_beside_their_connection(save, core, contents):
    made = save({"customScripts": {"login": SCRIPT}})

    kept = core.connections.store.find("main", made.json["id"])

    assert (kept.scripts, "customScripts" in kept.options) == ({"login": len(SCRIPT)}, False)
    assert scripts_in(contents) == ["login"]


def test_options_are_replaced_as_a_whole_and_so_are_the_scripts(api, save, contents):
    made = save({"customScripts": {"login": SCRIPT, "create": SCRIPT}}).json

    named = api.patch(f"{PATH}/{made['id']}", {"display_name": "People"}).json
    changed = api.patch(f"{PATH}/{made['id']}", {"options": {"customScripts": {"login": f"{SCRIPT}\n"}}}).json

    assert named["options"] == made["options"]
    assert changed["options"] == {"customScripts": {"login": f"{SCRIPT}\n"}}
    assert scripts_in(contents) == ["login"]


@pytest.mark.parametrize("end", ["options", "null", "delete"])
def test_no_script_is_left_behind(end, api, save, held, contents):
    before = held()
    path = f"{PATH}/{save({'customScripts': {'login': padded(50_000)}}).json['id']}"

    if end == "delete":
        api.delete(path)
    else:
        api.patch(path, {"options": {} if end == "options" else None})

    assert scripts_in(contents) == []
    assert 0 <= held() - before < 1_000


def test_a_script_that_cannot_be_read_is_refused_with_line_and_column(api, save):
    made = save({})

    broken = {"options": {"customScripts": {"login": SCRIPT, "create": "function (user, callback) {\n  callback(;\n}"}}}
    refused = api.patch(f"{PATH}/{made.json['id']}", broken)

    assert refused.status == 400
    assert "(line 2, column " in refused.json["message"]
    assert refused.json["message"].endswith("on property options.customScripts.create.")


@pytest.mark.parametrize("script", ["", "1", "callback()", "function () {}, 1", "function () {}\x00"])
def test_what_is_no_function_is_no_script(script, save):
    assert save({"customScripts": {"login": script}}).status == 400


def test_a_script_that_auth0_does_not_know_is_refused(save):
    refused = save({"customScripts": {"logout": SCRIPT}})

    assert (refused.status, "logout' on property options.customScripts" in refused.json["message"]) == (400, True)


def test_modules_that_there_are_not_are_a_warning(api, save):
    made = save(
        {"customScripts": {"login": "function () { require('mysql'); require('request'); require('bcrypt'); }"}}
    )

    assert made.json["warnings"] == ["login: Cannot find module 'mysql'", "login: Cannot find module 'bcrypt'"]
    assert "warnings" not in api.get(f"{PATH}/{made.json['id']}").json


@pytest.mark.security(43)
@pytest.mark.parametrize(("size", "status"), [(100_000, 201), (100_001, 400)])
def test_a_script_is_at_most_100_000_bytes_long(size, status, save):
    assert save({"customScripts": {"login": padded(size)}}).status == status


@pytest.mark.security(43)
def test_bytes_of_a_script_are_counted_not_characters(save):
    assert save({"customScripts": {"login": f"() => '{'é' * 50_000}'"}}).status == 400


@pytest.mark.security(42)
def test_scripts_count_among_what_connections_take(core, save, held):
    before = held()
    save({"customScripts": {"login": padded(100_000)}}, "first")
    assert 100_000 < held() - before < 102_000
    counter = ConnectionsItem.at(keys.connections("main"))
    core.connections.store.table.change(counter, [ConnectionsItem.held.set(MAX_BYTES - 50_000)])

    assert save({"customScripts": {"login": padded(50_000)}}, "second").json["errorCode"] == "too_many_entities"


@pytest.mark.security(35, 40)
def test_values_of_the_configuration_are_shown_encrypted_and_are_nowhere_in_plain(api, save, contents):
    made = save({"configuration": {"URL": "canary value", "EMPTY": ""}}).json

    shown = api.get(f"{PATH}/{made['id']}").json["options"]["configuration"]

    assert shown == made["options"]["configuration"]
    assert [value.startswith("2.0$") for value in shown.values()] == [True, True]
    assert "canary" not in json.dumps([contents.read(), shown])


def test_a_value_that_comes_back_as_it_was_shown_stays_and_a_new_one_is_encrypted(api, core, save):
    made = save({"configuration": {"A": "one", "B": "two"}}).json
    shown = made["options"]["configuration"]

    changed = {"configuration": {"A": shown["A"], "B": "three", "C": shown["A"]}}
    api.patch(f"{PATH}/{made['id']}", {"options": changed})

    connection = core.connections.store.find("main", made["id"])
    assert core.connections.custom.opened("main", connection) == {"A": "one", "B": "three", "C": shown["A"]}


def test_values_without_the_key_that_opens_them_are_not_taken_for_none(core, save, contents):
    made = save({"configuration": {"A": "one"}}).json
    contents.restore([each for each in contents.read() if not each["sk"]["S"].startswith("DATA_KEY#")])
    core.connections.store.cache.entries.clear()

    with pytest.raises(Unavailable):
        core.connections.custom.opened("main", core.connections.store.find("main", made["id"]))


@pytest.mark.security(33)
def test_a_value_of_another_tenant_opens_nothing(api, acme, core, save):
    shown = save({"configuration": {"A": "one"}}).json["options"]["configuration"]

    body = {"name": "people", "strategy": "auth0", "options": {"configuration": shown}}
    made = acme.post(PATH, body).json

    connection = core.connections.store.find("acme", made["id"])
    assert core.connections.custom.opened("acme", connection) == shown


@pytest.mark.security(43)
@pytest.mark.parametrize(("key", "status"), [("", 400), ("a", 201), ("a" * 128, 201), ("a" * 129, 400)])
def test_a_key_has_1_to_128_characters(key, status, save):
    assert save({"configuration": {key: "value"}}).status == status


@pytest.mark.parametrize("value", [1, None, {"a": "b"}])
def test_a_value_is_a_text(value, save):
    assert "options.configuration" in save({"configuration": {"A": value}}).json["message"]


def test_a_database_without_scripts_costs_and_shows_nothing_of_them(save):
    made = save({"enabledDatabaseCustomization": False})

    assert made.json["options"] == {**DATABASE_DEFAULTS, "enabledDatabaseCustomization": False}
    assert "warnings" not in made.json
