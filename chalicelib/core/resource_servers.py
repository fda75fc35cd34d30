"""Resource servers: the APIs that tokens are for, the Management API among them.

An API's id is a digest of its identifier, so that one identifier can be registered once and is found without an index.
Limits: 1,000 scopes an API; tokens live at most 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from chalicelib.core.documents import Document
from chalicelib.core.entities import patched, retrying
from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.logs import done
from chalicelib.core.management_scopes import MANAGEMENT_SCOPES
from chalicelib.core.paging import cut
from chalicelib.core.work import RESOURCE_SERVER, Work

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.work import Finisher


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiScope:
    """A permission an API knows."""

    value: str
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceServer:
    """One API. Lifetimes are in seconds."""

    id: str
    identifier: str
    created_at: datetime
    name: str = ""
    scopes: tuple[ApiScope, ...] = ()
    signing_alg: str = "RS256"
    token_lifetime: int = 86_400
    token_lifetime_for_web: int = 7_200
    allow_offline_access: bool = False
    skip_consent_for_verifiable_first_party_clients: bool = True
    token_dialect: str = "access_token"  # noqa: S105 - the name of a format
    enforce_policies: bool = False
    is_system: bool = False
    version: int = 0

    @property
    def scope_values(self) -> frozenset[str]:
        """The permissions by name."""
        return frozenset(scope.value for scope in self.scopes)


@dataclass(frozen=True, slots=True)
class ResourceServers:
    """What can be done with APIs."""

    store: EntityStore[ResourceServer]
    finisher: Finisher
    ambient: Ambient
    hosts: Hosts

    def management_api(self, tenant: str) -> ResourceServer:
        """Make the Management API of a tenant as an API of its own, with every scope there is."""
        identifier = self.hosts.management_audience(tenant)
        return ResourceServer(
            id=id_of(identifier),
            identifier=identifier,
            name="Auth0 Management API",
            created_at=self.ambient.now(),
            scopes=tuple(ApiScope(value=value, description=text) for value, text in MANAGEMENT_SCOPES.items()),
            skip_consent_for_verifiable_first_party_clients=False,
            is_system=True,
        )

    def create(self, caller: Caller, attributes: Document) -> ResourceServer:
        """Register an API; a conflict if its identifier is taken."""
        identifier = attributes["identifier"]
        blank = ResourceServer(id=id_of(identifier), identifier=identifier, created_at=self.ambient.now())
        server = _changed(blank, attributes)
        self.store.create(caller.tenant, server, done(self.ambient, caller))
        return server

    def get(self, caller: Caller, id_or_identifier: str) -> ResourceServer:
        """Give an API by its id, or by its identifier, as Auth0 allows."""
        server = self.store.find(caller.tenant, _id_from(id_or_identifier))
        if server is None:
            raise NotFound("The resource server does not exist.", code="inexistent_resource_server")
        return server

    def recall(self, tenant: str, identifier: str) -> ResourceServer | None:
        """Find the API a token is asked for."""
        return self.store.recall(tenant, id_of(identifier))

    def list(
        self, caller: Caller, request: PageRequest, *, identifiers: frozenset[str] = frozenset()
    ) -> Page[ResourceServer]:
        """List APIs in order of id."""
        walk = self.store.walk(caller.tenant, request.start_after)
        return cut((server for server in walk if not identifiers or server.identifier in identifiers), request, "id")

    def update(self, caller: Caller, id_or_identifier: str, patch: Document) -> ResourceServer:
        """Change what `patch` names. Of the Management API only the token lifetimes may change."""
        return retrying(lambda: self._update(caller, id_or_identifier, patch))

    def _update(self, caller: Caller, id_or_identifier: str, patch: Document) -> ResourceServer:
        server = self.get(caller, id_or_identifier)
        if server.is_system and patch.keys() - {"token_lifetime", "token_lifetime_for_web"}:
            raise Forbidden("The Management API's settings cannot be changed.", code="operation_not_supported")
        updated = _changed(server, patch)
        self.store.replace(caller.tenant, updated, done(self.ambient, caller))
        return updated

    def delete(self, caller: Caller, id_or_identifier: str) -> None:
        """Remove an API with its grants. The Management API stays."""
        server = self.get(caller, id_or_identifier)
        if server.is_system:
            raise Forbidden("The Management API cannot be deleted.", code="operation_not_supported")
        work = Work.on(RESOURCE_SERVER, server.identifier, caller.tenant, self.ambient.now())
        self.store.retire(caller.tenant, server, work, done(self.ambient, caller))
        self.finisher.attempt(work)


def id_of(identifier: str) -> str:
    """Give the id of an API: 24 characters that follow from its identifier."""
    return sha256(identifier.encode()).hexdigest()[:24]


def _id_from(id_or_identifier: str) -> str:
    is_id = len(id_or_identifier) == 24 and set(id_or_identifier) <= set("0123456789abcdef")
    return id_or_identifier if is_id else id_of(id_or_identifier)


def _changed(server: ResourceServer, patch: Document) -> ResourceServer:
    """Apply a patch. A shorter life of tokens shortens that of tokens for browsers, unless that is named too."""
    scopes = patch.get("scopes")
    typed = {**patch, "scopes": tuple(ApiScope(**scope) for scope in scopes)} if scopes else patch
    changed = patched(server, typed)
    if "token_lifetime_for_web" not in patch:
        shorter = min(changed.token_lifetime_for_web, changed.token_lifetime)
        changed = replace(changed, token_lifetime_for_web=shorter)
    return _valid(changed)


def _valid(server: ResourceServer) -> ResourceServer:
    if len(server.scope_values) != len(server.scopes):
        raise Invalid("Payload validation error: 'Scopes must be unique' on property scopes.")
    if server.token_lifetime_for_web > server.token_lifetime:
        raise Invalid("Payload validation error: 'exceeds token_lifetime' on property token_lifetime_for_web.")
    return replace(server, name=server.name or server.identifier)
