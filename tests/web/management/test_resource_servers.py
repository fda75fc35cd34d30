"""/api/v2/resource-servers: the APIs that tokens are for, and the Management API among them."""

from __future__ import annotations

from urllib.parse import quote

import pytest

SERVERS = "/api/v2/resource-servers"
ORDERS = "https://orders.example/"
DEFAULTS = {
    "scopes": [],
    "signing_alg": "RS256",
    "token_lifetime": 86_400,
    "token_lifetime_for_web": 7_200,
    "allow_offline_access": False,
    "skip_consent_for_verifiable_first_party_clients": True,
    "token_dialect": "access_token",
    "enforce_policies": False,
    "is_system": False,
}


@pytest.fixture
def orders(api):
    return api.post(SERVERS, {"identifier": ORDERS}).json


@pytest.fixture
def management(api):
    return next(server for server in api.get(SERVERS).json if server["is_system"])


def test_an_api_begins_with_defaults_and_its_identifier_for_a_name(api):
    answer = api.post(SERVERS, {"identifier": ORDERS})

    assert answer.status == 201
    assert answer.json == {**DEFAULTS, "id": answer.json["id"], "identifier": ORDERS, "name": ORDERS}
    assert len(answer.json["id"]) == 24


def test_an_api_keeps_everything_it_is_given(api):
    given = {
        "identifier": "urn:orders",
        "name": "Orders",
        "scopes": [{"value": "read:orders", "description": "Read orders"}, {"value": "write:orders"}],
        "signing_alg": "RS256",
        "token_lifetime": 600,
        "token_lifetime_for_web": 60,
        "allow_offline_access": True,
        "skip_consent_for_verifiable_first_party_clients": False,
        "token_dialect": "access_token",
        "enforce_policies": False,
    }

    made = api.post(SERVERS, given).json

    assert made == {**given, "id": made["id"], "is_system": False}
    assert api.get(f"{SERVERS}/{made['id']}").json == made


def test_an_api_is_found_by_its_id_and_by_its_identifier(api, orders):
    by_id, by_identifier = (api.get(f"{SERVERS}/{quote(each, safe='')}") for each in (orders["id"], ORDERS))

    assert by_id.json == by_identifier.json == orders


def test_an_identifier_is_used_once(api, orders):
    again = api.post(SERVERS, {"identifier": ORDERS, "name": "Other"})

    assert again.status == 409
    assert api.get(f"{SERVERS}/{orders['id']}").json == orders


@pytest.mark.parametrize(
    "identifier", ["https://orders.example", "HTTPS://orders.example/", "https://orders.example/ü"]
)
def test_an_identifier_is_another_if_one_character_is(api, orders, identifier):
    assert api.post(SERVERS, {"identifier": identifier}).status == 201


@pytest.mark.parametrize("token_lifetime", [60, 7_199])
def test_a_shorter_life_of_tokens_shortens_that_of_tokens_for_browsers(api, orders, token_lifetime):
    made = api.post(SERVERS, {"identifier": "urn:stock", "token_lifetime": token_lifetime})
    changed = api.patch(f"{SERVERS}/{orders['id']}", {"token_lifetime": token_lifetime})

    assert [made.status, changed.status] == [201, 200]
    assert made.json["token_lifetime_for_web"] == changed.json["token_lifetime_for_web"] == token_lifetime


def test_tokens_for_browsers_do_not_outlive_others(api, orders):
    answers = [
        api.post(SERVERS, {"identifier": "urn:stock", "token_lifetime": 60, "token_lifetime_for_web": 61}),
        api.patch(f"{SERVERS}/{orders['id']}", {"token_lifetime_for_web": 86_401}),
    ]

    assert [(answer.status, answer.json["errorCode"]) for answer in answers] == [(400, "invalid_body")] * 2


def test_a_change_changes_what_it_names_and_nothing_else(api, orders):
    changed = api.patch(f"{SERVERS}/{orders['id']}", {"name": "Orders", "scopes": [{"value": "read:orders"}]})

    assert changed.json == {**orders, "name": "Orders", "scopes": [{"value": "read:orders"}]}
    assert api.get(f"{SERVERS}/{orders['id']}").json == changed.json
    assert api.patch(f"{SERVERS}/{orders['id']}", {}).json == changed.json


def test_scopes_are_replaced_as_a_whole(api, orders):
    api.patch(f"{SERVERS}/{orders['id']}", {"scopes": [{"value": "a"}, {"value": "b", "description": "B"}]})

    changed = api.patch(f"{SERVERS}/{orders['id']}", {"scopes": [{"value": "b"}]})
    emptied = api.patch(f"{SERVERS}/{orders['id']}", {"scopes": []})

    assert (changed.json["scopes"], emptied.json["scopes"]) == ([{"value": "b"}], [])


def test_an_empty_name_gives_the_identifier_back(api, orders):
    api.patch(f"{SERVERS}/{orders['id']}", {"name": "Orders"})

    assert api.patch(f"{SERVERS}/{orders['id']}", {"name": ""}).json["name"] == ORDERS


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        ({"name": "n" * 200}, {"name": "n" * 201}),
        ({"token_lifetime": 2_592_000}, {"token_lifetime": 2_592_001}),
        ({"token_lifetime": 1}, {"token_lifetime": 0}),
        ({"token_lifetime_for_web": 1}, {"token_lifetime_for_web": 0}),
        ({"scopes": [{"value": "v" * 280}]}, {"scopes": [{"value": "v" * 281}]}),
        (
            {"scopes": [{"value": "v", "description": "d" * 500}]},
            {"scopes": [{"value": "v", "description": "d" * 501}]},
        ),
        (
            {"scopes": [{"value": str(number)} for number in range(1_000)]},
            {"scopes": [{"value": str(number)} for number in range(1_001)]},
        ),
    ],
)
def test_a_setting_has_limits(api, orders, at_the_limit, beyond):
    taken, refused = (
        api.patch(f"{SERVERS}/{orders['id']}", at_the_limit),
        api.patch(f"{SERVERS}/{orders['id']}", beyond),
    )

    assert taken.status == 200, taken.text
    assert (refused.status, refused.json["errorCode"]) == (400, "invalid_body")
    assert next(iter(beyond)) in refused.json["message"]


@pytest.mark.security(43)
def test_an_identifier_has_1_to_600_characters(api):
    lengths = {length: api.post(SERVERS, {"identifier": "i" * length}).status for length in (0, 1, 600, 601)}

    assert lengths == {0: 400, 1: 201, 600: 201, 601: 400}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "<b>Orders</b>"},
        {"name": "Orders\n"},
        {"name": None},
        {"scopes": [{"value": "a"}, {"value": "a"}]},
        {"scopes": [{"value": "a b"}]},
        {"scopes": [{"value": "a\n"}]},
        {"scopes": [{"value": ""}]},
        {"scopes": [{"description": "A"}]},
        {"scopes": ["read:orders"]},
        {"scopes": [{"value": "a", "more": 1}]},
        {"signing_alg": "HS256"},
        {"signing_alg": "none"},
        {"signing_secret": "shared"},
        {"token_lifetime": "60"},
        {"token_lifetime": 1.5},
        {"allow_offline_access": "yes"},
        {"enforce_policies": True},
        {"token_dialect": "access_token_authz"},
        {"is_system": True},
        {"id": "x"},
    ],
    ids=str,
)
def test_a_setting_that_is_not_as_it_must_be_is_refused(api, orders, wrong):
    created = api.post(SERVERS, {"identifier": "urn:stock", **wrong})
    changed = api.patch(f"{SERVERS}/{orders['id']}", wrong)

    assert [created.status, changed.status] == [400, 400]
    assert created.json["errorCode"] == changed.json["errorCode"] == "invalid_body"
    assert api.get(f"{SERVERS}/{orders['id']}").json == orders


@pytest.mark.parametrize("identifier", ["a b", "a\n", "\x00", " ", "a\tb", None, 7])
def test_an_identifier_that_is_none_is_refused(api, identifier):
    answer = api.post(SERVERS, {"identifier": identifier})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


def test_an_identifier_never_changes(api, orders):
    assert api.patch(f"{SERVERS}/{orders['id']}", {"identifier": "urn:stock"}).status == 400


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", ["0" * 24, "urn%3Anobody"])
def test_an_api_that_does_not_exist_is_not_found(api, method, name):
    answer = api.call(method, f"{SERVERS}/{name}", {} if method == "PATCH" else None)

    assert answer.status == 404
    assert answer.json["message"] == "The resource server does not exist."
    assert answer.json["errorCode"] == "inexistent_resource_server"


@pytest.mark.parametrize("by", ["id", "identifier"])
def test_a_deleted_api_is_gone(api, orders, by):
    deleted = api.delete(f"{SERVERS}/{quote(orders[by], safe='')}")

    assert (deleted.status, deleted.text) == (204, "")
    assert api.get(f"{SERVERS}/{orders['id']}").status == 404
    assert ORDERS not in [server["identifier"] for server in api.get(SERVERS).json]


def test_the_management_api_is_there_from_the_beginning(management):
    assert management["identifier"] == "https://gatehouse.test/api/v2/"
    assert management["name"] == "Auth0 Management API"


@pytest.mark.parametrize(
    "change", [{"name": "Mine"}, {"scopes": []}, {"token_lifetime": 60, "allow_offline_access": True}]
)
def test_of_the_management_api_only_the_lives_of_tokens_change(api, management, change):
    path = f"{SERVERS}/{management['id']}"

    refused = [api.patch(path, change), api.delete(path)]
    taken = api.patch(path, {"token_lifetime": 3_600, "token_lifetime_for_web": 60})

    assert [(each.status, each.json["errorCode"]) for each in refused] == [(403, "operation_not_supported")] * 2
    assert taken.json == {**management, "token_lifetime": 3_600, "token_lifetime_for_web": 60}


def test_apis_are_listed_by_their_identifiers(api, orders):
    for identifier in ("urn:stock", "urn:mail"):
        api.post(SERVERS, {"identifier": identifier})

    def listed(query):
        return {server["identifier"] for server in api.get(SERVERS, query=query).json}

    assert listed({"identifiers": "urn:stock"}) == {"urn:stock"}
    assert listed({"identifiers": f"urn:stock,{ORDERS}"}) == {"urn:stock", ORDERS}
    assert listed({"identifiers": ["urn:stock", ORDERS]}) == {"urn:stock", ORDERS}
    assert listed({"identifiers": "urn:nobody"}) == set()
    assert len(listed({})) == 4


def test_apis_are_listed_from_checkpoint_to_checkpoint(api, orders):
    for number in range(3):
        api.post(SERVERS, {"identifier": f"urn:{number}"})

    first = api.get(SERVERS, query={"take": 3}).json
    second = api.get(SERVERS, query={"take": 3, "from": first["next"]}).json

    ids = [each["id"] for each in first["resource_servers"] + second["resource_servers"]]
    assert [len(first["resource_servers"]), len(second["resource_servers"])] == [3, 2]
    assert ids == sorted(set(ids))
    assert "next" not in second


def test_an_answer_has_the_fields_that_are_asked_for(api, orders):
    path = f"{SERVERS}/{orders['id']}"

    assert api.get(path, query={"fields": "name,id"}).json == {"name": ORDERS, "id": orders["id"]}
    assert "scopes" not in api.get(path, query={"fields": "scopes", "include_fields": "false"}).json
    assert api.get(path, query={"include_fields": "true"}).json == orders
    assert api.get(SERVERS, query={"fields": "name", "identifiers": ORDERS}).json == [{"name": ORDERS}]
