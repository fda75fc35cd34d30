"""Users: people and their profiles. Owns what a profile holds and who may change which part of it.

Limits: a profile is at most 380,000 bytes of JSON, its metadata 16 levels deep; a user id at most 255 characters.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core import accounts, identities
from chalicelib.core.attack_protection import SIGN_UP
from chalicelib.core.credentials import remembers
from chalicelib.core.documents import Document, check, merge, size_of
from chalicelib.core.entities import retrying
from chalicelib.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from chalicelib.core.identities import Identity, Login, PasswordHistory
from chalicelib.core.logs import done, happened
from chalicelib.core.places import KnownPlace
from chalicelib.core.roles import BLOCK_USERS
from chalicelib.core.work import GENERATION, USER, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.credentials import Credentials
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.outbox import Outbox, Waiting
    from chalicelib.core.tickets import Issue, MailedIssue

MAX_BYTES = 380_000
"""Of a profile: DynamoDB holds 400 KB in an item, and a sign-in's counters and keys need room."""
MAX_USER_ID = 255
ROOT_ATTRIBUTES = ("name", "given_name", "family_name", "nickname", "picture")
RESERVED_APP_METADATA = frozenset(
    [
        "__tenant",
        "_id",
        "blocked",
        "clientID",
        "created_at",
        "email",
        "email_verified",
        "globalClientID",
        "global_client_id",
        "identities",
        "lastIP",
        "lastLogin",
        "loginsCount",
        "metadata",
        "multifactor_last_modified",
        "multifactor",
        "updated_at",
        "user_id",
    ]
)
_METADATA_SCOPES = "update:users,update:users_app_metadata"
_KINDS = {
    "email": "email",
    "email_verified": "email",
    "phone_number": "phone_number",
    "phone_verified": "phone_number",
    "username": "username",
    "password": "password",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """One person. `attributes` are what the connection brought and nobody may change here.

    `logins_count` 0 and no `last_login` mean that the user never signed in. Sessions and refresh tokens belong to the
    `generation` in which they were made: raising it ends all of them at once. `places` are for us alone: from where
    the user signed in before, so that a new place is noticed. `listed_in` is for the store: the shard of the user's
    entries in lists and searches, None as long as there are none.
    """

    user_id: str
    identities: tuple[Identity, ...]
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    email_verified: bool = False
    username: str | None = None
    phone_number: str | None = None
    phone_verified: bool = False
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    nickname: str | None = None
    picture: str | None = None
    attributes: Document = field(default_factory=dict)
    user_metadata: Document = field(default_factory=dict)
    app_metadata: Document = field(default_factory=dict)
    blocked: bool = False
    last_ip: str = ""
    last_login: datetime | None = None
    logins_count: int = 0
    places: tuple[KnownPlace, ...] = ()
    last_password_reset: datetime | None = None
    generation: int = 0
    version: int = 0
    listed_in: int | None = field(default=None, compare=False)

    @property
    def main(self) -> Identity:
        """The identity the user began with."""
        return self.identities[0]

    def identity_at(self, connection: str) -> Identity | None:
        """Find the user's account at a connection."""
        return next((identity for identity in self.identities if identity.connection == connection), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change of one profile, written together: names given up and taken, a new password, letters that tell of it."""

    before: User
    after: User
    given_up: tuple[Login, ...] = ()
    taken: tuple[Login, ...] = ()
    passwords: tuple[Login, ...] = ()
    history: PasswordHistory | None = None
    works: tuple[Work, ...] = ()
    letters: tuple[Waiting, ...] = ()


class UserStore(Protocol):
    """Where users lie."""

    def find(self, tenant: str, user_id: str) -> User | None:
        """Read a profile."""

    def with_email(self, tenant: str, email: str) -> Sequence[User]:
        """Find the profiles that carry exactly this address."""

    def owners(self, tenant: str, connection_id: str, limit: int) -> Sequence[str]:
        """Give the ids of the users of the oldest accounts at a connection."""

    def login(self, tenant: str, connection_id: str, name: str) -> Login | None:
        """Find who signs in by a name."""

    def logins(self, tenant: str, connection_ids: Sequence[str], name: str) -> Sequence[Login]:
        """Find who signs in by a name at several connections."""

    def password_history(self, tenant: str, identity_id: str, connection_id: str) -> PasswordHistory | None:
        """Read the earlier passwords of an account, by its own id, which linking does not change."""

    def create(
        self,
        tenant: str,
        user: User,
        logins: Sequence[Login],
        history: PasswordHistory | None,
        event: LogEvent,
        issue: Issue | None = None,
    ) -> None:
        """Write a new user; a conflict if the id, a sign-in name or the outside account is taken, or being deleted.

        `issue` is the link by which the address is proven, with its letter.
        """

    def change(self, tenant: str, change: Change, event: LogEvent) -> None:
        """Write a change over the version that was read."""

    def link(self, tenant: str, change: Change, secondary: User, event: LogEvent) -> None:
        """Move the accounts of `secondary` to the user and remove its profile."""

    def unlink(self, tenant: str, change: Change, freed: User, event: LogEvent) -> None:
        """Move one account from the user to a profile of its own."""

    def retire(self, tenant: str, user: User, works: Sequence[Work], event: LogEvent) -> None:
        """Remove the profile and every name of it, and note the work that is left. The event lies with the tenant."""

    def purge(self, work: Work, limit: int) -> bool:
        """Remove up to `limit` items a deleted user left; when none is left remove the note and say so."""


class Verifier(Protocol):
    """Asks people to prove their address."""

    def prepare(self, caller: Caller, user: User, account: Identity) -> MailedIssue:
        """Make the link by which somebody proves the address of an account, with its letter."""

    def ask(self, caller: Caller, issue: MailedIssue) -> None:
        """Send it by itself."""


class OwnDatabases(Protocol):
    """The databases that tenants have of their own; each may refuse by an error."""

    def admit(self, caller: Caller, connection: Connection, user: User, password: str, *, known: bool) -> User:
        """Have a new user made there, and give them as they are known there; a conflict if `known`, or taken."""

    def change_password(self, caller: Caller, connection: Connection, user: User, password: str) -> None:
        """Have a password changed there."""

    def rename(self, caller: Caller, connection: Connection, before: User, after: User) -> None:
        """Tell of another address or user name."""

    def delete(self, caller: Caller, connection: Connection, identity_id: str) -> None:
        """Have an account deleted there."""


@dataclass(frozen=True, slots=True)
class Users:
    """What can be done with users."""

    store: UserStore
    connections: Connections
    credentials: Credentials
    outbox: Outbox
    verifier: Verifier
    databases: OwnDatabases
    ambient: Ambient

    def create(self, caller: Caller, attributes: Document) -> User:
        """Add a user to a connection that is enabled for at least one client; a conflict if the name is taken there.

        The link by which the address is proven goes to users of a database whose address is not verified, and as
        `verify_email` says.
        """
        connection = self.connections.named(caller.tenant, attributes["connection"])
        if not connection.enabled_clients:
            raise Invalid("The connection is not enabled for any application.", code="invalid_body")
        wanted = attributes.get("verify_email")

        def verify(user: User) -> Issue | None:
            unproven = connection.is_database and not user.email_verified if wanted is None else wanted
            return self.verifier.prepare(caller, user, user.main) if unproven and user.email else None

        return self.add(
            caller,
            connection,
            attributes,
            lambda user: done(self.ambient, caller, user_id=user.user_id),
            verify=verify,
        )

    def add(
        self,
        caller: Caller,
        connection: Connection,
        attributes: Document,
        record: Callable[[User], LogEvent],
        *,
        verify: Callable[[User], Issue | None] = lambda _: None,
    ) -> User:
        """Write a new user with the event that `record` makes of it, and with the link that `verify` makes, if any.

        A conflict if a name is taken.
        """
        tenant = caller.tenant
        user = within_limits(_new_user(connection, attributes, self.ambient))
        hashed, history = "", None
        if connection.is_database:
            hashed, history = self.credentials.accept(
                tenant, connection, user, attributes["password"], None, stage=SIGN_UP
            )
        if connection.is_custom:
            known = any(self.store.login(tenant, connection.id, name) for name in user.main.names)
            user = self.databases.admit(caller, connection, user, attributes["password"], known=known)
        logins = logins_of(user, user.main, hashed)
        self.store.create(tenant, user, logins, history, record(user), verify(user))
        return user

    def get(self, caller: Caller, user_id: str) -> User:
        """Give a user. A token of a user, without read:users, gets its own profile only."""
        if "read:users" not in caller.scopes and caller.subject != user_id:
            caller.demand("read:users")
        return self._get(caller.tenant, user_id)

    def with_email(self, caller: Caller, email: str) -> Sequence[User]:
        """Find users by e-mail address, exactly as it is stored."""
        return self.store.with_email(caller.tenant, email)

    def update(self, caller: Caller, user_id: str, patch: Document) -> User:
        """Change what `patch` names. Metadata merges at the first level. A user's token changes its metadata only."""
        _demand_to_change(caller, user_id, patch)
        return retrying(lambda: self._update(caller, user_id, patch))

    def end_sessions(self, caller: Caller, user_id: str) -> User:
        """End every session and refresh token of a user at once, in one write."""
        return retrying(lambda: self._end_sessions(caller, user_id))

    def _end_sessions(self, caller: Caller, user_id: str) -> User:
        user = self._get(caller.tenant, user_id)
        return self._write(
            caller, Change(before=user, after=replace(user, generation=user.generation + 1)), ["sessions"]
        )

    def delete(self, caller: Caller, user_id: str) -> None:
        """Delete a user and everything that names it. An unknown user is no error.

        The profile and its names go in one transaction, after which nothing of the user can be reached; items beyond
        the first thousands are left to the sweep.
        """
        retrying(lambda: self._delete(caller, user_id))

    def delete_named(self, caller: Caller, connection_id: str, email: str) -> None:
        """Delete the user with this address at a connection; none is no error. A user name is no address.

        An account that is linked is not all there is of its user, so it is refused: deleting would take the rest along.
        """
        connection = self.connections.get(caller, connection_id)
        login = self.store.login(caller.tenant, connection.id, accounts.email_address(email))
        if login is None:
            return
        if login.identity_id != login.user_id:
            raise Invalid("This account is linked to another user. Unlink it first.", code="operation_not_supported")
        self.delete(caller, login.user_id)

    def retire(self, caller: Caller, user: User) -> Sequence[Work]:
        """Remove a user's profile and names, and give the work that is left."""
        now = self.ambient.now()
        works = [Work.on(USER, identity.full_id, caller.tenant, now) for identity in user.identities]
        if user.user_id not in {work.target for work in works}:
            works.append(Work.on(USER, user.user_id, caller.tenant, now))
        event = done(self.ambient, caller, user_id=user.user_id, type="sdu")
        self.store.retire(caller.tenant, user, works, event)
        return works

    def _get(self, tenant: str, user_id: str) -> User:
        user = self.store.find(tenant, user_id)
        if user is None:
            raise missing()
        return user

    def _update(self, caller: Caller, user_id: str, patch: Document) -> User:
        user = self._get(caller.tenant, user_id)
        after = self._write(caller, self._changed(caller, user, patch), sorted(patch))
        if patch.get("verify_email") and after.email:
            self.verifier.ask(caller, self.verifier.prepare(caller, after, after.main))
        return after

    def settled(self, caller: Caller, change: Change, *, language: str = "") -> Change:
        """Complete a change: its time, the letters that tell of it (S14), the work of removing what it ends."""
        now, user_id = self.ambient.now(), change.before.user_id
        ended = change.after.generation != change.before.generation
        return replace(
            change,
            after=within_limits(replace(change.after, updated_at=now)),
            works=(Work.on(GENERATION, user_id, caller.tenant, now),) if ended else (),
            letters=self._letters(caller, change, language),
        )

    def _letters(self, caller: Caller, change: Change, language: str) -> tuple[Waiting, ...]:
        """Tell the address that was there before: nobody else can, once an account is in the wrong hands."""
        address = change.before.email
        told = {"password_changed": bool(change.passwords), "email_changed": address != change.after.email}
        kinds = [kind for kind, it_was in told.items() if it_was and address]
        return tuple(
            self.outbox.note(caller, kind, address or "", user=change.before, language=language) for kind in kinds
        )

    def _write(self, caller: Caller, change: Change, fields: Sequence[str]) -> User:
        change = self.settled(caller, change)
        self.store.change(caller.tenant, change, self._event(caller, change, fields))
        return change.after

    def _event(self, caller: Caller, change: Change, fields: Sequence[str]) -> LogEvent:
        """Make the event of a change, which says so where a name or a password is another now (S10)."""
        before, after, user_id = change.before, change.after, change.before.user_id
        changed = {
            "scp": bool(change.passwords),
            "sce": before.email != after.email,
            "scu": before.username != after.username,
        }
        kind = next((kind for kind, it_did in changed.items() if it_did), None)
        if kind is None:
            return done(self.ambient, caller, user_id=user_id, details={"changed": list(fields)})
        event = happened(self.ambient, caller, kind, user_id=user_id, user_name=before.email or "")
        return replace(event, details={**event.details, "changed": list(fields)})

    def _changed(self, caller: Caller, user: User, patch: Document) -> Change:
        tenant = caller.tenant
        kinds = sorted({_KINDS[name] for name in patch if name in _KINDS})
        if len(kinds) > 1:
            raise Invalid(f"Cannot update {' and '.join(kinds)} simultaneously", code="operation_not_supported")
        _demand_writable(user, patch, lambda: self.connections.named(tenant, user.main.connection))
        after = _with_plain_fields(user, patch)
        if not kinds:
            return Change(before=user, after=after)
        identity = _account(user, patch.get("connection"))
        connection = self.connections.named(tenant, identity.connection)
        if kinds == ["password"]:
            return self.with_password(caller, user, after, identity, connection, patch["password"])
        after = _renamed(after, identity, connection, patch)
        change = self._with_names(tenant, user, after)
        if connection.asks_always:
            self.databases.rename(caller, connection, user, after)
        return change

    def with_password(
        self,
        caller: Caller,
        user: User,
        after: User,
        identity: Identity,
        connection: Connection,
        password: str | None,
        *,
        ends_sessions: bool = True,
    ) -> Change:
        """Give the change that sets a password, if the connection accepts it; not completed yet."""
        if not identity.is_database or password is None:
            raise Invalid(
                "The password can only be set for users of a database connection.", code="operation_not_supported"
            )
        known = self._earlier_passwords(caller.tenant, identity, connection)
        hashed, history = self.credentials.accept(caller.tenant, connection, user, password, known)
        if connection.asks_always:
            self.databases.change_password(caller, connection, user, password)
        passwords = tuple(logins_of(user, identity, hashed))
        generation = user.generation + ends_sessions
        after = replace(after, last_password_reset=self.ambient.now(), generation=generation)
        return Change(before=user, after=after, passwords=passwords, history=history)

    def _earlier_passwords(self, tenant: str, identity: Identity, connection: Connection) -> PasswordHistory | None:
        """Read the earlier passwords where they matter; where none were kept yet, the one in use is the first."""
        if not remembers(connection):
            return None
        known = self.store.password_history(tenant, identity.full_id, connection.id)
        if known is not None:
            return known
        login = self.store.login(tenant, connection.id, identity.names[0])
        return PasswordHistory(connection_id=connection.id, hashes=(login.password_hash,)) if login else None

    def _with_names(self, tenant: str, user: User, after: User) -> Change:
        before, now = set(user.main.names), set(after.main.names)
        if before == now:
            return Change(before=user, after=after)
        login = self.store.login(tenant, user.main.connection_id, user.main.names[0])
        if login is None:  # renamed since the profile was read
            raise Conflict("It was changed by somebody else at the same time.", code="changed")
        given_up = tuple(replace(login, name=name) for name in sorted(before - now))
        taken = tuple(replace(login, name=name) for name in after.main.names if name not in before)
        return Change(before=user, after=after, given_up=given_up, taken=taken)

    def _delete(self, caller: Caller, user_id: str) -> None:
        user = self.store.find(caller.tenant, user_id)
        if user is None:
            return
        for identity in user.identities:
            connection = self._database_of(caller.tenant, identity)
            if connection is not None:
                self.databases.delete(caller, connection, identity.user_id)
        for work in self.retire(caller, user):
            with suppress(Unavailable):  # the user is gone, and the sweep does what is left
                self.store.purge(work, limit=1_000)

    def _database_of(self, tenant: str, identity: Identity) -> Connection | None:
        """Find the tenant's own database that an account is kept in, if it is; of a connection that is gone, none."""
        connection = self.connections.store.recall(tenant, identity.connection_id) if identity.is_database else None
        return connection if connection and connection.asks_always else None


def missing() -> NotFound:
    """Say that there is no such user."""
    return NotFound("The user does not exist.", code="inexistent_user")


class UsernameTaken(Conflict):
    """A user name is in use. Whether the address that was given with it is too does not show."""


def taken(login: Login | None = None, user: User | None = None) -> Conflict:
    """Say that a name is in use: a user name, if it is that of the user who would have it."""
    is_username = login is not None and user is not None and login.name == user.username
    return (UsernameTaken if is_username else Conflict)("The user already exists.", code="auth0_idp_error")


def _new_user(connection: Connection, given: Document, ambient: Ambient) -> User:
    named = _names_given(connection, given)
    custom = given.get("user_id")
    identity_id = custom or ambient.new_id(24)
    names = tuple(named[name] for name in ("email", "username", "phone_number") if name in named)
    identity = identities.first(connection, identity_id, names)
    if len(identity.full_id) > MAX_USER_ID:
        raise Invalid(
            f"Payload validation error: 'The user id is longer than {MAX_USER_ID} characters' on property user_id."
        )
    nick = given.get("nickname") or accounts.nickname(
        named.get("email"), named.get("username"), named.get("phone_number")
    )
    defaults = {
        "name": named.get("email") or named.get("username") or named.get("phone_number"),
        "nickname": nick,
        "picture": accounts.picture(named.get("email"), nick),
    }
    attributes: Document = {name: given.get(name) or defaults.get(name) for name in ROOT_ATTRIBUTES}
    now = ambient.now()
    return User(
        user_id=identity.full_id,
        identities=(identity,),
        created_at=now,
        updated_at=now,
        email_verified=bool(given.get("email_verified")),
        phone_verified=bool(given.get("phone_verified")),
        blocked=bool(given.get("blocked")),
        user_metadata=merge({}, given.get("user_metadata")),
        app_metadata=merge({}, given.get("app_metadata")),
        **named,
        **attributes,
    )


def _names_given(connection: Connection, given: Document) -> Document:
    """Check that the names given are those the connection's strategy takes, and give them in normal form."""
    if connection.is_database:
        return _database_names(connection, given)
    wanted = {"sms": "phone_number", "email": "email"}.get(connection.strategy)
    if wanted is None:
        raise Invalid(
            f"Users of a {connection.strategy} connection are created by signing in.", code="operation_not_supported"
        )
    for name in ("email", "username", "phone_number", "password"):
        if name == wanted and given.get(name) is None:
            raise _required(name)
        if name != wanted and given.get(name) is not None:
            raise Invalid(f"Payload validation error: 'Additional properties not allowed: {name}'.")
    normal = accounts.phone_number if wanted == "phone_number" else accounts.email_address
    return {wanted: normal(given[wanted])}


def _database_names(connection: Connection, given: Document) -> Document:
    if given.get("phone_number") is not None:
        raise Invalid("Payload validation error: 'Additional properties not allowed: phone_number'.")
    for name in ("email", "password", *(("username",) if connection.requires_username else ())):
        if given.get(name) is None:
            raise _required(name)
    if given.get("username") is not None and not connection.requires_username:
        raise Invalid("Cannot set username for connection without requires_username", code="operation_not_supported")
    named = {"email": accounts.email_address(given["email"])}
    if given.get("username") is not None:
        named["username"] = accounts.user_name(given["username"], connection.options)
    return named


def _required(name: str) -> Invalid:
    return Invalid(f"Payload validation error: 'Missing required property: {name}'.")


def _with_plain_fields(user: User, patch: Document) -> User:
    """Apply what is neither a name to sign in by nor a password."""
    changes: dict[str, Any] = {name: patch[name] for name in ROOT_ATTRIBUTES if name in patch}
    if "blocked" in patch:
        changes["blocked"] = bool(patch["blocked"])
        changes["generation"] = user.generation + (changes["blocked"] and not user.blocked)
    for name in ("user_metadata", "app_metadata"):
        if name in patch:
            changes[name] = merge(getattr(user, name), patch[name])
    return replace(user, **changes)


def _account(user: User, connection: str | None) -> Identity:
    """Choose the account a change of name or password is meant for."""
    if connection is None and len(user.identities) > 1:
        raise _required("connection")
    identity = user.main if connection is None else user.identity_at(connection)
    if identity is None:
        raise Invalid("The user has no account at this connection.", code="inexistent_connection")
    return identity


def _renamed(user: User, identity: Identity, connection: Connection, patch: Document) -> User:
    if identity != user.main:
        raise Invalid("Only names of the main identity can be changed. Unlink first.", code="operation_not_supported")
    changes: dict[str, Any] = {}
    if "email" in patch:
        _demand_kind(connection, "email", {"auth0", "email"})
        changes["email"] = accounts.email_address(_not_null(patch, "email"))
        changes["email_verified"] = user.email_verified and changes["email"] == user.email
    if "phone_number" in patch:
        _demand_kind(connection, "phone_number", {"sms"})
        changes["phone_number"] = accounts.phone_number(_not_null(patch, "phone_number"))
        changes["phone_verified"] = user.phone_verified and changes["phone_number"] == user.phone_number
    if "username" in patch:
        _demand_username(connection)
        changes["username"] = accounts.user_name(_not_null(patch, "username"), connection.options)
    if "email_verified" in patch and not connection.is_social:  # of a social account Auth0 lets it be set
        _demand_kind(connection, "email_verified", {"auth0", "email"})
    if "phone_verified" in patch:
        _demand_kind(connection, "phone_verified", {"sms"})
    changes.update({name: bool(patch[name]) for name in ("email_verified", "phone_verified") if name in patch})
    renamed = replace(user, **changes)
    if not identity.names:
        return renamed
    names = tuple(name for name in (renamed.email, renamed.username, renamed.phone_number) if name)
    return replace(renamed, identities=(replace(identity, names=names), *renamed.identities[1:]))


def _demand_kind(connection: Connection, name: str, strategies: set[str]) -> None:
    if connection.strategy not in strategies:
        raise Invalid(
            f"Cannot change {name} for users of a {connection.strategy} connection.", code="operation_not_supported"
        )


def _demand_username(connection: Connection) -> None:
    if not (connection.is_database and connection.requires_username):
        raise Invalid("Cannot set username for connection without requires_username", code="operation_not_supported")


def _not_null(patch: Document, name: str) -> str:
    if patch[name] is None:
        raise Invalid(f"Payload validation error: 'Expected type string but found type null' on property {name}.")
    return str(patch[name])


def _demand_to_change(caller: Caller, user_id: str, patch: Document) -> None:
    """Let each scope change its own fields (S34): whether somebody is blocked, the metadata, or one's own."""
    if "update:users" in caller.scopes:
        return
    if BLOCK_USERS in caller.scopes and patch.keys() == {"blocked"}:
        return
    if "update:users_app_metadata" in caller.scopes and not patch.keys() - {"user_metadata", "app_metadata"}:
        return
    own = "update:current_user_metadata" in caller.scopes and caller.subject == user_id
    if own and not patch.keys() - {"user_metadata"}:
        return
    wanted = "update:users" if patch.keys() - {"user_metadata", "app_metadata"} else _METADATA_SCOPES
    raise Forbidden(f"Insufficient scope, expected any of: {wanted}")


def _demand_writable(user: User, patch: Document, connection: Callable[[], Connection]) -> None:
    """What an identity provider brings with each sign-in is read-only here, through every door."""
    named = [name for name in ROOT_ATTRIBUTES if name in patch]
    if named and not user.main.is_database and not connection().attributes_writable:
        raise Invalid(
            f"The following user attributes cannot be updated: {', '.join(named)}. The connection"
            f" ({user.main.connection}) should have disabled user profile attribute synchronization.",
            code="operation_not_supported",
        )


def within_limits(user: User) -> User:
    """Give a user whose profile is not too large, or refuse."""
    check("user_metadata", user.user_metadata, max_bytes=MAX_BYTES)
    check("app_metadata", user.app_metadata, max_bytes=MAX_BYTES)
    reserved = sorted(RESERVED_APP_METADATA & user.app_metadata.keys())
    if reserved:
        raise Invalid(
            "Payload validation error: 'Additional properties not allowed:"
            f" {', '.join(reserved)}' on property app_metadata."
        )
    size = sum(size_of(part) for part in (user.user_metadata, user.app_metadata, user.attributes))
    size += len(json.dumps([getattr(user, name) for name in ROOT_ATTRIBUTES]))
    size += sum(size_of(identity.profile or {}) for identity in user.identities)
    if size > MAX_BYTES:
        raise Invalid(f"Payload validation error: 'The user would be {size} bytes long, the limit is {MAX_BYTES}'.")
    return user


def logins_of(user: User, identity: Identity, password_hash: str) -> Sequence[Login]:
    """Give the sign-in names of an account, all with one hash."""
    return [
        Login(
            connection_id=identity.connection_id,
            name=name,
            user_id=user.user_id,
            identity_id=identity.full_id,
            password_hash=password_hash,
        )
        for name in identity.names
    ]
