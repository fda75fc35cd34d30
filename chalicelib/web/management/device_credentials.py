"""/api/v2/device-credentials: devices that hold a refresh token or a key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.device_credentials import DeviceCredential
from chalicelib.web.decoding import given
from chalicelib.web.schemas import Identifier, PagedFields, moment, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("device-credentials")


class PublicKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new public key of the user whose token this is."""

    device_name: Annotated[str, Meta(min_length=1, max_length=200)]
    type: Literal["public_key"]
    value: Annotated[str, Meta(min_length=1, max_length=10_000)]
    device_id: Annotated[str, Meta(min_length=1, max_length=200)]
    client_id: Identifier | UnsetType = UNSET


class DeviceAnswer(msgspec.Struct, kw_only=True):
    """A device's credential, never the secret itself."""

    id: str
    device_name: str | UnsetType = UNSET
    device_id: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    last_used: str | UnsetType = UNSET


class DevicesQuery(PagedFields, kw_only=True):
    """Whose credentials, and what of them."""

    user_id: Identifier | None = None
    client_id: Identifier | None = None
    type: Literal["public_key", "refresh_token", "rotating_refresh_token"] | None = None


@surface.endpoint(
    "GET",
    "/api/v2/device-credentials",
    summary="Retrieve device credentials",
    scopes=("read:device_credentials",),
    query=DevicesQuery,
    answer=list[DeviceAnswer],
)
def list_device_credentials(incoming: Incoming[DevicesQuery, None]) -> Any:
    """List devices."""
    query = incoming.query
    page = incoming.core.device_credentials.list(
        incoming.caller, query.request(), user_id=query.user_id, client_id=query.client_id, kind=query.type
    )
    return paged(page, "device_credentials", query, rendered)


@surface.endpoint(
    "POST",
    "/api/v2/device-credentials",
    summary="Create a device public key credential",
    scopes=("create:current_user_device_credentials",),
    body=PublicKey,
    example={"device_name": "Phone", "device_id": "phone-1", "type": "public_key", "value": "PUBLIC_KEY"},
    answer=DeviceAnswer,
    status=201,
)
def create_device_credential(incoming: Incoming[Nothing, PublicKey]) -> DeviceAnswer:
    """Register a public key, with the user's own token."""
    created = incoming.core.device_credentials.create(incoming.caller, given(incoming.body))
    return DeviceAnswer(id=created.id)


@surface.endpoint(
    "DELETE",
    "/api/v2/device-credentials/{credential_id}",
    summary="Delete a device credential",
    scopes=("delete:device_credentials", "delete:current_user_device_credentials"),
    status=204,
)
def delete_device_credential(incoming: Incoming[Nothing, None], credential_id: str) -> None:
    """Unlink a device."""
    incoming.core.device_credentials.delete(incoming.caller, credential_id)


def rendered(credential: DeviceCredential) -> DeviceAnswer:
    """Show a device's credential."""
    return DeviceAnswer(
        id=credential.id,
        device_name=credential.device_name,
        device_id=credential.device_id or UNSET,
        type=credential.type,
        user_id=credential.user_id,
        client_id=credential.client_id,
        last_used=moment(credential.last_used) if credential.last_used else UNSET,
    )
