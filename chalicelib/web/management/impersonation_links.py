"""Links that sign in as a user, once: Auth0's form, and /api/v2/users/{id}/impersonation-links, which is ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.errors import Unauthenticated
from chalicelib.core.impersonation import SCOPE, ImpersonationLink
from chalicelib.core.impersonation_links import LONGEST_LINK_LIFETIME, MAX_REASON, ClassicAnswer, WantedLink
from chalicelib.web.schemas import Continued, Identifier, Url, moment, paged
from chalicelib.web.surface import Incoming, Nothing, Rendered, Surface, bearer

surface = Surface("impersonation links")

# It is shown on a page and in people's history: one line.
Reason = Annotated[str, Meta(max_length=MAX_REASON, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$(?!\n)")]
LinkSeconds = Annotated[
    int,
    Meta(
        ge=1,
        le=int(LONGEST_LINK_LIFETIME.total_seconds()),
        description="Seconds the link is good for, at most what the tenant allows.",
    ),
]


class AdditionalParameters(msgspec.Struct, kw_only=True):
    """What the application is answered with, in Auth0's words. What is not known is ignored, such as `audience`."""

    response_type: Literal["code", "token"] = "code"
    response_mode: Literal["query", "fragment", "form_post"] | UnsetType = UNSET
    state: Annotated[str, Meta(max_length=4_096)] | None = None
    scope: Annotated[str, Meta(max_length=8_000)] = ""
    callback_url: Url | UnsetType = UNSET


class Impersonate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Auth0's request, and three fields of ours: `reason`, `expires_in` and `confirm`."""

    protocol: Literal["oauth2"]
    impersonator_id: Identifier
    client_id: Identifier
    additional: AdditionalParameters = msgspec.field(name="additionalParameters", default_factory=AdditionalParameters)
    reason: Reason = ""
    expires_in: LinkSeconds | UnsetType = UNSET
    confirm: bool = False


class LinkCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A link that leads to where the application's own sign-in begins."""

    impersonator_id: Identifier
    client_id: Identifier
    reason: Reason = ""
    expires_in: LinkSeconds | UnsetType = UNSET
    confirm: bool | UnsetType = UNSET


class Impersonator(msgspec.Struct, kw_only=True):
    """Who acts as the user."""

    user_id: str
    email: str


class LinkAnswer(msgspec.Struct, kw_only=True):
    """A link, never its secret. `status` is pending, used, ended, expired or revoked."""

    id: str
    user_id: str
    impersonator: Impersonator
    client_id: str
    reason: str
    confirm: bool
    classic: bool
    status: str
    created_at: str
    expires_at: str
    used_at: str | UnsetType = UNSET
    ended_at: str | UnsetType = UNSET


class NewLinkAnswer(LinkAnswer, kw_only=True):
    """A link just made; its address is shown this once."""

    link: str


@surface.endpoint(
    "POST",
    "/users/{user_id}/impersonate",
    summary="Make a classic impersonation link",
    description="Answers the link as text. Following it signs in once and answers the application unasked.",
    scopes=(SCOPE,),
    body=Impersonate,
    example={
        "protocol": "oauth2",
        "impersonator_id": "IMPERSONATOR_ID",
        "client_id": "CLIENT_ID",
        "additionalParameters": {"response_type": "code", "state": "STATE", "scope": "openid profile"},
    },
    answer=str,
    produces="text/plain",
)
def impersonate(incoming: Incoming[Nothing, Impersonate], user_id: str) -> Rendered:
    """Make a link that answers the application at once."""
    body, further = incoming.body, incoming.body.additional
    answer = ClassicAnswer(
        response_type=further.response_type,
        response_mode=further.response_mode or "",
        scope=further.scope,
        state=further.state,
        callback_url=further.callback_url or "",
    )
    _, address = incoming.core.impersonation_links.make(incoming.caller, _wanted(body, user_id, answer))
    return Rendered(body=address, content_type="text/plain")


@surface.endpoint(
    "POST",
    "/impersonation/stop",
    summary="Stop impersonating",
    description="With the access token of an impersonation, which ends with it.",
    public=True,
    status=204,
    cors=True,
)
def stop(incoming: Incoming[Nothing, None]) -> None:
    """End what a link gave."""
    token = bearer(incoming.http, Unauthenticated("Unauthorized"))
    incoming.core.impersonation_links.stop(incoming.caller, token)


@surface.endpoint(
    "GET",
    "/api/v2/users/{user_id}/impersonation-links",
    summary="List impersonation links",
    description="Pending ones and past ones of the last two days, the newest first.",
    scopes=("read:impersonation_links",),
    query=Continued,
    answer=list[LinkAnswer],
)
def list_links(incoming: Incoming[Continued, None], user_id: str) -> Any:
    """List the links to a user."""
    core, query = incoming.core, incoming.query
    page = core.impersonation_links.list_for_user(incoming.caller, user_id, query.request())
    return paged(page, "impersonation_links", query, lambda link: _shown(incoming, link))


@surface.endpoint(
    "POST",
    "/api/v2/users/{user_id}/impersonation-links",
    summary="Create an impersonation link",
    description="The link leads to the application's initiate_login_uri, whose own request is answered as the user.",
    scopes=(SCOPE,),
    body=LinkCreate,
    example={
        "impersonator_id": "IMPERSONATOR_ID",
        "client_id": "CLIENT_ID",
        "reason": "Ticket 4711: the cart is empty",
        "expires_in": 120,
    },
    answer=NewLinkAnswer,
    status=201,
)
def create_link(incoming: Incoming[Nothing, LinkCreate], user_id: str) -> NewLinkAnswer:
    """Make a link."""
    link, address = incoming.core.impersonation_links.make(incoming.caller, _wanted(incoming.body, user_id))
    return NewLinkAnswer(link=address, **msgspec.structs.asdict(_shown(incoming, link)))


@surface.endpoint(
    "DELETE",
    "/api/v2/users/{user_id}/impersonation-links/{link_id}",
    summary="Revoke an impersonation link",
    description="A link that was used is ended, with everything it gave.",
    scopes=("delete:impersonation_links",),
    status=204,
)
def delete_link(incoming: Incoming[Nothing, None], user_id: str, link_id: str) -> None:
    """Revoke a link, or end what it gave."""
    incoming.core.impersonation_links.end(incoming.caller, user_id, link_id)


def _wanted(body: Impersonate | LinkCreate, user_id: str, answer: ClassicAnswer | None = None) -> WantedLink:
    return WantedLink(
        user_id=user_id,
        impersonator_id=body.impersonator_id,
        client_id=body.client_id,
        reason=body.reason,
        lifetime=None if body.expires_in is UNSET else timedelta(seconds=body.expires_in),
        confirm=None if body.confirm is UNSET else body.confirm,
        answer=answer,
    )


def _shown(incoming: Incoming[Any, Any], link: ImpersonationLink) -> LinkAnswer:
    return LinkAnswer(
        id=link.id,
        user_id=link.user_id,
        impersonator=Impersonator(user_id=link.impersonator_id, email=link.impersonator_email),
        client_id=link.client_id,
        reason=link.reason,
        confirm=link.confirm,
        classic=link.is_classic,
        status=incoming.core.impersonate.state(link),
        created_at=moment(link.created_at),
        expires_at=moment(link.expires_at),
        used_at=moment(link.used_at) if link.used_at else UNSET,
        ended_at=moment(link.ended_at) if link.ended_at else UNSET,
    )
