"""The sweep: finishes deletions that were too large for one transaction. Idempotent, and bounded per run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.callers import Caller
from chalicelib.core.work import USER, Work

if TYPE_CHECKING:
    from chalicelib.core.links import Links
    from chalicelib.core.users import Users
    from chalicelib.core.work import WorkStore

NOTES_PER_RUN = 25
ITEMS_PER_NOTE = 2_000
"""With 25 deletions a batch, 80 round trips: some seconds of a Lambda's minute."""
ACCOUNTS_PER_NOTE = 50


@dataclass(frozen=True, slots=True)
class Sweep:
    """Takes the oldest notes of work and carries each on."""

    works: WorkStore
    users: Users
    links: Links

    def run(self) -> int:
        """Carry on up to 25 notes; give how many are finished."""
        return sum(self.carry_on(work) for work in self.works.pending(NOTES_PER_RUN))

    def carry_on(self, work: Work) -> bool:
        """Do a bounded part of one note; say whether it is finished."""
        if work.kind == USER:
            return self.users.store.purge(work, ITEMS_PER_NOTE)
        return self._empty_connection(work)

    def _empty_connection(self, work: Work) -> bool:
        """Delete the users a removed connection began, and unlink its accounts from the others."""
        caller = Caller(tenant=work.tenant, operation="Delete the users of a deleted connection")
        owners = self.users.store.owners(work.tenant, work.target, ACCOUNTS_PER_NOTE)
        for user_id in owners:
            self._leave(caller, work.target, user_id)
        if owners:
            return False
        self.works.finish(work)
        return True

    def _leave(self, caller: Caller, connection_id: str, user_id: str) -> None:
        user = self.users.store.find(caller.tenant, user_id)
        if user is None:
            return
        if user.main.connection_id == connection_id:
            self.users.delete(caller, user_id)
            return
        for identity in user.identities:
            if identity.connection_id == connection_id:
                self.links.unlink(caller, user_id, identity.provider, identity.user_id)
                self.users.delete(caller, identity.full_id)
