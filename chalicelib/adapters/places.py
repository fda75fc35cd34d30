"""Where requests come from: what CloudFront says of its viewers, else the country that an address was assigned to.

CloudFront knows the city. The database that the iptocc library brings knows countries only, as the five regional
registries assigned the addresses; its data is as old as the pinned release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from chalicelib.core.places import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAME = 100
_VIEWER = "cloudfront-viewer-"
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}")
_NUMBER = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,10})?")
_COUNTRIES = Path(__file__).with_name("countries.txt")


@dataclass(frozen=True, slots=True)
class Places:
    """Finds places; fits `core.places.Locator`.

    `behind_cloudfront` says that every request comes through a distribution of ours. Only then are its headers true:
    who reaches us directly can send any.
    """

    behind_cloudfront: bool

    def address(self, peer: str, headers: Mapping[str, str]) -> str:
        """Give the viewer's own address behind CloudFront, where `peer` is a server of CloudFront's."""
        # "198.51.100.10:46532"; the port stands behind an IPv6 address in the same way, without brackets.
        told = headers.get(f"{_VIEWER}address", "") if self.behind_cloudfront else ""
        viewer = _parsed(told.rpartition(":")[0])
        return str(viewer) if viewer else peer

    def locate(self, address: str, headers: Mapping[str, str]) -> Place | None:
        """Give the place that CloudFront tells, or the country of the address; None when there is neither."""
        return (_told(headers) if self.behind_cloudfront else None) or _looked_up(address)


def _told(headers: Mapping[str, str]) -> Place | None:
    """Read CloudFront's headers. It percent-encodes what is not ASCII; what makes no sense is left out."""

    def name(header: str) -> str:
        text = unquote(headers.get(_VIEWER + header, ""))[:MAX_NAME]
        return text if text.isprintable() else ""

    def degrees(header: str, limit: int) -> float | None:
        text = headers.get(_VIEWER + header, "")
        return float(text) if _NUMBER.fullmatch(text) and abs(float(text)) <= limit else None

    country = _country(headers.get(f"{_VIEWER}country", ""))
    if country is None:
        return None
    time_zone = headers.get(f"{_VIEWER}time-zone", "")
    return Place(
        country_code=country.country_code,
        country_code3=country.country_code3,
        country_name=name("country-name") or country.country_name,
        city_name=name("city"),
        latitude=degrees("latitude", 90),
        longitude=degrees("longitude", 180),
        time_zone=time_zone if _TIME_ZONE.fullmatch(time_zone) else "",
        continent_code=country.continent_code,
    )


def _looked_up(address: str) -> Place | None:
    known = _parsed(address)
    if known is None or not known.is_global:
        return None
    # Imported here: most deployments that care for places stand behind CloudFront and never need it.
    from iptocc import country_code  # noqa: PLC0415

    return _country(country_code(str(known)) or "")


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, with or without brackets; an IPv4 address written as IPv6 is an IPv4 address."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _country(code: str) -> Place | None:
    return _countries().get(code.upper())


@cache
def _countries() -> dict[str, Place]:
    """Read ISO 3166-1, with Kosovo and the continents: code, code of three letters, continent, name."""
    rows = (line.split("\t") for line in _COUNTRIES.read_text("utf-8").splitlines())
    return {
        code: Place(country_code=code, country_code3=code3, continent_code=continent, country_name=name)
        for code, code3, continent, name in rows
    }
