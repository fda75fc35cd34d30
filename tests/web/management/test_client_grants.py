"""/api/v2/client-grants: which scopes of which API a client may have in its own name."""

from __future__ import annotations

import pytest

GRANTS = "/api/v2/client-grants"
ORDERS = "https://orders.example/"
SCOPES = ["read:orders", "write:orders", "delete:orders"]


@pytest.fixture
def orders(api):
    return api.post(
        "/api/v2/resource-servers", {"identifier": ORDERS, "scopes": [{"value": each} for each in SCOPES]}
    ).json


@pytest.fixture
def new_client(api):
    return lambda name="Robot": api.post("/api/v2/clients", {"name": name}).json["client_id"]


@pytest.fixture
def grant(api, orders, new_client):
    body = {"client_id": new_client(), "audience": ORDERS, "scope": ["read:orders", "write:orders"]}
    return api.post(GRANTS, body).json


def test_a_client_is_granted_scopes_of_an_api(api, orders, new_client):
    body = {"client_id": new_client(), "audience": ORDERS, "scope": ["write:orders", "read:orders"]}

    answer = api.post(GRANTS, body)

    assert answer.status == 201
    assert answer.json == {**body, "id": answer.json["id"], "subject_type": "client"}
    assert answer.json["id"].startswith("cgr_")
    assert api.get(f"{GRANTS}/{answer.json['id']}").json == answer.json


@pytest.mark.parametrize("scope", [{"scope": []}, {}])
def test_a_grant_may_have_no_scopes(api, orders, new_client, scope):
    answer = api.post(GRANTS, {"client_id": new_client(), "audience": ORDERS, **scope})

    assert (answer.status, answer.json["scope"]) == (201, [])


def test_a_scope_that_is_named_twice_is_granted_once(api, grant):
    changed = api.patch(f"{GRANTS}/{grant['id']}", {"scope": ["write:orders", "read:orders", "write:orders"]})

    assert changed.json["scope"] == ["write:orders", "read:orders"]


def test_a_client_has_one_grant_for_an_api(api, grant):
    again = api.post(GRANTS, {name: grant[name] for name in ("client_id", "audience", "scope")})

    assert again.status == 409
    assert again.json["message"] == "The client grant exists already."


def test_a_client_may_have_grants_for_several_apis_and_an_api_for_several_clients(api, grant, new_client):
    api.post("/api/v2/resource-servers", {"identifier": "https://stock.example/"})

    other_api = api.post(GRANTS, {"client_id": grant["client_id"], "audience": "https://stock.example/", "scope": []})
    other_client = api.post(GRANTS, {"client_id": new_client("Till"), "audience": ORDERS, "scope": []})

    assert [other_api.status, other_client.status] == [201, 201]


@pytest.mark.parametrize(
    "scope", [["nothing"], ["read:orders", "read:users"], ["READ:ORDERS"], [" read:orders"], ["*"]]
)
def test_a_scope_that_the_api_does_not_know_cannot_be_granted(api, grant, new_client, scope):
    created = api.post(GRANTS, {"client_id": new_client(), "audience": ORDERS, "scope": scope})
    changed = api.patch(f"{GRANTS}/{grant['id']}", {"scope": scope})

    assert [created.status, changed.status] == [400, 400]
    assert created.json["message"] == changed.json["message"]
    assert created.json["message"].startswith(f"The following scopes are not defined in the '{ORDERS}' API: ")
    assert api.get(f"{GRANTS}/{grant['id']}").json == grant


def test_a_grant_is_for_a_client_and_an_api_that_exist(api, orders, new_client):
    no_client = api.post(GRANTS, {"client_id": "f" * 32, "audience": ORDERS, "scope": []})
    no_api = api.post(GRANTS, {"client_id": new_client(), "audience": "https://nobody.example/", "scope": []})

    assert (no_client.status, no_client.json["errorCode"]) == (404, "inexistent_client")
    assert (no_api.status, no_api.json["errorCode"]) == (404, "inexistent_resource_server")


def test_the_global_client_is_granted_nothing_more(api, orders):
    client_id = api.get("/api/v2/clients", query={"is_global": "true"}).json[0]["client_id"]

    answer = api.post(GRANTS, {"client_id": client_id, "audience": ORDERS, "scope": []})

    assert (answer.status, answer.json["errorCode"]) == (403, "operation_not_supported")


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": None},
        {"client_id": ""},
        {"audience": None},
        {"audience": ""},
        {"audience": "a" * 601},
        {"scope": None},
        {"scope": "read:orders"},
        {"scope": [""]},
        {"scope": [1]},
        {"scope": ["s" * 281]},
        {"subject_type": "user"},
        {"id": "cgr_1"},
    ],
    ids=str,
)
def test_a_grant_that_is_not_as_it_must_be_is_refused(api, orders, new_client, changed):
    answer = api.post(GRANTS, {"client_id": new_client(), "audience": ORDERS, "scope": [], **changed})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


@pytest.mark.security(43)
def test_a_grant_has_at_most_1000_scopes(api, new_client):
    known = [f"read:{number}" for number in range(1_000)]
    api.post("/api/v2/resource-servers", {"identifier": ORDERS, "scopes": [{"value": each} for each in known]})
    body = {"client_id": new_client(), "audience": ORDERS}

    refused, taken = (api.post(GRANTS, {**body, "scope": scope}) for scope in ([*known, "read:0"], known))

    assert (refused.status, taken.status) == (400, 201)
    assert len(taken.json["scope"]) == 1_000


def test_a_change_replaces_the_scopes(api, grant):
    changed = api.patch(f"{GRANTS}/{grant['id']}", {"scope": ["delete:orders"]})

    assert changed.json == {**grant, "scope": ["delete:orders"]}
    assert api.get(f"{GRANTS}/{grant['id']}").json == changed.json


def test_a_change_of_nothing_changes_nothing(api, grant):
    assert api.patch(f"{GRANTS}/{grant['id']}", {}).json == grant


@pytest.mark.parametrize("change", [{"client_id": "x"}, {"audience": "x"}, {"subject_type": "client"}, {"scope": None}])
def test_only_the_scopes_of_a_grant_change(api, grant, change):
    assert api.patch(f"{GRANTS}/{grant['id']}", change).status == 400
    assert api.get(f"{GRANTS}/{grant['id']}").json == grant


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_grant_that_does_not_exist_is_not_found(api, method):
    answer = api.call(method, f"{GRANTS}/cgr_0000000000000000", {} if method == "PATCH" else None)

    assert answer.status == 404
    assert answer.json["message"] == "The client grant does not exist."
    assert answer.json["errorCode"] == "inexistent_client_grant"


def test_a_deleted_grant_is_gone_and_may_be_given_again(api, grant):
    deleted = api.delete(f"{GRANTS}/{grant['id']}")
    gone = [api.get(f"{GRANTS}/{grant['id']}").status, api.delete(f"{GRANTS}/{grant['id']}").status]

    again = api.post(GRANTS, {"client_id": grant["client_id"], "audience": ORDERS, "scope": []})

    assert (deleted.status, deleted.text) == (204, "")
    assert gone == [404, 404]
    assert (again.status, again.json["id"]) == (201, grant["id"])


def test_grants_are_listed_by_client_and_api(api, grant, new_client):
    other = new_client("Till")
    api.post("/api/v2/resource-servers", {"identifier": "https://stock.example/"})
    for client_id, audience in ((other, ORDERS), (other, "https://stock.example/")):
        api.post(GRANTS, {"client_id": client_id, "audience": audience, "scope": []})

    def listed(**query):
        return {(each["client_id"], each["audience"]) for each in api.get(GRANTS, query=query).json}

    assert listed(client_id=grant["client_id"]) == {(grant["client_id"], ORDERS)}
    assert listed(audience=ORDERS) == {(grant["client_id"], ORDERS), (other, ORDERS)}
    assert listed(audience=ORDERS, client_id=other) == {(other, ORDERS)}
    assert (
        listed(client_id="f" * 32) == listed(audience="https://nobody.example/") == listed(subject_type="user") == set()
    )
    assert len(listed(subject_type="client")) == 4


def test_grants_are_listed_from_checkpoint_to_checkpoint(api, grant, new_client):
    for number in range(3):
        api.post(GRANTS, {"client_id": new_client(f"c{number}"), "audience": ORDERS, "scope": []})

    first = api.get(GRANTS, query={"take": 3, "audience": ORDERS}).json
    second = api.get(GRANTS, query={"take": 3, "audience": ORDERS, "from": first["next"]}).json

    ids = [each["id"] for each in first["client_grants"] + second["client_grants"]]
    assert [len(first["client_grants"]), len(second["client_grants"])] == [3, 1]
    assert ids == sorted(set(ids))
    assert "next" not in second


def test_deleting_an_api_takes_its_grants_and_no_others(api, grant, orders):
    api.post("/api/v2/resource-servers", {"identifier": "https://stock.example/"})
    kept = api.post(GRANTS, {"client_id": grant["client_id"], "audience": "https://stock.example/", "scope": []}).json

    api.delete(f"/api/v2/resource-servers/{orders['id']}")

    assert api.get(f"{GRANTS}/{grant['id']}").status == 404
    assert api.get(GRANTS, query={"client_id": grant["client_id"]}).json == [kept]
