"""The passwords everybody knows, from the list the zxcvbn library brings. Owns the choice of list, not its use."""

from __future__ import annotations

from functools import cache

LISTED = 10_000
"""How many are refused. The first 3,000 of them are what ASVS 6.2.4 asks for (S5)."""


@cache
def ranked() -> tuple[str, ...]:
    """Give the 10,000 most common passwords in lower case, the most common first."""
    # Imported here: it costs about 50 ms and 14 MB, which only a process that sets a password should pay.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return tuple(password.casefold() for password in FREQUENCY_LISTS["passwords"][:LISTED])


@cache
def common_passwords() -> frozenset[str]:
    """Give the same passwords for asking whether one is among them; fits `core.passwords.CommonPasswords`."""
    return frozenset(ranked())
