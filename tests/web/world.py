"""A tenant with one of everything, for tests that send a request to every endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.conftest import Api

API = "https://orders.example.com"
USERS = "/api/v2/users"
DEVICES = "/api/v2/device-credentials"


@dataclass
class World:
    """Has a client with a grant for an API, five users and a device; makes more of each when asked."""

    api: Api
    made: int = 0

    def __post_init__(self) -> None:
        self.post("/api/v2/resource-servers", {"identifier": API, "scopes": [{"value": "read:orders"}]})
        client = self.post("/api/v2/clients", {"name": "Machine", "app_type": "non_interactive"})
        self.client_id, self.client_secret = client["client_id"], client["client_secret"]
        grant = {"client_id": self.client_id, "audience": API, "scope": ["read:orders"]}
        self.grant_id = self.post("/api/v2/client-grants", grant)["id"]
        self.users = [self.user() for _ in range(5)]
        self.device_id = self.post(DEVICES, self.device(), token=self.owner_token())["id"]

    @property
    def credentials(self) -> dict[str, str]:
        client = {"client_id": self.client_id, "client_secret": self.client_secret}
        return {"grant_type": "client_credentials", "audience": API, **client}

    def post(self, path: str, body: Any = None, **known: Any) -> Any:
        answer = self.api.post(path, body, **known)
        assert answer.status < 300, answer.text
        return answer.json

    def get(self, path: str, **known: Any) -> Any:
        return self.api.get(path, **known).json

    def person(self) -> dict[str, Any]:
        self.made += 1
        email = f"person{self.made}@example.com"
        return {"connection": DEFAULT_CONNECTION, "email": email, "password": "correct Horse battery 1"}

    def user(self) -> str:
        user_id: str = self.post(USERS, self.person())["user_id"]
        return user_id

    def linked(self) -> dict[str, str]:
        """Make a user with a second account, and say how a path names that account."""
        owner, second = self.user(), account_of(self.user())
        self.post(f"{USERS}/{owner}/identities", second)
        return {"user_id": owner, "provider": "auth0", "identity_id": second["user_id"]}

    def owner_token(self) -> str:
        """Give a token of the first user."""
        return self.api.token("create:current_user_device_credentials", subject=self.users[0])

    def device(self) -> dict[str, str]:
        return {"device_name": "Phone", "device_id": "1", "type": "public_key", "value": "key"}

    def connection(self) -> str:
        self.made += 1
        connection_id: str = self.post("/api/v2/connections", {"name": f"db{self.made}", "strategy": "auth0"})["id"]
        return connection_id

    def default_connection(self) -> str:
        return self.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION})[0]["id"]

    def server_id(self) -> str:
        return self.get("/api/v2/resource-servers", query={"identifiers": API})[0]["id"]

    def log_id(self) -> str:
        return self.get("/api/v2/logs")[0]["log_id"]

    def kid(self) -> str:
        return self.get("/api/v2/keys/signing")[0]["kid"]

    def previous_kid(self) -> str:
        self.post("/api/v2/keys/signing/rotate")
        return next(key["kid"] for key in self.get("/api/v2/keys/signing") if key["previous"])

    def asset(self) -> dict[str, str]:
        page = self.api.get("/docs").text
        fingerprint, _, name = page.partition('href="/static/')[2].partition('"')[0].partition("/")
        return {"fingerprint": fingerprint, "name": name}


def account_of(user_id: str) -> dict[str, str]:
    """Say what a link names an account by."""
    provider, _, account = user_id.partition("|")
    return {"provider": provider, "user_id": account}
