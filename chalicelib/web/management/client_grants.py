"""/api/v2/client-grants: what clients may have of which API in their own name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.client_grants import ClientGrant
from chalicelib.web.decoding import given
from chalicelib.web.schemas import Checkpointed, Identifier, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("client-grants")

Audience = Annotated[str, Meta(min_length=1, max_length=600)]
Scopes = Annotated[list[Annotated[str, Meta(min_length=1, max_length=280)]], Meta(max_length=1000)]


class ClientGrantCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new permission."""

    client_id: Identifier
    audience: Audience
    scope: Scopes = []
    subject_type: Literal["client"] = "client"


class ClientGrantPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a permission."""

    scope: Scopes | UnsetType = UNSET


class ClientGrantAnswer(msgspec.Struct, kw_only=True):
    """A permission."""

    id: str
    client_id: str
    audience: str
    scope: tuple[str, ...]
    subject_type: str


class ClientGrantsQuery(Checkpointed, kw_only=True):
    """Which permissions."""

    audience: Audience | None = None
    client_id: Identifier | None = None
    subject_type: Literal["client", "user"] | None = None


@surface.endpoint(
    "GET",
    "/api/v2/client-grants",
    summary="Get client grants",
    scopes=("read:client_grants",),
    query=ClientGrantsQuery,
    answer=list[ClientGrantAnswer],
)
def list_client_grants(incoming: Incoming[ClientGrantsQuery, None]) -> Any:
    """List permissions."""
    query = incoming.query
    page = incoming.core.client_grants.list(
        incoming.caller,
        query.request(),
        audience=query.audience,
        client_id=query.client_id,
        subject_type=query.subject_type,
    )
    return paged(page, "client_grants", query, rendered)


@surface.endpoint(
    "POST",
    "/api/v2/client-grants",
    summary="Create a client grant",
    scopes=("create:client_grants",),
    body=ClientGrantCreate,
    example={"client_id": "CLIENT_ID", "audience": "https://orders.example.com", "scope": ["read:orders"]},
    answer=ClientGrantAnswer,
    status=201,
)
def create_client_grant(incoming: Incoming[Nothing, ClientGrantCreate]) -> ClientGrantAnswer:
    """Grant scopes of an API to a client."""
    return rendered(incoming.core.client_grants.create(incoming.caller, given(incoming.body)))


@surface.endpoint(
    "GET",
    "/api/v2/client-grants/{grant_id}",
    summary="Get a client grant",
    scopes=("read:client_grants",),
    answer=ClientGrantAnswer,
)
def get_client_grant(incoming: Incoming[Nothing, None], grant_id: str) -> ClientGrantAnswer:
    """Give one permission."""
    return rendered(incoming.core.client_grants.get(incoming.caller, grant_id))


@surface.endpoint(
    "PATCH",
    "/api/v2/client-grants/{grant_id}",
    summary="Update a client grant",
    scopes=("update:client_grants",),
    body=ClientGrantPatch,
    example={"scope": ["read:orders"]},
    answer=ClientGrantAnswer,
)
def update_client_grant(incoming: Incoming[Nothing, ClientGrantPatch], grant_id: str) -> ClientGrantAnswer:
    """Change the scopes of a permission."""
    return rendered(incoming.core.client_grants.update(incoming.caller, grant_id, given(incoming.body)))


@surface.endpoint(
    "DELETE",
    "/api/v2/client-grants/{grant_id}",
    summary="Delete a client grant",
    scopes=("delete:client_grants",),
    status=204,
)
def delete_client_grant(incoming: Incoming[Nothing, None], grant_id: str) -> None:
    """Take a permission away."""
    incoming.core.client_grants.delete(incoming.caller, grant_id)


def rendered(grant: ClientGrant) -> ClientGrantAnswer:
    """Show a permission."""
    return msgspec.convert(grant, ClientGrantAnswer, from_attributes=True)
