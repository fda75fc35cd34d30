"""The round-trip budget: what each operation asks of DynamoDB, counted as botocore sends it, against docs/budget.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core.gatehouse import Core
from chalicelib.storage.table import Item
from chalicelib.wiring import build_core
from tests.conftest import Api, forget
from tests.documents import table
from tests.web.conftest import DASHBOARD, ENDPOINTS, EXAMPLES, PASSWORD, Example, Furnished, named

TENANT = "system"
"""The only one that has every endpoint."""
FULL_PAGE = {"per_page": 1}
"""A page with another one behind it: going on too early would cost a round trip."""
CREDENTIALS = {"client_id": "{client_id}", "client_secret": "{client_secret}", "audience": "{audience}"}

OPERATIONS = {name: examples[0] for name, examples in EXAMPLES.items()} | {
    "GET /api/v2/users": Example(query=FULL_PAGE),
    "GET /api/v2/users from a checkpoint": Example(query={"take": 1}),
    "GET /api/v2/users with totals": Example(query={**FULL_PAGE, "include_totals": True}),
    "GET /api/v2/users of a connection": Example(query={**FULL_PAGE, "connection": "{connection}"}),
    "GET /api/v2/users by e-mail address": Example(query={"q": 'email:"{email}"'}),
    "GET /api/v2/users by user id": Example(query={"q": 'user_id:"{user_id}"'}),
    "GET /api/v2/users by the beginning of an address": Example(query={**FULL_PAGE, "q": "email:{email}*"}),
    "GET /api/v2/users who never signed in": Example(query={**FULL_PAGE, "q": "logins_count:0"}),
    "GET /api/v2/users who never signed in, with totals": Example(
        query={**FULL_PAGE, "q": "logins_count:0", "include_totals": True}
    ),
    "GET /api/v2/users of a connection who never signed in": Example(
        query={**FULL_PAGE, "q": "logins_count:0", "connection": "{connection}"}
    ),
    "PATCH /api/v2/users/{user_id} of a password": Example(
        {"password": "another Horse battery 2", "connection": "{connection}"}
    ),
    "PATCH /api/v2/users/{user_id} of an e-mail address": Example(
        {"email": "new@example.com", "connection": "{connection}"}
    ),
    "GET /api/v2/device-credentials of a user": Example(query={"user_id": "{user_id}"}),
    "GET /api/v2/logs": Example(query=FULL_PAGE),
    "GET /api/v2/logs from a checkpoint": Example(query={"take": 1}),
    "GET /api/v2/logs with totals": Example(query={**FULL_PAGE, "include_totals": True}),
    "GET /api/v2/logs by a search": Example(query={**FULL_PAGE, "q": "type:sapi"}),
    "GET /api/v2/logs by a search of a user": Example(query={**FULL_PAGE, "q": 'user_id:"{user_id}"'}),
    "POST /dbconnections/signup": Example(
        {"client_id": "{client_id}", "connection": "{connection}", "email": "new@example.com", "password": PASSWORD}
    ),
    "POST /dbconnections/change_password": Example(
        {"client_id": "{client_id}", "connection": "{connection}", "email": "{email}"}
    ),
    "POST /oauth/token": Example({"grant_type": "client_credentials", **CREDENTIALS}),
    "GET /.well-known/openid-configuration": Example(),
    "GET /.well-known/jwks.json": Example(),
    "GET /api/v2/openapi.json": Example(),
    "GET /docs": Example(),
    "GET /static/{fingerprint}/{name}": Example(),
    "GET /health": Example(),
}
"""One request of every endpoint, and another where an endpoint has ways that cost differently."""


def endpoint_of(operation: str) -> str:
    """Give the method and the path that an operation begins with."""
    return " ".join(operation.split()[:2])


def prepared(furnished: Furnished) -> Mapping[str, str]:
    """Give the ids for an operation, and let the cache hold what decides along the way, as in a process that runs."""
    furnished.clock.advance(minutes=1)  # so that a checkpoint reaches what was written
    api, ids = Api(furnished.app, TENANT), dict(furnished.ids[TENANT])
    page = api.get("/docs").text
    ids["fingerprint"], ids["name"] = page.partition('href="/static/')[2].partition('"')[0].split("/")
    ids["client_secret"] = api.post(f"/api/v2/clients/{ids['client_id']}/rotate-secret").json["client_secret"]
    furnished.app.core.connections.named(TENANT, ids["connection"])
    furnished.app.core.connections.databases(TENANT)
    granted = api.post("/oauth/token", {"grant_type": "client_credentials", **{n: ids[n] for n in CREDENTIALS}})
    assert granted.status == 200, granted.text
    return ids


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count calls by kind where botocore is about to make them: the pages of a query count one by one."""
    calls: Counter[str] = Counter()
    events = Item._get_connection().connection.client.meta.events

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    events.register("before-call.dynamodb", count)
    try:
        yield calls
    finally:
        events.unregister("before-call.dynamodb", count)


def cost(furnished: Furnished, operation: str) -> str:
    """Say what an operation asks of DynamoDB, in the words of the table."""
    endpoint = next(each for each in ENDPOINTS if named(each) == endpoint_of(operation))
    ids = prepared(furnished)
    with counting() as calls:
        answer = furnished.send(endpoint, OPERATIONS[operation], tenant=TENANT, ids=ids)
    assert answer.status < 300, answer.text
    return ", ".join(f"{count} {kind}" for kind, count in calls.items()) or "nothing"


@pytest.fixture
def documented() -> dict[str, dict[str, str]]:
    return {row["operation"]: row for row in table("docs/budget.md", "operation", "with 4 shards")}


@pytest.fixture(scope="module")
def core_with_four_shards(beginnings, settings, ambient) -> Iterator[Core]:
    core = build_core(replace(settings, shards=4), ambient)
    yield core
    core.sandbox.close()


@pytest.fixture
def sharded(furnished, core_with_four_shards: Core, monkeypatch) -> Furnished:
    """The app as a deployment with four shards runs it, over the same table."""
    forget(core_with_four_shards)
    monkeypatch.setattr(furnished.app, "core", core_with_four_shards)
    return furnished


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_asks_dynamodb_for_what_the_budget_says_and_no_more(furnished, documented, operation):
    spent = cost(furnished, operation)

    assert spent == documented[operation]["asks for"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_with_four_shards_only_lists_by_time_ask_more_often(sharded, documented, operation):
    spent = cost(sharded, operation)

    row = documented[operation]
    assert spent == (row["with 4 shards"] or row["asks for"])


def test_every_endpoint_has_a_budget_and_the_table_has_nothing_else(documented):
    """The dashboard's pages have a table and a test of their own."""
    endpoints = {named(endpoint) for endpoint in ENDPOINTS if endpoint not in DASHBOARD}
    steps = {row["endpoint"] for row in table("docs/budget.md", "step", "endpoint")}
    pages = {
        endpoint_of(row["page"].partition(",")[0])
        for asked in ("asks for", "impersonation asks for")
        for row in table("docs/budget.md", "page", asked)
        if not row["page"].startswith("the sweep")
    }

    assert {endpoint_of(operation) for operation in documented} | steps | pages == endpoints
    assert documented.keys() == OPERATIONS.keys()
