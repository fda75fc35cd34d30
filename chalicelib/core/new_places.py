"""New places: who signs in from where they never did before is told by mail (S14).

A place is the country of the address, the city where CloudFront tells it, and the kind of browser and system. A user is
known from the places of the last sign-ins: at most 20, each for 180 days after the last time. The first sign-in is from
nowhere new. Silent sign-ins and refreshes belong to a sign-in that was told of, and do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.ambient import milliseconds
from chalicelib.core.devices import kind_of
from chalicelib.core.places import KnownPlace, digest_of
from chalicelib.core.tenants import settings_of
from chalicelib.core.tickets import CHANGE_PASSWORD, RESET_LIFETIME, Terms

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connections
    from chalicelib.core.outbox import Outbox
    from chalicelib.core.sign_ins import SignIn
    from chalicelib.core.tenants import TenantStore
    from chalicelib.core.tickets import Ticket, Tickets
    from chalicelib.core.users import User

MAX_PLACES = 20
KEPT_FOR = timedelta(days=180)
SETTING = "tell_of_new_places"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewPlaces:
    """Notices new places; fits `core.sign_ins.PlaceNotice`."""

    tickets: Tickets
    outbox: Outbox
    connections: Connections
    tenants: TenantStore

    def noticed(self, caller: Caller, sign_in: SignIn) -> SignIn:
        """Give a sign-in with the places its user is known from then, and the letter that tells of a new one.

        Places are remembered also where nobody is told, so that whoever turns the mails on, or verifies an address,
        is not told of places they have used for long.
        """
        user, today = sign_in.user, _day(sign_in.at)
        here = KnownPlace(digest_of(sign_in.event.location_info, kind_of(caller.user_agent)), today)
        known = [place for place in user.places if today - place.day < KEPT_FOR // _DAY]
        if here in known:
            return sign_in
        others = tuple(place for place in known if place.digest != here.digest)
        noticed = replace(sign_in, places=(here, *others)[:MAX_PLACES])
        is_new = bool(user.places) and len(others) == len(known)
        return self._telling(caller, noticed) if is_new and self._may_tell(caller.tenant, user) else noticed

    def _may_tell(self, tenant: str, user: User) -> bool:
        """Tell a proven address only: another one may be a stranger's, whom it does not concern."""
        return bool(user.email and user.email_verified and settings_of(self.tenants.recall(tenant))[SETTING])

    def _telling(self, caller: Caller, sign_in: SignIn) -> SignIn:
        ticket, link = self._link(caller.tenant, sign_in.user, sign_in.event.client_id)
        letter = self.outbox.note(
            caller,
            "new_place",
            sign_in.user.email or "",
            user=sign_in.user,
            link=link,
            lifetime=RESET_LIFETIME,
        )
        return replace(sign_in, ticket=ticket, letter=letter)

    def _link(self, tenant: str, user: User, client_id: str) -> tuple[Ticket | None, str]:
        """Make the link by which a new password is set, if the user has one here and may choose it."""
        connection = self.connections.store.recall(tenant, user.main.connection_id)
        if connection is None or not connection.resets_passwords:
            return None, ""
        terms = Terms(lifetime=RESET_LIFETIME, client_id=client_id)
        return self.tickets.make(tenant, CHANGE_PASSWORD, user, user.main, terms)


def _day(moment: datetime) -> int:
    return milliseconds(moment) // (_DAY // timedelta(milliseconds=1))
