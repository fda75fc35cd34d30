"""Signing in with a password: who it is, whether they may enter, and everything that is written when they do.

One transaction writes a sign-in: the counters of the user, the session, the code or refresh token, the event. Its
conditions decide the races: somebody blocked meanwhile does not enter, nor does anybody beyond the limit of attempts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.attempts import LIFE, Counter, counters
from chalicelib.core.errors import Conflict, TooMany
from chalicelib.core.identities import Login
from chalicelib.core.logs import TYPES, LogEvent, done
from chalicelib.core.oauth.codes import AuthorizationCode
from chalicelib.core.oauth.errors import (
    DatabaseUnavailable,
    OAuthError,
    TooManyAttempts,
    UserBlocked,
    WrongPassword,
    recorded,
)
from chalicelib.core.refresh_tokens import RefreshToken
from chalicelib.core.sessions import Session
from chalicelib.core.users import User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.attack_protection import AttackProtection
    from chalicelib.core.attempts import AttemptStore
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.outbox import Waiting
    from chalicelib.core.passwords import PasswordHasher
    from chalicelib.core.places import KnownPlace
    from chalicelib.core.tickets import Ticket
    from chalicelib.core.users import UserStore

_ATTEMPTS = 8
"""Tries of a sign-in whose user signs in elsewhere at the same moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """What is written together when somebody enters. `counted` sign-ins change last_login, last_ip and logins_count.

    `user` is as it was read: the write demands the same generation, and that it is not blocked. `replaced` is the
    session that the browser had before: it ends, so that an id changes with each login (S15). `places`, if they are
    given, take the place of exactly those of `user`, and `letter` tells of a new one, with a link of `ticket`.
    `once` names what must not have happened before, such as coming back from where a rule had led.
    """

    user: User
    at: datetime
    ip: str
    event: LogEvent
    counted: bool
    counters: tuple[Counter, ...] = ()
    upgraded: Login | None = None
    session: Session | None = None
    replaced: Session | None = None
    code: AuthorizationCode | None = None
    refresh_token: RefreshToken | None = None
    places: tuple[KnownPlace, ...] | None = None
    ticket: Ticket | None = None
    letter: Waiting | None = None
    once: str = ""


class SignInStore(Protocol):
    """Where sign-ins are written, and what they read."""

    def look_up(
        self, tenant: str, connection_id: str, name: str, wanted: Sequence[Counter]
    ) -> tuple[Login | None, tuple[Counter, ...]]:
        """Read a sign-in name and its counters of failures together."""

    def write(self, tenant: str, sign_in: SignIn) -> None:
        """Write a sign-in; a conflict if its user changed generation or is gone, TooMany if a counter is full.

        Gone if what may happen once has happened.
        """

    def refuse_blocked(self, tenant: str, sign_in: SignIn) -> None:
        """Count the attempt of a blocked user, who does not enter, with its event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Authenticated:
    """Somebody proven: the user, at which connection, and what the write of the sign-in must still do."""

    user: User
    connection: Connection
    counters: tuple[Counter, ...] = ()
    upgraded: Login | None = None
    methods: tuple[str, ...] = ("pwd",)


class ScriptFailure(Protocol):
    """Why a tenant's own database gave no answer. `counts` says that it may have been about the password."""

    counts: bool

    def told(self, event: LogEvent) -> LogEvent:
        """Say in an event which script failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unproven:
    """Somebody whom a tenant's own database did not let in: `user` has the name here, if anybody has."""

    user: User | None
    failed: ScriptFailure | None = None


class OutsideAccounts(Protocol):
    """Proves people by a tenant's own database."""

    def prove(
        self, caller: Caller, connection: Connection, name: str, password: str, login: Login | None
    ) -> Authenticated | Unproven:
        """Ask by name and password; `login` is what is known here of the name."""


class BlockNotice(Protocol):
    """Tells of a name that is refused from now on."""

    def warn(self, caller: Caller, client: Client | None, connection: Connection, name: str, user: User | None) -> None:
        """Tell whoever signs in by it; it takes as long for a name that nobody has."""


class PlaceNotice(Protocol):
    """Knows from where people sign in, and tells them of a new place."""

    def noticed(self, caller: Caller, sign_in: SignIn) -> SignIn:
        """Give a sign-in with the places its user is known from then, and the letter that tells of a new one."""


@dataclass(frozen=True, slots=True)
class SignIns:
    """Proves people, and records that they entered."""

    store: SignInStore
    attempts: AttemptStore
    users: UserStore
    blocks: BlockNotice
    places: PlaceNotice
    protection: AttackProtection
    hasher: PasswordHasher
    outside: OutsideAccounts
    ambient: Ambient

    def with_password(
        self,
        caller: Caller,
        client: Client | None,
        connection: Connection,
        name: str,
        password: str,
        *,
        failure: str = "fp",
    ) -> Authenticated:
        """Prove somebody by name and password, or raise OAuthError; unknown and known names take as long (S7).

        Two reads: the name with its counters, and the profile. `failure` is the type of the event of a wrong password.
        """
        name = name.strip().lower()
        wanted = counters(connection, name, caller.ip, self.protection.recall(caller.tenant))
        login, counted = self.store.look_up(caller.tenant, connection.id, name, wanted)
        asking = _Attempt(caller, client, connection, name, counted, failure)
        if any(counter.full for counter in counted):
            self.hasher.verify_nobody(password)
            raise self._too_many(asking, login)
        if connection.asks_always or (connection.asks_once and not (login and login.password_hash)):
            return self._proven_outside(asking, login, password)
        # For an unknown name too, so that the time of a read does not tell.
        user = self.users.find(caller.tenant, login.user_id if login else "nobody")
        if login is None or user is None:
            self.hasher.verify_nobody(password)
            raise self._failed(asking, login, None)
        if not self.hasher.verify(login.password_hash, password):
            raise self._failed(asking, login, user)
        if user.blocked:
            raise self._blocked(asking, user)
        return Authenticated(
            user=user, connection=connection, counters=counted, upgraded=self._upgraded(login, password)
        )

    def event(self, caller: Caller, client: Client | None, proven: Authenticated, kind: str) -> LogEvent:
        """Make the event of something that a proven user does with a client, or on a page of ours."""
        event = done(self.ambient, caller, user_id=proven.user.user_id, user_name=name_of(proven.user), type=kind)
        return replace(placed(event, client, proven.connection), description=TYPES[kind])

    def enter(
        self,
        caller: Caller,
        client: Client | None,
        proven: Authenticated,
        session: Session,
        *,
        replaced: Session | None = None,
        code: AuthorizationCode | None = None,
        event: LogEvent | None = None,
    ) -> None:
        """Write the sign-in of a proven user with a new session, or raise OAuthError.

        `event` may be of one that was refused after all: that counts as no login.
        """
        event = event or self.event(caller, client, proven, "s")
        sign_in = SignIn(
            user=proven.user,
            at=self.ambient.now(),
            ip=caller.ip,
            event=event,
            counted=event.type == "s",
            counters=proven.counters,
            upgraded=proven.upgraded,
            session=session,
            replaced=replaced,
            code=code,
        )
        try:
            self.record(caller, sign_in)
        except Conflict:
            raise UserBlocked from None

    def record(self, caller: Caller, sign_in: SignIn) -> None:
        """Write a sign-in, or say why it came too late. Whoever enters from a new place is told (S14)."""
        try:
            if sign_in.counted:
                self._enter(caller, sign_in)
            else:
                self.store.write(caller.tenant, sign_in)
        except TooMany:
            raise TooManyAttempts from None

    def _enter(self, caller: Caller, sign_in: SignIn) -> None:
        """Write it with its place, again if the user signed in elsewhere at this moment: then that is known too.

        Only what a write left of the known places is read again. The generation stays what it was when the password
        was checked.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self.store.write(caller.tenant, self.places.noticed(caller, sign_in))
            except Conflict:
                now = self.users.find(caller.tenant, sign_in.user.user_id)
                if now is None or now.places == sign_in.user.places:
                    raise
                sign_in = replace(sign_in, user=replace(sign_in.user, places=now.places))
        # Rather tell of a place twice than refuse somebody who signs in from many at once.
        return self.store.write(caller.tenant, replace(self.places.noticed(caller, sign_in), places=None))

    def _proven_outside(self, asking: _Attempt, login: Login | None, password: str) -> Authenticated:
        """Prove somebody by the tenant's own database: what it refuses counts like a wrong password."""
        proven = self.outside.prove(asking.caller, asking.connection, asking.name, password, login)
        if isinstance(proven, Authenticated):
            if proven.user.blocked:
                raise self._blocked(asking, proven.user)
            return replace(proven, counters=asking.counters)
        if proven.failed is None:
            raise self._failed(asking, login, proven.user)
        raise self._unanswered(asking, login, proven.user, proven.failed)

    def _unanswered(
        self, asking: _Attempt, login: Login | None, user: User | None, failed: ScriptFailure
    ) -> OAuthError:
        """Refuse because there was no answer, with the script's name in the history."""
        kind = "f" if asking.failure == "fp" else asking.failure
        event = failed.told(asking.event(self.ambient, kind, "", user.user_id if user else ""))
        if not failed.counts:
            self.attempts.fail(asking.caller.tenant, (), self.ambient.now(), event)
            return recorded(DatabaseUnavailable())
        refused = self._counted(asking, login, user, event)
        return recorded(DatabaseUnavailable()) if isinstance(refused, WrongPassword) else refused

    def _upgraded(self, login: Login, password: str) -> Login | None:
        if not self.hasher.outdated(login.password_hash):
            return None
        return replace(login, password_hash=self.hasher.hash(password))

    def _failed(self, asking: _Attempt, login: Login | None, user: User | None) -> OAuthError:
        """Count a failure and say so: one answer for an unknown name and a wrong password.

        The failure after which a name is refused is told to whoever has it, by mail.
        """
        kind, user_id = (asking.failure, user.user_id) if user else ("fu", "")
        return self._counted(asking, login, user, asking.event(self.ambient, kind, WrongPassword.DESCRIPTION, user_id))

    def _counted(self, asking: _Attempt, login: Login | None, user: User | None, event: LogEvent) -> OAuthError:
        try:
            filled = self.attempts.fail(asking.caller.tenant, asking.counters, self.ambient.now() + LIFE, event)
        except TooMany:
            return self._too_many(asking, login)
        if any(counter.name for counter in filled):
            self.blocks.warn(asking.caller, asking.client, asking.connection, asking.name, user)
        return recorded(WrongPassword())

    def _too_many(self, asking: _Attempt, login: Login | None) -> TooManyAttempts:
        of_address = next((counter.full for counter in asking.counters if not counter.name), False)
        kind = "limit_mu" if of_address else "limit_wc"
        event = asking.event(self.ambient, kind, TooManyAttempts.DESCRIPTION, login.user_id if login else "")
        self.attempts.fail(asking.caller.tenant, (), self.ambient.now(), event)
        return recorded(TooManyAttempts())

    def _blocked(self, asking: _Attempt, user: User) -> UserBlocked:
        """Refuse a blocked user who knows the password. The attempt counts as a login, as with Auth0."""
        event = asking.event(self.ambient, "f", UserBlocked.DESCRIPTION, user.user_id)
        refused = SignIn(user=user, at=self.ambient.now(), ip=asking.caller.ip, event=event, counted=True)
        self.store.refuse_blocked(asking.caller.tenant, refused)
        return recorded(UserBlocked())


@dataclass(frozen=True, slots=True)
class _Attempt:
    caller: Caller
    client: Client | None
    connection: Connection
    name: str
    counters: tuple[Counter, ...]
    failure: str

    def event(self, ambient: Ambient, kind: str, why: str, user_id: str) -> LogEvent:
        event = done(ambient, self.caller, user_id=user_id, user_name=self.name[:320], type=kind)
        return replace(placed(event, self.client, self.connection), description=why)


def name_of(user: User) -> str:
    """Give what history calls a user."""
    return user.email or user.username or user.phone_number or user.name or ""


def placed(event: LogEvent, client: Client | None, connection: Connection) -> LogEvent:
    """Say in an event at which connection it was, and for which client."""
    return replace(
        event,
        client_id=client.client_id if client else event.client_id,
        client_name=client.name if client else "",
        connection=connection.name,
        connection_id=connection.id,
        strategy=connection.strategy,
        strategy_type="database" if connection.is_database else "",
    )
