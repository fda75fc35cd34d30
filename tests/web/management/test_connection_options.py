"""What may be stored of a connection, at each limit and one past it."""

from dataclasses import replace

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.connections import DATABASE_DEFAULTS, MAX_BYTES
from chalicelib.core.errors import Invalid
from chalicelib.core.logs import done
from chalicelib.storage import keys
from chalicelib.storage.connections import ConnectionsItem
from tests.web.management.conftest import nested

PATH = "/api/v2/connections"


@pytest.mark.security(43)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"passwordPolicy": None},
        {"passwordPolicy": "none"},
        {"passwordPolicy": "excellent"},
        {"password_complexity_options": {"min_length": 1}},
        {"password_complexity_options": {"min_length": 128}},
        {"password_complexity_options": {}},
        {"password_complexity_options": None},
        {"password_history": {"enable": True}},
        {"password_history": {"enable": True, "size": 0}},
        {"password_history": {"enable": False, "size": 24}},
        {"password_no_personal_info": {"enable": True}},
        {"password_dictionary": {"enable": True, "dictionary": [f"{word:050}" for word in range(200)]}},
        {"requires_username": True, "validation": {"username": {"min": 1, "max": 128}}},
        {"validation": {"username": {"min": 15, "max": 15}}},
        {"validation": {"username": None}},
        {"validation": None},
        {"customScripts": {"login": f"function () {{}}{' ' * 99_986}", "create": f"() => {'0' * 50_000}"}},
        {"disable_signup": True, "brute_force_protection": False, "import_mode": True},
        {"something": {"auth0": ["brings", "later"]}},
    ],
)
def test_options_of_a_database_at_their_limits_are_kept_as_sent(api, options):
    created = api.post(PATH, {"name": "people", "strategy": "auth0", "options": options})

    assert created.status == 201, created.text
    assert created.json["options"] == {**DATABASE_DEFAULTS, **options}


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"passwordPolicy": "strict"}, "options.passwordPolicy"),
        ({"passwordPolicy": 3}, "options.passwordPolicy"),
        ({"password_complexity_options": {"min_length": 0}}, "options.password_complexity_options.min_length"),
        ({"password_complexity_options": {"min_length": 129}}, "options.password_complexity_options.min_length"),
        ({"password_complexity_options": {"min_length": "8"}}, "options.password_complexity_options.min_length"),
        ({"password_complexity_options": {"max_length": 8}}, "options.password_complexity_options"),
        ({"password_history": {"enable": True, "size": 25}}, "options.password_history.size"),
        ({"password_history": {"enable": True, "size": -1}}, "options.password_history.size"),
        ({"password_history": {"size": 5}}, "options.password_history"),
        ({"password_no_personal_info": {"enable": "yes"}}, "options.password_no_personal_info.enable"),
        ({"password_no_personal_info": True}, "options.password_no_personal_info"),
        (
            {"password_dictionary": {"enable": True, "dictionary": ["x"] * 201}},
            "options.password_dictionary.dictionary",
        ),
        ({"password_dictionary": {"enable": True, "dictionary": ["x" * 51]}}, "options.password_dictionary.dictionary"),
        ({"password_dictionary": {"enable": True, "dictionary": "x"}}, "options.password_dictionary.dictionary"),
        ({"requires_username": "true"}, "options.requires_username"),
        ({"validation": {"username": {"min": 0}}}, "options.validation.username.min"),
        ({"validation": {"username": {"max": 129}}}, "options.validation.username.max"),
        ({"validation": {"username": {"min": 9, "max": 8}}}, "options.validation.username"),
        ({"validation": {"email": {}}}, "options.validation"),
        ({"disable_signup": 1}, "options.disable_signup"),
        ({"customScripts": {"login": "x" * 100_001}}, "options.customScripts"),
    ],
)
def test_options_of_a_database_one_past_a_limit_are_refused_with_their_place(api, people, options, where):
    created = api.post(PATH, {"name": "other", "strategy": "auth0", "options": options})
    changed = api.patch(f"{PATH}/{people['id']}", {"options": options})

    assert (created.status, changed.status) == (400, 400)
    assert f"on property {where}" in created.json["message"]
    assert changed.json == created.json


def test_options_of_other_strategies_are_their_own(api):
    options = {"passwordPolicy": 3, "client_id": "abc", "attributes": ["email"]}

    created = api.post(PATH, {"name": "theirs", "strategy": "oidc", "options": options})

    assert created.json["options"] == options


@pytest.mark.parametrize("options", [[], "x", 1, True])
def test_options_that_are_no_object_are_refused(api, options):
    answer = api.post(PATH, {"name": "people", "strategy": "sms", "options": options})

    assert answer.status == 400
    assert "on property options" in answer.json["message"]


@pytest.mark.security(43)
def test_options_of_100_000_bytes_are_kept(api):
    options = {"template": "x" * (100_000 - len('{"template":""}'))}

    created = api.post(PATH, {"name": "texts", "strategy": "sms", "options": options})

    assert created.json["options"] == options


@pytest.mark.security(43)
def test_options_of_100_001_bytes_are_refused_with_both_numbers(api):
    options = {"template": "x" * (100_001 - len('{"template":""}'))}

    answer = api.post(PATH, {"name": "texts", "strategy": "sms", "options": options})

    assert answer.status == 400
    assert "options is 100001 bytes long, the limit is 100000" in answer.json["message"]


@pytest.mark.security(43)
def test_options_of_16_levels_are_kept(api):
    options = nested(16)

    created = api.post(PATH, {"name": "deep", "strategy": "oidc", "options": options})

    assert created.json["options"] == options


@pytest.mark.security(43)
def test_options_of_17_levels_are_refused_with_the_limit(api):
    answer = api.post(PATH, {"name": "deep", "strategy": "oidc", "options": nested(17)})

    assert answer.status == 400
    assert "options is nested deeper than 16 levels" in answer.json["message"]


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("display_name", "x" * 128),
        ("realms", ["x" * 128] * 10),
        ("metadata", {f"{number:0255}": "x" * 255 for number in range(10)}),
        ("enabled_clients", [f"{number:0255}" for number in range(1_000)]),
    ],
)
def test_a_setting_at_its_limit_is_kept(api, name, value):
    answer = api.post(PATH, {"name": "people", "strategy": "auth0", name: value})

    assert answer.status == 201
    assert answer.json[name] == value


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("display_name", "x" * 129),
        ("realms", ["x"] * 11),
        ("realms", ["x" * 129]),
        ("realms", [""]),
        ("metadata", {f"key-{number}": "x" for number in range(11)}),
        ("metadata", {"key": "x" * 256}),
        ("metadata", {"k" * 256: "x"}),
        ("metadata", {"key": 1}),
        ("enabled_clients", [f"client-{number}" for number in range(1_001)]),
        ("enabled_clients", ["x" * 256]),
        ("enabled_clients", [""]),
    ],
)
def test_a_setting_one_past_its_limit_is_refused_with_its_place(api, name, value):
    answer = api.post(PATH, {"name": "people", "strategy": "auth0", name: value})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert f"on property {name}" in answer.json["message"]


def test_whoever_brings_options_has_them_checked(core):
    caller = Caller(tenant="main")

    with pytest.raises(Invalid, match=r"options\.passwordPolicy"):
        core.connections.create(
            caller, {"name": "people", "strategy": "auth0", "options": {"passwordPolicy": "strict"}}
        )

    assert core.connections.store.recall_named("main", "people") is None


def test_a_change_of_something_else_does_not_look_at_the_options(api, core):
    created = api.post(PATH, {"name": "people", "strategy": "auth0"}).json
    kept = core.connections.store.find("main", created["id"])
    older = replace(kept, options={"passwordPolicy": "of an earlier version"})
    core.connections.store.replace("main", older, done(core.connections.ambient, Caller(tenant="main")))

    answer = api.patch(f"{PATH}/{created['id']}", {"display_name": "People"})

    assert answer.status == 200


@pytest.mark.security(42)
def test_a_tenant_that_is_full_of_connections_is_told_in_auth0s_words(api, core):
    counter = ConnectionsItem.at(keys.connections("main"))
    core.connections.store.table.change(counter, [ConnectionsItem.held.set(MAX_BYTES)])

    answer = api.post(PATH, {"name": "people", "strategy": "auth0"})

    assert (answer.status, answer.json["errorCode"]) == (403, "too_many_entities")
    assert answer.json["message"] == "You reached the limit of entities of this type for this tenant."
