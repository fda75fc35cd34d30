"""Prints how long login, sign-up and reset take for known and for unknown addresses (S7). Asserts nothing.

Run it with `python -m tests.bench.known_and_unknown [tries] [moto|ministack]`. The app runs with the password hashes of
production. Known and unknown take turns, so that whatever slows the machine slows both; each address is tried once, so
that no limit is reached. In this process moto's own work is in the times: it takes longer to give an item than to say
that there is none, and copies the table for each transaction, so between turns the table is set back. MiniStack is
another process, as DynamoDB is.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import botocore.session
from chalice.test import Client as ChaliceClient
from moto import mock_aws

from chalicelib.core.callers import Caller
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.settings import Settings
from chalicelib.web.surface import Gatehouse
from chalicelib.web.surfaces import SURFACES
from chalicelib.wiring import build_core, real_ambient
from infra.ministack import MiniStack
from infra.table import create_table
from tests.bench.product import UNLIMITED
from tests.conftest import REGION, Contents

TENANT, TABLE = "main", "gatehouse"
REALM = "http://auth0.com/oauth/grant-type/password-realm"
PASSWORD = "correct Horse battery 1"
USERS = 20


@dataclass
class Place:
    """The app with a client and users. `begin_again` sets the table back where that costs nothing."""

    app: Gatehouse
    proof: dict[str, str]
    begin_again: Callable[[], None] = lambda: None
    users: int = USERS

    def post(self, path: str, body: dict[str, Any], ip: str) -> tuple[float, int]:
        """Send a request; give its seconds and its status."""
        sent = json.dumps(body).encode()
        with ChaliceClient(self.app) as client:
            client.http._local_gateway.event_converter.LOCAL_SOURCE_IP = ip
            headers = {"Host": "gatehouse.test", "Content-Type": "application/json"}
            began = perf_counter()
            answer = client.http.request("POST", path, headers, sent)
            return perf_counter() - began, answer.status_code

    def login(self, email: str, ip: str) -> tuple[float, int]:
        form = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": email, "password": "wrong Horse 1"}
        return self.post("/oauth/token", {**self.proof, **form}, ip)

    def reset(self, email: str, ip: str) -> tuple[float, int]:
        body = {"client_id": self.proof["client_id"], "connection": DEFAULT_CONNECTION, "email": email}
        return self.post("/dbconnections/change_password", body, ip)

    def sign_up(self, email: str, ip: str) -> tuple[float, int]:
        body = {"client_id": self.proof["client_id"], "connection": DEFAULT_CONNECTION, "email": email}
        return self.post("/dbconnections/signup", {**body, "password": PASSWORD}, ip)


@contextmanager
def on_moto() -> Iterator[Place]:
    """The app over moto, in this process."""
    with mock_aws():
        place = furnished(None, USERS)
        contents = Contents(TABLE)
        items = contents.read()
        place.begin_again = lambda: contents.restore(items)
        yield place


@contextmanager
def on_ministack(users: int) -> Iterator[Place]:
    """The app over MiniStack, with a user for each try."""
    with MiniStack() as endpoint:
        yield furnished(endpoint, users)


def furnished(endpoint: str | None, users: int) -> Place:
    """Make a table, and in it a tenant, a client and users."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    aws = botocore.session.get_session()
    dynamodb, kms = (aws.create_client(name, region_name=REGION, endpoint_url=endpoint) for name in ("dynamodb", "kms"))
    create_table(dynamodb, TABLE)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    settings = Settings(
        table=TABLE, region=REGION, kms_key=key, base_domain="gatehouse.test", aws_endpoint=endpoint, **UNLIMITED
    )
    core, caller = build_core(settings, real_ambient()), Caller(tenant=TENANT)
    core.tenants.create(caller, TENANT)
    application = {"name": "App", "app_type": "regular_web", "grant_types": (REALM,)}
    client, secret = core.clients.create(caller, application)
    connection = core.connections.named(TENANT, DEFAULT_CONNECTION)
    core.connections.switch_clients(caller, connection.id, {client.client_id: True})
    for n in range(users):
        user = {"connection": DEFAULT_CONNECTION, "email": f"known{n}@example.com", "password": PASSWORD}
        core.users.create(caller, user)
    return Place(Gatehouse(core, SURFACES), {"client_id": client.client_id, "client_secret": secret}, users=users)


def measure(place: Place, ask: Callable[[str, str], tuple[float, int]], tries: int) -> dict[str, Any]:
    """Let known and unknown take turns; which is first changes too. Give milliseconds and statuses of each."""
    found: dict[str, tuple[list[float], set[int]]] = {"known": ([], set()), "unknown": ([], set())}
    for n in range(tries):
        place.begin_again()
        gc.collect()
        for who in ("known", "unknown") if n % 2 else ("unknown", "known"):
            seconds, status = ask(f"{who}{n % place.users}@example.com", f"198.51.{n % 250}.{1 + (who == 'known')}")
            found[who][0].append(seconds * 1000)
            found[who][1].add(status)
    return found


def main() -> None:
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    stand_in = sys.argv[2] if len(sys.argv) > 2 else "moto"
    with on_ministack(tries) if stand_in == "ministack" else on_moto() as place:
        place.reset("warm@example.com", "192.0.2.1")
        print(f"{tries} tries each on {stand_in}, milliseconds\n")
        print(f"{'':8} {'':8} {'status':8} {'p5':>8} {'median':>8} {'p95':>8}")
        # Sign-ups last: they make the unknown known.
        for name, ask in (("login", place.login), ("reset", place.reset), ("sign-up", place.sign_up)):
            found = measure(place, ask, tries)
            for who, (times, statuses) in found.items():
                cut, shown = quantiles(times, n=20), ",".join(map(str, sorted(statuses)))
                print(f"{name:8} {who:8} {shown:8} {cut[0]:8.1f} {median(times):8.1f} {cut[-1]:8.1f}")
            known, unknown = (median(found[who][0]) for who in ("known", "unknown"))
            print(f"{'':8} the medians differ by {abs(known - unknown) / min(known, unknown):.1%}\n")


if __name__ == "__main__":
    main()
