"""Failed attempts to sign in: counted by the database, and refused beyond a number (S8).

Three counters, each with its own end: of a name from one address (Auth0's brute-force protection, 10), of a name from
anywhere (NIST SP 800-63B-4, 3.2.2: never over 100 in a row), and of an address over all names (100). A failure is
counted only below the limit, in the same transaction that decides the answer, and a success is granted only below it:
however many try at once, nobody gets more answers than the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.connections import Connection
    from chalicelib.core.logs import LogEvent

LIFE = timedelta(hours=24)
"""After the last failure that was counted. Nobody is locked out for ever."""
ANYWHERE = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Counter:
    """One counter. `ip` is ANYWHERE for a name from anywhere; `name` is empty for an address over all names."""

    connection_id: str
    name: str
    ip: str
    limit: int
    count: int = 0

    @property
    def full(self) -> bool:
        """Whether no more failures are counted, so nobody gets in."""
        return self.count >= self.limit


PAIR_LIMIT = 10
NAME_LIMIT = 100
ADDRESS_LIMIT = 100


def counters(connection: Connection, name: str, ip: str) -> tuple[Counter, ...]:
    """Give the counters of an attempt. A connection without `brute_force_protection` has no limit for one address."""
    of_pair = Counter(connection_id=connection.id, name=name, ip=ip, limit=PAIR_LIMIT)
    of_name = Counter(connection_id=connection.id, name=name, ip=ANYWHERE, limit=NAME_LIMIT)
    of_address = Counter(connection_id="", name="", ip=ip, limit=ADDRESS_LIMIT)
    return (*((of_pair,) if connection.protects_names else ()), of_name, of_address)


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocked:
    """An address from which a name is refused, and until when. `ip` is ANYWHERE where it is refused from everywhere."""

    connection_id: str
    name: str
    ip: str
    until: datetime

    @property
    def everywhere(self) -> bool:
        """Whether the name is refused from every address."""
        return self.ip == ANYWHERE


class AttemptStore(Protocol):
    """Where counters lie."""

    def fail(self, tenant: str, counters: Sequence[Counter], until: datetime, event: LogEvent) -> tuple[Counter, ...]:
        """Count a failure in each; TooMany, and nothing written, if one of them is full.

        Gives those that this failure filled: of any number at once, exactly one fills a counter.
        """

    def blocked(self, tenant: str, connection_id: str, name: str) -> Sequence[Blocked]:
        """Give the addresses from which a name is refused, or ANYWHERE."""

    def clear(self, tenant: str, connection_id: str, names: Sequence[str], event: LogEvent) -> None:
        """Forget the failures of names from everywhere."""
