"""Refresh tokens: device credentials that give new access tokens. Owns their life: rotation, reuse, leeway, ends.

A rotating token changes with each use. Every secret it ever had leads to the same item, so the use of one that was
replaced is seen, and ends all of them (RFC 9700, 4.14.2; S26). Of two uses at once, the database lets one win.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.browsers import browser_parts
from chalicelib.core.device_credentials import DeviceCredential
from chalicelib.core.errors import NotFound
from chalicelib.core.handles import SECRET_CHARACTERS, Handle
from chalicelib.core.logs import done
from chalicelib.core.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.paging import Page, PageRequest
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
    def id(self) -> str:
        """The id of its credential."""
        return self.credential.id

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

    def find(self, tenant: str, token_id: str) -> RefreshToken | None:
        """Find one by its id alone."""

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[RefreshToken]:
        """Read all of a user in order of id, lazily."""

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

    def get(self, caller: Caller, token_id: str) -> RefreshToken:
        """Give one refresh token of the tenant."""
        token = self.store.find(caller.tenant, token_id)
        if token is None or not self._stands(caller.tenant, token):
            raise _missing()
        return token

    def list_for_user(self, caller: Caller, user_id: str, request: PageRequest) -> Page[RefreshToken]:
        """List the refresh tokens of a user that are not over."""
        tokens = list(self.store.walk_for_user(caller.tenant, user_id))
        user, _ = self.store.with_user(caller.tenant, user_id, "none") if tokens else (None, None)
        generation, now = user.generation if user else -1, self.ambient.now()
        alive = (each for each in tokens if each.generation == generation and each.alive(now))
        return cut((each for each in alive if each.id > (request.start_after or "")), request, "id")

    def delete(self, caller: Caller, token_id: str) -> None:
        """End one refresh token of the tenant."""
        token = self.store.find(caller.tenant, token_id)
        if token is None:
            raise _missing()
        event = done(self.ambient, caller, user_id=token.credential.user_id)
        self.store.revoke(caller.tenant, token, event)

    def delete_for_user(self, caller: Caller, user_id: str, *, session_id: str | None = None) -> None:
        """End the refresh tokens of a user, one by one, or those that came of one session. Sessions stay."""
        for token in list(self.store.walk_for_user(caller.tenant, user_id)):
            if session_id in {None, token.session_id}:
                self.store.revoke(caller.tenant, token, done(self.ambient, caller, user_id=user_id))

    def _stands(self, tenant: str, token: RefreshToken) -> bool:
        user, _ = self.store.with_user(tenant, token.credential.user_id, token.id)
        return user is not None and user.generation == token.generation and token.alive(self.ambient.now())

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


def _missing() -> NotFound:
    return NotFound("The refresh token does not exist.", code="inexistent_refresh_token")


def device_name(given: str | None, user_agent: str) -> str:
    """Call a device what it says it is, or what its user agent tells, such as "Firefox on Windows"."""
    told = " on ".join(part for part in browser_parts(user_agent) if part)
    return (given or told or "Unknown device")[:200]
