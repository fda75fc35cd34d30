"""/api/v2/resource-servers: APIs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.resource_servers import ResourceServer
from chalicelib.web.decoding import given
from chalicelib.web.schemas import CheckpointedFields, Fields, choose, names, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("resource-servers")

Lifetime = Annotated[int, Meta(ge=1, le=2_592_000, description="Seconds, at most 30 days.")]
Name = Annotated[str, Meta(max_length=200, pattern=r"^[^<>\x00-\x1f]*$(?!\n)")]


class Scope(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A permission the API knows."""

    value: Annotated[str, Meta(min_length=1, max_length=280, pattern=r"^\S+$(?!\n)")]
    description: Annotated[str, Meta(max_length=500)] = ""


class ResourceServerSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be set of an API."""

    name: Name | UnsetType = UNSET
    scopes: Annotated[list[Scope], Meta(max_length=1000)] | UnsetType = UNSET
    signing_alg: Literal["RS256"] | UnsetType = UNSET
    token_lifetime: Lifetime | UnsetType = UNSET
    token_lifetime_for_web: Lifetime | UnsetType = UNSET
    allow_offline_access: bool | UnsetType = UNSET
    skip_consent_for_verifiable_first_party_clients: bool | UnsetType = UNSET
    token_dialect: Literal["access_token"] | UnsetType = UNSET
    enforce_policies: Literal[False] | UnsetType = UNSET


class ResourceServerCreate(ResourceServerSettings, kw_only=True):
    """A new API. The identifier becomes the audience of its tokens and never changes."""

    identifier: Annotated[str, Meta(min_length=1, max_length=600, pattern=r"^[^\s\x00-\x1f]+$(?!\n)")]


class ResourceServerPatch(ResourceServerSettings, kw_only=True):
    """Changes of an API."""


class ResourceServerAnswer(msgspec.Struct, kw_only=True):
    """An API."""

    id: str
    identifier: str
    name: str
    scopes: list[Scope]
    signing_alg: str
    token_lifetime: int
    token_lifetime_for_web: int
    allow_offline_access: bool
    skip_consent_for_verifiable_first_party_clients: bool
    token_dialect: str
    enforce_policies: bool
    is_system: bool


class ResourceServersQuery(CheckpointedFields, kw_only=True):
    """Which APIs, and what of them."""

    identifiers: list[Annotated[str, Meta(max_length=2000, description="One identifier, or several with commas.")]] = (
        msgspec.field(default_factory=list)
    )


@surface.endpoint(
    "GET",
    "/api/v2/resource-servers",
    summary="Get resource servers",
    scopes=("read:resource_servers",),
    query=ResourceServersQuery,
    answer=list[ResourceServerAnswer],
)
def list_resource_servers(incoming: Incoming[ResourceServersQuery, None]) -> Any:
    """List APIs."""
    query = incoming.query
    page = incoming.core.resource_servers.list(
        incoming.caller, query.request(), identifiers=names(",".join(query.identifiers))
    )
    return paged(page, "resource_servers", query, rendered)


@surface.endpoint(
    "POST",
    "/api/v2/resource-servers",
    summary="Create a resource server",
    scopes=("create:resource_servers",),
    body=ResourceServerCreate,
    example={"identifier": "https://orders.example.com", "scopes": [{"value": "read:orders"}]},
    answer=ResourceServerAnswer,
    status=201,
)
def create_resource_server(incoming: Incoming[Nothing, ResourceServerCreate]) -> ResourceServerAnswer:
    """Register an API."""
    return rendered(incoming.core.resource_servers.create(incoming.caller, given(incoming.body)))


@surface.endpoint(
    "GET",
    "/api/v2/resource-servers/{server_id}",
    summary="Get a resource server",
    scopes=("read:resource_servers",),
    query=Fields,
    answer=ResourceServerAnswer,
)
def get_resource_server(incoming: Incoming[Fields, None], server_id: str) -> Any:
    """Give an API by id, or by identifier."""
    return choose(rendered(incoming.core.resource_servers.get(incoming.caller, server_id)), incoming.query)


@surface.endpoint(
    "PATCH",
    "/api/v2/resource-servers/{server_id}",
    summary="Update a resource server",
    scopes=("update:resource_servers",),
    body=ResourceServerPatch,
    example={"token_lifetime": 3600, "token_lifetime_for_web": 3600},
    answer=ResourceServerAnswer,
)
def update_resource_server(incoming: Incoming[Nothing, ResourceServerPatch], server_id: str) -> ResourceServerAnswer:
    """Change an API."""
    return rendered(incoming.core.resource_servers.update(incoming.caller, server_id, given(incoming.body)))


@surface.endpoint(
    "DELETE",
    "/api/v2/resource-servers/{server_id}",
    summary="Delete a resource server",
    scopes=("delete:resource_servers",),
    status=204,
)
def delete_resource_server(incoming: Incoming[Nothing, None], server_id: str) -> None:
    """Remove an API."""
    incoming.core.resource_servers.delete(incoming.caller, server_id)


def rendered(server: ResourceServer) -> ResourceServerAnswer:
    """Show an API."""
    return msgspec.convert(server, ResourceServerAnswer, from_attributes=True)
