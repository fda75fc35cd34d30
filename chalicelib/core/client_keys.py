"""Client keys: public keys by which a client proves itself (private_key_jwt). Auth0's API calls them credentials.

Limit: 10 keys a client, enough to rotate. How a key is read from PEM is the key reader's, a protocol here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.documents import Document
from chalicelib.core.entities import retrying
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.logs import done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client, Clients

MAX_KEYS = 10
PRIVATE_KEY_JWT = "private_key_jwt"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientCredential:
    """A public key by which a client proves itself (private_key_jwt). `pem` is SubjectPublicKeyInfo."""

    id: str
    name: str
    kid: str
    alg: str
    pem: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """An RSA key of 2,048 bits or more, read from PEM. `expires_at` is a certificate's end."""

    pem: str
    kid: str
    expires_at: datetime | None


class KeyReader(Protocol):
    """Reads public keys."""

    def read(self, pem: str) -> PublicKey:
        """Read a key, or the key of a certificate; Invalid for anything else."""


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What can be done with the keys of a client."""

    clients: Clients
    reader: KeyReader
    ambient: Ambient

    def list(self, caller: Caller, client_id: str) -> Sequence[ClientCredential]:
        """List a client's keys, the oldest first."""
        return self.clients.get(caller, client_id).credentials

    def get(self, caller: Caller, client_id: str, key_id: str) -> ClientCredential:
        """Give one key."""
        return _named(self.clients.get(caller, client_id), key_id)

    def create(self, caller: Caller, client_id: str, attributes: Document) -> ClientCredential:
        """Register a key for a client. It proves the client once the client is set to private_key_jwt."""
        key = make_key(self.reader, self.ambient, attributes)

        def attempt() -> None:
            client = self.clients.get(caller, client_id)
            self._write(caller, client, (*client.credentials, key))

        retrying(attempt)
        return key

    def update(self, caller: Caller, client_id: str, key_id: str, expires_at: datetime | None) -> ClientCredential:
        """Change when a key expires; None is never."""

        def attempt() -> ClientCredential:
            client = self.clients.get(caller, client_id)
            changed = replace(_named(client, key_id), expires_at=expires_at, updated_at=self.ambient.now())
            self._write(caller, client, tuple(changed if each.id == key_id else each for each in client.credentials))
            return changed

        return retrying(attempt)

    def delete(self, caller: Caller, client_id: str, key_id: str) -> None:
        """Remove a key: what it signed proves nothing from now on."""

        def attempt() -> None:
            client = self.clients.get(caller, client_id)
            gone = _named(client, key_id)
            self._write(caller, client, tuple(each for each in client.credentials if each != gone))

        retrying(attempt)

    def _write(self, caller: Caller, client: Client, keys: tuple[ClientCredential, ...]) -> None:
        if len(keys) > MAX_KEYS:
            raise Invalid(f"A client has at most {MAX_KEYS} credentials.", code="operation_not_supported")
        changed = replace(client, credentials=keys, updated_at=self.ambient.now())
        self.clients.store.replace(caller.tenant, changed, done(self.ambient, caller))


def make_key(reader: KeyReader, ambient: Ambient, attributes: Document) -> ClientCredential:
    """Make a key that is not stored yet."""
    read, now = reader.read(attributes["pem"]), ambient.now()
    from_certificate = read.expires_at if attributes.get("parse_expiry_from_cert") else None
    return ClientCredential(
        id=f"cred_{ambient.new_id(22)}",
        name=attributes.get("name") or "",
        kid=attributes.get("kid") or read.kid,
        alg=attributes.get("alg") or "RS256",
        pem=read.pem,
        created_at=now,
        updated_at=now,
        expires_at=attributes.get("expires_at") or from_certificate,
    )


def _named(client: Client, key_id: str) -> ClientCredential:
    for key in client.credentials:
        if key.id == key_id:
            return key
    raise NotFound("The credential does not exist.", code="inexistent_credential")
