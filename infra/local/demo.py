"""What the first start creates, so that there is something to try: application, user, administrator, clients.

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
    from chalicelib.core.gatehouse import Core

MACHINE = "Local development"
APPLICATION = "Demo application"
DEMO_EMAIL = "demo@example.com"
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
    for tenant in core.tenants.list(PageRequest(per_page=1_000)).items:
        core.tenants.renew_management_api(_Demo(core, tenant.name).caller)
    return {
        **main.machine("AUTH0_CLIENT", tuple(MANAGEMENT_SCOPES), existing),
        **system.machine("GATEHOUSE_SYSTEM_CLIENT", (*MANAGEMENT_SCOPES, *SYSTEM_SCOPES), existing),
        "GATEHOUSE_DEMO_CLIENT_ID": main.application(addresses),
        "GATEHOUSE_DEMO_EMAIL": DEMO_EMAIL,
        "GATEHOUSE_DEMO_PASSWORD": main.user(DEMO_EMAIL, "Demo User", existing.get("GATEHOUSE_DEMO_PASSWORD")),
        "GATEHOUSE_ADMIN_EMAIL": ADMIN_EMAIL,
        "GATEHOUSE_ADMIN_PASSWORD": system.user(ADMIN_EMAIL, "Administrator", existing.get("GATEHOUSE_ADMIN_PASSWORD")),
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
        client, known = self._client(MACHINE), existing.get(f"{prefix}_SECRET", "")
        if client is None:
            client, secret = self.core.clients.create(self.caller, {"name": MACHINE, "app_type": "non_interactive"})
        elif client.verify_secret(known, self.core.clients.ambient.now()):
            secret = known
        else:
            client, secret = self.core.clients.rotate_secret(self.caller, client.client_id, timedelta())
        self._grant(client.client_id, scope)
        return {f"{prefix}_ID": client.client_id, f"{prefix}_SECRET": secret}

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
        connection = self.core.connections.named(self.tenant, DEFAULT_CONNECTION)
        if client.client_id not in connection.enabled_clients:
            self.core.connections.switch_clients(self.caller, connection.id, {client.client_id: True})
        return client.client_id

    def user(self, email: str, name: str, known_password: str | None) -> str:
        """Have a user; give the password, a new one when the old one is not known any more."""
        found = self.core.users.with_email(self.caller, email)
        if found and known_password:
            return known_password
        password = new_password()
        if found:
            self.core.users.update(self.caller, found[0].user_id, {"password": password})
        else:
            account = {"connection": DEFAULT_CONNECTION, "email": email, "name": name, "email_verified": True}
            self.core.users.create(self.caller, {**account, "password": password})
        return password

    def _client(self, name: str) -> Client | None:
        """Find a client by name."""
        clients = self.core.clients.list(self.caller, PageRequest(per_page=1_000)).items
        return next((client for client in clients if client.name == name), None)

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
