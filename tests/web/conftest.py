"""What tests of all endpoints share: the endpoints, a request of each that is answered well, and furnished tenants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.core.callers import Caller
from chalicelib.core.clients import Client
from chalicelib.core.gatehouse import Core
from chalicelib.core.log_seals import PERIOD, SETTLES_IN
from chalicelib.core.oauth.user_tokens import UserGrant
from chalicelib.core.refresh_tokens import TokenTerms
from chalicelib.core.sessions import Lifetimes
from chalicelib.core.sign_ins import Authenticated, SignIn
from chalicelib.core.tenants import DEFAULT_SETTINGS
from chalicelib.web.surface import Endpoint, Gatehouse
from chalicelib.web.surfaces import SURFACES
from tests.conftest import Answer, Api, Clock, Contents, begin_again

PASSWORD = "correct Horse battery 1"
PEM = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)

ENDPOINTS = [endpoint for surface in SURFACES for endpoint in surface.endpoints]
MANAGEMENT = [endpoint for endpoint in ENDPOINTS if not endpoint.public and endpoint.door is None]
DASHBOARD = [endpoint for endpoint in ENDPOINTS if endpoint.door is not None]
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def named(endpoint: Endpoint) -> str:
    """Call an endpoint what a person calls it."""
    return f"{endpoint.method} {endpoint.path}"


each_endpoint = pytest.mark.parametrize("endpoint", MANAGEMENT, ids=named)
"""Runs a test once for each endpoint of the Management API."""


@dataclass(frozen=True)
class Example:
    """A request. Names in braces stand for what `Furnished.ids` has under them."""

    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)

    def names(self, path: str) -> list[str]:
        """Give what is named in it, and in the path it is sent to."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(f"{path} {self.query} {self.body}")))


LINKED = {"provider": "auth0", "user_id": "{identity_id}", "connection_id": "{connection_id}"}
SCRIPT = "function (user, context, callback) { callback(null, user, context); }"
RULE_SECRET = "what only rules may know"
EXAMPLES = {
    "GET /api/v2/users": [
        Example(),
        Example(query={"connection": "{connection}"}),
        Example(query={"q": 'email:"{email}"'}),
        Example(query={"q": 'user_id:"{user_id}"'}),
        Example(query={"q": 'identities.connection:"{connection}"'}),
        Example(query={"q": "email:{email}*"}),
        Example(query={"from": "{checkpoint}", "take": 50}),
    ],
    "POST /api/v2/users": [
        Example({"connection": "{connection}", "email": "new@example.com", "password": PASSWORD}),
        Example({"connection": "{connection}", "email": "n@example.com", "password": PASSWORD, "user_id": "{email}"}),
    ],
    "GET /api/v2/users-by-email": [Example(query={"email": "{email}"})],
    "GET /api/v2/users/{user_id}": [Example()],
    "PATCH /api/v2/users/{user_id}": [
        Example({"user_metadata": {"colour": "blue"}}),
        Example({"email": "new@example.com", "connection": "{connection}", "client_id": "{client_id}"}),
    ],
    "DELETE /api/v2/users/{user_id}": [Example()],
    "GET /api/v2/users/{user_id}/logs": [Example()],
    "POST /api/v2/users/{user_id}/identities": [
        Example({"link_with": "{stranger_token}"}),
        Example({"provider": "auth0", "user_id": "{stranger_id}"}),
        Example({"provider": "auth0", "user_id": "{stranger_id}", "connection_id": "{connection_id}"}),
    ],
    "DELETE /api/v2/users/{user_id}/identities/{provider}/{identity_id}": [Example()],
    "GET /api/v2/connections": [Example(query={"name": "{connection}"}), Example(query={"from": "{connection_id}"})],
    "POST /api/v2/connections": [Example({"name": "New", "strategy": "auth0", "enabled_clients": ["{client_id}"]})],
    "GET /api/v2/connections/{connection_id}": [Example()],
    "PATCH /api/v2/connections/{connection_id}": [
        Example({"display_name": "Staff"}),
        Example({"enabled_clients": ["{client_id}"]}),
    ],
    "DELETE /api/v2/connections/{connection_id}": [Example()],
    "GET /api/v2/connections/{connection_id}/clients": [Example(), Example(query={"from": "{client_id}"})],
    "PATCH /api/v2/connections/{connection_id}/clients": [Example([{"client_id": "{client_id}", "status": True}])],
    "DELETE /api/v2/connections/{connection_id}/users": [Example(query={"email": "{email}"})],
    "GET /api/v2/clients": [Example(), Example(query={"from": "{client_id}"})],
    "POST /api/v2/clients": [Example({"name": "New"})],
    "GET /api/v2/clients/{client_id}": [Example()],
    "PATCH /api/v2/clients/{client_id}": [Example({"description": "Sells things"})],
    "DELETE /api/v2/clients/{client_id}": [Example()],
    "POST /api/v2/clients/{client_id}/rotate-secret": [Example()],
    "GET /api/v2/clients/{client_id}/credentials": [Example()],
    "POST /api/v2/clients/{client_id}/credentials": [Example({"credential_type": "public_key", "pem": PEM})],
    "GET /api/v2/clients/{client_id}/credentials/{key_id}": [Example()],
    "PATCH /api/v2/clients/{client_id}/credentials/{key_id}": [Example({"expires_at": None})],
    "DELETE /api/v2/clients/{client_id}/credentials/{key_id}": [Example()],
    "GET /api/v2/client-grants": [
        Example(),
        Example(query={"client_id": "{client_id}"}),
        Example(query={"audience": "{audience}"}),
        Example(query={"from": "{grant_id}"}),
    ],
    "POST /api/v2/client-grants": [
        Example({"client_id": "{ungranted_id}", "audience": "{audience}", "scope": ["read:things"]})
    ],
    "GET /api/v2/client-grants/{grant_id}": [Example()],
    "PATCH /api/v2/client-grants/{grant_id}": [Example({"scope": []})],
    "DELETE /api/v2/client-grants/{grant_id}": [Example()],
    "GET /api/v2/resource-servers": [
        Example(),
        Example(query={"identifiers": "{audience}"}),
        Example(query={"from": "{server_id}"}),
    ],
    "POST /api/v2/resource-servers": [Example({"identifier": "https://new.example"})],
    "GET /api/v2/resource-servers/{server_id}": [Example()],
    "PATCH /api/v2/resource-servers/{server_id}": [Example({"name": "Things"})],
    "DELETE /api/v2/resource-servers/{server_id}": [Example()],
    "GET /api/v2/device-credentials": [
        Example(),
        Example(query={"user_id": "{user_id}"}),
        Example(query={"client_id": "{client_id}"}),
    ],
    "POST /api/v2/device-credentials": [
        Example({"device_name": "Phone", "device_id": "p1", "type": "public_key", "value": "MIIB"}),
        Example(
            {
                "device_name": "Phone",
                "device_id": "p1",
                "type": "public_key",
                "value": "MIIB",
                "client_id": "{client_id}",
            }
        ),
    ],
    "DELETE /api/v2/device-credentials/{credential_id}": [Example()],
    "GET /api/v2/users/{user_id}/sessions": [Example(), Example(query={"from": "{session_id}"})],
    "DELETE /api/v2/users/{user_id}/sessions": [Example()],
    "POST /api/v2/users/{user_id}/revoke-access": [Example(), Example({"session_id": "{session_id}"})],
    "GET /api/v2/sessions/{session_id}": [Example()],
    "DELETE /api/v2/sessions/{session_id}": [Example()],
    "POST /api/v2/sessions/{session_id}/revoke": [Example()],
    "GET /api/v2/users/{user_id}/refresh-tokens": [Example(), Example(query={"from": "{token_id}"})],
    "DELETE /api/v2/users/{user_id}/refresh-tokens": [Example()],
    "GET /api/v2/refresh-tokens/{token_id}": [Example()],
    "DELETE /api/v2/refresh-tokens/{token_id}": [Example()],
    "GET /api/v2/grants": [
        Example(),
        Example(query={"user_id": "{user_id}"}),
        Example(query={"client_id": "{client_id}"}),
        Example(query={"audience": "{audience}"}),
    ],
    "DELETE /api/v2/grants": [Example(query={"user_id": "{user_id}"})],
    "DELETE /api/v2/grants/{consent_id}": [Example()],
    "GET /api/v2/user-blocks": [Example(query={"identifier": "{email}"})],
    "DELETE /api/v2/user-blocks": [Example(query={"identifier": "{email}"})],
    "GET /api/v2/user-blocks/{user_id}": [Example()],
    "DELETE /api/v2/user-blocks/{user_id}": [Example()],
    "POST /users/{user_id}/impersonate": [
        Example({"protocol": "oauth2", "impersonator_id": "{stranger_id}", "client_id": "{client_id}"}),
    ],
    "GET /api/v2/users/{user_id}/impersonation-links": [Example(), Example(query={"from": "{link_id}"})],
    "POST /api/v2/users/{user_id}/impersonation-links": [
        Example({"impersonator_id": "{stranger_id}", "client_id": "{client_id}", "reason": "Ticket 1"})
    ],
    "DELETE /api/v2/users/{user_id}/impersonation-links/{link_id}": [Example()],
    "GET /api/v2/attack-protection/breached-password-detection": [Example()],
    "PATCH /api/v2/attack-protection/breached-password-detection": [Example({"enabled": True})],
    "GET /api/v2/attack-protection/brute-force-protection": [Example()],
    "PATCH /api/v2/attack-protection/brute-force-protection": [Example({"max_attempts": 5})],
    "GET /api/v2/attack-protection/suspicious-ip-throttling": [Example()],
    "PATCH /api/v2/attack-protection/suspicious-ip-throttling": [Example({"allowlist": ["192.0.2.1"]})],
    "POST /api/v2/tickets/email-verification": [
        Example({"user_id": "{user_id}"}),
        Example({"user_id": "{user_id}", "client_id": "{client_id}"}),
        Example({"user_id": "{user_id}", "identity": LINKED}),
    ],
    "POST /api/v2/tickets/password-change": [
        Example({"user_id": "{user_id}"}),
        Example({"email": "{email}", "connection_id": "{connection_id}"}),
        Example({"user_id": "{user_id}", "client_id": "{client_id}"}),
        Example({"user_id": "{user_id}", "identity": LINKED}),
    ],
    "POST /api/v2/jobs/verification-email": [
        Example({"user_id": "{user_id}"}),
        Example({"user_id": "{user_id}", "client_id": "{client_id}"}),
        Example({"user_id": "{user_id}", "identity": LINKED}),
    ],
    "GET /api/v2/rules": [Example()],
    "POST /api/v2/rules": [Example({"name": "New", "script": SCRIPT})],
    "GET /api/v2/rules/{rule_id}": [Example()],
    "PATCH /api/v2/rules/{rule_id}": [Example({"enabled": False})],
    "DELETE /api/v2/rules/{rule_id}": [Example()],
    "POST /api/v2/rule-trials": [
        Example({"user_id": "{user_id}", "client_id": "{client_id}", "script": SCRIPT}),
    ],
    "GET /api/v2/rules-configs": [Example()],
    "PUT /api/v2/rules-configs/{config_key}": [Example({"value": RULE_SECRET})],
    "DELETE /api/v2/rules-configs/{config_key}": [Example()],
    "GET /api/v2/jobs/{job_id}": [Example()],
    "GET /api/v2/logs": [
        Example(),
        Example(query={"from": "{log_id}"}),
        Example(query={"q": 'user_id:"{user_id}"'}),
        Example(query={"search": 'user_id:"{user_id}"'}),
    ],
    "GET /api/v2/logs/{log_id}": [Example()],
    "GET /api/v2/log-seals": [Example()],
    "GET /api/v2/log-seals/{seal_id}": [Example(), Example(query={"from": "{log_position}"})],
    "GET /api/v2/keys/signing": [Example()],
    "GET /api/v2/keys/signing/{kid}": [Example()],
    "POST /api/v2/keys/signing/rotate": [Example()],
    "PUT /api/v2/keys/signing/{kid}/revoke": [Example()],
    "GET /api/v2/tenants/settings": [Example()],
    "PATCH /api/v2/tenants/settings": [Example({"friendly_name": "Example"})],
    "GET /api/v2/tenants": [Example()],
    "POST /api/v2/tenants": [Example({"name": "brand-new"})],
}
"""The first of each is answered well; together they name each id its endpoint can be given (see `test_separation`)."""


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """Put ids in the place of their names in braces."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: ids[match[1]], value)
    if isinstance(value, Mapping):
        return {name: filled(part, ids) for name, part in value.items()}
    return [filled(part, ids) for part in value] if isinstance(value, list) else value


@dataclass
class Furnished:
    """Three tenants, each with one of every thing; `ids[tenant]` names them."""

    app: Gatehouse
    contents: Contents
    clock: Clock
    ids: Mapping[str, Mapping[str, str]]
    items: list[dict[str, Any]]
    tokens: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def begin_again(self) -> None:
        """Put everything back in its place."""
        begin_again(self.app.core, self.contents, self.clock, self.items)

    def keep(self, tenant: str) -> None:
        """Remove what the other tenants have: moto copies the whole table with each write."""
        self.items = self.belongings(tenant)
        self.begin_again()

    def api(self, tenant: str = "system") -> Api:
        return Api(self.app, tenant)

    def send(
        self,
        endpoint: Endpoint,
        example: Example | None = None,
        *,
        tenant: str = "system",
        ids: Mapping[str, str] | None = None,
        raw: Mapping[str, str] | None = None,
        scope: str | None = None,
        own: bool | None = None,
        **known: Any,
    ) -> Answer:
        """Send an example to an endpoint, with a token of its scopes.

        `raw` are path parameters as they stand in the request line. `own`: with a token of the user, as scopes of the
        current user need.
        """
        api, ids = self.api(tenant), ids or self.ids[tenant]
        example = example or EXAMPLES[named(endpoint)][0]
        if own is None:
            own = all("current_user" in each for each in endpoint.scopes)
        if "token" not in known:
            scope = " ".join(endpoint.scopes) if scope is None else scope
            known["token"] = self.token(tenant, scope, self.ids[tenant]["user_id"] if own else "tests@clients")
        known.setdefault("body", filled(example.body, ids))
        known.setdefault("query", filled(example.query, ids))
        quoted = {name: quote(value, safe="") for name, value in ids.items()}
        return api.call(endpoint.method, filled(endpoint.path, {**quoted, **(raw or {})}), **known)

    def token(self, tenant: str, scope: str, subject: str) -> str:
        """Give a token; each is signed once, which takes as long as a request."""
        asked = (tenant, scope, subject)
        if asked not in self.tokens:
            self.tokens[asked] = self.api(tenant).token(scope, subject=subject)
        return self.tokens[asked]

    def belongings(self, tenant: str) -> list[dict[str, Any]]:
        """Give all items of one tenant."""
        return [item for item in self.contents.read() if f"{item['pk']['S']}#".startswith(f"T#{tenant}#")]


@pytest.fixture(scope="session")
def furniture(
    beginnings: tuple[Core, list[dict[str, Any]]], only_app: Gatehouse, contents: Contents, clock: Clock
) -> tuple[dict[str, dict[str, str]], list[dict[str, Any]]]:
    """The ids and items of three furnished tenants, made once through the API."""
    core, items = beginnings
    begin_again(core, contents, clock, items)
    ids = {tenant: _furnish(Api(only_app, tenant)) for tenant in ("main", "acme", "system")}
    return ids, contents.read()


@pytest.fixture
def furnished(
    app: Gatehouse,
    contents: Contents,
    clock: Clock,
    furniture: tuple[dict[str, dict[str, str]], list[dict[str, Any]]],
) -> Furnished:
    ids, items = furniture
    tenants = Furnished(app, contents, clock, ids, items)
    tenants.begin_again()
    return tenants


def _let_in(api: Api, user_id: str, client_id: str, connection: str, audience: str) -> dict[str, str]:
    """Let a user in: a session, a refresh token, and what the user allowed."""
    core, caller = api.app.core, Caller(tenant=api.tenant, ip="203.0.113.7")
    user, client = core.users.store.find(api.tenant, user_id), core.clients.store.find(api.tenant, client_id)
    proven = Authenticated(user=user, connection=core.connections.named(api.tenant, connection))
    session, _ = core.sessions.begin(caller, user, proven.connection, Lifetimes.of(DEFAULT_SETTINGS))
    terms = TokenTerms(
        scope="openid offline_access",
        audience="",
        session_id=session.id,
        connection_id=proven.connection.id,
        authenticated_at=session.created_at,
        device_name="Laptop",
        ip="203.0.113.7",
        user_agent="",
    )
    token, _ = core.refresh_tokens.begin(user, client, terms)
    event = core.sign_ins.event(caller, client, proven, "s")
    entering = SignIn(user=user, at=session.created_at, ip="", event=event, counted=True)
    core.sign_ins.record(caller, replace(entering, session=session, refresh_token=token))
    core.consents.give(caller, user, client_id, audience, "read:things")
    consent = next(core.consents.store.walk_for_user(api.tenant, user_id))
    return {"session_id": session.id, "token_id": token.id, "consent_id": consent.id}


def id_token(api: Api, user_id: str, client_id: str = "tests") -> str:
    """Make an ID token as a sign-in at a client gives it."""
    core, now = api.app.core, api.app.core.users.ambient.now()
    user = core.users.store.find(api.tenant, user_id)
    client = Client(client_id=client_id, name="App", created_at=now, updated_at=now)
    grant = UserGrant(
        user=user, client=client, scope="openid", server=None, grant_id="", session_id="", authenticated_at=now
    )
    return core.userinfo.tokens.id_token(api.tenant, grant)


def _sealed(api: Api) -> str:
    """Seal a tenant's history without waiting for it to settle; give the seal's id."""
    core = api.app.core
    later = replace(core.log_seals.ambient, now=lambda: core.log_seals.ambient.now() + SETTLES_IN + PERIOD)
    (seal,) = replace(core.log_seals, ambient=later).seal(api.tenant, None)
    return seal.id


def _furnish(api: Api) -> dict[str, str]:
    def made(path: str, body: Any = None, **known: Any) -> Any:
        answer = api.post(f"/api/v2/{path}", body, **known)
        assert answer.status < 300, answer.text
        return answer.json

    tenant, previous = api.tenant, api.app.core.signing_keys.current(api.tenant).kid
    addresses = {"callbacks": ["https://app.example/callback"], "initiate_login_uri": "https://app.example/login"}
    client, ungranted = (made("clients", {"name": f"{name} of {tenant}", **addresses}) for name in ("Shop", "Till"))
    server = made(
        "resource-servers", {"identifier": f"https://{tenant}.example/", "scopes": [{"value": "read:things"}]}
    )
    permission = {"client_id": client["client_id"], "audience": server["identifier"], "scope": ["read:things"]}
    database = {"name": f"Staff-{tenant}", "strategy": "auth0", "enabled_clients": [client["client_id"]]}
    connection = made("connections", database)
    user, second, stranger = (
        made("users", {"connection": database["name"], "email": f"{name}@{tenant}.example", "password": PASSWORD})
        for name in ("ann", "ann2", "bob")
    )
    identity_id = second["user_id"].removeprefix("auth0|")
    made(f"users/{quote(user['user_id'])}/identities", {"provider": "auth0", "user_id": identity_id})
    own = api.token("create:current_user_device_credentials", subject=user["user_id"])
    key = {"device_name": "Phone", "device_id": "p0", "type": "public_key", "value": "MIIB"}
    made("keys/signing/rotate")
    assert api.patch("/api/v2/tenants/settings", {"impersonation": {"enabled": True}}).status == 200
    link = {"impersonator_id": stranger["user_id"], "client_id": client["client_id"]}
    entered = _let_in(api, user["user_id"], client["client_id"], connection["name"], server["identifier"])
    public_key = {"credential_type": "public_key", "pem": PEM}
    config_key = f"{tenant}_KEY0"
    api.app.core.rules_configs.set(Caller(tenant=tenant), config_key, RULE_SECRET)
    return {
        **entered,
        "config_key": config_key,
        "rule_id": made("rules", {"name": f"Rule of {tenant}", "script": SCRIPT})["id"],
        "key_id": made(f"clients/{client['client_id']}/credentials", public_key)["id"],
        "link_id": made(f"users/{quote(user['user_id'])}/impersonation-links", link)["id"],
        "client_id": client["client_id"],
        "ungranted_id": ungranted["client_id"],
        "server_id": server["id"],
        "audience": server["identifier"],
        "grant_id": made("client-grants", permission)["id"],
        "connection_id": connection["id"],
        "connection": connection["name"],
        "user_id": user["user_id"],
        "email": user["email"],
        "stranger_id": stranger["user_id"],
        "stranger_token": id_token(api, stranger["user_id"]),
        "provider": "auth0",
        "identity_id": identity_id,
        "credential_id": made("device-credentials", key, token=own)["id"],
        "job_id": made("jobs/verification-email", {"user_id": user["user_id"]})["id"],
        "kid": previous,
        "log_id": (log_id := api.get("/api/v2/logs").json[0]["log_id"]),
        "log_position": f"{log_id}-1-{'0' * 64}",
        "seal_id": _sealed(api),
        "checkpoint": api.get("/api/v2/users", query={"take": 1}).json["next"],
    }
