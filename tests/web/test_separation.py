"""No tenant sees, changes or even notices what another has, whatever id it sends (S33). Made from the endpoints."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest

from tests.conftest import Api
from tests.web.conftest import EXAMPLES, MANAGEMENT, PASSWORD, each_endpoint, named

pytestmark = pytest.mark.security(33)

NOT_IDS = {"provider"}
"""Names in examples that mean the same in every tenant."""
REFERRING = re.compile(r"(.*_id|connection|audience|email|enabled_clients|identifiers|from|q|search)$")
"""Fields of queries and bodies that name something a tenant has."""
NEW_ID = re.compile(r"\b(con_|dcr_|cgr_|rul_)[0-9a-f]{16}\b")

FOREIGN = [
    pytest.param(endpoint, example, name, id=f"{named(endpoint)} {name} {number}")
    for endpoint in MANAGEMENT
    for number, example in enumerate(EXAMPLES[named(endpoint)])
    for name in example.names(endpoint.path)
    if name not in NOT_IDS
]


def test_every_endpoint_has_an_example_and_every_example_an_endpoint():
    assert sorted(EXAMPLES) == sorted(named(endpoint) for endpoint in MANAGEMENT)


@each_endpoint
def test_the_examples_of_an_endpoint_name_every_id_it_can_be_given(endpoint):
    fields = {field for kind in (endpoint.query, *_structs(endpoint.body)) for field in _referring(kind)}

    given = {field for example in EXAMPLES[named(endpoint)] for field in [*example.query, *_keys(example.body)]}

    assert fields - given == set()


@each_endpoint
def test_a_token_of_one_tenant_is_refused_on_the_host_of_another(furnished, endpoint):
    before = furnished.belongings("acme")

    answer = furnished.send(endpoint, tenant="acme", token=Api(furnished.app, "main").token())

    assert answer.status == 401
    assert answer.json["message"] == "Invalid token"
    assert furnished.belongings("acme") == before


@pytest.mark.parametrize(("endpoint", "example", "name"), FOREIGN)
def test_an_id_of_another_tenant_is_answered_like_one_that_does_not_exist(furnished, endpoint, example, name):
    foreign, before = furnished.ids["main"][name], furnished.belongings("main")
    answers = []

    for other in (_absent(foreign), foreign):
        furnished.begin_again()
        answer = furnished.send(endpoint, example, tenant="acme", ids={**furnished.ids["acme"], name: other})
        answers.append((answer.status, NEW_ID.sub("new", answer.text.replace(other, "other")), dict(answer.headers)))

    assert answers[0] == answers[1]
    assert answers[0][0] < 500
    assert furnished.belongings("main") == before


@each_endpoint
def test_what_a_tenant_is_answered_names_nothing_of_another(furnished, endpoint):
    private = [value for name, value in furnished.ids["main"].items() if name not in NOT_IDS]

    texts = [furnished.send(endpoint, example, tenant="acme").text for example in EXAMPLES[named(endpoint)]]

    assert [value for value in private if any(value in text for text in texts)] == []


def test_the_same_names_may_be_in_use_in_two_tenants(acme, furnished):
    ids = furnished.ids["main"]
    person = {"connection": ids["connection"], "email": ids["email"], "password": PASSWORD}

    api = acme.post("/api/v2/resource-servers", {"identifier": ids["audience"]})
    rule = acme.post("/api/v2/rules", {"name": "Rule of main", "script": "function () {}"})
    config = acme.put(f"/api/v2/rules-configs/{ids['config_key']}", {"value": "theirs"})
    database = {"name": ids["connection"], "strategy": "auth0", "enabled_clients": ["anyone"]}
    connection = acme.post("/api/v2/connections", database)
    user = acme.post("/api/v2/users", {**person, "user_id": ids["user_id"].removeprefix("auth0|")})

    assert [api.status, rule.status, config.status, connection.status, user.status] == [201, 201, 200, 201, 201]
    assert api.json["id"] == ids["server_id"]
    assert user.json["user_id"] == ids["user_id"]


def test_deleting_what_has_the_same_id_in_two_tenants_deletes_it_in_one(acme, api, furnished):
    audience, server_id = furnished.ids["main"]["audience"], furnished.ids["main"]["server_id"]
    acme.post("/api/v2/resource-servers", {"identifier": audience})

    deleted = acme.delete(f"/api/v2/resource-servers/{server_id}")

    assert deleted.status == 204
    assert api.get(f"/api/v2/resource-servers/{server_id}").status == 200


def _absent(known: str) -> str:
    """Give an id that nobody has, as like a known one as can be."""
    return known[:-1] + ("1" if known[-1] == "0" else "0")


def _referring(kind) -> list[str]:
    return [each.encode_name for each in msgspec.structs.fields(kind) if REFERRING.match(each.encode_name)]


def _structs(kind) -> list[type[msgspec.Struct]]:
    """Give the struct a body is, or is a list of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [struct for part in get_args(kind) for struct in _structs(part)]


def _keys(body) -> list[str]:
    parts = body if isinstance(body, list) else [body or {}]
    return [key for part in parts for key in part]
