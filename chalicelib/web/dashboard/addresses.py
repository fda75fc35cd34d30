"""Where the dashboard's pages are, and which of them the navigation shows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from chalicelib.core.dashboard_sign_in import HOME

CALLBACK = f"{HOME}/callback"
SIGN_OUT = f"{HOME}/sign-out"
SIGNED_OUT = f"{HOME}/signed-out"
TENANTS = f"{HOME}/tenants"
NEW_TENANT = f"{HOME}/tenants/new"
START = f"{HOME}/t/{{tenant}}"
"""The first page of a tenant. As a route, like what begins with it: `{START}/users`."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a tenant's dashboard: its place below the tenant, its name in the navigation, and its icon there."""

    name: str
    title: str


SECTIONS = (
    Section("users", "Users"),
    Section("applications", "Applications"),
    Section("apis", "APIs"),
    Section("connections", "Connections"),
    Section("rules", "Rules"),
    Section("logs", "Logs"),
    Section("keys", "Signing keys"),
    Section("settings", "Settings"),
    Section("members", "Members"),
)
"""In the order of the navigation. One is shown when it has a page, and to those whose role opens that."""


def within(tenant: str, *steps: str, **query: str) -> str:
    """Give the address of a page of a tenant: `within("acme", "users", user_id, "devices")`."""
    path = "/".join([HOME, "t", *(quote(step, safe="") for step in (tenant, *steps))])
    said = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(said)}" if said else path
