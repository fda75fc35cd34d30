"""/oauth/token, /oauth/revoke and /userinfo. Called from other origins too, and no cookie counts: CORS for all."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.errors import Unauthenticated
from chalicelib.core.oauth.client_authentication import ClientProof
from chalicelib.core.oauth.token import TokenRequest
from chalicelib.web.decoding import basic_credentials
from chalicelib.web.surface import OAUTH, Incoming, Nothing, Surface, bearer

surface = Surface("authentication", shape=OAUTH)

Short = Annotated[str, Meta(max_length=255)]
Long = Annotated[str, Meta(max_length=2_048)]


class ClientBody(msgspec.Struct, kw_only=True):
    """How a client proves itself, as a form or JSON. What is not known is ignored (RFC 6749, section 3.2)."""

    client_id: Short | None = None
    client_secret: Short | None = None
    client_assertion: Long | None = None
    client_assertion_type: Short | None = None


class TokenBody(ClientBody, kw_only=True):
    """A request for a token."""

    grant_type: Short | None = None
    audience: Annotated[str, Meta(max_length=600)] | None = None
    scope: Annotated[str, Meta(max_length=8_000)] | None = None
    code: Short | None = None
    redirect_uri: Long | None = None
    code_verifier: Annotated[str, Meta(max_length=128)] | None = None
    refresh_token: Annotated[str, Meta(max_length=2_000)] | None = None
    username: Annotated[str, Meta(max_length=320)] | None = None
    password: str | None = None
    realm: Short | None = None
    device: Short | None = None


class RevokeBody(ClientBody, kw_only=True):
    """A refresh token to end."""

    token: Annotated[str, Meta(max_length=2_048)] | None = None
    token_type_hint: Short | None = None


class TokenAnswer(msgspec.Struct, kw_only=True):
    """Tokens. `expires_in` is in seconds."""

    access_token: str
    id_token: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    scope: str
    expires_in: int
    token_type: str


@surface.endpoint(
    "POST",
    "/oauth/token",
    summary="Get a token",
    description=(
        "Grant types authorization_code, refresh_token, client_credentials, password and password-realm, as JSON or as"
        " a form; client_secret_post, client_secret_basic, private_key_jwt or none."
    ),
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
    cors=True,
)
def get_token(incoming: Incoming[Nothing, TokenBody]) -> TokenAnswer:
    """Give tokens."""
    body = incoming.body
    given = {name: getattr(body, name) for name in TokenBody.__struct_fields__ if name in _REQUEST}
    token = incoming.core.token_endpoint.issue(incoming.caller, TokenRequest(proof=proof_of(incoming, body), **given))
    return TokenAnswer(
        access_token=token.access_token,
        id_token=token.id_token or UNSET,
        refresh_token=token.refresh_token or UNSET,
        scope=token.scope,
        expires_in=token.expires_in,
        token_type="Bearer",  # noqa: S106
    )


_REQUEST = frozenset(TokenRequest.__dataclass_fields__)


@surface.endpoint(
    "POST",
    "/oauth/revoke",
    summary="Revoke a refresh token",
    description="Of a token that is not the client's, or none at all, the answer is the same (RFC 7009, 2.2).",
    public=True,
    body=RevokeBody,
    example={"client_id": "YOUR_CLIENT_ID", "client_secret": "YOUR_CLIENT_SECRET", "token": "YOUR_REFRESH_TOKEN"},
    form=True,
    cors=True,
)
def revoke_token(incoming: Incoming[Nothing, RevokeBody]) -> None:
    """End a refresh token."""
    core, body = incoming.core, incoming.body
    core.revocation.revoke(incoming.caller, proof_of(incoming, body), body.token)


@surface.endpoint("GET", "/userinfo", summary="Get user info", public=True, answer=dict[str, Any], cors=True)
def get_userinfo(incoming: Incoming[Nothing, None]) -> dict[str, Any]:
    """Give the claims of the user whose access token this is."""
    return _claims(incoming)


@surface.endpoint("POST", "/userinfo", summary="Get user info", public=True, answer=dict[str, Any], cors=True)
def post_userinfo(incoming: Incoming[Nothing, None]) -> dict[str, Any]:
    """Give the same claims to a POST (OpenID Connect Core 1.0, 5.3.1)."""
    return _claims(incoming)


def _claims(incoming: Incoming[Nothing, None]) -> dict[str, Any]:
    return incoming.core.userinfo.claims(incoming.caller, bearer(incoming.http, Unauthenticated("Unauthorized")))


def proof_of(incoming: Incoming[Any, Any], body: ClientBody) -> ClientProof:
    """Collect what a request brings to prove its client."""
    return ClientProof(
        client_id=body.client_id,
        client_secret=body.client_secret,
        basic=basic_credentials(incoming.http.headers.get("authorization", "")),
        assertion=body.client_assertion,
        assertion_type=body.client_assertion_type,
    )
