"""/api/v2/grants: what users allowed third parties' applications. The core calls them consents."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.core.consents import Consent
from chalicelib.web.schemas import Identifier, Paged, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("grants")


class GrantAnswer(msgspec.Struct, kw_only=True):
    """What one user allowed one application of one API."""

    id: str
    client_id: str = msgspec.field(name="clientID")
    user_id: str
    audience: str
    scope: tuple[str, ...]


class GrantsQuery(Paged, kw_only=True):
    """Which grants."""

    user_id: Identifier | None = None
    client_id: Identifier | None = None
    audience: Annotated[str, Meta(max_length=600)] | None = None


class GrantsOfUser(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose grants."""

    user_id: Identifier


@surface.endpoint(
    "GET",
    "/api/v2/grants",
    summary="Get grants",
    scopes=("read:grants",),
    query=GrantsQuery,
    answer=list[GrantAnswer],
)
def list_grants(incoming: Incoming[GrantsQuery, None]) -> Any:
    """List what users allowed."""
    query = incoming.query
    page = incoming.core.consents.list(
        incoming.caller, query.request(), user_id=query.user_id, client_id=query.client_id, audience=query.audience
    )
    return paged(page, "grants", query, rendered)


@surface.endpoint(
    "DELETE",
    "/api/v2/grants",
    summary="Delete a grant by user_id",
    scopes=("delete:grants",),
    query=GrantsOfUser,
    status=204,
)
def delete_grants_of_user(incoming: Incoming[GrantsOfUser, None]) -> None:
    """Take back all that a user allowed."""
    incoming.core.consents.delete_for_user(incoming.caller, incoming.query.user_id)


@surface.endpoint(
    "DELETE", "/api/v2/grants/{consent_id}", summary="Delete a grant by id", scopes=("delete:grants",), status=204
)
def delete_grant(incoming: Incoming[Nothing, None], consent_id: str) -> None:
    """Take one back."""
    incoming.core.consents.delete(incoming.caller, consent_id)


def rendered(consent: Consent) -> GrantAnswer:
    """Show what was allowed."""
    return GrantAnswer(
        id=consent.id,
        client_id=consent.client_id,
        user_id=consent.user_id,
        audience=consent.audience,
        scope=consent.scope,
    )
