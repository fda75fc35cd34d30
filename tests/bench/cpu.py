"""CPU time per request, in the process that answers it: what Lambda bills, but for the wait for DynamoDB.

MiniStack is in a process of its own, so none of its time is in the figures; PynamoDB's and botocore's are, and the row
of one bare read says how much that is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any

from chalicelib.crypto.passwords import Argon2PasswordHasher
from chalicelib.storage import keys
from chalicelib.storage.table import Item
from chalicelib.storage.users import UserItem
from tests.bench.product import TENANT, Product, person
from tests.bench.tables import show

MANY = 10_000
REQUESTS = 200
HASHES = 30


def measure(product: Product) -> None:
    """Print a row for each request."""
    user_id = product.call("POST", "/api/v2/users", person("first"))["user_id"]
    _populate(product, user_id)
    rows = [
        ("one GetItem by PynamoDB, alone", *_each(REQUESTS, _bare_read)),
        ("get a user", *_requests(product, "GET", f"/api/v2/users/{user_id}")),
        ("page of 50 of 10,000 users", *_requests(product, "GET", "/api/v2/users", per_page=50, page=3)),
        ("token for a client", *_requests(product, "POST", "/oauth/token", product.credentials())),
        ("create a user", *_each(HASHES, _creations(product))),
        ("of which the password's hash", *_each(HASHES, _hash(product))),
    ]
    show(
        "A request, without the wait for DynamoDB",
        ["request", "CPU, median ms", "CPU, least ms", "wall, median ms"],
        rows,
    )


def _requests(product: Product, method: str, path: str, body: Any = None, **query: Any) -> tuple[float, ...]:
    event = product.event(method, path, body, **query)
    return _each(REQUESTS, lambda: product.answer(event))


def _each(times: int, call: Callable[[], object]) -> tuple[float, ...]:
    """Run it again and again, after a first time that fills caches; give the medians and the least in milliseconds."""
    call()
    used, waited = [], []
    for _ in range(times):
        cpu, wall = time.process_time(), time.perf_counter()
        call()
        used.append((time.process_time() - cpu) * 1000)
        waited.append((time.perf_counter() - wall) * 1000)
    return median(used), min(used), median(waited)


def _bare_read() -> object:
    key = keys.tenant(TENANT)
    return Item.get(key.pk, key.sk, consistent_read=True)


def _creations(product: Product) -> Callable[[], object]:
    events = iter([product.event("POST", "/api/v2/users", person(f"made{number}")) for number in range(HASHES + 1)])
    return lambda: product.answer(next(events))


def _hash(product: Product) -> Callable[[], object]:
    settings = product.settings
    hasher = Argon2PasswordHasher(settings.argon2_memory_kib, settings.argon2_iterations, settings.argon2_lanes)
    return lambda: hasher.hash("correct Horse battery 1")


def _populate(product: Product, like: str) -> None:
    """Write many profiles at once, each like one that exists. Their logins are not needed to list them."""
    store = product.app.core.users.store
    user = store.find(TENANT, like)
    with UserItem.batch_write() as batch:
        for number in range(MANY):
            made = user.created_at + timedelta(seconds=number)
            batch.save(store._item(TENANT, replace(user, user_id=f"auth0|{number:024x}", created_at=made)))
