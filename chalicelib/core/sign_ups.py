"""Signing up: somebody makes their own account at a database.

Why a sign-up is refused is not told: an address that is taken gets the words, the status and the time of a refusal
without a reason (S7). A tenant that wants it told sets Auth0's flag `enable_public_signup_user_exists_error`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.accounts import email_address
from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.core.logs import happened
from chalicelib.core.sign_ins import placed
from chalicelib.core.tickets import nobody
from chalicelib.core.users import UsernameTaken

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.documents import Document
    from chalicelib.core.logs import LogEvent
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


@dataclass(frozen=True, slots=True)
class SignUps:
    """Makes accounts for people who ask for one."""

    users: Users
    verification: Verification
    tenants: Tenants
    ambient: Ambient

    def sign_up(
        self, caller: Caller, client: Client, connection: Connection, attributes: Document, *, language: str = ""
    ) -> User:
        """Make a user and send the link by which the address is proven.

        Two transactions, whether or not the address is taken: the user, then the link with its letter. Of any number
        of sign-ups of one address at once, the database lets one win.
        """
        if not connection.takes_sign_ups:
            raise SignUpsDisabled
        try:
            user = self.users.add(
                caller,
                connection,
                attributes,
                lambda user: self._event(caller, client, connection, "ss", user),
            )
        except Conflict as error:
            self._refuse(caller, client, connection, attributes, language)
            raise self._said(caller.tenant, error) from None
        self.verification.ask(caller, user, user.main, client_id=client.client_id, language=language)
        return user

    def _refuse(
        self, caller: Caller, client: Client, connection: Connection, attributes: Document, language: str
    ) -> None:
        """Write a refusal, which costs what the link of a sign-up costs: a link for nobody, thrown away unsent."""
        stranger = nobody(connection, email_address(attributes["email"]), self.ambient.now())
        self.verification.ask(
            caller,
            stranger,
            stranger.main,
            client_id=client.client_id,
            language=language,
            event=self._event(caller, client, connection, "fs", stranger),
            wanted=False,
        )

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
