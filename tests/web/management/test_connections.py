"""/api/v2/connections: making, reading and changing sources of users."""

from dataclasses import replace
from typing import get_args

import pytest
from auth0.management.types.connection_identity_provider_enum import ConnectionIdentityProviderEnum

from chalicelib.core.callers import Caller
from chalicelib.core.connections import DATABASE_DEFAULTS
from chalicelib.core.tenants import DEFAULT_CONNECTION

PATH = "/api/v2/connections"
SDK_STRATEGIES = get_args(get_args(ConnectionIdentityProviderEnum)[0])


def names(connections):
    return {connection["name"] for connection in connections}


def test_a_database_is_created_with_strict_defaults(api):
    answer = api.post(PATH, {"name": "people", "strategy": "auth0"})

    assert answer.status == 201
    assert answer.json == {
        "id": answer.json["id"],
        "name": "people",
        "strategy": "auth0",
        "options": DATABASE_DEFAULTS,
        "enabled_clients": [],
        "realms": ["people"],
        "is_domain_connection": False,
        "show_as_button": False,
        "metadata": {},
    }


@pytest.mark.security(1, 5)
def test_a_new_database_demands_8_characters_and_refuses_common_passwords(api):
    options = api.post(PATH, {"name": "people", "strategy": "auth0"}).json["options"]

    assert options["passwordPolicy"] == "good"
    assert options["password_dictionary"]["enable"] is True


def test_an_id_is_con_and_16_characters(people):
    prefix, _, rest = people["id"].partition("_")

    assert prefix == "con"
    assert len(rest) == 16


def test_everything_that_was_sent_comes_back(api):
    body = {
        "name": "people",
        "strategy": "auth0",
        "display_name": "Our people",
        "options": {"passwordPolicy": "fair", "non_persistent_attrs": ["ssn"], "nothing": None, "rate": 1.0},
        "enabled_clients": ["client-b", "client-a"],
        "realms": ["people", "example.com"],
        "is_domain_connection": True,
        "show_as_button": True,
        "metadata": {"team": "red"},
    }

    created = api.post(PATH, body).json

    options = {**DATABASE_DEFAULTS, **body["options"]}
    assert created == {**body, "id": created["id"], "options": options}
    assert api.get(f"{PATH}/{created['id']}").json == created


def test_realms_that_are_empty_are_the_name_as_with_auth0(api):
    created = api.post(PATH, {"name": "people", "strategy": "auth0", "realms": []}).json
    other = api.patch(f"{PATH}/{created['id']}", {"realms": ["other"]}).json
    again = api.patch(f"{PATH}/{created['id']}", {"realms": []}).json

    assert [each["realms"] for each in (created, other, again)] == [["people"], ["other"], ["people"]]


@pytest.mark.parametrize("strategy", SDK_STRATEGIES)
def test_every_strategy_of_the_official_sdk_can_be_stored(api, strategy):
    body = {"name": "theirs", "strategy": strategy, "options": {"client_id": "abc", "scope": ["openid"]}}

    created = api.post(PATH, body)

    assert created.status == 201, created.text
    assert created.json["options"] == (
        body["options"] if strategy != "auth0" else {**DATABASE_DEFAULTS, **body["options"]}
    )


@pytest.mark.parametrize("strategy", ["", "auth1", "AUTH0", "auth0 ", "auth0\n", None, 7])
def test_a_strategy_nobody_knows_is_refused(api, strategy):
    answer = api.post(PATH, {"name": "people", "strategy": strategy})

    assert answer.status == 400
    assert "on property strategy" in answer.json["message"]


@pytest.mark.parametrize("missing", ["name", "strategy"])
def test_name_and_strategy_are_required(api, missing):
    body = {"name": "people", "strategy": "auth0"}
    del body[missing]

    answer = api.post(PATH, body)

    assert answer.status == 400
    assert answer.json["message"] == f"Payload validation error: 'Missing required property: {missing}'."


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["a", "0", "Az-09", "a" * 128])
def test_a_name_of_1_to_128_letters_digits_and_hyphens_is_accepted(api, name):
    assert api.post(PATH, {"name": name, "strategy": "auth0"}).json["name"] == name


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["", "a" * 129, "-a", "a-", "-", "a b", "a_b", "ä", "a\n", "a#b", "a/b", 7, None])
def test_another_name_is_refused(api, name):
    answer = api.post(PATH, {"name": name, "strategy": "auth0"})

    assert answer.status == 400
    assert "on property name" in answer.json["message"]


def test_a_name_is_used_once_in_a_tenant(api, people):
    answer = api.post(PATH, {"name": "people", "strategy": "sms"})

    assert (answer.status, answer.json["errorCode"]) == (409, "connection_conflict")
    assert answer.json["message"] == "A connection with the same name already exists"


def test_names_that_differ_in_case_are_two_names(api, people):
    assert api.post(PATH, {"name": "People", "strategy": "auth0"}).status == 201


@pytest.mark.security(33)
def test_another_tenant_may_use_the_same_name_and_sees_nothing_of_this_one(acme, people):
    mine = acme.post(PATH, {"name": "people", "strategy": "auth0"})

    assert mine.status == 201
    assert acme.get(f"{PATH}/{people['id']}").status == 404
    assert names(acme.get(PATH).json) == {DEFAULT_CONNECTION, "people"}


@pytest.mark.parametrize(
    "unknown", ["id", "user_count", "authentication", "connected_accounts", "cross_app_access_requesting_app"]
)
def test_what_has_no_effect_here_is_refused_rather_than_ignored(api, unknown):
    answer = api.post(PATH, {"name": "people", "strategy": "auth0", unknown: {"active": False}})

    assert answer.status == 400
    assert f"Additional properties not allowed: {unknown}" in answer.json["message"]


def test_a_connection_is_read_by_its_id(api, people):
    answer = api.get(f"{PATH}/{people['id']}")

    assert (answer.status, answer.json) == (200, people)


@pytest.mark.parametrize("unknown", ["con_0000000000000000", "people", "%20", "x" * 1_000])
def test_an_unknown_connection_is_not_found(api, people, unknown):
    answer = api.get(f"{PATH}/{unknown}")

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_connection")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"fields": "id,name"}, {"id", "name"}),
        ({"fields": "name", "include_fields": "true"}, {"name"}),
        ({"fields": "options,unknown", "include_fields": "true"}, {"options"}),
    ],
)
def test_fields_choose_what_is_shown(api, people, query, shown):
    assert api.get(f"{PATH}/{people['id']}", query=query).json.keys() == shown
    assert all(each.keys() == shown for each in api.get(PATH, query=query).json)


def test_fields_may_leave_out_instead(api, people):
    shown = api.get(f"{PATH}/{people['id']}", query={"fields": "options,metadata", "include_fields": "false"}).json

    assert people.keys() - shown.keys() == {"options", "metadata"}


def test_the_list_shows_every_connection_as_it_is_read_by_id(api, people):
    listed = api.get(PATH).json

    assert names(listed) == {DEFAULT_CONNECTION, "people"}
    assert people in listed


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"strategy": "sms"}, {"texts"}),
        ({"strategy": "sms,oidc"}, {"texts", "work"}),
        ([("strategy", "sms"), ("strategy", "oidc")], {"texts", "work"}),
        ({"strategy": "samlp"}, set()),
        ({"strategy": ""}, {"texts", "work", DEFAULT_CONNECTION}),
        ({"name": "work"}, {"work"}),
        ({"name": "Work"}, set()),
        ({"name": "work", "strategy": "sms"}, set()),
    ],
)
def test_the_list_is_filtered_by_strategy_and_name(api, new_connection, query, expected):
    new_connection("texts", "sms")
    new_connection("work", "oidc")

    assert names(api.get(PATH, query=query).json) == expected


def test_pages_by_offset_show_each_connection_once(api, new_connection):
    made = {new_connection(f"c-{number}")["name"] for number in range(4)}

    pages = [api.get(PATH, query={"page": page, "per_page": 2}).json for page in range(4)]

    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert names(each for page in pages for each in page) == {DEFAULT_CONNECTION, *made}


def test_totals_wrap_the_page_and_count_what_the_filter_leaves(api, new_connection):
    for number in range(3):
        new_connection(f"texts-{number}", "sms")

    wrapped = api.get(PATH, query={"strategy": "sms", "page": 1, "per_page": 2, "include_totals": "true"}).json

    assert {name: value for name, value in wrapped.items() if name != "connections"} == {
        "start": 2,
        "limit": 2,
        "length": 1,
        "total": 3,
    }
    assert len(wrapped["connections"]) == 1


def test_a_checkpoint_goes_through_all_of_them(api, new_connection):
    made = {new_connection(f"c-{number}")["name"] for number in range(4)}

    first = api.get(PATH, query={"take": 3, "include_totals": "true"}).json
    second = api.get(PATH, query={"take": 3, "from": first["next"]}).json

    assert first.keys() == {"next", "connections"}
    assert second.keys() == {"connections"}
    assert names(first["connections"] + second["connections"]) == {DEFAULT_CONNECTION, *made}


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"per_page": 100}, 200),
        ({"per_page": 101}, 400),
        ({"take": 100}, 200),
        ({"take": 101}, 400),
        ({"take": 0}, 400),
        ({"page": -1}, 400),
        ({"page": "x"}, 400),
        ({"include_totals": "maybe"}, 400),
        ({"colour": "red"}, 400),
        ([("name", "a"), ("name", "b")], 400),
    ],
)
def test_a_list_is_asked_for_within_its_limits(api, query, status):
    answer = api.get(PATH, query=query)

    assert answer.status == status
    assert status == 200 or answer.json["errorCode"] == "invalid_query_string"


def test_a_patch_changes_what_it_names(api, people):
    answer = api.patch(f"{PATH}/{people['id']}", {"display_name": "Folk", "metadata": {"team": "blue"}})

    assert answer.status == 200
    assert answer.json == {**people, "display_name": "Folk", "metadata": {"team": "blue"}}
    assert api.get(f"{PATH}/{people['id']}").json == answer.json


def test_options_are_replaced_as_a_whole_as_with_auth0(api, people):
    answer = api.patch(f"{PATH}/{people['id']}", {"options": {"requires_username": True}})

    assert answer.json["options"] == {"requires_username": True}


@pytest.mark.security(1, 5)
def test_a_database_whose_options_were_emptied_is_as_strict_as_a_new_one(api, people, post_user):
    api.patch(f"{PATH}/{people['id']}", {"options": {}})

    weak = post_user(connection="people", password="abc")
    common = post_user(connection="people", password="Password1")

    assert weak.json["message"] == "PasswordStrengthError: Password is too weak"
    assert common.json["message"] == "PasswordDictionaryError: Password is too common"


@pytest.mark.parametrize("fixed", [{"name": "folk"}, {"strategy": "sms"}, {"id": "con_1"}])
def test_name_strategy_and_id_never_change(api, people, fixed):
    answer = api.patch(f"{PATH}/{people['id']}", {"display_name": "Folk", **fixed})

    assert answer.status == 400
    assert "Additional properties not allowed" in answer.json["message"]
    assert api.get(f"{PATH}/{people['id']}").json == people


def test_an_unknown_connection_cannot_be_changed(api):
    answer = api.patch(f"{PATH}/con_0000000000000000", {"display_name": "Folk"})

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_connection")


def test_a_change_that_came_between_is_not_lost(api, core, people, interrupted):
    store = interrupted(core.connections.store, lambda: api.patch(f"{PATH}/{people['id']}", {"metadata": {"a": "1"}}))

    replace(core.connections, store=store).update(Caller(tenant="main"), people["id"], {"display_name": "Folk"})

    assert api.get(f"{PATH}/{people['id']}").json == {**people, "metadata": {"a": "1"}, "display_name": "Folk"}
