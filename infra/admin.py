"""`make admin EMAIL=... [TENANT=...]`: has an owner of a tenant, who can then let others in at the dashboard.

The first one of a deployment comes from here and from nowhere else. It needs the deployment's settings in the
environment, and credentials that may write to its table and use its key. Running it twice is harmless.
"""

from __future__ import annotations

import argparse
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.callers import Caller
from chalicelib.core.errors import GatehouseError
from chalicelib.core.tenants import SYSTEM_TENANT
from chalicelib.core.tickets import Terms
from chalicelib.settings import Settings, SettingsError
from chalicelib.wiring import build_core, real_ambient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.gatehouse import Core

LINK_LIVES = timedelta(hours=24)


def main(arguments: Sequence[str] | None = None) -> None:
    """Appoint somebody, and say how they get in."""
    parser = argparse.ArgumentParser(prog="python -m infra.admin", description="Have an owner of a tenant.")
    parser.add_argument("email", help="the address of the owner")
    parser.add_argument("tenant", nargs="?", default="", help="the tenant; the default one unless it is named")
    asked = parser.parse_args(arguments)
    try:
        core = build_core(Settings.read(os.environ), real_ambient())
        print(appoint(core, asked.email, asked.tenant or core.hosts.default_tenant))
    except (GatehouseError, SettingsError) as error:
        raise SystemExit(str(error)) from None


def appoint(core: Core, email: str, tenant: str) -> str:
    """Make what is missing: the system tenant, the tenant, the account and its role. Give what is to be told."""
    caller = Caller(tenant=SYSTEM_TENANT, subject="command line", operation="Appoint an owner from the command line")
    for name in (SYSTEM_TENANT, tenant):
        if core.tenants.store.find(name) is None:
            core.tenants.create(caller.within(name), name)
    person, newcomer = core.operators.appoint(email, tenant)
    said = f"{person.email} owns the tenant {tenant}: {core.hosts.issuer(SYSTEM_TENANT)}dashboard"
    if not newcomer:
        return said
    terms = Terms(lifetime=LINK_LIVES, marks_verified=True)
    link = core.password_resets.ticket(caller, person.user_id, None, terms)
    return f"{said}\nChoose the password within a day, by this link, which works once:\n{link}"


if __name__ == "__main__":
    main()
