"""ID tokens that somebody brings to prove that an account is theirs too. Owns whether one is to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.errors import Invalid, Unauthenticated
from chalicelib.core.oauth.tokens import MAX_TOKEN

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.documents import Document
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.oauth.tokens import TokenFormat
    from chalicelib.core.signing_keys import SigningKeys

_OF_OTHERS = frozenset({"azp", "scope", "act"})
"""Access tokens have the first two (S29); `act` says that somebody else holds the account for a while (S39)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proven:
    """Whose account it is, and which generation of the user the token belongs to."""

    user_id: str
    generation: int


@dataclass(frozen=True, slots=True)
class IdTokens:
    """Believes or refuses ID tokens."""

    format: TokenFormat
    signing_keys: SigningKeys
    hosts: Hosts
    ambient: Ambient

    def check(self, tenant: str, token: str, client_id: str) -> Proven:
        """Say whose an ID token is that this tenant gave a client and that has not expired, or raise Invalid.

        One answer for all reasons; which it was is for the log.
        """
        try:
            claims = self.format.verify(token, self.signing_keys.verifying(tenant)) if len(token) <= MAX_TOKEN else {}
        except Unauthenticated as error:
            raise refused(error.detail) from None
        user_id, generation, expires = claims.get("sub"), claims.get("gen"), claims.get("exp")
        if not isinstance(user_id, str) or not isinstance(generation, int) or not isinstance(expires, int):
            raise refused("no ID token of ours")
        self._demand(tenant, claims, client_id)
        if expires <= self.ambient.now().timestamp():
            raise refused("expired")
        return Proven(user_id=user_id, generation=generation)

    def _demand(self, tenant: str, claims: Document, client_id: str) -> None:
        if claims.get("iss") != self.hosts.issuer(tenant) or not client_id or claims.get("aud") != client_id:
            raise refused("issuer or client")
        if not _OF_OTHERS.isdisjoint(claims):
            raise refused("another kind of token")


def refused(why: str) -> Invalid:
    """Say that a token proves nothing; why, is for the log."""
    message = "link_with must be an ID token of this tenant that has not expired, for the client of the access token."
    return Invalid(message, detail=why)
