"""Tenants: total separations of users and settings. Owns how one comes to be, and its settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.client_grants import grant_of_everything
from chalicelib.core.documents import Document, check, merge
from chalicelib.core.entities import retrying
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.hosts import TENANT_NAME
from chalicelib.core.logs import done
from chalicelib.core.management_scopes import SYSTEM_SCOPES
from chalicelib.core.resource_servers import ApiScope
from chalicelib.core.sandbox import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.client_grants import ClientGrant, ClientGrants
    from chalicelib.core.clients import Client, Clients
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.dashboard_client import DashboardClient
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.operators import Alteration
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.resource_servers import ResourceServer, ResourceServers
    from chalicelib.core.signing_keys import SigningKey, SigningKeys

DEFAULT_CONNECTION = "Username-Password-Authentication"
SYSTEM_TENANT = "system"
"""Where the dashboard's own people live, and where tenants are made."""

DEFAULT_SETTINGS: Document = {
    "friendly_name": "",
    "picture_url": "",
    "support_email": "",
    "support_url": "",
    "allowed_logout_urls": [],
    "default_audience": "",
    "default_directory": "",
    "default_redirection_uri": "",
    "enabled_locales": ["en"],
    "flags": {},
    "sandbox_version": "",
    "session_cookie": {"mode": "persistent"},
    "session_lifetime": 168.0,
    "idle_session_lifetime": 72.0,
    "impersonation": {
        "enabled": True,
        "classic_links": True,
        "confirm": True,
        "reason_required": False,
        "max_link_lifetime": 300,
        "token_lifetime": 3_600,
        "notify_user": False,
        "protected_users": [],
        "protected_roles": [],
        "excluded_clients": [],
        "client_policies": {},
    },
    "tell_of_new_places": True,
    "script_time_limit": Limits().seconds,
}
"""Auth0's defaults, lifetimes in hours. Ours are `tell_of_new_places`, a mail about each sign-in from a new place,
`script_time_limit`, the seconds that the rules of a sign-in have, and a script of a database, and those of
impersonation, with lifetimes in seconds."""
MAX_SCRIPT_SECONDS = 10
"""A sign-in asks a database once and runs rules once: 20 seconds in all, as Auth0 allows."""
_OPERATORS: Document = {
    "session_lifetime": 24.0,
    "idle_session_lifetime": 4.0,
    "impersonation": {**DEFAULT_SETTINGS["impersonation"], "enabled": False},
}
"""Defaults of the system tenant that are others."""
_MERGED = frozenset({"flags", "session_cookie", "impersonation"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """One tenant. Its name is its host label: 3 to 63 of `a-z0-9-`, beginning and ending with a letter or digit.

    `attack_protection` holds the sections that were changed; `core.attack_protection` says what they mean.
    """

    name: str
    created_at: datetime
    updated_at: datetime
    settings: Document = field(default_factory=dict)
    attack_protection: Document = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTenant:
    """Everything a tenant begins with. `client_secret` is the global client's, shown once; the grant lets it manage.

    `owner` is the member who made it in the dashboard. The `dashboard` is a client of the system tenant alone.
    """

    tenant: Tenant
    signing_keys: Sequence[SigningKey]
    connection: Connection
    resource_server: ResourceServer
    client: Client
    client_secret: str
    client_grant: ClientGrant
    owner: Alteration | None = None
    dashboard: Client | None = None


class TenantStore(Protocol):
    """Where tenants lie."""

    def find(self, name: str) -> Tenant | None:
        """Read a tenant."""

    def recall(self, name: str) -> Tenant | None:
        """Give a tenant as it was at most seconds ago."""

    def list(self, request: PageRequest) -> Page[Tenant]:
        """List tenants by creation."""

    def create(self, new: NewTenant, event: LogEvent) -> None:
        """Write everything a tenant begins with in one transaction; a conflict if the name is taken."""

    def replace(self, tenant: Tenant, event: LogEvent) -> None:
        """Write over the version that was read."""


@dataclass(frozen=True, slots=True)
class Tenants:
    """What can be done with tenants."""

    store: TenantStore
    signing_keys: SigningKeys
    connections: Connections
    resource_servers: ResourceServers
    clients: Clients
    client_grants: ClientGrants
    dashboard: DashboardClient
    ambient: Ambient

    def create(
        self, caller: Caller, name: str, settings: Document | None = None, *, owner: Alteration | None = None
    ) -> NewTenant:
        """Make a tenant with its keys, default database, Management API and global client, all or nothing.

        With an `owner` the tenant is theirs. The event lies in the new tenant. Invalid if the name cannot be a host
        label, a conflict if it is taken.
        """
        if not TENANT_NAME.fullmatch(name):
            raise Invalid(
                "Payload validation error: 'A tenant name has 3 to 63 characters a-z, 0-9 and -, and neither begins"
                " nor ends with -' on property name."
            )
        new = replace(self._beginnings(name, settings or {}), owner=owner)
        self.store.create(new, done(self.ambient, caller))
        return new

    def get(self, name: str) -> Tenant:
        """Give a tenant, or say that there is none."""
        tenant = self.store.find(name)
        if tenant is None:
            raise unknown_tenant()
        return tenant

    def exists(self, name: str) -> bool:
        """Whether there is such a tenant, as of at most seconds ago."""
        return self.store.recall(name) is not None

    def list(self, request: PageRequest) -> Page[Tenant]:
        """List tenants by creation, the oldest first."""
        return self.store.list(request)

    def settings(self, caller: Caller) -> Document:
        """Give the settings of the caller's tenant with defaults filled in."""
        return settings_of(self.get(caller.tenant))

    def recall_settings(self, tenant: str) -> Document:
        """Give the settings of a tenant with defaults filled in, as of at most seconds ago."""
        return settings_of(self.store.recall(tenant))

    def update_settings(self, caller: Caller, patch: Document) -> Document:
        """Change what `patch` names; a None gives a setting its default back."""
        return retrying(lambda: self._update_settings(caller, patch))

    def _update_settings(self, caller: Caller, patch: Document) -> Document:
        tenant = self.get(caller.tenant)
        settings, defaults = {**tenant.settings, **patch}, defaults_of(tenant.name)
        for name in (name for name in _MERGED if patch.get(name)):
            settings[name] = merge(tenant.settings.get(name, defaults[name]), patch[name])
        settings = {name: value for name, value in settings.items() if value not in (None, {})}
        check("settings", settings, max_bytes=100_000)
        updated = replace(tenant, settings=settings, updated_at=self.ambient.now())
        self.store.replace(updated, done(self.ambient, caller))
        return {**defaults, **settings}

    def renew_management_api(self, caller: Caller) -> bool:
        """Have the Management API at the tenant's present address, with every scope; say whether it was not so.

        A new base domain is a new address, and a new version of Gatehouse may bring scopes. The global client follows;
        what other clients were granted stays as it is.
        """
        wanted = self._management_api(caller.tenant)
        kept = self.resource_servers.store.find(caller.tenant, wanted.id)
        if kept is not None and kept.scopes == wanted.scopes:
            return False
        renewed = replace(kept, scopes=wanted.scopes) if kept else wanted
        store = self.resource_servers.store
        (store.replace if kept else store.create)(caller.tenant, renewed, done(self.ambient, caller))
        for client in self.clients.store.walk(caller.tenant):
            if client.is_global:
                self._grant_everything(caller, client, renewed)
        return True

    def _grant_everything(self, caller: Caller, client: Client, server: ResourceServer) -> None:
        grant = grant_of_everything(client.client_id, server)
        kept = self.client_grants.store.find(caller.tenant, grant.id)
        wanted = replace(kept, scope=grant.scope) if kept else grant
        store = self.client_grants.store
        (store.replace if kept else store.create)(caller.tenant, wanted, done(self.ambient, caller))

    def _beginnings(self, name: str, settings: Document) -> NewTenant:
        now = self.ambient.now()
        client, secret = self.clients.make({"name": "All Applications", "app_type": "regular_web"})
        dashboard = self.dashboard.make(name) if name == SYSTEM_TENANT else None
        enabled = (client.client_id, *([dashboard.client_id] if dashboard else []))
        # Nobody signs up to be an operator: members let them in, or the command line does.
        options = {"disable_signup": True} if dashboard else {}
        database = {"name": DEFAULT_CONNECTION, "strategy": "auth0", "enabled_clients": enabled, "options": options}
        server = self._management_api(name)
        return NewTenant(
            tenant=Tenant(name=name, created_at=now, updated_at=now, settings=settings),
            signing_keys=self.signing_keys.make_pair(name),
            connection=self.connections.make(database),
            resource_server=server,
            client=replace(client, is_global=True),
            client_secret=secret,
            client_grant=grant_of_everything(client.client_id, server),
            dashboard=dashboard,
        )

    def _management_api(self, name: str) -> ResourceServer:
        server = self.resource_servers.management_api(name)
        if name != SYSTEM_TENANT:
            return server
        extra = tuple(ApiScope(value=value, description=text) for value, text in SYSTEM_SCOPES.items())
        return replace(server, scopes=server.scopes + extra)


def script_limits(tenant: Tenant | None) -> Limits:
    """Give what scripts of a tenant may use at a time."""
    return Limits(seconds=float(settings_of(tenant)["script_time_limit"]))


def settings_of(tenant: Tenant | None) -> Document:
    """Give the settings of a tenant with defaults filled in; of one that is gone the defaults."""
    if tenant is None:
        return DEFAULT_SETTINGS
    defaults = defaults_of(tenant.name)
    # A version may bring a setting beside those that a tenant has kept.
    nested = {name: {**defaults[name], **tenant.settings[name]} for name in _MERGED if name in tenant.settings}
    return {**defaults, **tenant.settings, **nested}


def defaults_of(name: str) -> Document:
    """Give the settings a tenant has unless it says otherwise.

    Where the dashboard's own people live nobody is impersonated: whoever became one of them could become anybody. Their
    sessions are short, for the same reason.
    """
    if name != SYSTEM_TENANT:
        return DEFAULT_SETTINGS
    return {**DEFAULT_SETTINGS, **_OPERATORS}


def unknown_tenant() -> NotFound:
    """Say that a host names no tenant, in words that do not tell whether it once did."""
    return NotFound("The tenant does not exist.", code="inexistent_tenant")


def taken(name: str) -> Conflict:
    """Say that a tenant's name is in use."""
    return Conflict(f"The tenant {name} exists already.", code="tenant_exists")
