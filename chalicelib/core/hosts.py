"""Which tenant a host name means, and the addresses a tenant is known by. Knows names only, not whether they exist."""

from __future__ import annotations

import re
from dataclasses import dataclass

TENANT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_EXECUTE_API = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The naming of tenants: `<tenant>.<base domain>`; the bare domain and the addresses of a stage are the default's.

    `base_domain` is a host name with an optional port, as a browser shows it.
    """

    base_domain: str
    default_tenant: str

    def tenant_of(self, host: str) -> str | None:
        """Name the tenant a Host header addresses; None for a host that is not ours."""
        name = _without_port(host.lower())
        base = _without_port(self.base_domain)
        if name == base or name in _LOOPBACK or _EXECUTE_API.fullmatch(name):
            return self.default_tenant
        label, dot, rest = name.partition(".")
        if dot and rest in {base, "localhost"} and TENANT_NAME.fullmatch(label):
            return label
        return None

    def domain(self, tenant: str) -> str:
        """Give the host (with its port, if any) that a tenant is known by."""
        return self.base_domain if tenant == self.default_tenant else f"{tenant}.{self.base_domain}"

    def issuer(self, tenant: str) -> str:
        """Give the `iss` of the tenant's tokens. It never comes from a Host header, which a caller can choose."""
        return f"https://{self.domain(tenant)}/"

    def management_audience(self, tenant: str) -> str:
        """Give the identifier of the tenant's Management API."""
        return f"{self.issuer(tenant)}api/v2/"


def _without_port(host: str) -> str:
    return re.sub(r":\d{1,5}$", "", host)
