"""What rules reach of the outside: the metadata of users, in this tenant, and HTTP, as far as that is allowed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.errors import GatehouseError
from chalicelib.core.profiles import profile_of
from chalicelib.core.sandbox import OperationRefused

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller
    from chalicelib.core.sandbox import Requests
    from chalicelib.core.users import Users

_SCOPES = frozenset({"read:users", "update:users", "update:users_app_metadata"})


@dataclass(frozen=True, slots=True)
class RuleHost:
    """Answers what the scripts of one sign-in ask for. Fits `core.sandbox.Host`."""

    users: Users
    outgoing: Requests
    caller: Caller

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send an HTTP request."""
        return self.outgoing.request(request, seconds)

    def update_user_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Merge into a user's own metadata and give the user."""
        return self._update(user_id, {"user_metadata": metadata})

    def update_app_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Merge into an application's metadata of a user and give the user."""
        return self._update(user_id, {"app_metadata": metadata})

    def _update(self, user_id: str, patch: dict[str, Any]) -> dict[str, Any]:
        """Change a user of the tenant, as the Management API would; the history says that rules did it."""
        acting = replace(self.caller, scopes=_SCOPES, operation="Update a user by a rule")
        try:
            return profile_of(self.users.update(acting, user_id, patch))
        except GatehouseError as error:
            raise OperationRefused(error.message, error.code) from error
