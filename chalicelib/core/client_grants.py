"""Client grants: which scopes of which API a client may have in its own name.

A grant's id is a digest of its client and API, so that there is one grant per pair and it is found without an index.
Limit: 1,000 scopes a grant.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from chalicelib.core.documents import Document
from chalicelib.core.entities import patched, retrying
from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.logs import done
from chalicelib.core.paging import cut
from chalicelib.core.resource_servers import id_of as api_id

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.resource_servers import ResourceServer


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientGrant:
    """One client's permission on one API."""

    id: str
    client_id: str
    audience: str
    created_at: datetime
    scope: tuple[str, ...] = ()
    subject_type: str = "client"
    version: int = 0

    def stands_for(self, server: ResourceServer) -> bool:
        """Whether it was given for this API, and not for an earlier one that had the same identifier."""
        return self.created_at >= server.created_at


@dataclass(frozen=True, slots=True)
class ClientGrants:
    """What can be done with client grants."""

    store: EntityStore[ClientGrant]
    clients: EntityStore[Client]
    resource_servers: EntityStore[ResourceServer]
    ambient: Ambient

    def create(self, caller: Caller, attributes: Document) -> ClientGrant:
        """Grant scopes that the API knows to a client that exists; a conflict if the pair has a grant."""
        client_id, audience = attributes["client_id"], attributes["audience"]
        client = self.clients.find(caller.tenant, client_id)
        if client is None:
            raise NotFound("The client does not exist.", code="inexistent_client")
        if client.is_global:
            raise Forbidden("The global client's grants cannot be changed.", code="operation_not_supported")
        blank = ClientGrant(
            id=id_of(client_id, audience), client_id=client_id, audience=audience, created_at=self.ambient.now()
        )
        grant = self._checked(caller, patched(blank, attributes))
        self.store.create(caller.tenant, grant, done(self.ambient, caller))
        return grant

    def get(self, caller: Caller, grant_id: str) -> ClientGrant:
        """Give one grant."""
        grant = self.store.find(caller.tenant, grant_id)
        if grant is None:
            raise NotFound("The client grant does not exist.", code="inexistent_client_grant")
        return grant

    def recall(self, tenant: str, client_id: str, audience: str) -> ClientGrant | None:
        """Find the grant a token is asked for by."""
        return self.store.recall(tenant, id_of(client_id, audience))

    def list(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        audience: str | None = None,
        client_id: str | None = None,
        subject_type: str | None = None,
    ) -> Page[ClientGrant]:
        """List grants in order of id."""
        chosen = (
            grant
            for grant in self.store.walk(caller.tenant, request.start_after)
            if audience in {None, grant.audience}
            and client_id in {None, grant.client_id}
            and subject_type in {None, grant.subject_type}
        )
        return cut(chosen, request, "id")

    def update(self, caller: Caller, grant_id: str, patch: Document) -> ClientGrant:
        """Change the scopes. Tokens issued before keep theirs until they expire."""
        return retrying(lambda: self._update(caller, grant_id, patch))

    def _update(self, caller: Caller, grant_id: str, patch: Document) -> ClientGrant:
        updated = self._checked(caller, patched(self.get(caller, grant_id), patch))
        self.store.replace(caller.tenant, updated, done(self.ambient, caller))
        return updated

    def delete(self, caller: Caller, grant_id: str) -> None:
        """Take the permission away."""
        self.store.delete(caller.tenant, grant_id, done(self.ambient, caller))

    def purge(self, caller: Caller, *, client_id: str | None = None, audience: str | None = None) -> None:
        """Remove the grants of a client or an API that is gone; those for an API registered anew since then stay."""
        for grant in list(self.store.walk(caller.tenant)):
            if client_id == grant.client_id or (audience == grant.audience and not self._stands(caller.tenant, grant)):
                with suppress(NotFound):  # another sweep was faster
                    self.delete(caller, grant.id)

    def _stands(self, tenant: str, grant: ClientGrant) -> bool:
        server = self.resource_servers.find(tenant, api_id(grant.audience))
        return server is not None and grant.stands_for(server)

    def _checked(self, caller: Caller, grant: ClientGrant) -> ClientGrant:
        server = self.resource_servers.find(caller.tenant, api_id(grant.audience))
        if server is None:
            raise NotFound("The resource server does not exist.", code="inexistent_resource_server")
        unknown = sorted(set(grant.scope) - server.scope_values)
        if unknown:
            raise Invalid(
                f"The following scopes are not defined in the '{server.identifier}' API: {', '.join(unknown)}"
            )
        return replace(grant, scope=tuple(dict.fromkeys(grant.scope)))


def grant_of_everything(client_id: str, server: ResourceServer) -> ClientGrant:
    """Make the grant of every scope of an API, which is not stored yet."""
    return ClientGrant(
        id=id_of(client_id, server.identifier),
        client_id=client_id,
        audience=server.identifier,
        created_at=server.created_at,
        scope=tuple(scope.value for scope in server.scopes),
    )


def id_of(client_id: str, audience: str) -> str:
    """Give the id of the grant of a pair."""
    return f"cgr_{sha256(f'{client_id}|{audience}'.encode()).hexdigest()[:16]}"
