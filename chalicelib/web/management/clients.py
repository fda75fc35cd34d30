"""/api/v2/clients: applications."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.client_keys import PRIVATE_KEY_JWT
from chalicelib.core.clients import Client
from chalicelib.web.decoding import given
from chalicelib.web.management.client_credentials import KeyOrId
from chalicelib.web.schemas import CheckpointedFields, Document, Fields, HttpsUrl, choose, names, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("clients")

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^<>\x00-\x1f]+$(?!\n)")]
AppType = Literal["native", "spa", "regular_web", "non_interactive"]
AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
Address = Annotated[
    str, Meta(min_length=1, max_length=1024, pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\x00-\x1f]+$(?!\n)")
]
Addresses = Annotated[list[Address], Meta(max_length=100)]
GrantType = Literal[
    "authorization_code",
    "client_credentials",
    "implicit",
    "password",
    "refresh_token",
    "http://auth0.com/oauth/grant-type/password-realm",
    "http://auth0.com/oauth/grant-type/mfa-oob",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-recovery-code",
    "http://auth0.com/oauth/grant-type/passwordless/otp",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:openid:params:grant-type:ciba",
    "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
]
"""What Auth0 knows. The token endpoint refuses those it does not have, whatever a client may."""
Metadata = dict[Annotated[str, Meta(max_length=255)], Annotated[str, Meta(max_length=255)] | None]
LoginUri = Annotated[
    str,
    Meta(
        max_length=2_048,
        pattern=(
            r"^(https://[^\s]+|http://(localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])"
            r"(:[0-9]{1,5})?(/[^\s]*)?)?$(?!\n)"
        ),
        description="Where the application's own sign-in begins: https, or http on this machine.",
    ),
]
Seconds = Annotated[int, Meta(ge=1, le=157_788_000)]


class JwtConfiguration(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How ID tokens are made."""

    lifetime_in_seconds: Annotated[int, Meta(ge=1, le=2_592_000)] | UnsetType = UNSET
    alg: Literal["RS256"] | UnsetType = UNSET
    scopes: Document | UnsetType = UNSET
    secret_encoded: bool | UnsetType = UNSET


class RefreshTokenConfiguration(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How refresh tokens live. Times in seconds."""

    rotation_type: Literal["rotating", "non-rotating"] | UnsetType = UNSET
    expiration_type: Literal["expiring", "non-expiring"] | UnsetType = UNSET
    leeway: Annotated[int, Meta(ge=0, le=60)] | UnsetType = UNSET
    token_lifetime: Seconds | UnsetType = UNSET
    infinite_token_lifetime: bool | UnsetType = UNSET
    idle_token_lifetime: Seconds | UnsetType = UNSET
    infinite_idle_token_lifetime: bool | UnsetType = UNSET


class KeyCredentials(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Keys by which the client proves itself: new ones, or the ids of those it has."""

    credentials: Annotated[list[KeyOrId], Meta(min_length=1, max_length=10)]


class AuthenticationMethods(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How the client proves itself other than by a secret."""

    private_key_jwt: KeyCredentials


class ClientSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be set of a client. A null gives a setting its default back."""

    description: Annotated[str, Meta(max_length=140)] | None | UnsetType = UNSET
    logo_uri: HttpsUrl | None | UnsetType = UNSET
    app_type: AppType | None | UnsetType = UNSET
    callbacks: Addresses | None | UnsetType = UNSET
    allowed_logout_urls: Addresses | None | UnsetType = UNSET
    allowed_origins: Addresses | None | UnsetType = UNSET
    web_origins: Addresses | None | UnsetType = UNSET
    client_aliases: Annotated[list[str], Meta(max_length=100)] | None | UnsetType = UNSET
    allowed_clients: Annotated[list[str], Meta(max_length=100)] | None | UnsetType = UNSET
    initiate_login_uri: LoginUri | None | UnsetType = UNSET
    grant_types: Annotated[list[GrantType], Meta(max_length=20)] | None | UnsetType = UNSET
    token_endpoint_auth_method: AuthMethod | None | UnsetType = UNSET
    client_authentication_methods: AuthenticationMethods | None | UnsetType = UNSET
    jwt_configuration: JwtConfiguration | None | UnsetType = UNSET
    refresh_token: RefreshTokenConfiguration | None | UnsetType = UNSET
    oidc_conformant: bool | None | UnsetType = UNSET
    is_first_party: bool | None | UnsetType = UNSET
    sso: bool | None | UnsetType = UNSET
    sso_disabled: bool | None | UnsetType = UNSET
    cross_origin_authentication: bool | None | UnsetType = UNSET
    custom_login_page_on: bool | None | UnsetType = UNSET
    client_metadata: Metadata | None | UnsetType = UNSET


class ClientCreate(ClientSettings, kw_only=True):
    """A new application."""

    name: Name


class ClientPatch(ClientSettings, kw_only=True):
    """Changes of an application."""

    name: Name | UnsetType = UNSET


class ClientAnswer(msgspec.Struct, kw_only=True):
    """An application. The secret is there when it was just made, and never again."""

    tenant: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    logo_uri: str | UnsetType = UNSET
    app_type: str | UnsetType = UNSET
    callbacks: tuple[str, ...] | UnsetType = UNSET
    allowed_logout_urls: tuple[str, ...] | UnsetType = UNSET
    allowed_origins: tuple[str, ...] | UnsetType = UNSET
    web_origins: tuple[str, ...] | UnsetType = UNSET
    client_aliases: tuple[str, ...] | UnsetType = UNSET
    allowed_clients: tuple[str, ...] | UnsetType = UNSET
    initiate_login_uri: str | UnsetType = UNSET
    grant_types: tuple[str, ...] | UnsetType = UNSET
    token_endpoint_auth_method: str | UnsetType = UNSET
    client_authentication_methods: Document | UnsetType = UNSET
    jwt_configuration: Document | UnsetType = UNSET
    refresh_token: Document | UnsetType = UNSET
    oidc_conformant: bool | UnsetType = UNSET
    is_first_party: bool | UnsetType = UNSET
    sso: bool | UnsetType = UNSET
    sso_disabled: bool | UnsetType = UNSET
    cross_origin_authentication: bool | UnsetType = UNSET
    custom_login_page_on: bool | UnsetType = UNSET
    client_metadata: dict[str, str] | UnsetType = UNSET
    global_: bool | UnsetType = msgspec.field(name="global", default=UNSET)


class ClientsQuery(CheckpointedFields, kw_only=True):
    """Which applications, and what of them."""

    app_type: Annotated[str, Meta(max_length=200, description="Comma-separated application types.")] = ""
    is_global: bool | None = None
    is_first_party: bool | None = None


class Rotation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How a secret is rotated. Ours: Auth0 stops the old secret at once, as an empty body does here."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=86_400, description="How long the old secret still works.")] = 0


@surface.endpoint(
    "GET",
    "/api/v2/clients",
    summary="Get clients",
    scopes=("read:clients", "read:client_keys"),
    query=ClientsQuery,
    answer=list[ClientAnswer],
)
def list_clients(incoming: Incoming[ClientsQuery, None]) -> Any:
    """List applications."""
    query = incoming.query
    page = incoming.core.clients.list(
        incoming.caller,
        query.request(),
        app_types=names(query.app_type),
        is_global=query.is_global,
        is_first_party=query.is_first_party,
    )
    return paged(page, "clients", query, lambda client: rendered(incoming, client))


@surface.endpoint(
    "POST",
    "/api/v2/clients",
    summary="Create a client",
    scopes=("create:clients",),
    body=ClientCreate,
    example={"name": "Shop", "app_type": "spa", "callbacks": ["https://shop.example.com/callback"]},
    answer=ClientAnswer,
    status=201,
)
def create_client(incoming: Incoming[Nothing, ClientCreate]) -> ClientAnswer:
    """Register an application. The answer is the only one that shows its secret."""
    client, secret = incoming.core.clients.create(incoming.caller, given(incoming.body))
    return rendered(incoming, client, secret)


@surface.endpoint(
    "GET",
    "/api/v2/clients/{client_id}",
    summary="Get a client by ID",
    scopes=("read:clients", "read:client_keys"),
    query=Fields,
    answer=ClientAnswer,
)
def get_client(incoming: Incoming[Fields, None], client_id: str) -> Any:
    """Give one application."""
    return choose(rendered(incoming, incoming.core.clients.get(incoming.caller, client_id)), incoming.query)


@surface.endpoint(
    "PATCH",
    "/api/v2/clients/{client_id}",
    summary="Update a client",
    scopes=("update:clients",),
    body=ClientPatch,
    example={"description": "Sells things"},
    answer=ClientAnswer,
)
def update_client(incoming: Incoming[Nothing, ClientPatch], client_id: str) -> ClientAnswer:
    """Change an application."""
    return rendered(incoming, incoming.core.clients.update(incoming.caller, client_id, given(incoming.body)))


@surface.endpoint(
    "DELETE", "/api/v2/clients/{client_id}", summary="Delete a client", scopes=("delete:clients",), status=204
)
def delete_client(incoming: Incoming[Nothing, None], client_id: str) -> None:
    """Remove an application with its grants."""
    incoming.core.clients.delete(incoming.caller, client_id)


@surface.endpoint(
    "POST",
    "/api/v2/clients/{client_id}/rotate-secret",
    summary="Rotate a client secret",
    scopes=("update:client_keys",),
    body=Rotation,
    example={"overlap_seconds": 3600},
    body_optional=True,
    answer=ClientAnswer,
)
def rotate_secret(incoming: Incoming[Nothing, Rotation], client_id: str) -> ClientAnswer:
    """Give an application a new secret."""
    overlap = timedelta(seconds=incoming.body.overlap_seconds)
    client, secret = incoming.core.clients.rotate_secret(incoming.caller, client_id, overlap)
    return rendered(incoming, client, secret)


def rendered(incoming: Incoming[Any, Any], client: Client, secret: str | None = None) -> ClientAnswer:
    """Show an application, without its secret unless it was just made."""
    answer = msgspec.convert(client, ClientAnswer, from_attributes=True)
    answer.tenant = incoming.caller.tenant
    answer.global_ = client.is_global
    answer.client_secret = secret or UNSET
    if client.token_endpoint_auth_method == PRIVATE_KEY_JWT:
        answer.token_endpoint_auth_method = answer.client_secret = UNSET
        ids = [{"id": key.id} for key in client.credentials]
        answer.client_authentication_methods = {PRIVATE_KEY_JWT: {"credentials": ids}}
    return answer
