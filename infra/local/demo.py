"""What the first start creates, so that there is something to try: applications, users, an administrator, clients.

Goes through the product's own doors. Runs at every start and may be interrupted anywhere: what is there already is left
alone. Secrets lie in the table as hashes, so a lost environment file means new ones. The https port is part of every
tenant's address, so another one makes their Management APIs anew.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.callers import Caller
from chalicelib.core.management_scopes import MANAGEMENT_SCOPES, SYSTEM_SCOPES
from chalicelib.core.paging import PageRequest
from chalicelib.core.tenants import DEFAULT_CONNECTION, SYSTEM_TENANT
from infra.local.demo_page import PATH as DEMO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from chalicelib.core.clients import Client
    from chalicelib.core.documents import Document
    from chalicelib.core.gatehouse import Core

MACHINE = "Local development"
APPLICATION = "Demo application"
SHOP = "Example shop"
SHOP_URL = "http://localhost:3001"
"""Where `make example` serves `examples/shop`."""
DEMO_EMAIL = "demo@example.com"
SUPPORT_EMAIL = "jane@example.com"
ADMIN_EMAIL = "admin@example.com"
_OWN = "http://localhost:3000"
"""Where a newcomer's own application is likely to be."""


def seed(app_module: ModuleType, addresses: Sequence[str], existing: Mapping[str, str]) -> dict[str, str]:
    """Create what is missing and give the lines of the environment file that only the seed knows.

    `app_module` is the imported `app`; `addresses` are where the stack is reached, without a slash at the end, such as
    `https://localhost:8443`; `existing` is what an earlier run wrote: nothing at the first start.
    """
    core: Core = app_module.app.core
    main, system = _Demo(core, core.hosts.default_tenant), _Demo(core, SYSTEM_TENANT)
    system.have_tenant()
    main.have_tenant()
    core.deployment.bring_up_to_date()
    administrator = system.user("GATEHOUSE_ADMIN", ADMIN_EMAIL, "Administrator", existing)
    core.operators.appoint(ADMIN_EMAIL, core.hosts.default_tenant)
    return {
        **main.machine("AUTH0_CLIENT", tuple(MANAGEMENT_SCOPES), existing),
        **system.machine("GATEHOUSE_SYSTEM_CLIENT", (*MANAGEMENT_SCOPES, *SYSTEM_SCOPES), existing),
        "GATEHOUSE_DEMO_CLIENT_ID": main.application(addresses),
        **main.shop(existing),
        **main.user("GATEHOUSE_DEMO", DEMO_EMAIL, "Demo User", existing),
        **main.user("GATEHOUSE_SUPPORT", SUPPORT_EMAIL, "Jane from support", existing),
        **administrator,
    }


@dataclass(frozen=True, slots=True)
class _Demo:
    """What one tenant gets."""

    core: Core
    tenant: str

    @property
    def caller(self) -> Caller:
        scopes = frozenset(MANAGEMENT_SCOPES)
        return Caller(tenant=self.tenant, subject="local stack", scopes=scopes, operation="Create the demo data")

    def have_tenant(self) -> None:
        """Have the tenant with everything it begins with."""
        if not self.core.tenants.exists(self.tenant):
            self.core.tenants.create(self.caller, self.tenant, {})

    def machine(self, prefix: str, scope: tuple[str, ...], existing: Mapping[str, str]) -> dict[str, str]:
        """Have a client with these Management scopes; give the lines with its id and secret."""
        lines = self._confidential(prefix, {"name": MACHINE, "app_type": "non_interactive"}, existing)
        self._grant(lines[f"{prefix}_ID"], scope)
        return lines

    def shop(self, existing: Mapping[str, str]) -> dict[str, str]:
        """Have the application of `examples/shop`; give the lines with its address, id and secret."""
        settings = {
            "name": SHOP,
            "app_type": "regular_web",
            "callbacks": (f"{SHOP_URL}/callback",),
            "allowed_logout_urls": (f"{SHOP_URL}/",),
            "initiate_login_uri": f"{SHOP_URL}/login",
        }
        lines = self._confidential("GATEHOUSE_SHOP_CLIENT", settings, existing)
        self._open_to_users(lines["GATEHOUSE_SHOP_CLIENT_ID"])
        return {"GATEHOUSE_SHOP_URL": SHOP_URL, **lines}

    def application(self, addresses: Sequence[str]) -> str:
        """Have a single-page application that the default connection is enabled for; give its client's id.

        It may come back to every address the stack ever had.
        """
        wanted = [f"{address}{path}" for address in (*addresses, _OWN) for path in ("", "/callback", DEMO)]
        client = self._client(APPLICATION)
        if client is None:
            settings = {"name": APPLICATION, "app_type": "spa", "callbacks": wanted, "allowed_logout_urls": wanted}
            client = self.core.clients.create(self.caller, settings)[0]
        missing = {
            name: (*known, *(each for each in wanted if each not in known))
            for name, known in (("callbacks", client.callbacks), ("allowed_logout_urls", client.allowed_logout_urls))
            if not set(wanted) <= set(known)
        }
        if missing:
            self.core.clients.update(self.caller, client.client_id, missing)
        self._open_to_users(client.client_id)
        return client.client_id

    def user(self, prefix: str, email: str, name: str, existing: Mapping[str, str]) -> dict[str, str]:
        """Have a user; give the lines with id, name and password, a new one when the old one is not known any more."""
        found, password = self.core.users.with_email(self.caller, email), existing.get(f"{prefix}_PASSWORD")
        if not found:
            password = new_password()
            account = {"connection": DEFAULT_CONNECTION, "email": email, "name": name, "email_verified": True}
            user = self.core.users.create(self.caller, {**account, "password": password})
        elif password:
            user = found[0]
        else:
            password = new_password()
            user = self.core.users.update(self.caller, found[0].user_id, {"password": password})
        return {f"{prefix}_USER_ID": user.user_id, f"{prefix}_EMAIL": email, f"{prefix}_PASSWORD": password}

    def _client(self, name: str) -> Client | None:
        """Find a client by name."""
        clients = self.core.clients.list(self.caller, PageRequest(per_page=1_000)).items
        return next((client for client in clients if client.name == name), None)

    def _confidential(self, prefix: str, settings: Document, existing: Mapping[str, str]) -> dict[str, str]:
        """Have a client; give the lines with its id and secret, a new one when the old one is not known any more."""
        client, known = self._client(settings["name"]), existing.get(f"{prefix}_SECRET", "")
        if client is None:
            client, secret = self.core.clients.create(self.caller, settings)
        elif client.verify_secret(known, self.core.clients.ambient.now()):
            secret = known
        else:
            client, secret = self.core.clients.rotate_secret(self.caller, client.client_id, timedelta())
        return {f"{prefix}_ID": client.client_id, f"{prefix}_SECRET": secret}

    def _open_to_users(self, client_id: str) -> None:
        """Enable the default connection for a client."""
        connection = self.core.connections.named(self.tenant, DEFAULT_CONNECTION)
        if client_id not in connection.enabled_clients:
            self.core.connections.switch_clients(self.caller, connection.id, {client_id: True})

    def _grant(self, client_id: str, scope: tuple[str, ...]) -> None:
        """Grant every scope there is, also those a newer version brought."""
        audience = self.core.hosts.management_audience(self.tenant)
        grant = self.core.client_grants.recall(self.tenant, client_id, audience)
        if grant is None:
            attributes = {"client_id": client_id, "audience": audience, "scope": scope}
            self.core.client_grants.create(self.caller, attributes)
        elif set(grant.scope) != set(scope):
            self.core.client_grants.update(self.caller, grant.id, {"scope": scope})


def new_password() -> str:
    """Make a password of every kind of character, as policies ask: chance alone leaves one out one time in 150."""
    return f"{secrets.token_urlsafe(18)}-Gh1"
