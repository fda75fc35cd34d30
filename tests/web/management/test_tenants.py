"""/api/v2/tenants: a tenant's settings, and on the system tenant's host the tenants themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.core.management_scopes import MANAGEMENT_SCOPES
from tests.conftest import Api

SETTINGS, TENANTS = "/api/v2/tenants/settings", "/api/v2/tenants"
DEFAULTS = {
    "friendly_name": "",
    "picture_url": "",
    "support_email": "",
    "support_url": "",
    "allowed_logout_urls": [],
    "default_audience": "",
    "default_directory": "",
    "default_redirection_uri": "",
    "enabled_locales": ["en"],
    "flags": {},
    "sandbox_version": "",
    "session_cookie": {"mode": "persistent"},
    "session_lifetime": 168.0,
    "idle_session_lifetime": 72.0,
    "impersonation": {
        "enabled": True,
        "classic_links": True,
        "confirm": True,
        "reason_required": False,
        "max_link_lifetime": 300,
        "token_lifetime": 3600,
        "notify_user": False,
        "protected_users": [],
        "protected_roles": [],
        "excluded_clients": [],
        "client_policies": {},
    },
    "tell_of_new_places": True,
    "script_time_limit": 5.0,
}
CHANGED = {
    "friendly_name": "Example Inc.",
    "picture_url": "https://example.com/logo.png",
    "support_email": "help@example.com",
    "support_url": "https://example.com/help",
    "allowed_logout_urls": ["https://example.com/bye", "http://localhost:3000"],
    "default_audience": "https://orders.example/",
    "default_directory": "People",
    "default_redirection_uri": "https://example.com/login",
    "enabled_locales": ["de", "pt-BR"],
    "flags": {"enable_sso": True, "revoke_refresh_token_grant": False},
    "sandbox_version": "18",
    "session_cookie": {"mode": "non-persistent"},
    "session_lifetime": 0.5,
    "idle_session_lifetime": 0.25,
    "impersonation": {
        "enabled": False,
        "classic_links": False,
        "confirm": False,
        "reason_required": True,
        "max_link_lifetime": 60,
        "token_lifetime": 600,
        "notify_user": True,
        "protected_users": ["auth0|1"],
        "protected_roles": ["admin"],
        "excluded_clients": ["till"],
        "client_policies": {"shop": {"denied_scopes": ["email"], "denied_claims": ["phone_number"]}},
    },
    "tell_of_new_places": False,
    "script_time_limit": 2.5,
}


def test_a_tenant_begins_with_the_defaults(api):
    assert api.get(SETTINGS).json == DEFAULTS


def test_every_setting_can_be_changed(api):
    changed = api.patch(SETTINGS, CHANGED)

    assert (changed.status, changed.json) == (200, CHANGED)
    assert api.get(SETTINGS).json == CHANGED


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_change_changes_what_it_names_and_a_null_gives_the_default_back(api, name):
    changed = api.patch(SETTINGS, {name: CHANGED[name]}).json

    restored = api.patch(SETTINGS, {name: None}).json

    assert changed == {**DEFAULTS, name: CHANGED[name]}
    assert restored == api.get(SETTINGS).json == DEFAULTS


def test_flags_merge(api):
    api.patch(SETTINGS, {"flags": {"enable_sso": True, "enable_client_connections": True}})

    changed = api.patch(SETTINGS, {"flags": {"enable_sso": False}}).json

    assert changed["flags"] == {"enable_sso": False, "enable_client_connections": True}


def test_an_empty_object_empties_the_flags(api):
    api.patch(SETTINGS, {"flags": {"enable_sso": True}})

    assert api.patch(SETTINGS, {"flags": {}}).json["flags"] == {}


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("at_the_limit", "beyond"),
    [
        ({"friendly_name": "n" * 200}, {"friendly_name": "n" * 201}),
        ({"default_audience": "a" * 600}, {"default_audience": "a" * 601}),
        ({"default_directory": "d" * 128}, {"default_directory": "d" * 129}),
        ({"allowed_logout_urls": ["https://a.example"] * 100}, {"allowed_logout_urls": ["https://a.example"] * 101}),
        ({"enabled_locales": ["en"] * 100}, {"enabled_locales": ["en"] * 101}),
        ({"enabled_locales": ["en"]}, {"enabled_locales": []}),
        ({"sandbox_version": "v" * 8}, {"sandbox_version": "v" * 9}),
        ({"session_lifetime": 87_600}, {"session_lifetime": 87_600.1}),
        ({"session_lifetime": 0.01}, {"session_lifetime": 0}),
        ({"idle_session_lifetime": 0.01}, {"idle_session_lifetime": -1}),
        ({"script_time_limit": 10}, {"script_time_limit": 10.1}),
        ({"script_time_limit": 1}, {"script_time_limit": 0.9}),
        ({"flags": {"f" * 100: True}}, {"flags": {"f" * 101: True}}),
    ],
)
def test_a_setting_has_limits(api, at_the_limit, beyond):
    taken, refused = api.patch(SETTINGS, at_the_limit), api.patch(SETTINGS, beyond)

    assert taken.status == 200, taken.text
    assert (refused.status, refused.json["errorCode"]) == (400, "invalid_body")
    assert next(iter(beyond)) in refused.json["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"picture_url": "http://example.com/logo.png"},
        {"picture_url": "javascript:alert(1)"},
        {"support_email": "nobody"},
        {"support_email": "a@b\n"},
        {"support_url": "ftp://example.com"},
        {"allowed_logout_urls": ["/bye"]},
        {"allowed_logout_urls": ["https://example.com/\n"]},
        {"allowed_logout_urls": "https://example.com"},
        {"default_redirection_uri": "http://example.com"},
        {"enabled_locales": ["English"]},
        {"enabled_locales": ["../../etc"]},
        {"flags": {"enable_sso": "yes"}},
        {"flags": []},
        {"session_cookie": {"mode": "for ever"}},
        {"session_cookie": {}},
        {"session_cookie": {"mode": "persistent", "more": 1}},
        {"session_lifetime": "168"},
        {"sandbox_version": 18},
        {"name": "other"},
        {"domain": "evil.example"},
    ],
    ids=str,
)
def test_a_setting_that_is_not_as_it_must_be_is_refused(api, wrong):
    answer = api.patch(SETTINGS, {"friendly_name": "Changed", **wrong})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert api.get(SETTINGS).json == DEFAULTS


@pytest.mark.security(43)
def test_the_settings_together_have_a_limit(api):
    flags = {f"{number:0100d}": True for number in range(1_000)}

    answer = api.patch(SETTINGS, {"flags": flags})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert "the limit is 100000" in answer.json["message"]


def test_an_answer_has_the_fields_that_are_asked_for(api):
    some = api.get(SETTINGS, query={"fields": "flags, enabled_locales"}).json
    most = api.get(SETTINGS, query={"fields": "flags", "include_fields": "false"}).json

    assert some == {"flags": {}, "enabled_locales": ["en"]}
    assert most.keys() == DEFAULTS.keys() - {"flags"}


def test_changes_at_the_same_time_are_all_made(api):
    changes = [{"friendly_name": "Example"}, {"sandbox_version": "18"}, {"flags": {"a": True}}, {"flags": {"b": True}}]

    with ThreadPoolExecutor(4) as pool:
        statuses = [answer.status for answer in pool.map(lambda change: api.patch(SETTINGS, change), changes)]

    kept = api.get(SETTINGS).json
    assert statuses == [200] * 4
    assert (kept["friendly_name"], kept["sandbox_version"], kept["flags"]) == ("Example", "18", {"a": True, "b": True})


@pytest.mark.security(33)
def test_settings_are_each_tenants_own(api, acme):
    api.patch(SETTINGS, CHANGED)

    assert acme.get(SETTINGS).json == DEFAULTS


def test_the_system_tenant_makes_a_tenant_with_all_it_needs(app, system):
    made = system.post(TENANTS, {"name": "globex", "friendly_name": "Globex"})

    globex = Api(app, "globex")
    assert made.status == 201
    assert made.json.keys() == {"name", "domain", "created_at", "friendly_name", "client_id", "client_secret"}
    assert (made.json["name"], made.json["domain"]) == ("globex", "globex.gatehouse.test")
    assert globex.get(SETTINGS).json == {**DEFAULTS, "friendly_name": "Globex"}
    assert [each["name"] for each in globex.get("/api/v2/connections").json] == ["Username-Password-Authentication"]
    assert [each["identifier"] for each in globex.get("/api/v2/resource-servers").json] == [
        "https://globex.gatehouse.test/api/v2/"
    ]
    assert [each["client_id"] for each in globex.get("/api/v2/clients").json] == [made.json["client_id"]]
    assert [each["scope"] for each in globex.get("/api/v2/client-grants").json] == [list(MANAGEMENT_SCOPES)]
    assert len(globex.get("/.well-known/jwks.json").json["keys"]) == 2


@pytest.mark.parametrize("taken", ["main", "acme", "system"])
def test_a_name_that_is_taken_is_a_conflict(system, contents, taken):
    before = [item for item in contents.read() if not item["sk"]["S"].startswith("LOG#")]

    answer = system.post(TENANTS, {"name": taken})

    after = [item for item in contents.read() if not item["sk"]["S"].startswith("LOG#")]
    assert (answer.status, answer.json["errorCode"]) == (409, "tenant_exists")
    assert after == before


@pytest.mark.parametrize(
    "name",
    [
        *("ab", "a" * 64, "-abc", "abc-", "Abc", "a_b", "a.b", "a b", "abc\n", "\nabc", "abc\x00", "äbc"),
        *("a#b", "a/b", "a:80", "", "T#main", "acme.gatehouse.test", "\N{CYRILLIC SMALL LETTER A}cme"),
    ],
)
def test_a_name_that_can_be_no_host_is_refused(system, name):
    answer = system.post(TENANTS, {"name": name})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert "name" in answer.json["message"]


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["abc", "a" * 63, "a-b", "123", "a--b"])
def test_a_name_is_a_label_of_a_host_of_3_to_63_characters(app, system, name):
    made = system.post(TENANTS, {"name": name})

    assert made.status == 201
    assert Api(app, name).get("/.well-known/jwks.json").status == 200


def test_a_tenant_that_is_made_twice_at_the_same_time_is_made_once(system):
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: system.post(TENANTS, {"name": "globex"}), range(3)))

    assert sorted(answer.status for answer in answers) == [201, 409, 409]


def test_tenants_are_listed_in_the_order_in_which_they_were_made(system, clock):
    for name in ("zulu", "alpha"):
        clock.advance(seconds=1)
        system.post(TENANTS, {"name": name})

    whole = system.get(TENANTS).json
    page = system.get(TENANTS, query={"page": 1, "per_page": 3, "include_totals": "true"}).json

    assert {each["name"] for each in whole[:3]} == {"main", "acme", "system"}
    assert [each["name"] for each in whole[3:]] == ["zulu", "alpha"]
    assert page == {"start": 3, "limit": 3, "length": 2, "total": 5, "tenants": whole[3:]}
    assert whole[3] == {
        "name": "zulu",
        "domain": "zulu.gatehouse.test",
        "created_at": "2026-03-01T12:00:01.000Z",
        "friendly_name": "",
    }


@pytest.mark.security(33, 34)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_elsewhere_there_are_no_tenants_whatever_the_token_says(api, acme, method):
    answers = [each.call(method, TENANTS, {"name": "mine"} if method == "POST" else None) for each in (api, acme)]

    assert [(each.status, each.json["errorCode"]) for each in answers] == [(404, "inexistent_tenant")] * 2


@pytest.mark.security(33, 34)
def test_the_scopes_for_tenants_cannot_be_granted_elsewhere(acme):
    client_id = acme.post("/api/v2/clients", {"name": "Mine"}).json["client_id"]
    audience = "https://acme.gatehouse.test/api/v2/"

    body = {"client_id": client_id, "audience": audience, "scope": ["create:tenants"]}
    answer = acme.post("/api/v2/client-grants", body)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


@pytest.mark.security(33)
def test_a_tenant_does_not_exist_before_it_is_made(app, system):
    host = {"Host": "globex.gatehouse.test"}
    before = Api(app, "system").get("/.well-known/jwks.json", headers=host).status

    system.post(TENANTS, {"name": "globex"})

    assert before == 404
    assert Api(app, "globex").get("/.well-known/jwks.json").status == 200


@pytest.mark.security(40)
def test_making_a_tenant_is_the_first_event_of_its_history(app, system):
    system.post(TENANTS, {"name": "globex"})

    events = Api(app, "globex").get("/api/v2/logs").json

    assert [(event["type"], event["description"]) for event in events] == [("sapi", "Create a tenant")]
    assert events[0]["hostname"] == "system.gatehouse.test"
