"""Identities: the accounts a user has, one or more, each at one connection. Owns what an account is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.core.documents import Document

if TYPE_CHECKING:
    from chalicelib.core.connections import Connection

MAX_IDENTITIES = 20
"""Accounts one user may have, so that deleting the user's names fits one transaction of 100 items."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """One account. `user_id` is without the provider.

    `names` are what it signs in by where Gatehouse itself keeps the names: databases and passwordless connections.
    `profile` is what the account knew of its person when it was linked; None for the identity a user began with.
    """

    connection: str
    connection_id: str
    provider: str
    user_id: str
    is_social: bool = False
    names: tuple[str, ...] = ()
    profile: Document | None = None

    @property
    def full_id(self) -> str:
        """The id of the user this account is, or was before it was linked: `provider|id`."""
        return f"{self.provider}|{self.user_id}"

    @property
    def is_database(self) -> bool:
        """Whether it signs in with a password here."""
        return self.provider == "auth0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A sign-in name: whose it is and the hash of its password, empty where there are none."""

    connection_id: str
    name: str
    user_id: str
    identity_id: str
    password_hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordHistory:
    """Hashes of earlier passwords of one account, the newest first, kept only where the connection asks for it."""

    connection_id: str
    hashes: tuple[str, ...] = field(default_factory=tuple)


def first(connection: Connection, identity_id: str, names: tuple[str, ...]) -> Identity:
    """Make the identity a new user begins with."""
    return Identity(
        connection=connection.name,
        connection_id=connection.id,
        provider=connection.strategy,
        user_id=identity_id,
        is_social=connection.is_social,
        names=names,
    )
