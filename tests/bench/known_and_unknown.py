"""Prints how long login, sign-up and reset take for known and for unknown addresses (S7). Asserts nothing.

Run it with `python -m tests.bench.known_and_unknown [tries]`. The whole app runs in this process over moto, with the
password hashes of production. Known and unknown take turns, so that whatever slows the machine slows both; each address
is tried once, so that no limit is reached. Moto copies the table for each transaction, so times grow as it fills.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import botocore.session
from chalice.test import Client as ChaliceClient
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.model_instances import reset_model_data
from moto.dynamodb.models import dynamodb_backends

from chalicelib.core.callers import Caller
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.settings import Settings
from chalicelib.web.surface import Gatehouse
from chalicelib.web.surfaces import SURFACES
from chalicelib.wiring import build_core, real_ambient
from infra.table import create_table

REGION, TENANT = "eu-central-1", "main"
REALM = "http://auth0.com/oauth/grant-type/password-realm"
PASSWORD = "correct Horse battery 1"


@dataclass
class Place:
    """The app over moto, with a client and a number of users."""

    app: Gatehouse
    proof: dict[str, str]

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

    def sign_up(self, email: str, ip: str) -> tuple[float, int]:
        body = {"client_id": self.proof["client_id"], "connection": DEFAULT_CONNECTION, "email": email}
        return self.post("/dbconnections/signup", {**body, "password": PASSWORD}, ip)

    def reset(self, email: str, ip: str) -> tuple[float, int]:
        body = {"client_id": self.proof["client_id"], "connection": DEFAULT_CONNECTION, "email": email}
        return self.post("/dbconnections/change_password", body, ip)


def furnished(users: int) -> Place:
    """Make the app with a tenant, a client and users."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    session = botocore.session.get_session()
    create_table(session.create_client("dynamodb", region_name=REGION), "gatehouse")
    dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables["gatehouse"].stream_shard = None
    key = session.create_client("kms", region_name=REGION).create_key()["KeyMetadata"]["KeyId"]
    settings = Settings(table="gatehouse", region=REGION, kms_key=key, base_domain="gatehouse.test")
    core, caller = build_core(settings, real_ambient()), Caller(tenant=TENANT)
    core.tenants.create(caller, TENANT)
    application = {"name": "App", "app_type": "regular_web", "grant_types": (REALM,)}
    client, secret = core.clients.create(caller, application)
    connection = core.connections.named(TENANT, DEFAULT_CONNECTION)
    core.connections.switch_clients(caller, connection.id, {client.client_id: True})
    for n in range(users):
        user = {"connection": DEFAULT_CONNECTION, "email": f"known{n}@example.com", "password": PASSWORD}
        core.users.create(caller, user)
    return Place(Gatehouse(core, SURFACES), {"client_id": client.client_id, "client_secret": secret})


def measure(ask: Callable[[str, str], tuple[float, int]], tries: int) -> dict[str, tuple[list[float], set[int]]]:
    """Let known and unknown take turns; which is first changes too."""
    found: dict[str, tuple[list[float], set[int]]] = {"known": ([], set()), "unknown": ([], set())}
    for n in range(tries):
        reset_model_data()  # moto keeps every copy it makes
        gc.collect()
        for who in ("known", "unknown") if n % 2 else ("unknown", "known"):
            seconds, status = ask(f"{who}{n}@example.com", f"198.51.{n % 250}.{1 if who == 'known' else 2}")
            found[who][0].append(seconds * 1000)
            found[who][1].add(status)
    return found


def main() -> None:
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with mock_aws():
        place = furnished(tries)
        place.login("warm@example.com", "192.0.2.1")
        print(f"{tries} tries each, milliseconds\n")
        print(f"{'':8} {'':8} {'status':10} {'p5':>8} {'median':>8} {'p95':>8}")
        # Sign-ups last: they make the unknown known.
        for name, ask in (("login", place.login), ("reset", place.reset), ("sign-up", place.sign_up)):
            found = measure(ask, tries)
            for who, (times, statuses) in found.items():
                cut = quantiles(times, n=20)
                shown = ",".join(map(str, sorted(statuses)))
                print(f"{name:8} {who:8} {shown:10} {cut[0]:8.1f} {median(times):8.1f} {cut[-1]:8.1f}")
            known, unknown = (median(found[who][0]) for who in ("known", "unknown"))
            print(f"{'':8} the medians differ by {abs(known - unknown) / min(known, unknown):.1%}\n")


if __name__ == "__main__":
    main()
