"""Seals: what Gatehouse gives away and must get back unread and unchanged, without storing it.

A sign-in under way, an opaque access token, a mail that waits to be sent. Encrypted and authenticated for one tenant
and one purpose, with an end. The key follows from the tenant's signing key, so there is no other secret to keep; what
is sealed outlives a rotation and ends with a revocation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core.documents import Document

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.signing_keys import SigningKey, SigningKeys

MAX_SEALED = 16_384
"""Characters that are looked at; a longer text is none of ours."""


class SealFormat(Protocol):
    """Encrypts and decrypts with a key that follows from a signing key."""

    def seal(self, tenant: str, key: SigningKey, purpose: str, document: Document) -> str:
        """Give the document as text of `A-Za-z0-9_.-`."""

    def open(self, tenant: str, key: SigningKey, purpose: str, text: str) -> dict[str, Any] | None:
        """Give the document back; None if it was not sealed with this key, for this tenant and purpose."""


@dataclass(frozen=True, slots=True)
class Seals:
    """Seals and opens."""

    format: SealFormat
    signing_keys: SigningKeys
    ambient: Ambient

    def seal(self, tenant: str, purpose: str, document: Document, lifetime: timedelta) -> str:
        """Seal a document until `lifetime` from now."""
        key = self.signing_keys.current(tenant)
        ends = int((self.ambient.now() + lifetime).timestamp())
        return f"{key.kid}.{self.format.seal(tenant, key, purpose, {**document, '_ends': ends})}"

    def open(self, tenant: str, purpose: str, text: str) -> dict[str, Any] | None:
        """Give what was sealed; None if it is not ours, was changed, is for another purpose, or has ended."""
        kid, dot, sealed = text.partition(".")
        if not dot or len(text) > MAX_SEALED:
            return None
        key = next((key for key in self.signing_keys.verifying(tenant) if key.kid == kid), None)
        document = self.format.open(tenant, key, purpose, sealed) if key else None
        if document is None or document.pop("_ends") <= self.ambient.now().timestamp():
            return None
        return document
