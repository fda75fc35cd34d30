"""Client grants in the table: one document each, written only while its client and its API are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.client_grants import ClientGrant
from chalicelib.core.resource_servers import id_of
from chalicelib.storage.documents import Documents
from chalicelib.storage.keys import CLIENT_GRANT
from chalicelib.storage.table import PRESENT

if TYPE_CHECKING:
    from chalicelib.core.clients import Client
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.resource_servers import ResourceServer


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientGrantStore(Documents[ClientGrant]):
    """Reads and writes client grants."""

    clients: Documents[Client]
    resource_servers: Documents[ResourceServer]
    kind: type[ClientGrant] = ClientGrant
    prefix: str = CLIENT_GRANT
    id_field: str = "id"
    called: str = "client grant"

    def create(self, tenant: str, entity: ClientGrant, event: LogEvent) -> None:
        """Write a new grant; not found if its client or API was deleted meanwhile."""
        clients, servers = self.clients, self.resource_servers
        transaction = self.table.write().check(clients.key(tenant, entity.client_id), PRESENT, clients.missing())
        transaction.check(servers.key(tenant, id_of(entity.audience)), PRESENT, servers.missing())
        self.commit(self.put(transaction, tenant, entity), tenant, entity, event)
