"""The round-trip budget: what each operation asks of DynamoDB, counted as botocore sends it, against docs/budget.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.core.gatehouse import Core
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.storage.table import Item
from chalicelib.wiring import build_core
from tests.conftest import Api
from tests.documents import table
from tests.web.world import API, World, account_of

NOTHING = "nothing"


@dataclass(frozen=True)
class Ask:
    """What goes into the request of an operation. `ids` fill the braces of its path."""

    body: Any = None
    ids: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    tenant: str = "main"
    token: str | None = None


def by(**ids: str) -> Ask:
    return Ask(ids=ids)


def query(**parameters: Any) -> Ask:
    return Ask(query=parameters)


OPERATIONS: dict[str, Callable[[World], Ask]] = {
    "GET /api/v2/users": lambda w: query(per_page=2),
    "GET /api/v2/users from a checkpoint": lambda w: query(take=2),
    "GET /api/v2/users with totals": lambda w: query(per_page=2, include_totals=True),
    "GET /api/v2/users of a connection": lambda w: query(per_page=2, connection=DEFAULT_CONNECTION),
    "GET /api/v2/users by q=email": lambda w: query(q='email:"person1@example.com"'),
    "GET /api/v2/users by q=user_id": lambda w: query(q=f'user_id:"{w.users[0]}"'),
    "POST /api/v2/users": lambda w: Ask(w.person()),
    "GET /api/v2/users-by-email": lambda w: query(email="person1@example.com"),
    "GET /api/v2/users/{user_id}": lambda w: by(user_id=w.users[0]),
    "PATCH /api/v2/users/{user_id}": lambda w: Ask({"blocked": True}, {"user_id": w.users[0]}),
    "PATCH /api/v2/users/{user_id} of a password": lambda w: Ask(
        {"password": "another Horse battery 2"}, {"user_id": w.users[0]}
    ),
    "PATCH /api/v2/users/{user_id} of an e-mail address": lambda w: Ask(
        {"email": "new@example.com"}, {"user_id": w.users[0]}
    ),
    "DELETE /api/v2/users/{user_id}": lambda w: by(user_id=w.users[0]),
    "GET /api/v2/users/{user_id}/logs": lambda w: by(user_id=w.users[0]),
    "POST /api/v2/users/{user_id}/identities": lambda w: Ask(account_of(w.users[1]), {"user_id": w.users[0]}),
    "DELETE /api/v2/users/{user_id}/identities/{provider}/{identity_id}": lambda w: by(**w.linked()),
    "GET /api/v2/connections": lambda w: Ask(),
    "POST /api/v2/connections": lambda w: Ask({"name": "staff", "strategy": "auth0"}),
    "GET /api/v2/connections/{connection_id}": lambda w: by(connection_id=w.connection()),
    "PATCH /api/v2/connections/{connection_id}": lambda w: Ask(
        {"display_name": "Staff"}, {"connection_id": w.connection()}
    ),
    "DELETE /api/v2/connections/{connection_id}": lambda w: by(connection_id=w.connection()),
    "GET /api/v2/connections/{connection_id}/clients": lambda w: by(connection_id=w.connection()),
    "PATCH /api/v2/connections/{connection_id}/clients": lambda w: Ask(
        [{"client_id": w.client_id, "status": True}], {"connection_id": w.connection()}
    ),
    "DELETE /api/v2/connections/{connection_id}/users": lambda w: Ask(
        None, {"connection_id": w.default_connection()}, {"email": "person1@example.com"}
    ),
    "GET /api/v2/clients": lambda w: Ask(),
    "POST /api/v2/clients": lambda w: Ask({"name": "Shop"}),
    "GET /api/v2/clients/{client_id}": lambda w: by(client_id=w.client_id),
    "PATCH /api/v2/clients/{client_id}": lambda w: Ask({"name": "Shop"}, {"client_id": w.client_id}),
    "DELETE /api/v2/clients/{client_id}": lambda w: by(client_id=w.client_id),
    "POST /api/v2/clients/{client_id}/rotate-secret": lambda w: by(client_id=w.client_id),
    "GET /api/v2/client-grants": lambda w: Ask(),
    "POST /api/v2/client-grants": lambda w: Ask(
        {"client_id": w.client_id, "audience": "https://gatehouse.test/api/v2/", "scope": []}
    ),
    "GET /api/v2/client-grants/{grant_id}": lambda w: by(grant_id=w.grant_id),
    "PATCH /api/v2/client-grants/{grant_id}": lambda w: Ask({"scope": []}, {"grant_id": w.grant_id}),
    "DELETE /api/v2/client-grants/{grant_id}": lambda w: by(grant_id=w.grant_id),
    "GET /api/v2/resource-servers": lambda w: Ask(),
    "POST /api/v2/resource-servers": lambda w: Ask({"identifier": "urn:shop"}),
    "GET /api/v2/resource-servers/{server_id}": lambda w: by(server_id=w.server_id()),
    "PATCH /api/v2/resource-servers/{server_id}": lambda w: Ask({"name": "Orders"}, {"server_id": w.server_id()}),
    "DELETE /api/v2/resource-servers/{server_id}": lambda w: by(server_id=API),
    "GET /api/v2/device-credentials": lambda w: Ask(),
    "GET /api/v2/device-credentials of a user": lambda w: query(user_id=w.users[0]),
    "POST /api/v2/device-credentials": lambda w: Ask(w.device(), token=w.owner_token()),
    "DELETE /api/v2/device-credentials/{credential_id}": lambda w: by(credential_id=w.device_id),
    "GET /api/v2/logs": lambda w: query(per_page=2),
    "GET /api/v2/logs from a checkpoint": lambda w: query(take=2),
    "GET /api/v2/logs with totals": lambda w: query(per_page=2, include_totals=True),
    "GET /api/v2/logs/{log_id}": lambda w: by(log_id=w.log_id()),
    "GET /api/v2/keys/signing": lambda w: Ask(),
    "GET /api/v2/keys/signing/{kid}": lambda w: by(kid=w.kid()),
    "POST /api/v2/keys/signing/rotate": lambda w: Ask(),
    "PUT /api/v2/keys/signing/{kid}/revoke": lambda w: by(kid=w.previous_kid()),
    "GET /api/v2/tenants/settings": lambda w: Ask(),
    "PATCH /api/v2/tenants/settings": lambda w: Ask({"friendly_name": "Acme"}),
    "GET /api/v2/tenants": lambda w: Ask(tenant="system"),
    "POST /api/v2/tenants": lambda w: Ask({"name": "globex"}, tenant="system"),
    "POST /oauth/token": lambda w: Ask(w.credentials),
    "GET /.well-known/openid-configuration": lambda w: Ask(),
    "GET /.well-known/jwks.json": lambda w: Ask(),
    "GET /api/v2/openapi.json": lambda w: Ask(),
    "GET /docs": lambda w: Ask(),
    "GET /static/{fingerprint}/{name}": lambda w: by(**w.asset()),
}
"""One request of every endpoint, and of those that cost differently another one."""


def endpoint_of(operation: str) -> str:
    """Give the method and the path that an operation begins with."""
    return " ".join(operation.split()[:2])


def warm(api: Api, world: World) -> None:
    """Let the cache hold what decides along the way, as after a process's first requests."""
    api.app.core.connections.named("main", DEFAULT_CONNECTION)
    world.post("/oauth/token", world.credentials)
    replace(api, tenant="system").get("/api/v2/tenants/settings")


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


def cost(api: Api, operation: str) -> str:
    """Say what an operation asks of DynamoDB, in the words of the table."""
    world = World(api)
    ask = OPERATIONS[operation](world)
    method, path = endpoint_of(operation).split()
    path = path.format(**{name: quote(value, safe="") for name, value in ask.ids.items()})
    warm(api, world)
    with counting() as calls:
        answer = replace(api, tenant=ask.tenant).call(method, path, ask.body, query=ask.query, token=ask.token)
    assert answer.status < 300, answer.text
    return ", ".join(f"{count} {kind}" for kind, count in calls.items()) or NOTHING


@pytest.fixture
def documented() -> dict[str, dict[str, str]]:
    return {row["operation"]: row for row in table("docs/budget.md", "operation", "with 4 shards")}


@pytest.fixture(scope="module")
def core_with_four_shards(beginnings, settings, ambient) -> Core:
    return build_core(replace(settings, shards=4), ambient)


@pytest.fixture
def sharded(api, core_with_four_shards: Core, monkeypatch) -> Api:
    """The app as a deployment with four shards runs it, over the same table."""
    core_with_four_shards.clients.store.cache.entries.clear()
    monkeypatch.setattr(api.app, "core", core_with_four_shards)
    return api


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_asks_dynamodb_for_what_the_budget_says_and_no_more(api, documented, operation):
    spent = cost(api, operation)

    assert spent == documented[operation]["asks for"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_with_four_shards_only_lists_by_time_ask_more_often(sharded, documented, operation):
    spent = cost(sharded, operation)

    row = documented[operation]
    assert spent == (row["with 4 shards"] or row["asks for"])


def test_every_endpoint_has_a_budget_and_the_table_has_nothing_else(app, documented):
    endpoints = {f"{endpoint.method} {endpoint.path}" for endpoint in app.endpoints}

    assert {endpoint_of(operation) for operation in documented} == endpoints
    assert list(documented) == list(OPERATIONS)
