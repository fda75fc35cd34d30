"""What tests of the Authentication API begin with: a client that may have tokens, and how it asks for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from tests.conftest import Answer, Api

ORDERS = "https://orders.example/"


@dataclass
class Machine:
    """A client with a grant for read:orders and write:orders of an API, which knows a third scope."""

    api: Api
    client_id: str
    client_secret: str
    server_id: str
    grant_id: str

    def ask(self, *, form: bool = False, headers: dict[str, str] | None = None, **changed: Any) -> Answer:
        """Ask for a token; a parameter that is None is left out."""
        known = {"client_id": self.client_id, "client_secret": self.client_secret, "audience": ORDERS}
        asked = {"grant_type": "client_credentials", **known, **changed}
        asked = {name: value for name, value in asked.items() if value is not None}
        if not form:
            return self.api.post("/oauth/token", asked, headers={"Authorization": "", **(headers or {})})
        sent = {"Authorization": "", "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.api.post("/oauth/token", urlencode(asked).encode(), headers=sent)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Give the claims of a token, after checking it as an API does: with the public keys of its tenant."""
        answer = self.ask(**changed)
        assert answer.status == 200, answer.text
        token = answer.json["access_token"]
        keys = jwt.PyJWKSet.from_dict(self.api.get("/.well-known/jwks.json").json)
        key = keys[jwt.get_unverified_header(token)["kid"]]
        # The clock of the tests is not that of the machine, so times are looked at by the tests themselves.
        return dict(
            jwt.decode(token, key, ["RS256"], audience=ORDERS, options={"verify_exp": False, "verify_iat": False})
        )


@pytest.fixture
def machine(api: Api) -> Machine:
    scopes = [{"value": value} for value in ("read:orders", "write:orders", "delete:orders")]
    server = api.post("/api/v2/resource-servers", {"identifier": ORDERS, "scopes": scopes}).json
    client = api.post("/api/v2/clients", {"name": "Robot", "app_type": "non_interactive"}).json
    permission = {"client_id": client["client_id"], "audience": ORDERS, "scope": ["read:orders", "write:orders"]}
    grant = api.post("/api/v2/client-grants", permission).json
    return Machine(api, client["client_id"], client["client_secret"], server["id"], grant["id"])
