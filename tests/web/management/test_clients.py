"""/api/v2/clients: applications, their settings and defaults, and their secrets, which are shown twice in a life."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

CLIENTS = "/api/v2/clients"
ORDERS = "https://orders.example/"

EVERYTHING = {
    "name": "Shop",
    "description": "Sells things",
    "logo_uri": "https://shop.example/logo.png",
    "app_type": "native",
    "callbacks": ["https://shop.example/callback", "com.example.shop://callback", "http://localhost:3000"],
    "allowed_logout_urls": ["https://shop.example/bye"],
    "allowed_origins": ["https://*.shop.example"],
    "web_origins": ["https://shop.example"],
    "client_aliases": ["till"],
    "allowed_clients": ["abc"],
    "initiate_login_uri": "https://shop.example/login",
    "grant_types": ["implicit", "password"],
    "token_endpoint_auth_method": "client_secret_basic",
    "jwt_configuration": {"lifetime_in_seconds": 60, "alg": "RS256", "scopes": {"a": "b"}, "secret_encoded": True},
    "refresh_token": {
        "rotation_type": "non-rotating",
        "expiration_type": "non-expiring",
        "leeway": 60,
        "token_lifetime": 600,
        "idle_token_lifetime": 300,
        "infinite_token_lifetime": True,
        "infinite_idle_token_lifetime": True,
    },
    "oidc_conformant": False,
    "is_first_party": False,
    "sso": True,
    "sso_disabled": True,
    "cross_origin_authentication": True,
    "custom_login_page_on": False,
    "client_metadata": {"colour": "blue"},
}
DEFAULTS = {
    "description": "",
    "logo_uri": "",
    "app_type": "regular_web",
    "callbacks": [],
    "allowed_logout_urls": [],
    "allowed_origins": [],
    "web_origins": [],
    "client_aliases": [],
    "allowed_clients": [],
    "initiate_login_uri": "",
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "token_endpoint_auth_method": "client_secret_post",
    "jwt_configuration": {"lifetime_in_seconds": 36_000, "alg": "RS256", "scopes": {}, "secret_encoded": False},
    "refresh_token": {
        "rotation_type": "rotating",
        "expiration_type": "expiring",
        "token_lifetime": 2_592_000,
        "idle_token_lifetime": 1_296_000,
        "infinite_token_lifetime": False,
        "infinite_idle_token_lifetime": False,
        "leeway": 0,
    },
    "oidc_conformant": True,
    "is_first_party": True,
    "sso": False,
    "sso_disabled": False,
    "cross_origin_authentication": False,
    "custom_login_page_on": True,
    "client_metadata": {},
}


def _nested(levels):
    """Give an object with this many levels in it."""
    return {"a": _nested(levels - 1)} if levels else {}


@pytest.fixture
def shop(api):
    return api.post(CLIENTS, {"name": "Shop", "app_type": "non_interactive"}).json


@pytest.fixture
def path(shop):
    return f"{CLIENTS}/{shop['client_id']}"


@pytest.fixture
def opens(api, shop):
    """Say whether a secret gets the shop a token."""
    api.post("/api/v2/resource-servers", {"identifier": ORDERS})
    api.post("/api/v2/client-grants", {"client_id": shop["client_id"], "audience": ORDERS, "scope": []})
    asked = {"grant_type": "client_credentials", "client_id": shop["client_id"], "audience": ORDERS}
    return lambda secret: api.post("/oauth/token", {**asked, "client_secret": secret}).status == 200


def test_a_client_gets_an_id_a_secret_and_defaults(api):
    answer = api.post(CLIENTS, {"name": "Shop"})

    made = answer.json
    client_id, secret = made.pop("client_id"), made.pop("client_secret")
    assert answer.status == 201
    assert (len(client_id), len(secret)) == (32, 64)
    assert made == {**DEFAULTS, "name": "Shop", "tenant": "main", "global": False}


def test_a_client_keeps_everything_it_is_given(api):
    made = api.post(CLIENTS, EVERYTHING).json

    read = api.get(f"{CLIENTS}/{made['client_id']}").json

    assert {name: read[name] for name in EVERYTHING} == EVERYTHING
    assert made == {**read, "client_secret": made["client_secret"]}


@pytest.mark.security(25)
@pytest.mark.parametrize(
    ("app_type", "grant_types", "method"),
    [
        ("native", ["authorization_code", "refresh_token"], "none"),
        ("spa", ["authorization_code", "refresh_token"], "none"),
        ("regular_web", ["authorization_code", "refresh_token", "client_credentials"], "client_secret_post"),
        ("non_interactive", ["client_credentials"], "client_secret_post"),
    ],
)
def test_what_a_client_may_do_depends_on_its_type_and_never_is_implicit_or_password(api, app_type, grant_types, method):
    made = api.post(CLIENTS, {"name": "Shop", "app_type": app_type}).json

    assert (made["grant_types"], made["token_endpoint_auth_method"]) == (grant_types, method)


@pytest.mark.parametrize(
    "grant_type",
    [
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials",
        "password",
        "http://auth0.com/oauth/grant-type/password-realm",
        "http://auth0.com/oauth/grant-type/mfa-oob",
        "http://auth0.com/oauth/grant-type/mfa-otp",
        "http://auth0.com/oauth/grant-type/mfa-recovery-code",
        "http://auth0.com/oauth/grant-type/passwordless/otp",
        "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
    ],
)
def test_a_client_may_be_given_every_grant_type_that_auth0_knows(api, grant_type):
    answer = api.post(CLIENTS, {"name": "Shop", "grant_types": [grant_type]})

    assert answer.json["grant_types"] == [grant_type]


def test_a_change_changes_what_it_names_and_nothing_else(api, shop, path, clock):
    clock.advance(seconds=1)

    changed = api.patch(path, {"name": "Till", "callbacks": ["https://till.example/"]}).json

    assert changed == {
        **{name: value for name, value in shop.items() if name != "client_secret"},
        "name": "Till",
        "callbacks": ["https://till.example/"],
    }
    assert api.get(path).json == changed


def test_a_null_gives_a_setting_its_default_back(api):
    made = api.post(CLIENTS, {**EVERYTHING, "app_type": "regular_web"}).json
    nulls = dict.fromkeys(name for name in DEFAULTS if name != "app_type")

    changed = api.patch(f"{CLIENTS}/{made['client_id']}", nulls).json

    assert {name: changed[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(("app_type", "method"), [("native", "none"), ("non_interactive", "client_secret_post")])
def test_the_default_that_a_null_gives_back_is_that_of_the_type(api, app_type, method):
    given = {"app_type": app_type, "grant_types": ["password"], "token_endpoint_auth_method": "client_secret_basic"}
    made = api.post(CLIENTS, {"name": "Shop", **given}).json
    begun = api.post(CLIENTS, {"name": "Shop", "app_type": app_type}).json

    nulls = {"grant_types": None, "token_endpoint_auth_method": None}
    changed = api.patch(f"{CLIENTS}/{made['client_id']}", nulls).json

    assert (changed["grant_types"], changed["token_endpoint_auth_method"]) == (begun["grant_types"], method)


def test_a_null_is_no_name(api, path):
    answer = api.patch(path, {"name": None})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


def test_nested_settings_merge_at_the_first_level(api, path):
    api.patch(path, {"client_metadata": {"colour": "blue", "size": "small"}, "jwt_configuration": {"scopes": {"a": 1}}})

    api.patch(path, {"client_metadata": {"size": None, "shape": "round"}, "refresh_token": {"leeway": 5}})
    changed = api.patch(path, {"jwt_configuration": {"lifetime_in_seconds": 60}}).json

    assert changed["client_metadata"] == {"colour": "blue", "shape": "round"}
    assert changed["jwt_configuration"] == {
        **DEFAULTS["jwt_configuration"],
        "lifetime_in_seconds": 60,
        "scopes": {"a": 1},
    }
    assert changed["refresh_token"] == {**DEFAULTS["refresh_token"], "leeway": 5}


def test_an_empty_object_empties_what_is_nested(api, path):
    api.patch(path, {"client_metadata": {"colour": "blue"}, "refresh_token": {"leeway": 5}})

    changed = api.patch(path, {"client_metadata": {}, "refresh_token": {}}).json

    assert (changed["client_metadata"], changed["refresh_token"]) == ({}, DEFAULTS["refresh_token"])


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        ({"name": "n" * 200}, {"name": "n" * 201}),
        ({"name": "n"}, {"name": ""}),
        ({"description": "d" * 140}, {"description": "d" * 141}),
        ({"callbacks": ["https://a.example"] * 100}, {"callbacks": ["https://a.example"] * 101}),
        ({"callbacks": ["https://" + "a" * 1_016]}, {"callbacks": ["https://" + "a" * 1_017]}),
        ({"allowed_logout_urls": ["https://a.example"] * 100}, {"allowed_logout_urls": ["https://a.example"] * 101}),
        ({"web_origins": ["https://a.example"] * 100}, {"web_origins": ["https://a.example"] * 101}),
        ({"client_aliases": ["a"] * 100}, {"client_aliases": ["a"] * 101}),
        ({"client_metadata": dict.fromkeys("abcdefghij", "x")}, {"client_metadata": dict.fromkeys("abcdefghijk", "x")}),
        ({"client_metadata": {"k" * 255: "v" * 255}}, {"client_metadata": {"k" * 256: "v"}}),
        ({"client_metadata": {"k": ""}}, {"client_metadata": {"k": "v" * 256}}),
        ({"jwt_configuration": {"lifetime_in_seconds": 1}}, {"jwt_configuration": {"lifetime_in_seconds": 0}}),
        (
            {"jwt_configuration": {"lifetime_in_seconds": 2_592_000}},
            {"jwt_configuration": {"lifetime_in_seconds": 2_592_001}},
        ),
        (
            {"jwt_configuration": {"scopes": _nested(14)}},
            {"jwt_configuration": {"scopes": _nested(15)}},
        ),
        (
            {"jwt_configuration": {"scopes": {"s": "x" * 9_916}}},
            {"jwt_configuration": {"scopes": {"s": "x" * 9_917}}},
        ),
        ({"refresh_token": {"leeway": 60}}, {"refresh_token": {"leeway": 61}}),
        ({"refresh_token": {"token_lifetime": 157_788_000}}, {"refresh_token": {"token_lifetime": 157_788_001}}),
    ],
)
def test_a_setting_has_limits(api, path, at_the_limit, beyond):
    taken, refused = api.patch(path, at_the_limit), api.patch(path, beyond)

    assert taken.status == 200, taken.text
    assert (refused.status, refused.json["errorCode"]) == (400, "invalid_body")
    assert next(iter(beyond)) in refused.json["message"]


def test_metadata_grows_to_its_limit_over_several_changes(api, path):
    api.patch(path, {"client_metadata": dict.fromkeys("abcdefghij", "x")})

    refused = api.patch(path, {"client_metadata": {"k": "x"}})
    taken = api.patch(path, {"client_metadata": {"k": "x", "a": None}})

    assert (refused.status, taken.status) == (400, 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "<b>Shop</b>"},
        {"name": "Shop\n"},
        {"name": "a\x00b"},
        {"logo_uri": "http://shop.example/logo.png"},
        {"logo_uri": "data:image/png;base64,AA"},
        {"initiate_login_uri": "http://shop.example/"},
        {"initiate_login_uri": "https://shop.example/\n"},
        {"app_type": "desktop"},
        {"grant_types": ["device"]},
        {"grant_types": "implicit"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"jwt_configuration": {"alg": "HS256"}},
        {"jwt_configuration": {"alg": "none"}},
        {"refresh_token": {"rotation_type": "sometimes"}},
        {"client_metadata": {"a": 1}},
        {"client_metadata": {"a": {"b": "c"}}},
        {"client_metadata": []},
        {"client_secret": "my own"},
        {"client_id": "my-own"},
        {"global": True},
        {"is_global": True},
        {"tenant": "acme"},
        {"secrets": []},
        {"version": 7},
    ],
    ids=str,
)
def test_a_setting_that_is_not_as_it_must_be_is_refused(api, shop, path, wrong):
    created, changed = api.post(CLIENTS, {"name": "Shop", **wrong}), api.patch(path, wrong)

    assert [created.status, changed.status] == [400, 400]
    assert created.json["errorCode"] == changed.json["errorCode"] == "invalid_body"
    assert api.get(path).json == {name: value for name, value in shop.items() if name != "client_secret"}


@pytest.mark.security(22)
@pytest.mark.parametrize("name", ["callbacks", "allowed_logout_urls", "allowed_origins", "web_origins"])
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript://shop.example/%0Aalert(1)",
        "data:text/html,<script>",
        "vbscript:msgbox",
        "https://shop.example/ ",
        "https://shop.example/\n",
        "https://shop.example/\x00",
        "//shop.example",
        "/callback",
        "shop.example",
        "",
        " https://shop.example",
    ],
)
def test_an_address_that_is_none_or_runs_code_is_refused(api, path, name, address):
    answer = api.patch(path, {name: [address]})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert name in answer.json["message"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "POST"])
def test_a_client_that_does_not_exist_is_not_found(api, method):
    path = f"{CLIENTS}/{'f' * 32}" + ("/rotate-secret" if method == "POST" else "")

    answer = api.call(method, path, {} if method == "PATCH" else None)

    assert answer.status == 404
    assert answer.json == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The client does not exist.",
        "errorCode": "inexistent_client",
    }


def test_a_deleted_client_is_gone_with_its_grants_and_its_place_at_connections(api, shop, path):
    other = api.post(CLIENTS, {"name": "Till"}).json["client_id"]
    database = {"name": "People", "strategy": "auth0", "enabled_clients": [shop["client_id"], other]}
    connection = api.post("/api/v2/connections", database).json["id"]
    api.post("/api/v2/resource-servers", {"identifier": ORDERS})
    for client_id in (shop["client_id"], other):
        api.post("/api/v2/client-grants", {"client_id": client_id, "audience": ORDERS, "scope": []})

    answer = api.delete(path)

    assert (answer.status, answer.text) == (204, "")
    assert [api.get(path).status, api.delete(path).status] == [404, 404]
    assert [grant["client_id"] for grant in api.get("/api/v2/client-grants", query={"audience": ORDERS}).json] == [
        other
    ]
    assert api.get(f"/api/v2/connections/{connection}").json["enabled_clients"] == [other]


@pytest.mark.parametrize(
    "change", [{"name": "Mine"}, {"callbacks": ["https://evil.example"]}, {"grant_types": ["password"]}]
)
def test_the_global_client_can_neither_be_changed_nor_deleted(api, change):
    whole = api.get(CLIENTS, query={"is_global": "true"}).json[0]

    answers = api.patch(f"{CLIENTS}/{whole['client_id']}", change), api.delete(f"{CLIENTS}/{whole['client_id']}")

    assert [(each.status, each.json["errorCode"]) for each in answers] == [(403, "operation_not_supported")] * 2
    assert api.get(CLIENTS, query={"is_global": "true"}).json == [whole]


def test_clients_are_listed_in_order_of_their_ids(api):
    for name in ("one", "two", "three"):
        api.post(CLIENTS, {"name": name})

    listed = [client["client_id"] for client in api.get(CLIENTS).json]

    assert len(listed) == 4
    assert listed == sorted(listed)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"app_type": "native"}, {"phone"}),
        ({"app_type": "native,spa"}, {"phone", "page"}),
        ({"app_type": " native , spa "}, {"phone", "page"}),
        ({"app_type": "toaster"}, set()),
        ({"is_global": "true"}, {"All Applications"}),
        ({"is_global": "false"}, {"phone", "page"}),
        ({"is_first_party": "false"}, {"page"}),
        ({"is_first_party": "true", "is_global": "false"}, {"phone"}),
        ({"is_first_party": "false", "app_type": "native"}, set()),
    ],
)
def test_clients_are_listed_by_type_and_owner(api, query, names):
    api.post(CLIENTS, {"name": "phone", "app_type": "native"})
    api.post(CLIENTS, {"name": "page", "app_type": "spa", "is_first_party": False})

    answer = api.get(CLIENTS, query={**query, "include_totals": "true"}).json

    assert {client["name"] for client in answer["clients"]} == names
    assert answer["total"] == answer["length"] == len(names)


def test_clients_are_listed_from_checkpoint_to_checkpoint(api):
    made = {api.post(CLIENTS, {"name": f"c{number}"}).json["client_id"] for number in range(4)}

    first = api.get(CLIENTS, query={"take": 3}).json
    second = api.get(CLIENTS, query={"take": 3, "from": first["next"]}).json

    assert [len(first["clients"]), len(second["clients"])] == [3, 2]
    assert "next" not in second
    assert made < {client["client_id"] for client in first["clients"] + second["clients"]}


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"fields": "name,client_id"}, {"name", "client_id"}),
        ({"fields": " name , nothing "}, {"name"}),
        ({"fields": "client_secret"}, set()),
        ({"fields": "name", "include_fields": "false"}, {*DEFAULTS, "client_id", "tenant", "global"}),
        ({"fields": ""}, {*DEFAULTS, "client_id", "tenant", "global", "name"}),
    ],
)
def test_an_answer_has_the_fields_that_are_asked_for(api, path, query, shown):
    one, all_of_them = api.get(path, query=query).json, api.get(CLIENTS, query=query).json

    assert one.keys() == shown
    assert {frozenset(client) for client in all_of_them} == {frozenset(shown)}


def test_changes_at_the_same_time_are_all_made(api, path):
    def change(number):
        return api.patch(path, {"client_metadata": {f"key{number}": "set"}}).status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(change, range(4)))

    assert statuses == [200] * 4
    assert api.get(path).json["client_metadata"] == {f"key{number}": "set" for number in range(4)}


@pytest.mark.security(32)
def test_a_secret_is_stored_as_a_hash_only(api, shop, contents):
    kept = json.dumps(contents.read())

    assert shop["client_secret"] not in kept
    assert sha256(shop["client_secret"].encode()).hexdigest() in kept


@pytest.mark.security(32)
def test_a_rotated_secret_replaces_the_old_one_at_once(api, shop, path, opens):
    rotated = api.post(f"{path}/rotate-secret")

    secret = rotated.json["client_secret"]
    assert rotated.status == 200
    assert (len(secret), secret == shop["client_secret"]) == (64, False)
    assert [opens(shop["client_secret"]), opens(secret)] == [False, True]


@pytest.mark.security(32)
def test_with_an_overlap_both_secrets_are_good_until_it_ends(api, shop, path, opens, clock):
    new = api.post(f"{path}/rotate-secret", {"overlap_seconds": 600}).json["client_secret"]

    both = [opens(shop["client_secret"]), opens(new)]
    clock.advance(seconds=599)
    before_the_end = opens(shop["client_secret"])
    clock.advance(seconds=1)

    assert both == [True, True]
    assert before_the_end
    assert [opens(shop["client_secret"]), opens(new)] == [False, True]


@pytest.mark.security(32)
def test_no_more_than_two_secrets_are_ever_good(api, shop, path, opens):
    secrets = [shop["client_secret"]]

    secrets += [api.post(f"{path}/rotate-secret", {"overlap_seconds": 86_400}).json["client_secret"] for _ in range(3)]

    assert [opens(secret) for secret in secrets] == [False, False, True, True]


@pytest.mark.security(32)
def test_a_rotation_without_overlap_ends_an_overlap_that_still_runs(api, shop, path, opens):
    second = api.post(f"{path}/rotate-secret", {"overlap_seconds": 600}).json["client_secret"]

    third = api.post(f"{path}/rotate-secret").json["client_secret"]

    assert [opens(secret) for secret in (shop["client_secret"], second, third)] == [False, False, True]


@pytest.mark.security(32)
def test_a_change_of_a_client_leaves_its_secret(api, shop, path, opens):
    api.patch(path, {"name": "Till", "description": None, "client_metadata": {}})

    assert opens(shop["client_secret"])


@pytest.mark.security(32, 43)
@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, 200), (86_400, 200), (86_401, 400), (-1, 400), (1.5, 400), ("60", 400), (None, 400), (True, 400)],
)
def test_an_overlap_is_at_most_a_day(api, path, seconds, status):
    assert api.post(f"{path}/rotate-secret", {"overlap_seconds": seconds}).status == status


def test_a_rotation_needs_no_body(api, path):
    for body in (None, b"", {}):
        assert api.post(f"{path}/rotate-secret", body).status == 200


def test_the_secret_of_the_global_client_can_be_rotated(api):
    client_id = api.get(CLIENTS, query={"is_global": "true"}).json[0]["client_id"]

    rotated = api.post(f"{CLIENTS}/{client_id}/rotate-secret").json

    assert (rotated["client_id"], len(rotated["client_secret"])) == (client_id, 64)


@pytest.mark.security(32, 40)
def test_a_secret_is_in_no_later_answer_nor_in_history_nor_in_the_log(api, shop, path, opens, caplog, contents):
    caplog.set_level("DEBUG")
    rotated = api.post(f"{path}/rotate-secret", {"overlap_seconds": 60}).json["client_secret"]
    secrets = [shop["client_secret"], rotated]
    for secret in secrets:
        opens(secret)

    answers = [
        api.get(path),
        api.get(CLIENTS),
        api.patch(path, {"name": "Till"}),
        api.get("/api/v2/logs"),
        api.delete(path),
    ]

    seen = caplog.text + json.dumps(contents.read()) + "".join(answer.text for answer in answers)
    assert [secret for secret in secrets if secret in seen] == []


@pytest.mark.security(40)
def test_what_was_done_to_a_client_is_in_the_history(api, shop, path):
    api.patch(path, {"name": "Till"})
    api.post(f"{path}/rotate-secret")
    api.delete(path)

    events = api.get("/api/v2/logs", query={"sort": "date:1"}).json

    assert [(event["type"], event["description"]) for event in events if event.get("client_id") == "tests"] == [
        ("sapi", "Create a client"),
        ("sapi", "Update a client"),
        ("sapi", "Rotate a client secret"),
        ("sapi", "Delete a client"),
    ]
