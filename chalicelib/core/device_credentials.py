"""Device credentials: a refresh token bound to a device, or a public key. Owns who may make, see and end one.

Limit: 20 public keys a user.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.documents import Document
from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.logs import done
from chalicelib.core.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.paging import Page, PageRequest

MAX_PUBLIC_KEYS = 20
PUBLIC_KEY = "public_key"
TYPES = frozenset({PUBLIC_KEY, "refresh_token", "rotating_refresh_token"})


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceCredential:
    """One credential. `value` is a public key; of a refresh token only a hash is kept, and elsewhere."""

    id: str
    user_id: str
    client_id: str
    device_name: str
    type: str
    created_at: datetime
    device_id: str = ""
    value: str = ""
    last_used: datetime | None = None
    expires_at: datetime | None = None


class DeviceCredentialStore(Protocol):
    """Where device credentials lie: with their user."""

    def find(self, tenant: str, credential_id: str) -> DeviceCredential | None:
        """Find one by its id."""

    def walk(self, tenant: str) -> Iterator[DeviceCredential]:
        """Read all of a tenant in order of id, lazily."""

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[DeviceCredential]:
        """Read all of a user in order of id, lazily."""

    def create(self, tenant: str, credential: DeviceCredential, event: LogEvent) -> None:
        """Write a new public key, if its user exists and has fewer than 20: `too_many`, however many come at once."""

    def delete(self, tenant: str, credential: DeviceCredential, event: LogEvent) -> None:
        """Remove one; removing it twice is one removal."""


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """What can be done with device credentials."""

    store: DeviceCredentialStore
    ambient: Ambient

    def list(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        kind: str | None = None,
    ) -> Page[DeviceCredential]:
        """List credentials, of one user, client or type if named."""
        walk = self.store.walk_for_user(caller.tenant, user_id) if user_id else self.store.walk(caller.tenant)
        chosen = (each for each in walk if client_id in {None, each.client_id} and kind in {None, each.type})
        return cut(chosen, request, "id")

    def create(self, caller: Caller, attributes: Document) -> DeviceCredential:
        """Register a public key for the user whose token this is; a client's own token names no user."""
        if caller.subject.endswith("@clients"):
            raise Forbidden(
                "Device credentials are created with a token of their user.", code="operation_not_supported"
            )
        credential = DeviceCredential(
            id=f"dcr_{self.ambient.new_id(16)}",
            user_id=caller.subject,
            client_id=attributes.get("client_id") or caller.client_id,
            device_name=attributes["device_name"],
            device_id=attributes["device_id"],
            type=PUBLIC_KEY,
            value=attributes["value"],
            created_at=self.ambient.now(),
        )
        self.store.create(caller.tenant, credential, done(self.ambient, caller, user_id=caller.subject))
        return credential

    def delete(self, caller: Caller, credential_id: str) -> None:
        """End a credential. With the user's own scope only that user's."""
        credential = self.store.find(caller.tenant, credential_id)
        own = "delete:device_credentials" not in caller.scopes
        if credential is None or (own and credential.user_id != caller.subject):
            raise NotFound("The device credential does not exist.", code="inexistent_device_credential")
        self.store.delete(caller.tenant, credential, done(self.ambient, caller, user_id=credential.user_id))


def too_many() -> Invalid:
    """Say that a user has as many public keys as there may be."""
    return Invalid(f"A user has at most {MAX_PUBLIC_KEYS} public keys.", code="operation_not_supported")
