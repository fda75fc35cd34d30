"""A deployment as a whole: what it begins with, and what a new version brings to tenants that were there before.

Asked for from AWS alone, never through the web: whoever may invoke the function that calls this runs the deployment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.callers import Caller
from chalicelib.core.errors import GatehouseError
from chalicelib.core.management_scopes import MANAGEMENT_SCOPES
from chalicelib.core.paging import PageRequest
from chalicelib.core.tenants import SYSTEM_TENANT, unknown_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.core.clients import Clients
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.tenants import Tenants


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A client that holds every scope of its tenant's Management API. The secret is shown this once."""

    tenant: str
    domain: str
    audience: str
    client_id: str
    client_secret: str


class Sealer(Protocol):
    """The key service."""

    def seal(self, plain: bytes, context: dict[str, str]) -> bytes:
        """Encrypt a little."""

    def open(self, sealed: bytes, context: dict[str, str]) -> bytes:
        """Decrypt what was sealed with the same context."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What can be done with a deployment. Each may be repeated, and goes on where it was interrupted."""

    tenants: Tenants
    clients: Clients
    hosts: Hosts
    sealer: Sealer

    def examine(self) -> dict[str, str]:
        """Say of what every request depends on whether it answers: "ok", or why not."""
        return {"table": _tried(self._read), "sealing_key": _tried(self._seal)}

    def _read(self) -> None:
        self.tenants.get(SYSTEM_TENANT)

    def _seal(self) -> None:
        context = {"tenant": SYSTEM_TENANT, "purpose": "health"}
        self.sealer.open(self.sealer.seal(b"health", context), context)

    def set_up(self) -> list[Access]:
        """Have the default tenant and the system tenant; give access to those that were not there."""
        wanted = dict.fromkeys((self.hosts.default_tenant, SYSTEM_TENANT))
        return [self._make(name) for name in wanted if self.tenants.store.find(name) is None]

    def bring_up_to_date(self) -> list[str]:
        """Give every tenant what this version brought, such as new scopes; name the tenants that had not got it."""
        return [name for name in self._names() if self.tenants.renew_management_api(self._caller(name))]

    def new_access(self, tenant: str) -> Access:
        """Give a tenant's global client a new secret, for one that is lost. The old one stops at once."""
        caller = self._caller(tenant)
        client = next((client for client in self.clients.store.walk(tenant) if client.is_global), None)
        if client is None:
            raise unknown_tenant()
        _, secret = self.clients.rotate_secret(caller, client.client_id, timedelta())
        return self._access(tenant, client.client_id, secret)

    def _make(self, name: str) -> Access:
        new = self.tenants.create(self._caller(name), name)
        return self._access(name, new.client.client_id, new.client_secret)

    def _access(self, tenant: str, client_id: str, secret: str) -> Access:
        return Access(
            tenant=tenant,
            domain=self.hosts.domain(tenant),
            audience=self.hosts.management_audience(tenant),
            client_id=client_id,
            client_secret=secret,
        )

    def _names(self) -> Iterator[str]:
        request = PageRequest(per_page=100, checkpoint=True)
        while True:
            page = self.tenants.list(request)
            yield from (tenant.name for tenant in page.items)
            if page.next is None:
                return
            request = PageRequest(per_page=100, checkpoint=True, start_after=page.next)

    def _caller(self, tenant: str) -> Caller:
        scopes = frozenset(MANAGEMENT_SCOPES)
        return Caller(tenant=tenant, subject="deployment", scopes=scopes, operation="Set up the deployment")


def _tried(step: Callable[[], None]) -> str:
    try:
        step()
    except GatehouseError as error:
        return f"{error.message} {error.detail}".strip()
    return "ok"
