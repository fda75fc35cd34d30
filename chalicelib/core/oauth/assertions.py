"""Signed assertions of clients: method private_key_jwt (RFC 7523, 3; OpenID Connect Core 1.0, 9). Each is good once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core.errors import Conflict
from chalicelib.core.handles import digest
from chalicelib.core.oauth.errors import UnknownClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.client_keys import ClientCredential
    from chalicelib.core.clients import Client
    from chalicelib.core.documents import Document
    from chalicelib.core.hosts import Hosts

LONGEST = timedelta(minutes=5)
"""Between `iat`, or now, and `exp`, as Auth0 demands."""
SKEW = timedelta(seconds=60)
MAX_ASSERTION = 2_048


class AssertionFormat(Protocol):
    """Reads and verifies JSON Web Tokens that clients sign."""

    def unverified_issuer(self, assertion: str) -> str:
        """Read `iss` without proof; empty when there is none."""

    def verify(self, assertion: str, credentials: Sequence[ClientCredential]) -> Document | None:
        """Give the claims if one of the credentials signed it, else None."""


class AssertionStore(Protocol):
    """Remembers what was used."""

    def use(self, tenant: str, digest: str, until: datetime) -> None:
        """Remember an assertion until it expires; a conflict if it is remembered already."""


@dataclass(frozen=True, slots=True)
class Assertions:
    """Believes or refuses assertions."""

    format: AssertionFormat
    store: AssertionStore
    hosts: Hosts
    ambient: Ambient

    def client_id(self, assertion: str) -> str:
        """Read whom an assertion claims to be, unproven."""
        return self.format.unverified_issuer(assertion) if len(assertion) <= MAX_ASSERTION else ""

    def check(self, tenant: str, client: Client, assertion: str) -> None:
        """Accept an assertion of this client for this tenant, once, or raise UnknownClient."""
        now = self.ambient.now()
        good = [each for each in client.credentials if each.expires_at is None or each.expires_at > now]
        claims = self.format.verify(assertion, good) if len(assertion) <= MAX_ASSERTION else None
        if claims is None:
            raise UnknownClient("the assertion is not signed by a credential of the client")
        if not (claims.get("iss") == claims.get("sub") == client.client_id):
            raise UnknownClient("the assertion is not about the client")
        issuer = self.hosts.issuer(tenant)
        audiences = claims.get("aud")
        named = audiences if isinstance(audiences, list) else [audiences]
        if not {issuer, f"{issuer}oauth/token"} & {each for each in named if isinstance(each, str)}:
            raise UnknownClient("the assertion is for somebody else")
        self._spend(tenant, client, claims, _ends(claims, now))

    def _spend(self, tenant: str, client: Client, claims: Document, ends: datetime) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 1 <= len(jti) <= 64:
            raise UnknownClient("the assertion has no jti")
        try:
            self.store.use(tenant, digest(f"{client.client_id}|{jti}"), ends)
        except Conflict:
            raise UnknownClient("the assertion was used before") from None


def _ends(claims: Document, now: datetime) -> datetime:
    expires, issued, begins = (_moment(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or expires <= now - SKEW or expires > now + LONGEST + SKEW:
        raise UnknownClient("the assertion has expired, or lives too long")
    if any(each is not None and each > now + SKEW for each in (issued, begins)):
        raise UnknownClient("the assertion is not good yet")
    return expires + SKEW


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 35:
        return None
    return datetime.fromtimestamp(value, UTC)
