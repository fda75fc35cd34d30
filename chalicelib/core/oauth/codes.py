"""Authorization codes: what an application exchanges for tokens, once, within a minute (RFC 9700, 2.1.1; S23).

A spent code is kept for an hour, so that a second use is seen and ends what the first one gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.impersonation import Impersonation
from chalicelib.core.oauth.custom_claims import NO_CLAIMS, CustomClaims

if TYPE_CHECKING:
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.refresh_tokens import RefreshToken
    from chalicelib.core.users import User

LIVES = timedelta(seconds=60)
REMEMBERED = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizationCode:
    """One code, by the digest of its secret, with what it is bound to. `grant_id` names everything it leads to."""

    digest: str
    grant_id: str
    client_id: str
    user_id: str
    generation: int
    connection_id: str
    redirect_uri: str
    scope: str
    audience: str
    nonce: str
    code_challenge: str
    session_id: str
    authenticated_at: datetime
    with_auth_time: bool
    device_name: str
    created_at: datetime
    methods: tuple[str, ...] = ("pwd",)
    refresh_token_id: str = ""
    impersonation: Impersonation | None = None
    claims: CustomClaims = NO_CLAIMS

    def alive(self, now: datetime) -> bool:
        """Whether it may still be exchanged."""
        return now < self.created_at + LIVES


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """What is written together when a code is exchanged. `impersonator` is the profile of whoever acts as the user."""

    code: AuthorizationCode
    user: User
    event: LogEvent
    refresh_token: RefreshToken | None = None
    impersonator: User | None = None


class CodeStore(Protocol):
    """Where codes lie: by digest, so that the secret finds its item and the item tells nothing."""

    def find(self, tenant: str, digest: str) -> tuple[AuthorizationCode, bool] | None:
        """Read a code, and whether it is spent."""

    def spend(self, tenant: str, exchange: Exchange) -> None:
        """Spend it with one conditional write; Gone if it is spent, a conflict if its user's generation is over."""

    def revoke(self, tenant: str, code: AuthorizationCode, until: datetime, event: LogEvent) -> None:
        """End what a code gave: its refresh token, and until then its opaque access tokens."""

    def with_user(self, tenant: str, user_id: str, grant_id: str) -> tuple[User | None, bool]:
        """Read a user, and whether what a code gave was ended."""
