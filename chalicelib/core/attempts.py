"""Failed attempts to sign in: counted by the database, and refused beyond a number (S8).

Three counters, each with its own end: of a name from one address (Auth0's brute-force protection, 10 unless a tenant
says otherwise), of a name from anywhere (NIST SP 800-63B-4, 3.2.2: never over 100 in a row), and of an address over all
names (Auth0's suspicious IP throttling, 100 unless a tenant says otherwise), which has sign-ups too. A failure is
counted only below the limit, in the same transaction that decides the answer, and a success is granted only below it:
however many try at once, nobody gets more answers than the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.attack_protection import LOGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.attack_protection import Protection
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


NAME_LIMIT = 100
"""Of a name from anywhere, whatever a tenant or a connection says (S8)."""


def counters(connection: Connection, name: str, ip: str, protection: Protection) -> tuple[Counter, ...]:
    """Give the counters of an attempt, as the tenant's protection and the connection's option want them."""
    guarded = connection.protects_names and protection.guards_names(ip)
    name_limit = min(name_limit_of(protection), NAME_LIMIT) if guarded else NAME_LIMIT
    counted = [Counter(connection_id=connection.id, name=name, ip=ANYWHERE, limit=name_limit)]
    if guarded and not protection.per_name:
        counted.insert(0, Counter(connection_id=connection.id, name=name, ip=ip, limit=protection.attempts_of_name))
    if (limit := protection.attempts_from(ip, LOGIN)) is not None:
        counted.append(Counter(connection_id="", name="", ip=ip, limit=limit))
    return tuple(counted)


def name_limit_of(protection: Protection) -> int:
    """Give how many attempts of a name may fail from anywhere."""
    return protection.attempts_of_name if protection.per_name else NAME_LIMIT


def network_of(ip: str) -> str:
    """Give what counts as one address: of IPv6 the network of 64 bits, because a house has all of it."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else ip


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

    def admit(self, tenant: str, network: str, limit: int, now: datetime) -> None:
        """Count a sign-up from an address; TooMany if there were as many on this day, in UTC."""

    def blocked(
        self, tenant: str, connection_id: str, name: str, *, pair_limit: int, name_limit: int
    ) -> Sequence[Blocked]:
        """Give the addresses from which a name is refused, or ANYWHERE."""

    def clear(self, tenant: str, connection_id: str, names: Sequence[str], event: LogEvent) -> None:
        """Forget the failures of names from everywhere."""
