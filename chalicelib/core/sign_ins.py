"""Signing in with a password: who it is, whether they may enter, and everything that is written when they do.

One transaction writes a sign-in: the counters of the user, the session, the code or refresh token, the event. Its
conditions decide the races: somebody blocked meanwhile does not enter, nor does anybody beyond the limit of attempts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.attempts import LIFE, Counter, counters
from chalicelib.core.errors import TooMany
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
    from chalicelib.core.attempts import AttemptStore
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.passwords import PasswordHasher
    from chalicelib.core.users import UserStore


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    """What is written together when somebody enters. `counted` sign-ins change last_login, last_ip and logins_count.

    `user` is as it was read: the write demands the same generation, and that it is not blocked. `replaced` is the
    session that the browser had before: it ends, so that an id changes with each login (S15). `once` names what must
    not have happened before, such as coming back from where a rule had led.
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

    def warn(self, caller: Caller, client: Client, connection: Connection, name: str, user: User | None) -> None:
        """Tell whoever signs in by it; it takes as long for a name that nobody has."""


@dataclass(frozen=True, slots=True)
class SignIns:
    """Proves people, and records that they entered."""

    store: SignInStore
    attempts: AttemptStore
    users: UserStore
    blocks: BlockNotice
    hasher: PasswordHasher
    outside: OutsideAccounts
    ambient: Ambient

    def with_password(
        self, caller: Caller, client: Client, connection: Connection, name: str, password: str
    ) -> Authenticated:
        """Prove somebody by name and password, or raise OAuthError; unknown and known names take as long (S7).

        Two reads: the name with its counters, and the profile.
        """
        name = name.strip().lower()
        login, counted = self.store.look_up(caller.tenant, connection.id, name, counters(connection, name, caller.ip))
        asking = _Attempt(caller, client, connection, name, counted)
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

    def event(self, caller: Caller, client: Client, proven: Authenticated, kind: str) -> LogEvent:
        """Make the event of something that a proven user does with a client."""
        event = done(self.ambient, caller, user_id=proven.user.user_id, user_name=name_of(proven.user), type=kind)
        return replace(placed(event, client, proven.connection), description=TYPES[kind])

    def record(self, tenant: str, sign_in: SignIn) -> None:
        """Write a sign-in, or say why it came too late."""
        try:
            self.store.write(tenant, sign_in)
        except TooMany:
            raise TooManyAttempts from None

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
        event = failed.told(asking.event(self.ambient, "f", "", user.user_id if user else ""))
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
        kind, user_id = ("fp", user.user_id) if user else ("fu", "")
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
    client: Client
    connection: Connection
    name: str
    counters: tuple[Counter, ...]

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
