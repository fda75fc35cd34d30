"""The sweep: finishes what deletions left. Idempotent, and bounded per run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.callers import Caller
from chalicelib.core.errors import GatehouseError
from chalicelib.core.work import CLIENT, CONNECTION, GENERATION, USER, Work

if TYPE_CHECKING:
    from chalicelib.core.client_grants import ClientGrants
    from chalicelib.core.connections import Connections
    from chalicelib.core.links import Links
    from chalicelib.core.sessions import SessionStore
    from chalicelib.core.users import Users
    from chalicelib.core.work import WorkStore

LOG = logging.getLogger("gatehouse")
NOTES_PER_RUN = 25
ITEMS_PER_NOTE = 2_000
"""At 49 deletions a transaction some 40 round trips a note: seconds of a Lambda's minute."""
ACCOUNTS_PER_NOTE = 50


@dataclass(frozen=True, slots=True)
class Sweep:
    """Takes the oldest notes of work, of each tenant in turn, and carries each on."""

    works: WorkStore
    users: Users
    links: Links
    client_grants: ClientGrants
    connections: Connections
    sessions: SessionStore

    def run(self) -> int:
        """Carry on up to 25 notes; give how many are finished."""
        return sum(self.attempt(work) for work in self.works.pending(NOTES_PER_RUN))

    def attempt(self, work: Work) -> bool:
        """Do a bounded part of one note; say whether it is finished. One that fails holds up no other."""
        try:
            return self._carry_on(work)
        except GatehouseError as error:
            LOG.warning("work %s on a %s is left to the next sweep: %s", work.id, work.kind, error)
            return False

    def _carry_on(self, work: Work) -> bool:
        if work.kind == USER:
            return self.users.store.purge(work, ITEMS_PER_NOTE)
        if work.kind == GENERATION:
            return self.sessions.purge(work, ITEMS_PER_NOTE)
        caller = Caller(tenant=work.tenant, operation=f"Remove what a deleted {work.kind} left")
        empty = self._empty_connection if work.kind == CONNECTION else self._forget
        finished = empty(caller, work)
        if finished:
            self.works.finish(work)
        return finished

    def _forget(self, caller: Caller, work: Work) -> bool:
        """Remove the grants of a client or an API, and a client's place at connections."""
        if work.kind == CLIENT:
            self.client_grants.purge(caller, client_id=work.target)
            self.connections.forget_client(caller, work.target)
        else:
            self.client_grants.purge(caller, audience=work.target)
        return True

    def _empty_connection(self, caller: Caller, work: Work) -> bool:
        """Delete the users a removed connection began, and unlink its accounts from the others."""
        owners = self.users.store.owners(caller.tenant, work.target, ACCOUNTS_PER_NOTE)
        for user_id in owners:
            self._leave(caller, work.target, user_id)
        return not owners

    def _leave(self, caller: Caller, connection_id: str, user_id: str) -> None:
        user = self.users.store.find(caller.tenant, user_id)
        if user is None:
            return
        if user.main.connection_id == connection_id:
            self.users.delete(caller, user_id)
            return
        for identity in user.identities:
            if identity.connection_id == connection_id:
                self.links.release(caller, user_id, identity.provider, identity.user_id)
                self.users.delete(caller, identity.full_id)
