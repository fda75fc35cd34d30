"""What impersonation costs: CPU time to make a link and to redeem it, and how long the sweep takes for what expired.

`python -m tests.bench.impersonation 100000` shows the sweep behind by that many links.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core.impersonation_links import LINKS_PER_RUN
from chalicelib.storage.impersonation_items import put_link
from chalicelib.storage.table import ABSENT, MAX_TRANSACTION, open_table
from infra.clients import client
from infra.dynamodb_local import DynamoDBLocal, available
from infra.local.events import make_event
from infra.local.functions import new_context
from infra.local.messages import Request
from infra.local.routes import Routes
from infra.table import create_table
from tests.bench.product import TABLE, Product, begin, person, running
from tests.bench.tables import show
from tests.conftest import BASE_DOMAIN
from tests.web.test_budget import counting

TIMES = 100
BEHIND = 10_000
CALLBACK = "https://shop.example/callback"


def report(links: int = BEHIND) -> None:
    """Print both tables, over a product of its own."""
    with running() as opened:
        begin(opened)
        measure(opened)
        behind(opened, links)


def measure(product: Product) -> None:
    """Print what a link costs."""
    desk = _Desk(product)
    for _ in range(TIMES + 1):
        desk.impersonate()
    rows = [
        [step, median(used[1:]), median(waited[1:]), desk.asked[step]] for step, (used, waited) in desk.spent.items()
    ]
    show(
        f"Impersonation, step by step: medians of {TIMES} times",
        ["step", "CPU, ms", "wall, ms", "asks DynamoDB for"],
        rows,
    )


def behind(product: Product, links: int = BEHIND) -> None:
    """Print how many runs of the sweep it takes to mark links that expired; on DynamoDB Local, if there is Java.

    MiniStack looks through a whole partition for each query, which says nothing of a long one.
    """
    if not available():
        print("\nNo sweep: DynamoDB Local needs Java 17, and `java` is not on the PATH.")
        return
    with DynamoDBLocal() as endpoint:
        create_table(client("dynamodb", endpoint), TABLE)
        core, settings = product.app.core, product.settings
        open_table(settings.table, region=settings.region, endpoint=endpoint, now=core.users.ambient.now)
        core.clients.store.cache.entries.clear()
        begin(product)
        _sweep(_Desk(product), links)


class _Desk:
    """A user, somebody to act as them, an application, and a program that may make links."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.spent: dict[str, tuple[list[float], list[float]]] = {}
        self.asked: dict[str, str] = {}
        self.user, self.jane = (
            product.call("POST", "/api/v2/users", person(name))["user_id"] for name in ("impersonated", "jane")
        )
        settings = {"name": "Desk", "app_type": "regular_web", "callbacks": [CALLBACK]}
        self.client = product.call("POST", "/api/v2/clients", settings)
        (connection,) = product.call("GET", "/api/v2/connections", name="Username-Password-Authentication")
        on = [{"client_id": self.client["client_id"], "status": True}]
        product.call("PATCH", f"/api/v2/connections/{connection['id']}/clients", on)
        self.global_client = next(each for each in product.app.core.clients.store.walk("main") if each.is_global)

    def impersonate(self) -> None:
        """Make a link, follow it, exchange its code and read the profile."""
        body = {"protocol": "oauth2", "impersonator_id": self.jane, "client_id": self.client["client_id"]}
        link = self._ask("make a link", "POST", f"/users/{self.user}/impersonate", body)["body"]
        parts = urlsplit(link)
        back = self._ask("redeem it", "GET", f"{parts.path}?{parts.query}")["headers"]["Location"]
        code = back.partition("code=")[2].partition("&")[0]
        proof = {name: self.client[name] for name in ("client_id", "client_secret")}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **proof}
        self._ask("exchange its code", "POST", "/oauth/token", form)

    def _ask(self, step: str, method: str, target: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        event = self._event(method, target, body)
        used, waited = self.spent.setdefault(step, ([], []))
        with counting() as calls:
            cpu, wall = time.process_time(), time.perf_counter()
            result = self.product.app(event, new_context("api"))
            used.append((time.process_time() - cpu) * 1000)
            waited.append((time.perf_counter() - wall) * 1000)
        self.asked[step] = ", ".join(f"{count} {kind}" for kind, count in calls.items())
        assert result["statusCode"] in {200, 303}, result["body"]
        return result

    def _event(self, method: str, target: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = [("Host", BASE_DOMAIN), ("Content-Type", "application/json")]
        if target.endswith("/impersonate"):
            headers.append(("Authorization", f"Bearer {self._token()}"))
        path = target.partition("?")[0].replace("|", "%7C")
        match = Routes(self.product.app.routes).find(path)
        assert match, target
        raw = json.dumps(body).encode() if body is not None else b""
        return make_event(Request(method, target.replace("|", "%7C"), headers, raw), match, "bench", frozenset())

    def _token(self) -> str:
        core = self.product.app.core
        return core.tokens.issue(
            "main",
            subject=f"{self.global_client.client_id}@clients",
            client_id=self.global_client.client_id,
            audience=core.hosts.management_audience("main"),
            scope="create:impersonation_links",
            lifetime=3600,
            grant_type="client-credentials",
        ).value


def _sweep(desk: _Desk, links: int) -> None:
    """Let links expire, and count the runs until nothing is left."""
    core = desk.product.app.core
    desk.impersonate()
    _let_expire(desk, links)
    runs: list[tuple[int, float, float]] = []
    while marked := _timed(core.impersonation_links.expire):
        runs.append(marked)
    rows = [[links, LINKS_PER_RUN, len(runs), max(wall for _, _, wall in runs), median(cpu for _, cpu, _ in runs)]]
    show(
        "The sweep, behind",
        ["links", "at most a run", "runs", "longest run, s", "CPU of a run, s"],
        rows,
    )


def _timed(run: Callable[[], int]) -> tuple[int, float, float] | None:
    cpu, wall = time.process_time(), time.perf_counter()
    marked = run()
    spent = time.process_time() - cpu, time.perf_counter() - wall
    return (marked, *spent) if marked else None


def _let_expire(desk: _Desk, links: int) -> None:
    """Write links whose time is over, 33 a transaction, which has three items of each."""
    core = desk.product.app.core
    store, now = core.impersonation_links.store, core.impersonation_links.ambient.now()
    made = next(iter(store.walk_for_user("main", desk.user, None)))
    ended = replace(made, created_at=now - timedelta(minutes=6), expires_at=now - timedelta(minutes=1))
    each = MAX_TRANSACTION // 3
    for start in range(0, links, each):
        transaction = store.table.write()
        for number in range(start, min(start + each, links)):
            link = replace(ended, id=f"iml_{number:028x}", digest=f"{number:064x}")
            put_link(transaction, "main", link, ABSENT)
        transaction.commit()


if __name__ == "__main__":
    report(int(sys.argv[1]) if len(sys.argv) > 1 else BEHIND)
