"""User blocks: names that are refused after too many failed attempts, and how they are let in again.

Not to be confused with a blocked user, whom an administrator blocked: nothing here lets them in. Whoever is refused
gets a mail with a link when it begins; an administrator may lift it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.attempts import LIFE, name_limit_of
from chalicelib.core.logs import happened
from chalicelib.core.sign_ins import name_of, placed
from chalicelib.core.tickets import UNBLOCK, Issue, Opened, Terms, Use, account_of, address_of, nobody
from chalicelib.core.users import missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.attack_protection import AttackProtection, Protection
    from chalicelib.core.attempts import AttemptStore, Blocked
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.identities import Identity, Login
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.outbox import Outbox
    from chalicelib.core.tickets import Tickets
    from chalicelib.core.users import User, UserStore

WHY = "Too many wrong passwords."


@dataclass(frozen=True, slots=True)
class UserBlocks:
    """Tells of blocks, lists and lifts them."""

    attempts: AttemptStore
    tickets: Tickets
    users: UserStore
    connections: Connections
    outbox: Outbox
    protection: AttackProtection
    ambient: Ambient

    def warn(self, caller: Caller, client: Client | None, connection: Connection, name: str, user: User | None) -> None:
        """Tell whoever signs in by a name that it is refused from now on, with the link that lets them in again.

        Once per block. For a name that nobody has it takes as long, and is in the tenant's history (S7).
        """
        account = user.identity_at(connection.name) if user else None
        told = user if user and account and address_of(user, account) else None
        if told is None or account is None:
            told = nobody(connection, name, self.ambient.now())
            account = told.main
        terms = Terms(lifetime=LIFE, client_id=client.client_id if client else "")
        ticket, link = self.tickets.make(caller.tenant, UNBLOCK, told, account, terms)
        wanted = told is user and self.protection.recall(caller.tenant).tells_users
        letter = self.outbox.note(caller, "unblock", ticket.email, user=told, link=link, lifetime=LIFE, wanted=wanted)
        user_id = user.user_id if user else ""
        event = happened(self.ambient, caller, "limit_wc", user_id=user_id, user_name=name[:320], why=WHY)
        event = placed(event, client, connection)
        self.tickets.store.issue(caller.tenant, Issue(ticket=ticket, letter=letter, event=event))

    def named(self, caller: Caller, name: str, *, enforced: bool = False) -> Sequence[Blocked]:
        """List from where a name is refused; a name that nobody has is refused nowhere.

        `enforced` leaves out what no connection holds against anybody any more.
        """
        names = [(login.connection_id, login.name) for login in self._logins(caller.tenant, name)]
        return self._listed(caller.tenant, names, enforced=enforced)

    def of_user(self, caller: Caller, user_id: str, *, enforced: bool = False) -> Sequence[Blocked]:
        """List from where the names of a user are refused."""
        accounts = _databases_of(self._get(caller.tenant, user_id))
        names = [(account.connection_id, name) for account in accounts for name in account.names]
        return self._listed(caller.tenant, names, enforced=enforced)

    def release_named(self, caller: Caller, name: str) -> None:
        """Forget the failed attempts of whoever has a name."""
        for login in self._logins(caller.tenant, name):
            event = happened(self.ambient, caller, "ublkdu", user_id=login.user_id, user_name=login.name)
            self.attempts.clear(caller.tenant, login.connection_id, [login.name], event)

    def release_user(self, caller: Caller, user_id: str) -> None:
        """Forget the failed attempts of every name of a user."""
        user = self._get(caller.tenant, user_id)
        for account in _databases_of(user):
            event = self._released(caller, user)
            self.attempts.clear(caller.tenant, account.connection_id, account.names, event)

    def open(self, caller: Caller, text: str) -> Opened:
        """Look at a link without using it."""
        return self.tickets.open(caller.tenant, UNBLOCK, text)

    def release(self, caller: Caller, text: str) -> Opened:
        """Use a link: forget the failed attempts, once."""
        opened = self.open(caller, text)
        account = account_of(opened.user, opened.ticket.account)
        names = account.names if account else ()
        use = Use(ticket=opened.ticket, forgiven=names, event=self._released(caller, opened.user))
        self.tickets.store.spend(caller.tenant, use)
        return opened

    def _released(self, caller: Caller, user: User) -> LogEvent:
        return happened(self.ambient, caller, "ublkdu", user_id=user.user_id, user_name=name_of(user))

    def _get(self, tenant: str, user_id: str) -> User:
        user = self.users.find(tenant, user_id)
        if user is None:
            raise missing()
        return user

    def _logins(self, tenant: str, name: str) -> Sequence[Login]:
        """Find whoever has a name, at every database of the tenant."""
        databases = [each.id for each in self.connections.databases(tenant)]
        return self.users.logins(tenant, databases, name.strip().lower())

    def _listed(self, tenant: str, names: Sequence[tuple[str, str]], *, enforced: bool) -> Sequence[Blocked]:
        protection = self.protection.recall(tenant)
        limits = {"pair_limit": protection.attempts_of_name, "name_limit": name_limit_of(protection)}
        every = [each for at, name in names for each in self.attempts.blocked(tenant, at, name, **limits)]
        if not enforced:
            return every
        protecting = {each.id for each in self.connections.databases(tenant) if each.protects_names}
        return [each for each in every if each.everywhere or _enforced(each, protecting, protection)]


def _enforced(blocked: Blocked, protecting: set[str], protection: Protection) -> bool:
    counted = protection.guards_names(blocked.ip) and not protection.per_name
    return counted and blocked.connection_id in protecting


def _databases_of(user: User) -> Sequence[Identity]:
    return [account for account in user.identities if account.is_database]
