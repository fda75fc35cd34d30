"""Tenants in the table: one document each, listed through the index by time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.core.paging import Page
from chalicelib.core.tenants import NewTenant, Tenant, taken
from chalicelib.storage import keys
from chalicelib.storage.documents import DocumentItem, Documents
from chalicelib.storage.logs import event_item
from chalicelib.storage.operators import put_alteration

if TYPE_CHECKING:
    from chalicelib.core.client_grants import ClientGrant
    from chalicelib.core.clients import Client
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.operators import Member
    from chalicelib.core.paging import PageRequest
    from chalicelib.core.resource_servers import ResourceServer
    from chalicelib.storage.cache import Cache
    from chalicelib.storage.connections import ConnectionStore
    from chalicelib.storage.signing_keys import SigningKeyStore
    from chalicelib.storage.table import Table


@dataclass(frozen=True, slots=True)
class TenantStore:
    """Reads and writes tenants, and writes everything a new one begins with."""

    table: Table
    cache: Cache
    connections: ConnectionStore
    signing_keys: SigningKeyStore
    resource_servers: Documents[ResourceServer]
    clients: Documents[Client]
    client_grants: Documents[ClientGrant]
    members: Documents[Member]

    @property
    def documents(self) -> Documents[Tenant]:
        """Tenants as documents: the sort key is a constant, so the id adds nothing to it."""
        return Documents(self.table, self.cache, Tenant, keys.TENANT, id_field="name", called="tenant")

    def find(self, name: str) -> Tenant | None:
        """Read a tenant."""
        item = self.table.get(DocumentItem, keys.tenant(name))
        return self.documents.decode(item) if item else None

    def recall(self, name: str) -> Tenant | None:
        """Give a tenant as it was at most seconds ago."""
        return self.cache.get(keys.tenant(name), lambda: self.find(name))

    def list(self, request: PageRequest) -> Page[Tenant]:
        """List by creation: one query of the index and one batch of reads."""
        found = self.table.query_by_time([keys.TENANTS], page_size=request.offset + request.per_page)
        page = [key for _, key in islice(found, request.offset, request.offset + request.per_page)]
        tenants = [self.documents.decode(item) for item in self.table.batch_get(DocumentItem, page)]
        total = self.table.count_by_time([keys.TENANTS]) if request.include_totals else None
        return Page(items=tenants, start=request.offset, limit=request.per_page, total=total)

    def create(self, new: NewTenant, event: LogEvent) -> None:
        """Write everything a tenant begins with in one transaction."""
        name = new.tenant.name
        transaction = self.table.write().put(self._item(new.tenant), DocumentItem.pk.does_not_exist(), taken(name))
        for key in new.signing_keys:
            self.signing_keys.documents.put(transaction, name, key)
        self.connections.put_new(transaction, name, new.connection)
        self.resource_servers.put(transaction, name, new.resource_server)
        self.clients.put(transaction, name, new.client)
        self.client_grants.put(transaction, name, new.client_grant)
        if new.dashboard is not None:
            self.clients.put(transaction, name, new.dashboard)
        if new.owner is not None:
            put_alteration(transaction, self.members, name, new.owner)
        transaction.put(event_item(self.table, name, event, signing_keys=new.signing_keys))
        self.documents.commit_keys(transaction, keys.tenant(name))

    def replace(self, tenant: Tenant, event: LogEvent) -> None:
        """Write over the version that was read."""
        transaction = self.table.write().put(self._item(tenant), DocumentItem.version == tenant.version)
        transaction.put(event_item(self.table, tenant.name, event))
        self.documents.commit_keys(transaction, keys.tenant(tenant.name))

    def _item(self, tenant: Tenant) -> DocumentItem:
        item = self.documents.item(tenant.name, tenant)
        item.sk = keys.TENANT
        item.by_time_pk = keys.TENANTS
        item.by_time_sk = keys.moment(tenant.created_at, tenant.name)
        return item
