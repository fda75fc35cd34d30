"""/api/v2/clients/{id}/credentials: public keys by which a client proves itself. The core calls them client keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.client_keys import ClientCredential
from chalicelib.web.decoding import given
from chalicelib.web.schemas import moment
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("client-credentials")

Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601.")]


Pem = Annotated[str, Meta(min_length=1, max_length=4_096)]


class KeyFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be said of a key. The end of a certificate counts if `parse_expiry_from_cert` says so."""

    name: Annotated[str, Meta(max_length=128)] | UnsetType = UNSET
    alg: Literal["RS256", "RS384", "PS256"] | UnsetType = UNSET
    kid: Annotated[str, Meta(min_length=10, max_length=64, pattern=r"^[A-Za-z0-9_-]+$(?!\n)")] | UnsetType = UNSET
    parse_expiry_from_cert: bool | UnsetType = UNSET
    expires_at: Moment | UnsetType = UNSET


class CredentialCreate(KeyFields, kw_only=True):
    """A new key, or a certificate in its place."""

    credential_type: Literal["public_key"]
    pem: Pem


class KeyOrId(KeyFields, kw_only=True):
    """A key that a client has, by its id, or a new one."""

    id: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    credential_type: Literal["public_key"] | UnsetType = UNSET
    pem: Pem | UnsetType = UNSET


class CredentialPatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """When a key expires; null is never."""

    expires_at: Moment | None


class CredentialAnswer(msgspec.Struct, kw_only=True):
    """A key, by its name."""

    id: str
    name: str
    kid: str
    alg: str
    credential_type: str
    created_at: str
    updated_at: str
    expires_at: str | UnsetType = UNSET


@surface.endpoint(
    "GET",
    "/api/v2/clients/{client_id}/credentials",
    summary="Get client credentials",
    scopes=("read:client_credentials",),
    answer=list[CredentialAnswer],
)
def list_credentials(incoming: Incoming[Nothing, None], client_id: str) -> list[CredentialAnswer]:
    """List a client's keys."""
    return [rendered(key) for key in incoming.core.client_keys.list(incoming.caller, client_id)]


@surface.endpoint(
    "POST",
    "/api/v2/clients/{client_id}/credentials",
    summary="Create a client credential",
    scopes=("create:client_credentials",),
    body=CredentialCreate,
    example={"credential_type": "public_key", "name": "2026", "pem": "-----BEGIN PUBLIC KEY-----\n..."},
    answer=CredentialAnswer,
    status=201,
)
def create_credential(incoming: Incoming[Nothing, CredentialCreate], client_id: str) -> CredentialAnswer:
    """Register a key."""
    return rendered(incoming.core.client_keys.create(incoming.caller, client_id, given(incoming.body)))


@surface.endpoint(
    "GET",
    "/api/v2/clients/{client_id}/credentials/{key_id}",
    summary="Get client credential details",
    scopes=("read:client_credentials",),
    answer=CredentialAnswer,
)
def get_credential(incoming: Incoming[Nothing, None], client_id: str, key_id: str) -> CredentialAnswer:
    """Give one key."""
    return rendered(incoming.core.client_keys.get(incoming.caller, client_id, key_id))


@surface.endpoint(
    "PATCH",
    "/api/v2/clients/{client_id}/credentials/{key_id}",
    summary="Update a client credential",
    scopes=("update:client_credentials",),
    body=CredentialPatch,
    example={"expires_at": "2027-01-01T00:00:00.000Z"},
    answer=CredentialAnswer,
)
def update_credential(incoming: Incoming[Nothing, CredentialPatch], client_id: str, key_id: str) -> CredentialAnswer:
    """Change when a key expires."""
    keys, expires_at = incoming.core.client_keys, incoming.body.expires_at
    return rendered(keys.update(incoming.caller, client_id, key_id, expires_at))


@surface.endpoint(
    "DELETE",
    "/api/v2/clients/{client_id}/credentials/{key_id}",
    summary="Delete a client credential",
    scopes=("delete:client_credentials",),
    status=204,
)
def delete_credential(incoming: Incoming[Nothing, None], client_id: str, key_id: str) -> None:
    """Remove a key."""
    incoming.core.client_keys.delete(incoming.caller, client_id, key_id)


def rendered(key: ClientCredential) -> CredentialAnswer:
    """Show a key."""
    return CredentialAnswer(
        id=key.id,
        name=key.name,
        kid=key.kid,
        alg=key.alg,
        credential_type="public_key",
        created_at=moment(key.created_at),
        updated_at=moment(key.updated_at),
        expires_at=moment(key.expires_at) if key.expires_at else UNSET,
    )
