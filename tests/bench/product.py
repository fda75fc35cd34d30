"""The product as Lambda runs it, over an emulated AWS in another process, with passwords hashed as in production."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.core.callers import Caller
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.settings import Settings
from chalicelib.web.surface import Gatehouse
from chalicelib.web.surfaces import SURFACES
from chalicelib.wiring import build_core, real_ambient
from infra.clients import ACCESS_KEY, REGION, SECRET_KEY, client
from infra.local.events import make_event
from infra.local.functions import new_context
from infra.local.messages import Request
from infra.local.routes import Routes
from infra.ministack import MiniStack
from infra.table import create_table
from tests.conftest import BASE_DOMAIN, EVERY_SCOPE

TENANT = "main"
API = "https://orders.example.com"
TABLE = "gatehouse"
UNLIMITED = {"management_requests_per_minute": 0, "authentication_requests_per_minute": 0}
"""Time stands still in most measurements, so that no minute would ever be over."""


@dataclass(frozen=True)
class Product:
    """The app, called as API Gateway calls it: with an event, which gives a result."""

    app: Gatehouse
    settings: Settings

    def event(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """Make the event of a request with a token that holds every scope."""
        headers = [("Host", BASE_DOMAIN), ("Authorization", f"Bearer {self.token()}")]
        target = f"{quote(path)}?{urlencode(query)}" if query else quote(path)
        raw = json.dumps(body).encode() if body is not None else b""
        match = Routes(self.app.routes).find(quote(path))
        assert match, path
        return make_event(Request(method, target, headers, raw), match, "bench", frozenset())

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Send a request that must be answered well, and give the body of its answer."""
        return self.answer(self.event(method, path, body, **query))

    def answer(self, event: dict[str, Any]) -> Any:
        """Let the app answer an event, well."""
        result = self.app(event, new_context("api"))
        assert result["statusCode"] < 300, result["body"]
        return json.loads(result["body"] or "null")

    def token(self) -> str:
        core = self.app.core
        audience = core.hosts.management_audience(TENANT)
        claims = {"subject": "bench@clients", "client_id": "bench", "scope": EVERY_SCOPE, "audience": audience}
        return core.tokens.issue(TENANT, **claims, lifetime=3600, grant_type="client-credentials").value

    def credentials(self) -> dict[str, str]:
        """Register an API and a client that may have a token for it, and give what the client asks with."""
        self.call("POST", "/api/v2/resource-servers", {"identifier": API, "scopes": [{"value": "read:orders"}]})
        made = self.call("POST", "/api/v2/clients", {"name": "Machine", "app_type": "non_interactive"})
        grant = {"client_id": made["client_id"], "audience": API, "scope": ["read:orders"]}
        self.call("POST", "/api/v2/client-grants", grant)
        secret = {name: made[name] for name in ("client_id", "client_secret")}
        return {"grant_type": "client_credentials", "audience": API, **secret}


def person(number: int | str) -> dict[str, Any]:
    """Make the body that creates a user, who gets no mail."""
    named = {"email": f"person{number}@example.com", "password": "correct Horse battery 1"}
    return {"connection": DEFAULT_CONNECTION, **named, "verify_email": False}


@contextmanager
def running() -> Iterator[Product]:
    """Start MiniStack, and the app over it with one tenant."""
    os.environ |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    with MiniStack() as endpoint:
        create_table(client("dynamodb", endpoint), TABLE)
        key = client("kms", endpoint).create_key()["KeyMetadata"]["KeyId"]
        settings = Settings(
            table=TABLE, region=REGION, kms_key=key, base_domain=BASE_DOMAIN, aws_endpoint=endpoint, **UNLIMITED
        )
        # Time stands still, so that the configuration cache stays warm, as it is in a Lambda that is busy.
        begun = real_ambient().now()
        app = Gatehouse(build_core(settings, replace(real_ambient(), now=lambda: begun)), SURFACES)
        yield Product(app, settings)


def begin(product: Product) -> None:
    """Make the tenant, in whatever table the product is opened over."""
    product.app.core.tenants.create(Caller(tenant=TENANT, operation="Create a tenant"), TENANT)
