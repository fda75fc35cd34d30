"""Who asks: the tenant, the client, the scopes and where the request came from. Every state change is tied to one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.places import Place


def _nowhere() -> Place | None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """One authenticated (or anonymous) request. `operation` is the sentence the history shows for it.

    `operator` is what somebody at the dashboard is called; their id, the `subject`, is one of the system tenant.
    `place` says where it comes from, looked up when an event is written and not before.
    """

    tenant: str
    subject: str = ""
    operator: str = ""
    client_id: str = ""
    scopes: frozenset[str] = frozenset()
    ip: str = ""
    user_agent: str = ""
    hostname: str = ""
    request_id: str = ""
    method: str = ""
    path: str = ""
    operation: str = ""
    place: Callable[[], Place | None] = _nowhere

    def demand(self, *scopes: str) -> None:
        """Refuse unless the caller holds at least one of `scopes`; no scopes demand nothing."""
        if scopes and self.scopes.isdisjoint(scopes):
            raise Forbidden(f"Insufficient scope, expected any of: {','.join(scopes)}")

    def within(self, tenant: str) -> Caller:
        """Give the same caller acting in another tenant: only for an operator of the system tenant."""
        return replace(self, tenant=tenant)
