"""The backfill: gives users their entries in lists and searches who were made before there were any.

It walks all users of all tenants once, a part with each run of the sweep, and again until a whole walk found nobody
without: so whoever was made by a version before, while this one was deployed, is found too. After that a run is a read.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.errors import Conflict, GatehouseError, Unavailable
from chalicelib.core.user_walks import EVERYBODY, Source

if TYPE_CHECKING:
    from chalicelib.core.user_walks import UserListStore
    from chalicelib.core.users import User, UserStore

LOG = logging.getLogger("gatehouse")
USERS_PER_RUN = 500
"""Users looked at in a run: each is a transaction of its own, so some seconds of a Lambda's minute."""
_AT_ONCE = 100
_TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the walk is: within a tenant, or before the next one after `after_tenant`.

    `found` says that this walk met somebody without entries, `done` that the last one met nobody.
    """

    tenant: str = ""
    after_tenant: str = ""
    after_user: str | None = None
    found: bool = False
    done: bool = False


class BackfillStore(Protocol):
    """Where the progress lies, and all tenants."""

    def progress(self) -> Progress:
        """Read how far the walk is."""

    def advance(self, before: Progress, after: Progress) -> None:
        """Write how far it is now; a conflict if another run was faster."""

    def tenant_after(self, position: str) -> tuple[str, str] | None:
        """Give the name and the position of the tenant that was made next, if there is one."""

    def enlist(self, tenant: str, user: User) -> None:
        """Write the entries of a user who has none; a conflict if anything of the user changed since they were read."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """Walks on with each run. Two at once do the same thing twice, and one of them says how far it is."""

    store: BackfillStore
    lists: UserListStore
    users: UserStore

    def run(self) -> int:
        """Look at up to 500 users; give how many got their entries."""
        before = now = self.store.progress()
        left, given = USERS_PER_RUN, 0
        try:
            while left > 0 and not now.done:
                looked, enlisted, now = self._walk_on(now)
                left, given = left - looked, given + enlisted
        except Unavailable as error:
            LOG.warning("the backfill is left to the next sweep: %s", error)
        if now != before:
            self._note(before, now)
        return given

    def _note(self, before: Progress, now: Progress) -> None:
        try:
            self.store.advance(before, now)
        except Conflict:  # another run notes its own
            LOG.info("another run of the backfill was faster")

    def _walk_on(self, now: Progress) -> tuple[int, int, Progress]:
        """Take one step: to the next tenant, or a hundred users on."""
        if not now.tenant:
            return 1, 0, self._next_tenant(now)
        everybody = Source(EVERYBODY)
        look = self.lists.look(now.tenant, everybody, most=_AT_ONCE, start=now.after_user, descending=False)
        without = [entry.user for entry in look.seen if entry.user is not None and entry.user.listed_in is None]
        enlisted = sum(self._enlist(now.tenant, user) for user in without)
        now = replace(now, found=now.found or bool(without))
        if look.more:
            return len(look.seen), enlisted, replace(now, after_user=look.seen[-1].position)
        return len(look.seen) + 1, enlisted, replace(now, tenant="", after_user=None)

    def _next_tenant(self, now: Progress) -> Progress:
        following = self.store.tenant_after(now.after_tenant)
        if following is None:
            return Progress() if now.found else Progress(done=True)
        name, position = following
        return replace(now, tenant=name, after_tenant=position, after_user=None)

    def _enlist(self, tenant: str, user: User | None) -> bool:
        """Write the entries of a user as they are now; whoever changes all the time is met again by the next walk."""
        for _ in range(_TRIES):
            if user is None or user.listed_in is not None:
                return False
            try:
                self.store.enlist(tenant, user)
            except Unavailable:
                raise
            except Conflict:
                user = self.users.find(tenant, user.user_id)
            except GatehouseError as error:  # one user must not hold up all others
                LOG.warning("a user of %s stays without entries: %s", tenant, error)
                return False
            else:
                return True
        return False
