"""/oauth/token."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.core.oauth.errors import MalformedRequest, OAuthError
from chalicelib.core.oauth.token import TokenRequest
from chalicelib.web.decoding import basic_credentials
from chalicelib.web.surface import OAUTH, Incoming, Nothing, Surface

surface = Surface("authentication", shape=OAUTH)

Short = Annotated[str, Meta(max_length=255)]


class TokenBody(msgspec.Struct, kw_only=True):
    """A request for a token, as a form or JSON. Parameters that are not known are ignored (RFC 6749, section 3.2)."""

    grant_type: Short | None = None
    client_id: Short | None = None
    client_secret: Short | None = None
    audience: Annotated[str, Meta(max_length=600)] | None = None
    scope: Annotated[str, Meta(max_length=8_000)] | None = None


class TokenAnswer(msgspec.Struct, kw_only=True):
    """A token. `expires_in` is in seconds."""

    access_token: str
    scope: str
    expires_in: int
    token_type: str


@surface.endpoint(
    "POST",
    "/oauth/token",
    summary="Get a token",
    description="Grant type client_credentials, as JSON or as a form; client_secret_post or client_secret_basic.",
    public=True,
    body=TokenBody,
    example={
        "grant_type": "client_credentials",
        "client_id": "CLIENT_ID",
        "client_secret": "CLIENT_SECRET",
        "audience": "https://orders.example.com",
    },
    form=True,
    answer=TokenAnswer,
)
def get_token(incoming: Incoming[Nothing, TokenBody]) -> TokenAnswer:
    """Give a client a token in its own name."""
    body = incoming.body
    if body.grant_type is None:
        raise MalformedRequest("Missing required parameter: grant_type")
    if body.grant_type != "client_credentials":
        raise OAuthError("unsupported_grant_type", f"Unsupported grant type: {body.grant_type}")
    token = incoming.core.token_endpoint.issue(
        incoming.caller,
        TokenRequest(
            grant_type=body.grant_type,
            client_id=body.client_id,
            client_secret=body.client_secret,
            basic=basic_credentials(incoming.http.headers.get("authorization", "")),
            audience=body.audience,
            scope=body.scope,
        ),
    )
    return TokenAnswer(
        access_token=token.value,
        scope=token.scope,
        expires_in=token.expires_in,
        token_type="Bearer",  # noqa: S106
    )
