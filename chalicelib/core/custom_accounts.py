"""Accounts of custom databases: what becomes of somebody whom a tenant's own database knows.

With import mode a user moves here at the first sign-in, the password's hash included, and is asked after nowhere again.
Without it the user is kept here as the database last described them, and no password is. A profile never leads to an
account that is not its own: an address or an id that somebody else has refuses the sign-in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.custom_databases import ScriptFailed, WrongCredentials
from chalicelib.core.errors import Conflict, GatehouseError
from chalicelib.core.logs import happened
from chalicelib.core.outside_profiles import Unusable
from chalicelib.core.sign_ins import Authenticated, Unproven, name_of, placed
from chalicelib.core.users import Change, logins_of, taken

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connection
    from chalicelib.core.custom_databases import CustomDatabases
    from chalicelib.core.identities import Login
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.outside_profiles import OutsideProfile
    from chalicelib.core.passwords import PasswordHasher
    from chalicelib.core.users import User, UserStore

BROUGHT = "brought"
"""What the event of a user says who was made, or is another now, as the database describes them."""
MOVED, MET = "The user moved here from the custom database.", "The custom database brought the user."
_OTHER_NAME = "The profile does not have the name that was typed."
_ANOTHERS = "The profile has the id or a name of another account."


@dataclass(frozen=True, slots=True)
class CustomAccounts:
    """Proves people by a tenant's own database. Fits `core.sign_ins.OutsideAccounts`."""

    databases: CustomDatabases
    users: UserStore
    hasher: PasswordHasher
    ambient: Ambient

    def prove(
        self, caller: Caller, connection: Connection, name: str, password: str, login: Login | None
    ) -> Authenticated | Unproven:
        """Ask the `login` script, and have the user here who it says it is. `login` is what is known of the name."""
        try:
            profile = self.databases.login(caller, connection, name, password)
            try:
                return self._welcomed(caller, connection, name, password, login, profile)
            except Conflict:  # another sign-in of theirs was a moment faster, or the name is somebody else's
                login = self.users.login(caller.tenant, connection.id, name)
                return self._welcomed(caller, connection, name, password, login, profile)
        except WrongCredentials:
            return Unproven(user=self._known(caller, login))
        except Unusable as error:
            return Unproven(user=self._known(caller, login), failed=ScriptFailed("login", str(error)))
        except Conflict as error:
            why = _ANOTHERS if error.code == "auth0_idp_error" else error.message
            return Unproven(user=self._known(caller, login), failed=ScriptFailed("login", why))
        except ScriptFailed as error:
            return Unproven(user=self._known(caller, login), failed=error)

    def meet(self, caller: Caller, connection: Connection, name: str) -> None:
        """Have a user here, without a password, who forgot it before the first sign-in (import mode)."""
        if not connection.asks_once:
            return
        try:
            profile = self.databases.get_user(caller, connection, name, "fcpr")
            if profile is None:
                return
            user = profile.new_user(connection, profile.id or self.ambient.new_id(24), name, self.ambient.now())
            if name in user.main.names:
                self._create(caller, connection, user, "", MOVED)
        except (Unusable, GatehouseError):  # everybody is told the same, and the history has what failed
            return

    def _welcomed(
        self,
        caller: Caller,
        connection: Connection,
        name: str,
        password: str,
        login: Login | None,
        profile: OutsideProfile,
    ) -> Authenticated:
        """Find or make the user of a profile. The password was right; the account must be the profile's own."""
        identity_id = profile.id or (login.identity_id.partition("|")[2] if login else self.ambient.new_id(24))
        new = profile.new_user(connection, identity_id, name, self.ambient.now())
        if login is not None and login.identity_id == new.user_id:
            user = self.users.find(caller.tenant, login.user_id)
        else:
            user = self.users.find(caller.tenant, new.user_id)
        if connection.asks_once:
            return self._moved(caller, connection, name, password, login, user, new)
        if user is None:
            self._create(caller, connection, new, "", MET)
            return Authenticated(user=new, connection=connection)
        return Authenticated(user=self._renewed(caller, connection, user, new, profile), connection=connection)

    def _moved(
        self,
        caller: Caller,
        connection: Connection,
        name: str,
        password: str,
        login: Login | None,
        user: User | None,
        new: User,
    ) -> Authenticated:
        """Keep the password of somebody who has none here yet. Whoever has one here signs in by that alone."""
        if user is not None and login is not None and login.password_hash:  # moved while the script ran
            if login.identity_id == new.user_id and self.hasher.verify(login.password_hash, password):
                return Authenticated(user=user, connection=connection)
            raise WrongCredentials
        hashed = self.hasher.hash(password)
        if name not in new.main.names:
            raise ScriptFailed("login", _OTHER_NAME)
        if user is None and login is None:
            self._create(caller, connection, new, hashed, MOVED)
            return Authenticated(user=new, connection=connection)
        if user is None or login is None or login.identity_id != new.user_id:
            raise taken()
        return Authenticated(user=user, connection=connection, upgraded=replace(login, password_hash=hashed))

    def _renewed(self, caller: Caller, connection: Connection, user: User, new: User, profile: OutsideProfile) -> User:
        """Keep a user as the database describes them now; nothing is written where nothing changed.

        Only of an account that is the user's own: what was linked to another stays as it was.
        """
        if user.main.full_id != new.user_id or user.main.connection_id != connection.id:
            if all(each.full_id != new.user_id or each.connection_id != connection.id for each in user.identities):
                raise ScriptFailed("login", _ANOTHERS)
            return user
        after = profile.renewed(connection, user)
        if after == user:
            return user
        after = replace(after, updated_at=self.ambient.now())
        change = Change(
            before=user,
            after=after,
            given_up=tuple(logins_of(user, replace(user.main, names=_only(user, after)), "")),
            taken=tuple(logins_of(after, replace(after.main, names=_only(after, user)), "")),
        )
        event = self._event(caller, connection, after, "sapi", "Update a user by the custom database")
        self.users.change(caller.tenant, change, event)
        return replace(after, version=user.version + 1)

    def _create(self, caller: Caller, connection: Connection, user: User, hashed: str, why: str) -> None:
        event = self._event(caller, connection, user, "ss", why)
        logins = logins_of(user, user.main, hashed)
        self.users.create(caller.tenant, user, logins, None, event)

    def _event(self, caller: Caller, connection: Connection, user: User, kind: str, why: str) -> LogEvent:
        event = happened(self.ambient, caller, kind, user_id=user.user_id, user_name=name_of(user), why=why)
        return placed(replace(event, details={**event.details, BROUGHT: True}), None, connection)

    def _known(self, caller: Caller, login: Login | None) -> User | None:
        """Find whose name it is: read for an unknown name too, so that the time of a read does not tell."""
        return self.users.find(caller.tenant, login.user_id if login else "nobody")


def _only(user: User, other: User) -> tuple[str, ...]:
    """Give the names that one of two has and the other has not."""
    return tuple(name for name in user.main.names if name not in other.main.names)
