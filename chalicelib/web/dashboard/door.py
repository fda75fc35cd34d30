"""Who gets into the dashboard: whoever has its cookie, as a member of the tenant that the address names (S20, S34)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.core.errors import NotFound
from chalicelib.core.tenants import SYSTEM_TENANT
from chalicelib.web import cookies
from chalicelib.web.forms import demand_same_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice.app import Request as HttpRequest

    from chalicelib.core.callers import Caller
    from chalicelib.core.dashboard_sign_in import Operator
    from chalicelib.core.gatehouse import Core


class Form(msgspec.Struct, kw_only=True):
    """What every form of the dashboard posts. Of what a person types nothing is refused before a view has seen it."""

    form_token: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """An operator, and the tenant that the address names; "" on pages of no tenant."""

    operator: Operator
    tenant: str = ""

    @property
    def belongs(self) -> bool:
        """Whether the operator is a member of the tenant."""
        return self.tenant in self.operator.memberships.roles


class WrongHost(NotFound):
    """The dashboard is on the system tenant's host and on no other."""

    code = "wrong_host"


class DashboardDoor:
    """Reads the cookie; gives everybody the scopes of their role; demands of a form that it is one of theirs."""

    reads = frozenset({"tenant"})

    def enter(self, core: Core, caller: Caller, http: HttpRequest, parameters: Mapping[str, str]) -> Visitor:
        """Say who holds the cookie, or raise SignedOut."""
        demand_host(caller)
        (cookie,) = cookies.read(http, cookies.DASHBOARD)
        operator = core.dashboard_sign_in.operator(caller, cookie)
        return Visitor(operator=operator, tenant=parameters.get("tenant", ""))

    def acting(self, visitor: Visitor, caller: Caller) -> Caller:
        """Give the caller with the role's scopes in the tenant; not found for whoever is no member."""
        return visitor.operator.acting(caller, visitor.tenant)

    def admit(self, core: Core, visitor: Visitor, http: HttpRequest, body: Any) -> None:
        """Refuse what another site posted, or a page of another session."""
        demand_same_origin(http)
        core.dashboard_sign_in.demand_form(visitor.operator, body.form_token)


def demand_host(caller: Caller) -> None:
    """Refuse a request at another tenant's host."""
    if caller.tenant != SYSTEM_TENANT:
        raise WrongHost("The dashboard is not here.")
