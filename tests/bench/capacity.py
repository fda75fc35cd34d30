"""Items and capacity per operation, as DynamoDB Local counts them.

It counts to the unit but for transactions, of which it counts one item only. So each part of a transaction is written
once more, by itself, into a second table of the same shape, where it is counted, and AWS's rule is applied: a write in
a transaction takes twice the units of the table. Units of indexes are those of the single write: AWS does not say more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.storage.table import Item, open_table
from infra.clients import client
from infra.dynamodb_local import DynamoDBLocal, available
from infra.table import create_table
from tests.bench.product import TABLE, Product, begin, person
from tests.bench.tables import show

MIRROR = "mirror"
USERS = "/api/v2/users"
NAMED = {"name": "Ann Smith", "given_name": "Ann", "family_name": "Smith"}
REALM = "http://auth0.com/oauth/grant-type/password-realm"
SINGLE = {"PutItem": "put_item", "UpdateItem": "update_item", "DeleteItem": "delete_item"}
PARTS = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}


class Meter:
    """Adds up what the calls of PynamoDB read and write."""

    def __init__(self, dynamodb: Any) -> None:
        self.dynamodb = dynamodb
        self.spent: Counter[str] = Counter()

    def ask(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """Have the answer say what it cost; note a transaction's parts while they can be seen."""
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"
        for part in params.get("TransactItems", ()):
            for kind, single in part.items():
                self._write(kind, single)
        if model.name in SINGLE:
            self._mirrored(SINGLE[model.name], params)

    def add(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """Count an answer."""
        if model.name == "TransactWriteItems":
            return
        found = parsed.get("ConsumedCapacity", [])
        for consumed in found if isinstance(found, list) else [found]:
            way = "write" if model.name in SINGLE else "read"
            self._count(way, consumed, 1)
        self.spent["read items"] += parsed.get("Count", 0) + ("Item" in parsed)
        self.spent["read items"] += sum(map(len, parsed.get("Responses", {}).values()))
        self.spent["write items"] += model.name in SINGLE

    def _write(self, kind: str, params: dict[str, Any]) -> None:
        """Count a part of a transaction: a check takes what a write of one item does (AWS: two units)."""
        self.spent["write items"] += kind != "ConditionCheck"
        if kind == "ConditionCheck":
            self.spent["write table"] += 2
        else:
            self._count("write", self._mirrored(PARTS[kind], params), 2)

    def _mirrored(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        plain = {name: value for name, value in params.items() if name in _UNCONDITIONAL}
        values = plain.pop("ExpressionAttributeValues", {})
        names = plain.pop("ExpressionAttributeNames", {})
        used = plain.get("UpdateExpression", "")
        # What only the condition named must go with it.
        if kept := {name: value for name, value in names.items() if name in used}:
            plain["ExpressionAttributeNames"] = kept
        if kept := {name: value for name, value in values.items() if name in used}:
            plain["ExpressionAttributeValues"] = kept
        plain |= {"TableName": MIRROR, "ReturnConsumedCapacity": "INDEXES"}
        consumed: dict[str, Any] = getattr(self.dynamodb, method)(**plain)["ConsumedCapacity"]
        return consumed

    def _count(self, way: str, consumed: dict[str, Any], times: int) -> None:
        self.spent[f"{way} table"] += consumed.get("Table", {}).get("CapacityUnits", 0) * times
        for index in consumed.get("GlobalSecondaryIndexes", {}).values():
            self.spent[f"{way} indexes"] += index["CapacityUnits"]


_COLUMNS = ["operation", "items read", "RRU, table", "RRU, indexes", "items written", "WRU, table", "WRU, indexes"]
_UNCONDITIONAL = {"Item", "Key", "UpdateExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}


def measure(product: Product) -> None:
    """Print a row for each operation, or say why there is none."""
    if not available():
        print("\nNo capacity: DynamoDB Local needs Java 17, and `java` is not on the PATH.")
        return
    with DynamoDBLocal() as endpoint, _opened_over(endpoint, product) as meter:
        rows = [(name, *_cost(meter, product, *request)) for name, request in _operations(product)]
    show("Capacity on DynamoDB Local, in read and write request units", _COLUMNS, rows)


def _cost(meter: Meter, product: Product, method: str, path: str, body: Any, query: dict[str, Any]) -> list[float]:
    event = product.event(method, path, body, **query)
    meter.spent.clear()
    product.answer(event)
    ways = [f"{way} {what}" for way in ("read", "write") for what in ("items", "table", "indexes")]
    return [round(meter.spent[way], 1) for way in ways]


def _operations(product: Product) -> Iterator[tuple[str, tuple[str, str, Any, dict[str, Any]]]]:
    """Give operations in an order in which each finds what it needs."""
    credentials = product.credentials()
    product.call("POST", "/oauth/token", credentials)
    for number in range(60):
        product.call("POST", USERS, person(number))
    user_id = product.call("POST", USERS, person("ann"))["user_id"]
    user = f"{USERS}/{user_id}"
    yield "create a user", ("POST", USERS, person("bob"), {})
    yield "create a user with a name", ("POST", USERS, {**person("dee"), **NAMED}, {})
    yield "create a user who gets a mail", ("POST", USERS, {**person("cem"), "verify_email": True}, {})
    yield "get a user", ("GET", user, None, {})
    yield "users by e-mail address", ("GET", f"{USERS}-by-email", None, {"email": "personann@example.com"})
    yield "page of 50 users", ("GET", USERS, None, {"per_page": 50})
    yield "page of 50 users of a connection", ("GET", USERS, None, {"per_page": 50, "connection": DEFAULT_CONNECTION})
    yield (
        "page of 50 users by the beginning of an address",
        ("GET", USERS, None, {"per_page": 50, "q": "email:person*"}),
    )
    yield "page of 50 users who never signed in", ("GET", USERS, None, {"per_page": 50, "q": "logins_count:0"})
    yield "block a user", ("PATCH", user, {"blocked": True}, {})
    yield "change a password", ("PATCH", user, {"password": "another Horse battery 2"}, {})
    yield "change an e-mail address", ("PATCH", user, {"email": "new@example.com"}, {})
    yield "history of a user, 4 events", ("GET", f"{user}/logs", None, {})
    yield "page of 50 events", ("GET", "/api/v2/logs", None, {"per_page": 50})
    named = f"{USERS}/{product.call('POST', USERS, person('eve'))['user_id']}"
    yield "give a user a name", ("PATCH", named, NAMED, {})
    yield "change it", ("PATCH", named, {"name": "Ann Brown", "family_name": "Brown"}, {})
    sign_in = _password_grant(product)
    product.call("POST", "/oauth/token", {**sign_in, "username": person("bob")["email"]})
    yield "sign in for the first time", ("POST", "/oauth/token", sign_in, {})
    yield "sign in again", ("POST", "/oauth/token", sign_in, {})
    yield "delete a user with 4 events", ("DELETE", user, None, {})
    yield "create a client", ("POST", "/api/v2/clients", {"name": "Shop"}, {})
    yield "token for a client", ("POST", "/oauth/token", credentials, {})


def _password_grant(product: Product) -> dict[str, str]:
    """Let a client sign Eve in by her password, and give what it asks with."""
    known = product.call("GET", "/api/v2/connections", name=DEFAULT_CONNECTION)[0]["id"]
    made = product.call("POST", "/api/v2/clients", {"name": "Desk", "app_type": "regular_web", "grant_types": [REALM]})
    switched = [{"client_id": made["client_id"], "status": True}]
    product.call("PATCH", f"/api/v2/connections/{known}/clients", switched)
    proof = {name: made[name] for name in ("client_id", "client_secret")}
    named = {"username": person("eve")["email"], "password": person("eve")["password"], "realm": DEFAULT_CONNECTION}
    return {"grant_type": REALM, **named, **proof}


@contextmanager
def _opened_over(endpoint: str, product: Product) -> Iterator[Meter]:
    """Point the product's table at DynamoDB Local; its signing keys stay sealed by MiniStack."""
    dynamodb = client("dynamodb", endpoint)
    for name in (TABLE, MIRROR):
        create_table(dynamodb, name)
    settings = product.settings
    open_table(settings.table, region=settings.region, endpoint=endpoint, now=product.app.core.users.ambient.now)
    product.app.core.clients.store.cache.entries.clear()
    meter = Meter(dynamodb)
    events = Item._get_connection().connection.client.meta.events
    events.register("provide-client-params.dynamodb", meter.ask)
    events.register("after-call.dynamodb", meter.add)
    begin(product)
    yield meter
