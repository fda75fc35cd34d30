"""Passwords as argon2id: hashing, checking and noticing hashes that are too weak. Knows no user and no policy.

Stored form: the PHC string `$argon2id$v=19$m=...,t=...,p=...$salt$tag`, the one other argon2 libraries read and write.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from chalicelib.core.passwords import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

SALT_BYTES = 16
TAG_BYTES = 32

MAX_MEMORY_KIB = 131_072
MAX_ITERATIONS = 10
MAX_LANES = 8
"""What a stored hash may cost to check: a hash is data, and may not choose how much of the machine it takes."""

# Salts of 8 to 64 bytes and tags of 16 to 64, in base64 without padding; numbers as argon2 itself writes them.
_STORED = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]{0,3}),p=([1-9][0-9]{0,3})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)
_NOBODYS_SALT = bytes(SALT_BYTES)


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one hash takes, and how long its salt and tag are in bytes."""

    memory_kib: int
    iterations: int
    lanes: int
    salt: int = SALT_BYTES
    tag: int = TAG_BYTES

    @property
    def bearable(self) -> bool:
        """Whether argon2 allows it (8 KiB a lane) and this machine can spend it."""
        return (
            8 * self.lanes <= self.memory_kib <= MAX_MEMORY_KIB
            and 1 <= self.iterations <= MAX_ITERATIONS
            and 1 <= self.lanes <= MAX_LANES
        )

    def weaker_than(self, other: _Cost) -> bool:
        """Whether anything in it is less; what is more in one place does not make up for less in another."""
        return (
            self.memory_kib < other.memory_kib
            or self.iterations < other.iterations
            or self.lanes < other.lanes
            or self.salt < other.salt
            or self.tag < other.tag
        )


class Argon2PasswordHasher:
    """Hashes the whole password, however long. The defaults are OWASP's: 19 MiB, 2 passes, 1 lane (S6)."""

    def __init__(
        self,
        memory_kib: int = 19_456,
        iterations: int = 2,
        lanes: int = 1,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._cost = _Cost(memory_kib, iterations, lanes)
        if not self._cost.bearable:
            raise ValueError(
                f"argon2id needs 8 KiB a lane to {MAX_MEMORY_KIB} KiB, 1 to {MAX_ITERATIONS} iterations"
                f" and 1 to {MAX_LANES} lanes, not {memory_kib} KiB, {iterations} and {lanes}"
            )
        self._random_bytes = random_bytes

    def hash(self, password: str) -> str:
        """Hash with a new salt; text that is not Unicode is refused."""
        return self._argon2id(self._random_bytes(SALT_BYTES)).derive_phc_encoded(encoded(password))

    def verify(self, stored: str, password: str) -> bool:
        """Compare in constant time. A hash that is damaged, foreign or too costly is False."""
        cost = _cost_of(stored)
        if cost is None or not cost.bearable:
            # A user without a password here must take as long as one with a wrong password.
            return self.verify_nobody(password)
        try:
            Argon2id.verify_phc_encoded(_bytes(password), stored)
        except InvalidKey:
            return False
        return True

    def verify_nobody(self, password: str) -> bool:
        """Do the work of `verify` for a user who does not exist, so that time does not tell (S7). Always False."""
        self._argon2id(_NOBODYS_SALT).derive(_bytes(password))
        return False

    def outdated(self, stored: str) -> bool:
        """Tell whether a new hash would be stronger, or this one cannot be read; stronger ones are left alone."""
        cost = _cost_of(stored)
        return cost is None or cost.weaker_than(self._cost)

    def _argon2id(self, salt: bytes) -> Argon2id:
        return Argon2id(
            salt=salt,
            length=TAG_BYTES,
            iterations=self._cost.iterations,
            lanes=self._cost.lanes,
            memory_cost=self._cost.memory_kib,
        )


def _bytes(password: str) -> bytes:
    # Same as the bytes that were hashed for all valid text. Half a surrogate pair was never hashed, so it matches
    # nothing; it must not fail sooner than a wrong password does.
    return password.encode(errors="surrogatepass")


def _cost_of(stored: str) -> _Cost | None:
    found = _STORED.fullmatch(stored)
    if found is None:
        return None
    memory_kib, iterations, lanes = (int(number) for number in found.group(1, 2, 3))
    salt, tag = (len(part) * 3 // 4 for part in found.group(4, 5))
    return _Cost(memory_kib, iterations, lanes, salt, tag)
