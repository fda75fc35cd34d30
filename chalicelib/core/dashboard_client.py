"""The client that people of the dashboard sign in to: one of the system tenant, with an id that is always the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict
from chalicelib.core.logs import done

if TYPE_CHECKING:
    from chalicelib.core.clients import Client, Clients
    from chalicelib.core.connections import Connections
    from chalicelib.core.hosts import Hosts

CLIENT_ID = "dashboard"
CALLBACK_PATH = "/dashboard/callback"


@dataclass(frozen=True, slots=True)
class DashboardClient:
    """Makes the client with its tenant, or when somebody comes to the dashboard of a tenant that is older than it.

    It has no secret, for there is nowhere to keep one: a proof key binds each code to the sign-in that asked for it.
    """

    clients: Clients
    connections: Connections
    hosts: Hosts

    def callback(self, tenant: str) -> str:
        """Give the address that sign-ins come back to."""
        return f"{self.hosts.issuer(tenant).removesuffix('/')}{CALLBACK_PATH}"

    def make(self, tenant: str) -> Client:
        """Make the client, not stored yet."""
        settings = {
            "name": "Dashboard",
            "app_type": "regular_web",
            "token_endpoint_auth_method": "none",
            "grant_types": ("authorization_code",),
            "callbacks": (self.callback(tenant),),
        }
        return replace(self.clients.make(settings)[0], client_id=CLIENT_ID, secrets=())

    def have(self, tenant: str, connection: str) -> None:
        """See that it is there, with the tenant's present address and a connection, the named one if it has none."""
        caller = Caller(tenant=tenant, operation="Prepare the dashboard")
        client, callback = self.clients.store.recall(tenant, CLIENT_ID), self.callback(tenant)
        if client is None:
            self._create(caller)
        elif callback not in client.callbacks:
            self.clients.update(caller, CLIENT_ID, {"callbacks": (callback, *client.callbacks)})
        if not self.connections.enabled_for(tenant, CLIENT_ID):
            self.connections.switch_clients(caller, self.connections.named(tenant, connection).id, {CLIENT_ID: True})

    def _create(self, caller: Caller) -> None:
        try:
            event = done(self.clients.ambient, caller)
            self.clients.store.create(caller.tenant, self.make(caller.tenant), event)
        except Conflict:  # somebody else came at the same moment
            return
