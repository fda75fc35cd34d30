"""Who may be impersonated, by whom, where: a tenant's settings, and what speaks against one case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.documents import Document
from chalicelib.core.errors import Forbidden, GatehouseError, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.impersonation import ImpersonationLink
    from chalicelib.core.users import User

UNASKED = "Links that are spent without a question are turned off in this tenant."


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """What speaks against an impersonation, as the error that a program gets and the sentence in the history."""

    kind: type[GatehouseError]
    message: str
    code: str = "impersonation_refused"

    def error(self) -> GatehouseError:
        """Make the error."""
        return self.kind(self.message, code=self.code)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A tenant's settings of impersonation. Lifetimes are durations; `client_policies` is by client id."""

    enabled: bool
    classic_links: bool
    confirm: bool
    reason_required: bool
    max_link_lifetime: timedelta
    token_lifetime: timedelta
    notify_user: bool
    protected_users: tuple[str, ...]
    protected_roles: tuple[str, ...]
    excluded_clients: tuple[str, ...]
    client_policies: Mapping[str, Document]

    @classmethod
    def of(cls, settings: Document) -> Policy:
        """Read a tenant's settings."""
        given = settings["impersonation"]
        return cls(
            enabled=given["enabled"],
            classic_links=given["classic_links"],
            confirm=given["confirm"],
            reason_required=given["reason_required"],
            max_link_lifetime=timedelta(seconds=given["max_link_lifetime"]),
            token_lifetime=timedelta(seconds=given["token_lifetime"]),
            notify_user=given["notify_user"],
            protected_users=tuple(given["protected_users"]),
            protected_roles=tuple(given["protected_roles"]),
            excluded_clients=tuple(given["excluded_clients"]),
            client_policies=given["client_policies"],
        )

    def narrowed(self, client_id: str, scope: str) -> str:
        """Leave out of a scope what the tenant keeps from impersonators at a client, and what would outlive it."""
        denied = {*self._of_client(client_id).get("denied_scopes", ()), "offline_access"}
        return " ".join(each for each in scope.split() if each not in denied)

    def hidden_claims(self, client_id: str) -> tuple[str, ...]:
        """Give the claims the tenant keeps from impersonators at a client."""
        return tuple(self._of_client(client_id).get("denied_claims", ()))

    def _of_client(self, client_id: str) -> Document:
        return self.client_policies.get(client_id, {})

    def against_people(self, user: User, impersonator: User) -> Objection | None:
        """Say what speaks against one person acting as another."""
        if not self.enabled:
            return _forbidden("Impersonation is turned off in this tenant.")
        if user.user_id == impersonator.user_id:
            return _forbidden("Nobody can impersonate themselves.")
        if user.blocked:
            return _forbidden("user is blocked")
        if impersonator.blocked:
            return _forbidden("The impersonator is blocked.")
        if user.user_id in self.protected_users or roles_of(user) & set(self.protected_roles):
            return _forbidden("This user must not be impersonated.")
        return None

    def against_client(self, client: Client, link: ImpersonationLink) -> Objection | None:
        """Say what speaks against an application, as far as its callback is not concerned."""
        if client.is_global or client.client_id in self.excluded_clients:
            return _forbidden("Nobody may be impersonated in this application.")
        if link.is_classic and not self.classic_links:
            return _forbidden("Links that answer an application unasked are turned off in this tenant.")
        if not link.is_classic and not link.confirm and not self.classic_links:
            return _forbidden(UNASKED)
        if not link.is_classic and not client.initiate_login_uri:
            return Objection(
                kind=Invalid,
                message="The application has no initiate_login_uri, where its sign-in begins.",
                code="no_initiate_login_uri",
            )
        return None


def against_connection(user: User, connection: Connection | None, client: Client) -> Objection | None:
    """Say whether a user could enter an application by a connection at all."""
    has_account = connection is not None and any(each.connection_id == connection.id for each in user.identities)
    if connection is None or not has_account or client.client_id not in connection.enabled_clients:
        return _forbidden("The user's connection is not enabled for the application.")
    return None


def roles_of(user: User) -> set[str]:
    """Give a user's roles, where applications of Auth0 keep them: in app_metadata, itself or under authorization."""
    inner = user.app_metadata.get("authorization")
    places = [user.app_metadata.get("roles"), inner.get("roles") if isinstance(inner, dict) else None]
    return {role for place in places if isinstance(place, (list, tuple)) for role in place if isinstance(role, str)}


def _forbidden(message: str) -> Objection:
    return Objection(kind=Forbidden, message=message)
