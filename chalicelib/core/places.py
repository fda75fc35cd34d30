"""Places: where on earth a request comes from, as its address tells. Owns what a place says, not how it is found.

A place is a hint, never a proof: it is for people to recognise their own sign-ins by, and for noticing a new one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.documents import Document


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Auth0's `location_info`. Codes are ISO 3166-1, of two and of three letters; what is not known is empty."""

    country_code: str
    country_code3: str = ""
    country_name: str = ""
    city_name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str = ""
    continent_code: str = ""

    def document(self) -> Document:
        """Give it for a log event: what is known, and nothing else."""
        return {name: value for name, value in asdict(self).items() if value not in {"", None}}

    @property
    def name(self) -> str:
        """What people call it: "Ghent, Belgium"."""
        return ", ".join(part for part in (self.city_name, self.country_name or self.country_code) if part)


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A place from which a user signed in before, as a short digest, and the last day of that, from 1970 on."""

    digest: str
    day: int


def digest_of(location: Document, device: str) -> str:
    """Tell a place, as an event has it, with a kind of device from others: in 12 characters, for profiles keep it."""
    where = (str(location.get(name, "")) for name in ("country_code", "city_name"))
    return sha256("\n".join((*where, device)).encode()).hexdigest()[:12]


class Locator(Protocol):
    """What knows where requests come from. `headers` are found by their name in lower case."""

    def address(self, peer: str, headers: Mapping[str, str]) -> str:
        """Give the address of whoever asks. `peer` is who connected to us: that, or a proxy of our own."""

    def locate(self, address: str, headers: Mapping[str, str]) -> Place | None:
        """Give the place of that address; None for one that is nowhere, such as a private one, or not known."""
