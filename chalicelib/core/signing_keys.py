"""The RSA keys of a tenant: the current one signs, the next is already public, previous ones still verify.

Owns the life of a key. How one is made, sealed and used is the key workshop's, a protocol here. Limits: at most 10
previous keys that are not revoked, 30 with those that are; a previous key leaves the JWKS when the last token it may
have signed has expired. What history is marked with follows from the keys too, so each is kept as long as that history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.documents import Document
from chalicelib.core.errors import Conflict, Invalid, NotFound, TooMany
from chalicelib.core.logs import KEPT_FOR, done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.logs import LogEvent

LONGEST_TOKEN = timedelta(days=30)
"""No token lives longer (a resource server's token_lifetime is at most 2,592,000 s), so no key need verify longer."""
MAX_PREVIOUS = 10
MAX_KEPT = 30
"""Previous keys with those revoked in the last days: some two hundred kilobytes that are read together."""
HISTORY_MARKED_BY = KEPT_FOR + timedelta(hours=1)
"""How long after its last day as the current key its marks are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """One key. `status` is current, next or previous; `sealed` is the private key, encrypted by the key service."""

    kid: str
    status: str
    sealed: str
    jwk: Document
    cert: str
    pkcs7: str
    fingerprint: str
    thumbprint: str
    created_at: datetime
    current_since: datetime | None = None
    current_until: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 0

    @property
    def revoked(self) -> bool:
        """Whether tokens signed by it are refused."""
        return self.revoked_at is not None

    def verifies(self, now: datetime) -> bool:
        """Whether a token signed by it may still be valid, so that the JWKS must show it."""
        return not self.revoked and (self.current_until is None or now - self.current_until < LONGEST_TOKEN)

    def needed(self, now: datetime) -> bool:
        """Whether there may still be a token signed by it, or history marked by it, revoked or not."""
        return self.verifies(now) or self.current_until is None or now - self.current_until < HISTORY_MARKED_BY


class KeyWorkshop(Protocol):
    """Makes keys. The private part never leaves it unsealed."""

    def make(self, tenant: str, status: str) -> SigningKey:
        """Make an RSA 2048 key pair with a self-signed certificate, its private part sealed for this tenant."""


class SigningKeyStore(Protocol):
    """Where keys lie: few per tenant, read together."""

    def list(self, tenant: str) -> Sequence[SigningKey]:
        """Read all keys of a tenant."""

    def recall(self, tenant: str) -> Sequence[SigningKey]:
        """Give all keys of a tenant as they were at most seconds ago."""

    def write(self, tenant: str, changed: Sequence[SigningKey], dropped: Sequence[SigningKey], event: LogEvent) -> None:
        """Write and drop keys together; a conflict if one of them changed meanwhile."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """What can be done with a tenant's keys."""

    store: SigningKeyStore
    workshop: KeyWorkshop
    ambient: Ambient

    def make_pair(self, tenant: str) -> Sequence[SigningKey]:
        """Make the first two keys of a new tenant: one that signs, and the next."""
        current, following = self.workshop.make(tenant, "current"), self.workshop.make(tenant, "next")
        return [replace(current, current_since=self.ambient.now()), following]

    def list(self, caller: Caller) -> Sequence[SigningKey]:
        """Give all keys, the newest first."""
        return sorted(self.store.list(caller.tenant), key=lambda key: key.created_at, reverse=True)

    def get(self, caller: Caller, kid: str) -> SigningKey:
        """Give one key."""
        return _named(self.store.list(caller.tenant), kid)

    def rotate(self, caller: Caller) -> SigningKey:
        """Let the next key sign from now on and give it; the one before still verifies, and a new next key is public.

        Caches of the JWKS have had the next key all along, so no valid token and no verifier breaks.
        """
        keys, now = self.store.list(caller.tenant), self.ambient.now()
        previous = [key for key in keys if key.status == "previous"]
        dropped = [key for key in previous if not key.needed(now)]
        if len([key for key in previous if key.verifies(now)]) >= MAX_PREVIOUS:
            raise TooMany(f"There are {MAX_PREVIOUS} previous keys in use. Revoke one before rotating again.")
        if len(previous) - len(dropped) >= MAX_KEPT:
            raise TooMany(f"There are {MAX_KEPT} keys that two days of history need. Rotate again when they are over.")
        current = replace(_with_status(keys, "current"), status="previous", current_until=now)
        promoted = replace(_with_status(keys, "next"), status="current", current_since=now)
        following = self.workshop.make(caller.tenant, "next")
        self.store.write(caller.tenant, [current, promoted, following], dropped, done(self.ambient, caller))
        return promoted

    def revoke(self, caller: Caller, kid: str) -> SigningKey:
        """Refuse every token this previous key has signed, from now on. Revoking twice is one revocation.

        The current key and the next cannot be revoked: rotate first.
        """
        key = _named(self.store.list(caller.tenant), kid)
        if key.status != "previous":
            raise Invalid(
                f"The {key.status} signing key cannot be revoked. Rotate first.", code="operation_not_supported"
            )
        if key.revoked:
            return key
        revoked = replace(key, revoked_at=self.ambient.now())
        self.store.write(caller.tenant, [revoked], [], done(self.ambient, caller))
        return revoked

    def current(self, tenant: str) -> SigningKey:
        """Give the key that signs. A tenant without one does not exist."""
        return _with_status(self.store.recall(tenant), "current")

    def verifying(self, tenant: str) -> Sequence[SigningKey]:
        """Give the keys a token may be signed by: what the JWKS shows."""
        return [key for key in self.store.recall(tenant) if key.verifies(self.ambient.now())]


def _named(keys: Sequence[SigningKey], kid: str) -> SigningKey:
    for key in keys:
        if key.kid == kid:
            return key
    raise NotFound("The signing key does not exist.", code="inexistent_signing_key")


def _with_status(keys: Sequence[SigningKey], status: str) -> SigningKey:
    for key in keys:
        if key.status == status:
            return key
    raise Conflict("The tenant has no signing key.")
