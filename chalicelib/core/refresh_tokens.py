"""Refresh tokens: device credentials that give new access tokens. Owns their life: rotation, reuse, leeway, ends.

A rotating token changes with each use. Every secret it ever had leads to the same item, so the use of one that was
replaced is seen, and ends all of them (RFC 9700, 4.14.2; S26). Of two uses at once, the database lets one win.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.device_credentials import DeviceCredential
from chalicelib.core.handles import SECRET_CHARACTERS, Handle

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.clients import Client
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.users import User

ROTATING = "rotating_refresh_token"
PLAIN = "refresh_token"
REMEMBERED = 20
"""Replaced secrets that are kept by digest. One that is older is reuse like any that is not the newest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenSecret:
    """The digest of one secret a token had, and when the next one replaced it."""

    digest: str
    replaced_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshToken:
    """One refresh token, all its rotations. `credential` is what lists show; `expires_at` there is its nearer end."""

    credential: DeviceCredential
    secrets: tuple[TokenSecret, ...]
    generation: int
    connection_id: str
    scope: str
    audience: str
    session_id: str
    authenticated_at: datetime
    ends_at: datetime | None
    ip: str = ""
    user_agent: str = ""
    version: int = 0

    @property
    def rotates(self) -> bool:
        """Whether each use replaces it."""
        return self.credential.type == ROTATING

    def alive(self, now: datetime) -> bool:
        """Whether neither of its ends has come (S27)."""
        return self.credential.expires_at is None or now < self.credential.expires_at

    def knows(self, handle: Handle) -> bool:
        """Whether the secret is one this token has or had."""
        return sum(hmac.compare_digest(secret.digest, handle.digest) for secret in self.secrets) > 0

    def accepts(self, handle: Handle, now: datetime, leeway: timedelta) -> bool:
        """Whether the secret is the newest, or was replaced less than `leeway` ago."""
        for secret in self.secrets:
            if hmac.compare_digest(secret.digest, handle.digest):
                return secret.replaced_at is None or now - secret.replaced_at < leeway
        return False


@dataclass(frozen=True, slots=True)
class TokenLife:
    """How long the tokens of a client live; None is for ever."""

    idle: timedelta | None
    absolute: timedelta | None
    leeway: timedelta
    rotates: bool

    @classmethod
    def of(cls, client: Client) -> TokenLife:
        """Read a client's `refresh_token` settings. A rotating token always ends some day (S27)."""
        settings = client.refresh_token
        rotates = settings["rotation_type"] == "rotating"
        expires = rotates or settings["expiration_type"] == "expiring"
        idle_for_ever, for_ever = settings["infinite_idle_token_lifetime"], settings["infinite_token_lifetime"]
        return cls(
            idle=timedelta(seconds=settings["idle_token_lifetime"]) if expires and not idle_for_ever else None,
            absolute=timedelta(seconds=settings["token_lifetime"]) if expires and (rotates or not for_ever) else None,
            leeway=timedelta(seconds=settings["leeway"]),
            rotates=rotates,
        )

    def nearer_end(self, now: datetime, ends_at: datetime | None) -> datetime | None:
        """Give when a token that is used now expires next."""
        ends = [end for end in (ends_at, now + self.idle if self.idle else None) if end is not None]
        return min(ends, default=None)


class RefreshTokenStore(Protocol):
    """Where refresh tokens lie: with their user, among the device credentials."""

    def with_user(self, tenant: str, user_id: str, token_id: str) -> tuple[User | None, RefreshToken | None]:
        """Read a token and its user together."""

    def use(self, tenant: str, token: RefreshToken, user: User, event: LogEvent) -> None:
        """Write what a use changed over the version that was read, while the user's generation is the same."""

    def revoke(self, tenant: str, token: RefreshToken, event: LogEvent) -> None:
        """Remove one; removing it twice is one removal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenTerms:
    """What a new refresh token is for."""

    scope: str
    audience: str
    session_id: str
    connection_id: str
    authenticated_at: datetime
    device_name: str
    ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Makes refresh tokens and changes them; the token endpoint decides who gets one."""

    store: RefreshTokenStore
    ambient: Ambient

    def begin(self, user: User, client: Client, terms: TokenTerms) -> tuple[RefreshToken, str]:
        """Make a token that is not stored yet, and its text."""
        now, life = self.ambient.now(), TokenLife.of(client)
        handle = Handle(user.user_id, f"dcr_{self.ambient.new_id(24)}", self.ambient.new_secret(SECRET_CHARACTERS))
        ends_at = now + life.absolute if life.absolute else None
        credential = DeviceCredential(
            id=handle.id,
            user_id=user.user_id,
            client_id=client.client_id,
            device_name=terms.device_name,
            type=ROTATING if life.rotates else PLAIN,
            created_at=now,
            expires_at=life.nearer_end(now, ends_at),
        )
        token = RefreshToken(
            credential=credential,
            secrets=(TokenSecret(digest=handle.digest),),
            generation=user.generation,
            connection_id=terms.connection_id,
            scope=terms.scope,
            audience=terms.audience,
            session_id=terms.session_id,
            authenticated_at=terms.authenticated_at,
            ends_at=ends_at,
            ip=terms.ip,
            user_agent=terms.user_agent,
        )
        return token, str(handle)

    def used(self, token: RefreshToken, client: Client, handle: Handle) -> tuple[RefreshToken, str]:
        """Give a token as it is after a use now, and its text: another one if it rotates."""
        now, life = self.ambient.now(), TokenLife.of(client)
        credential = replace(token.credential, last_used=now, expires_at=life.nearer_end(now, token.ends_at))
        if not token.rotates:
            return replace(token, credential=credential), str(handle)
        following = replace(handle, secret=self.ambient.new_secret(SECRET_CHARACTERS))
        earlier = [
            replace(secret, replaced_at=now)
            if secret.replaced_at is None and hmac.compare_digest(secret.digest, handle.digest)
            else secret
            for secret in token.secrets
        ]
        secrets = (TokenSecret(digest=following.digest), *earlier)[: REMEMBERED + 1]
        return replace(token, credential=credential, secrets=secrets), str(following)


def device_name(given: str | None, user_agent: str) -> str:
    """Call a device what it says it is, or what its user agent tells: the words before the first parenthesis."""
    return (given or user_agent.partition(" (")[0] or "Unknown device")[:200]
