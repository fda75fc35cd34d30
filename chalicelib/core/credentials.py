"""The passwords of users: whether a connection accepts one, its hash, and the earlier ones it must differ from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.attack_protection import CHANGE
from chalicelib.core.identities import PasswordHistory
from chalicelib.core.passwords import CommonPasswords, PasswordHasher, PasswordPolicy, PersonalInfo, check

if TYPE_CHECKING:
    from chalicelib.core.attack_protection import AttackProtection
    from chalicelib.core.connections import Connection
    from chalicelib.core.users import User


@dataclass(frozen=True, slots=True)
class Credentials:
    """Turns a password somebody chose into what is stored, or refuses it with the reason."""

    hasher: PasswordHasher
    common: CommonPasswords
    protection: AttackProtection

    def accept(
        self,
        tenant: str,
        connection: Connection,
        user: User,
        password: str,
        known: PasswordHistory | None,
        *,
        stage: str = CHANGE,
    ) -> tuple[str, PasswordHistory | None]:
        """Check a new password against the connection's policy and the tenant's list of breached ones.

        Gives its hash and the history to keep, if any.
        """
        policy = PasswordPolicy.from_options(connection.options)
        previous = known.hashes if known else ()
        check(policy, password, personal=_personal(user), common=self.common, hasher=self.hasher, previous=previous)
        self.protection.demand_unbreached(tenant, password, stage)
        if connection.asks_always:  # passwords stay where they are: none is kept here, nor a hash of one
            return "", None
        hashed = self.hasher.hash(password)
        kept = policy.remember(hashed, previous)
        history = PasswordHistory(connection_id=connection.id, hashes=kept) if kept else None
        return hashed, history


def remembers(connection: Connection) -> bool:
    """Whether the connection compares new passwords with earlier ones, so that those must be read."""
    return not connection.asks_always and PasswordPolicy.from_options(connection.options).history_size > 0


def _personal(user: User) -> PersonalInfo:
    return PersonalInfo(
        email=user.email or "",
        username=user.username or "",
        name=user.name or "",
        given_name=user.given_name or "",
        family_name=user.family_name or "",
        nickname=user.nickname or "",
        user_metadata=user.user_metadata,
    )
