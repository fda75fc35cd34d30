"""Impersonation: what a link is that signs somebody in as somebody else, once, and what it leads to.

A link is 258 random bits of which only the digest is kept. It is spent by one conditional write. What it gives (a code,
a token) names the impersonator for ever, belongs to no browser session, and stands only as long as the link does:
ending the link, or blocking or deleting either person, ends it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core.documents import Document
from chalicelib.core.handles import digest
from chalicelib.core.oauth.requests import AuthorizeRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.core.client_grants import ClientGrant
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.oauth.codes import AuthorizationCode
    from chalicelib.core.outbox import Waiting
    from chalicelib.core.users import User

SCOPE = "create:impersonation_links"
"""What a Management token needs to make a link. Auth0 has no such scope: the name is ours."""
PENDING, USED, ENDED, EXPIRED, REVOKED = "pending", "used", "ended", "expired", "revoked"
ANSWERED_WITHIN = timedelta(minutes=2)
"""How long an application may take, after a link led to it, until it asks /authorize."""
KEPT_FOR = timedelta(days=2)
"""After its end a link is listed for as long as history is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Impersonation:
    """Whose hand it is that acts as the user: what a code and a token carry. `generation` is the impersonator's."""

    link_id: str
    digest: str
    impersonator_id: str
    email: str
    generation: int
    ends_at: datetime
    hidden_claims: tuple[str, ...] = ()

    def claims(self) -> Document:
        """Say it in a token, in Auth0's words and in those of RFC 8693, 4.1."""
        return {
            "impersonated": True,
            "impersonator": {"user_id": self.impersonator_id, "email": self.email},
            "act": {"sub": self.impersonator_id},
        }

    def document(self) -> Document:
        """Give what is sealed into a token."""
        return {
            "link_id": self.link_id,
            "digest": self.digest,
            "impersonator_id": self.impersonator_id,
            "email": self.email,
            "generation": self.generation,
            "ends_at": self.ends_at.timestamp(),
            "hidden_claims": list(self.hidden_claims),
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Impersonation:
        """Read what `document` gave."""
        ends_at = datetime.fromtimestamp(document["ends_at"], UTC)
        return cls(**{**document, "ends_at": ends_at, "hidden_claims": tuple(document["hidden_claims"])})


@dataclass(frozen=True, kw_only=True, slots=True)
class ImpersonationLink:
    """One link. `issuer` is the client that had it made; it may be used only while that client could make it again.

    `request` is what a classic link answers, unasked, as Auth0's did; None leads to the application, which asks.
    `ends_at` is when what it gave ends, once it is used. `answer_hash` is the digest of what a browser holds that has
    still to be answered.
    """

    id: str
    digest: str
    user_id: str
    user_name: str
    impersonator_id: str
    impersonator_email: str
    client_id: str
    client_name: str
    connection_id: str
    issuer: str
    reason: str
    confirm: bool
    request: AuthorizeRequest | None
    created_at: datetime
    expires_at: datetime
    state: str = PENDING
    used_at: datetime | None = None
    ended_at: datetime | None = None
    ends_at: datetime | None = None
    answer_hash: str = ""

    @property
    def is_classic(self) -> bool:
        """Whether it answers the application unasked."""
        return self.request is not None

    def state_at(self, now: datetime) -> str:
        """Say what has become of it, whether or not the sweep has come by."""
        if self.state == PENDING and now >= self.expires_at:
            return EXPIRED
        if self.state == USED and self.ends_at is not None and now >= self.ends_at:
            return ENDED
        return self.state

    def waits_for(self, secret: str, now: datetime) -> bool:
        """Whether a browser that holds `secret` has still to be answered."""
        waiting = self.state == USED and bool(self.answer_hash) and self.used_at is not None
        return (
            waiting
            and hmac.compare_digest(self.answer_hash, digest(secret))
            and now < (self.used_at or now) + ANSWERED_WITHIN
        )

    def carried(self, impersonator: User, ends_at: datetime, hidden_claims: tuple[str, ...]) -> Impersonation:
        """Give what goes into codes and tokens."""
        return Impersonation(
            link_id=self.id,
            digest=self.digest,
            impersonator_id=self.impersonator_id,
            email=self.impersonator_email,
            generation=impersonator.generation,
            ends_at=ends_at,
            hidden_claims=hidden_claims,
        )

    def told(self, event: LogEvent) -> LogEvent:
        """Say in an event which link it is about: who as whom, where, and why."""
        about = {
            "link_id": self.id,
            "impersonator": {"user_id": self.impersonator_id, "email": self.impersonator_email},
            "reason": self.reason,
        }
        return replace(
            event,
            user_id=self.user_id,
            user_name=self.user_name,
            client_id=self.client_id,
            client_name=self.client_name,
            connection_id=self.connection_id,
            details={**event.details, "impersonation": about},
        )


def marked(event: LogEvent, impersonation: Impersonation | None) -> LogEvent:
    """Say in the event of something done as the user whose hand it was (S38)."""
    if impersonation is None:
        return event
    impersonator = {"user_id": impersonation.impersonator_id, "email": impersonation.email}
    about = {"link_id": impersonation.link_id, "impersonator": impersonator}
    return replace(event, details={**event.details, "impersonation": about})


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """Everything the use of a link depends on, read at once. What is None is gone.

    `issuer` and `grant` are the client that had it made and its permission on the Management API.
    """

    user: User | None
    impersonator: User | None
    client: Client | None
    connection: Connection | None
    issuer: Client | None
    grant: ClientGrant | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Redeemed:
    """What is written together when a link is spent, or when the browser that spent it is answered.

    Both profiles are as they were read: the write demands that neither was blocked, nor changed generation.
    """

    link: ImpersonationLink
    user: User
    impersonator: User
    event: LogEvent
    used_at: datetime
    ends_at: datetime
    answer_hash: str = ""
    code: AuthorizationCode | None = None
    letter: Waiting | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Whether what a link gave is still good: both people, the link, and whether its code was used twice."""

    user: User | None
    impersonator: User | None
    link: ImpersonationLink | None
    revoked: bool

    def holds(self, impersonation: Impersonation, now: datetime) -> bool:
        """Whether the impersonator may still act: neither person's generation nor the link is over."""
        by, link = self.impersonator, self.link
        if by is None or by.blocked or by.generation != impersonation.generation or self.revoked:
            return False
        return link is not None and link.state == USED and now < impersonation.ends_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A pending link whose time is over, of any tenant."""

    tenant: str
    link: ImpersonationLink


class ImpersonationStore(Protocol):
    """Where links lie: by the digest of their secret; and, by id, with their user."""

    def people(self, tenant: str, user_id: str, impersonator_id: str) -> tuple[User | None, User | None]:
        """Read both profiles together."""

    def make(self, tenant: str, link: ImpersonationLink, people: tuple[User, User], event: LogEvent) -> None:
        """Write a link, while nobody blocked either person since they were read."""

    def find(self, tenant: str, digest: str) -> ImpersonationLink | None:
        """Find one by the digest of its secret."""

    def find_for_user(self, tenant: str, user_id: str, link_id: str) -> ImpersonationLink | None:
        """Find one of a user by its id."""

    def walk_for_user(self, tenant: str, user_id: str, start_after: str | None) -> Iterator[ImpersonationLink]:
        """Read those of a user, the newest first, lazily."""

    def circumstances(self, tenant: str, link: ImpersonationLink, audience: str) -> Circumstances:
        """Read together what the use of a link depends on; `audience` is the Management API's."""

    def spend(self, tenant: str, redeemed: Redeemed) -> None:
        """Spend it with one conditional write; Gone if it is not pending, a conflict if either person changed."""

    def answer(self, tenant: str, redeemed: Redeemed) -> None:
        """Answer the browser that spent it, once; Gone if it was answered or ended."""

    def close(self, tenant: str, link: ImpersonationLink, state: str, at: datetime, event: LogEvent) -> None:
        """Revoke a pending link, or end a used one, over exactly the state that was read; Gone if it changed."""

    def refuse(self, tenant: str, link: ImpersonationLink, event: LogEvent, *, gone: frozenset[str]) -> None:
        """Write into both histories that a use was refused; those who are gone have none."""

    def standing(self, tenant: str, user_id: str, impersonation: Impersonation, grant_id: str) -> Standing:
        """Read together what decides whether a token is still good."""

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Give the pending links of all tenants whose time is over, the oldest first."""

    def expire(self, over: Sequence[tuple[Due, LogEvent]]) -> None:
        """Mark up to 25 links as expired, with their events, all or none; Gone if one is not pending any more."""

    def forget(self, due: Due) -> None:
        """Take a link that is not pending any more from the list of those that expire."""
