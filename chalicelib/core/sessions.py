"""Sessions: a browser's sign-in, which lets further applications in without a password.

A session ends when it was idle for too long, when its time is up, when it is ended, and with the generation of its
user: blocking somebody or changing a password ends every session and refresh token at once, however many there are. The
browser holds a handle; only the digest of its secret is stored (S15).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.errors import NotFound
from chalicelib.core.handles import SECRET_CHARACTERS, Handle, parse
from chalicelib.core.logs import done
from chalicelib.core.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connection
    from chalicelib.core.documents import Document
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.users import User
    from chalicelib.core.work import Work


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One browser's sign-in. `methods` are those of authentication, such as `pwd` (RFC 8176)."""

    id: str
    user_id: str
    secret_hash: str
    generation: int
    connection_id: str
    created_at: datetime
    authenticated_at: datetime
    touched_at: datetime
    idle_expires_at: datetime
    expires_at: datetime
    methods: tuple[str, ...] = ("pwd",)
    clients: tuple[str, ...] = ()
    ip: str = ""
    user_agent: str = ""
    last_ip: str = ""
    last_user_agent: str = ""
    stored: bool = False

    def alive(self, now: datetime) -> bool:
        """Whether neither of its ends has come (S17)."""
        return now < min(self.idle_expires_at, self.expires_at)


class SessionStore(Protocol):
    """Where sessions lie: with their user."""

    def with_user(self, tenant: str, user_id: str, session_id: str) -> tuple[User | None, Session | None]:
        """Read a session and its user together."""

    def find(self, tenant: str, session_id: str) -> Session | None:
        """Find one by its id alone."""

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[Session]:
        """Read all of a user in order of id, lazily."""

    def end(self, tenant: str, session: Session, event: LogEvent) -> None:
        """Remove one; removing it twice is one removal."""

    def purge(self, work: Work, limit: int) -> bool:
        """Remove up to `limit` sessions and refresh tokens of generations that are over; say whether none is left."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions of a tenant live."""

    idle: timedelta
    absolute: timedelta

    @classmethod
    def of(cls, settings: Document) -> Lifetimes:
        """Read a tenant's settings, which have hours."""
        return cls(timedelta(hours=settings["idle_session_lifetime"]), timedelta(hours=settings["session_lifetime"]))


@dataclass(frozen=True, slots=True)
class Sessions:
    """What can be done with sessions."""

    store: SessionStore
    ambient: Ambient

    def begin(self, caller: Caller, user: User, connection: Connection, lifetimes: Lifetimes) -> tuple[Session, Handle]:
        """Make a session that is not stored yet, and the handle for the browser."""
        now, session_id = self.ambient.now(), f"ses_{self.ambient.new_id(24)}"
        handle = Handle(user.user_id, session_id, self.ambient.new_secret(SECRET_CHARACTERS))
        session = Session(
            id=session_id,
            user_id=user.user_id,
            secret_hash=handle.digest,
            generation=user.generation,
            connection_id=connection.id,
            created_at=now,
            authenticated_at=now,
            touched_at=now,
            idle_expires_at=now + lifetimes.idle,
            expires_at=now + lifetimes.absolute,
            ip=caller.ip,
            user_agent=caller.user_agent[:512],
            last_ip=caller.ip,
            last_user_agent=caller.user_agent[:512],
        )
        return session, handle

    def renewed(self, caller: Caller, session: Session, generation: int) -> tuple[Session, Handle]:
        """Give a session as it goes on under another id and secret (S15), not stored yet, and its new handle.

        Its absolute end stays, and so does when and how its user proved who they are.
        """
        now, session_id = self.ambient.now(), f"ses_{self.ambient.new_id(24)}"
        handle = Handle(session.user_id, session_id, self.ambient.new_secret(SECRET_CHARACTERS))
        following = replace(
            session,
            id=session_id,
            secret_hash=handle.digest,
            generation=generation,
            touched_at=now,
            last_ip=caller.ip,
            last_user_agent=caller.user_agent[:512],
            stored=False,
        )
        return following, handle

    def touched(self, caller: Caller, session: Session, client_id: str, lifetimes: Lifetimes) -> Session:
        """Give a session as it is after a client used it now. Idling begins anew; the absolute end stays."""
        now = self.ambient.now()
        return replace(
            session,
            touched_at=now,
            idle_expires_at=now + lifetimes.idle,
            clients=tuple(dict.fromkeys((*session.clients, client_id))),
            last_ip=caller.ip,
            last_user_agent=caller.user_agent[:512],
        )

    def held(self, tenant: str, cookie: str) -> tuple[User, Session] | None:
        """Find the session a browser holds, and its user; None if it is over, or was never ours.

        A blocked user comes back with the session, whose generation is over: the caller has to say why nobody enters.
        """
        handle = parse(cookie)
        if handle is None:
            return None
        user, session = self.store.with_user(tenant, handle.user_id, handle.id)
        if user is None or session is None or not handle.proves(session.secret_hash):
            return None
        over = not session.alive(self.ambient.now()) or session.generation != user.generation
        return None if over and not user.blocked else (user, session)

    def end_held(self, caller: Caller, cookie: str) -> Session | None:
        """Sign a browser out. Gives the session that was ended, if there was one."""
        found = self.held(caller.tenant, cookie)
        if found is None:
            return None
        user, session = found
        event = done(self.ambient, caller, user_id=user.user_id, user_name=user.email or "", type="slo")
        self.store.end(caller.tenant, session, event)
        return session

    def get(self, caller: Caller, session_id: str) -> Session:
        """Give one session of the tenant."""
        session = self.store.find(caller.tenant, session_id)
        if session is None or not self._stands(caller.tenant, session):
            raise _missing()
        return session

    def list_for_user(self, caller: Caller, user_id: str, request: PageRequest) -> Page[Session]:
        """List the sessions of a user that are not over."""
        now, sessions = self.ambient.now(), list(self.store.walk_for_user(caller.tenant, user_id))
        generation = self._generation(caller.tenant, sessions[0]) if sessions else 0
        alive = [each for each in sessions if each.alive(now) and each.generation == generation]
        after = request.start_after or ""
        return cut((each for each in alive if each.id > after), request, "id")

    def delete(self, caller: Caller, session_id: str) -> None:
        """End one session of the tenant."""
        session = self.store.find(caller.tenant, session_id)
        if session is None:
            raise _missing()
        self.store.end(caller.tenant, session, done(self.ambient, caller, user_id=session.user_id))

    def delete_for_user(self, caller: Caller, user_id: str) -> None:
        """End every session of a user, one by one. Refresh tokens stay."""
        for session in list(self.store.walk_for_user(caller.tenant, user_id)):
            self.store.end(caller.tenant, session, done(self.ambient, caller, user_id=user_id))

    def _stands(self, tenant: str, session: Session) -> bool:
        return session.alive(self.ambient.now()) and session.generation == self._generation(tenant, session)

    def _generation(self, tenant: str, session: Session) -> int:
        user, _ = self.store.with_user(tenant, session.user_id, session.id)
        return user.generation if user else -1


def _missing() -> NotFound:
    return NotFound("The session does not exist.", code="inexistent_session")
