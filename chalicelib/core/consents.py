"""Consents: which scopes of which API a user has allowed a third party's client. Auth0's API calls them grants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.errors import NotFound
from chalicelib.core.logs import done
from chalicelib.core.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.users import User


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """What one user allowed one client of one API; an empty audience is the profile itself."""

    id: str
    user_id: str
    client_id: str
    audience: str
    scope: tuple[str, ...]
    given_at: datetime
    version: int = 0


class ConsentStore(Protocol):
    """Where consents lie: with their user."""

    def find(self, tenant: str, user_id: str, consent_id: str) -> Consent | None:
        """Read one."""

    def find_anywhere(self, tenant: str, consent_id: str) -> Consent | None:
        """Find one by its id alone."""

    def walk(self, tenant: str) -> Iterator[Consent]:
        """Read all of a tenant in order of id, lazily."""

    def walk_for_user(self, tenant: str, user_id: str) -> Iterator[Consent]:
        """Read all of a user in order of id, lazily."""

    def put(self, tenant: str, user: User, consent: Consent, event: LogEvent) -> None:
        """Write one over the version that was read, while its user stands."""

    def delete(self, tenant: str, consent: Consent, event: LogEvent) -> None:
        """Remove one; removing it twice is one removal."""


@dataclass(frozen=True, slots=True)
class Consents:
    """What can be done with consents."""

    store: ConsentStore
    ambient: Ambient

    def covers(self, tenant: str, user_id: str, client_id: str, audience: str, scope: str) -> bool:
        """Whether a user has allowed all of these scopes already."""
        consent = self.store.find(tenant, user_id, id_of(user_id, client_id, audience))
        return consent is not None and set(scope.split()) <= set(consent.scope)

    def give(self, caller: Caller, user: User, client_id: str, audience: str, scope: str) -> None:
        """Add scopes to what a user allows."""
        consent_id = id_of(user.user_id, client_id, audience)
        known = self.store.find(caller.tenant, user.user_id, consent_id)
        before = known or Consent(
            id=consent_id,
            user_id=user.user_id,
            client_id=client_id,
            audience=audience,
            scope=(),
            given_at=self.ambient.now(),
        )
        after = replace(
            before, scope=tuple(dict.fromkeys((*before.scope, *scope.split()))), given_at=self.ambient.now()
        )
        self.store.put(caller.tenant, user, after, done(self.ambient, caller, user_id=user.user_id))

    def list(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        audience: str | None = None,
    ) -> Page[Consent]:
        """List consents, of one user, client or API if named."""
        walk = self.store.walk_for_user(caller.tenant, user_id) if user_id else self.store.walk(caller.tenant)
        chosen = (each for each in walk if client_id in {None, each.client_id} and audience in {None, each.audience})
        return cut(chosen, request, "id")

    def delete(self, caller: Caller, consent_id: str) -> None:
        """Take one back. The next sign-in asks again."""
        consent = self.store.find_anywhere(caller.tenant, consent_id)
        if consent is None:
            raise NotFound("The grant does not exist.", code="inexistent_grant")
        self.store.delete(caller.tenant, consent, done(self.ambient, caller, user_id=consent.user_id))

    def delete_for_user(self, caller: Caller, user_id: str) -> None:
        """Take back all that a user allowed."""
        for consent in list(self.store.walk_for_user(caller.tenant, user_id)):
            self.store.delete(caller.tenant, consent, done(self.ambient, caller, user_id=user_id))


def id_of(user_id: str, client_id: str, audience: str) -> str:
    """Give the id of a consent, which follows from what it is about."""
    return f"gra_{sha256(f'{client_id}|{audience}|{user_id}'.encode()).hexdigest()[:24]}"
