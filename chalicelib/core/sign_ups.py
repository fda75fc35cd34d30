"""Signing up: somebody makes their own account at a database.

Why a sign-up is refused is not told: an address that is taken gets the words, the status and the time of a refusal
without a reason (S7). A tenant that wants it told sets Auth0's flag `enable_public_signup_user_exists_error`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.accounts import email_address
from chalicelib.core.attack_protection import SIGN_UP
from chalicelib.core.attempts import network_of
from chalicelib.core.errors import Conflict, Forbidden, TooMany
from chalicelib.core.logs import happened
from chalicelib.core.passwords import PasswordLeakedError
from chalicelib.core.sign_ins import placed
from chalicelib.core.tickets import nobody
from chalicelib.core.users import UsernameTaken

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.attack_protection import AttackProtection
    from chalicelib.core.attempts import AttemptStore
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.documents import Document
    from chalicelib.core.logs import LogEvent, LogStore
    from chalicelib.core.tenants import Tenants
    from chalicelib.core.users import User, Users
    from chalicelib.core.verification import Verification

TELLING = "enable_public_signup_user_exists_error"


class SignUpsDisabled(Forbidden):
    """The database takes no sign-ups: its users are made by an administrator."""

    def __init__(self) -> None:
        super().__init__("public signup is disabled", code="signup_disabled")


class SignUpRefused(Conflict):
    """Somebody has the address. The code says so only where the tenant wants it told."""


class TooManySignUps(TooMany):
    """Too many sign-ups came from one address today; it says nothing of the one that was asked for."""

    MESSAGE = "Too many sign-ups from this address. Try again tomorrow."

    def __init__(self) -> None:
        super().__init__(self.MESSAGE)


@dataclass(frozen=True, slots=True)
class SignUps:
    """Makes accounts for people who ask for one."""

    users: Users
    verification: Verification
    tenants: Tenants
    attempts: AttemptStore
    protection: AttackProtection
    logs: LogStore
    ambient: Ambient

    def sign_up(
        self, caller: Caller, client: Client, connection: Connection, attributes: Document, *, language: str = ""
    ) -> User:
        """Make a user and send the link by which the address is proven.

        One write counts it for the address it comes from, before anything is looked up. Then two transactions, whether
        or not the address is taken: the user, then the link with its letter. Of any number of sign-ups of one address
        at once, the database lets one win.
        """
        if not connection.takes_sign_ups:
            raise SignUpsDisabled
        self._admit(caller, client, connection, attributes)
        try:
            user = self.users.add(
                caller,
                connection,
                attributes,
                lambda user: self._event(caller, client, connection, "ss", user),
            )
        except PasswordLeakedError as error:
            self._record(caller, client, connection, "signup_pwd_leak", attributes, error.summary)
            raise
        except Conflict as error:
            self._refuse(caller, client, connection, attributes, language)
            raise self._said(caller.tenant, error) from None
        issue = self.verification.prepare(caller, user, user.main, client_id=client.client_id, language=language)
        self.verification.ask(caller, issue)
        return user

    def _admit(self, caller: Caller, client: Client, connection: Connection, attributes: Document) -> None:
        """Count a sign-up for its address, known or unknown, good or bad; refuse it beyond the limit of a day."""
        limit = self.protection.recall(caller.tenant).attempts_from(caller.ip, SIGN_UP)
        if limit is None:
            return
        try:
            self.attempts.admit(caller.tenant, network_of(caller.ip), limit, self.ambient.now())
        except TooMany:
            self._record(caller, client, connection, "limit_mu", attributes, TooManySignUps.MESSAGE)
            raise TooManySignUps from None

    def _record(
        self, caller: Caller, client: Client, connection: Connection, kind: str, attributes: Document, why: str
    ) -> None:
        name = str(attributes.get("email") or "")[:320]
        event = happened(self.ambient, caller, kind, user_name=name, why=why)
        self.logs.record(caller.tenant, placed(event, client, connection))

    def _refuse(
        self, caller: Caller, client: Client, connection: Connection, attributes: Document, language: str
    ) -> None:
        """Write a refusal, which costs what the link of a sign-up costs: a link for nobody, thrown away unsent."""
        stranger = nobody(connection, email_address(attributes["email"]), self.ambient.now())
        issue = self.verification.prepare(
            caller,
            stranger,
            stranger.main,
            client_id=client.client_id,
            language=language,
            event=self._event(caller, client, connection, "fs", stranger),
            wanted=False,
        )
        self.verification.ask(caller, issue)

    def _event(self, caller: Caller, client: Client, connection: Connection, kind: str, user: User) -> LogEvent:
        """Make an event: of a success with the user, of a failure with the tenant."""
        user_id, why = (user.user_id, "") if kind == "ss" else ("", "The user already exists.")
        event = happened(self.ambient, caller, kind, user_id=user_id, user_name=user.email or "", why=why)
        return placed(event, client, connection)

    def _said(self, tenant: str, error: Conflict) -> Conflict:
        """Put a refusal into the words of a sign-up. That a user name is taken shows by its class, for the page."""
        kind = UsernameTaken if isinstance(error, UsernameTaken) else SignUpRefused
        if self.tenants.recall_settings(tenant)["flags"].get(TELLING):
            return kind("The user already exists.", code="user_exists")
        return kind("Invalid sign up", code="invalid_signup")
