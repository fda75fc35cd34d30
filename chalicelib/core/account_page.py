"""The account page: what somebody who is signed in sees of their own account, and may end or change there.

Whatever is named is looked up among what is the user's own, so that nobody ends what is another's. What is gone
already is no error: the page may be old, and the button pressed twice. Owns no session and no password, but what is
written when they go or change together.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.entities import retrying
from chalicelib.core.errors import Invalid, NotFound, TooMany, Unauthenticated
from chalicelib.core.logs import done, happened
from chalicelib.core.oauth.errors import TooManyAttempts, UserBlocked, WrongPassword
from chalicelib.core.paging import PageRequest, cut
from chalicelib.core.sign_ins import name_of, placed
from chalicelib.core.users import Change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.attempts import Counter
    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.device_credentials import DeviceCredential
    from chalicelib.core.handles import Handle
    from chalicelib.core.identities import Identity
    from chalicelib.core.impersonation import ImpersonationLink
    from chalicelib.core.impersonation_links import ImpersonationLinks
    from chalicelib.core.logs import LogEvent, LogStore
    from chalicelib.core.paging import Page
    from chalicelib.core.seals import Seals
    from chalicelib.core.sessions import Session, Sessions
    from chalicelib.core.sign_ins import Authenticated, SignIns
    from chalicelib.core.users import User, Users

BUTTONS_LIVE = timedelta(hours=24)
"""How long the page may be left open until its buttons do nothing but show it anew."""
SHOWN = 50
"""Sessions, and devices, that the page shows: those that were used last."""
ACTIVITY = 20
"""Events on one page of the activity."""
IMPERSONATIONS = 25
"""Links that are looked at for those that somebody used."""
OTHERS = "others"
"""What the event of "sign out everywhere else" says was ended."""
_PURPOSE, _RECEIPT = "account page", "account page receipt"
_RECEIPT_LIVES = timedelta(minutes=1)
_AFTER_ALL = "~"


class SignedOut(Unauthenticated):
    """Nobody is signed in in this browser, or not any more."""

    code = "signed_out"


class OldPage(Invalid):
    """The page that a form came from is too old, or of a session before this one. Nothing was changed."""

    code = "old_page"


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Who looks at the page, and by which session."""

    user: User
    session: Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The account that has the password one signs in with here: only databases have one."""

    identity: Identity
    connection: Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A device credential. Of a refresh token also the session it came of and the generation; a public key has none."""

    credential: DeviceCredential
    session_id: str = ""
    generation: int | None = None

    def stands(self, generation: int, now: datetime) -> bool:
        """Whether it lets its user in: of the user's generation, and not at its end."""
        ends_at = self.credential.expires_at
        return self.generation in {None, generation} and (ends_at is None or now < ends_at)

    @property
    def used_at(self) -> datetime:
        """When it was used last, else made."""
        return self.credential.last_used or self.credential.created_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrances:
    """All that lets the user in: sessions, this one first, and devices; then those that were used last."""

    sessions: tuple[Session, ...]
    devices: tuple[Device, ...]

    def of_session(self, session_id: str) -> Entrances:
        """Keep one session, with the devices that came of it."""
        return Entrances(
            sessions=tuple(each for each in self.sessions if each.id == session_id),
            devices=tuple(each for each in self.devices if each.session_id == session_id),
        )

    def but(self, session: Session) -> Entrances:
        """Leave out one session, and public keys, which end with nothing else. The session's own devices stay in."""
        return Entrances(
            sessions=tuple(each for each in self.sessions if each.id != session.id),
            devices=tuple(each for each in self.devices if each.generation is not None),
        )

    def __len__(self) -> int:
        return len(self.sessions) + len(self.devices)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """What ends with a session, or would: `done` says which. `own` says that it is the session of who asks."""

    entrances: Entrances
    done: bool
    own: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPassword:
    """What somebody chose on the page."""

    current: str
    password: str
    ends_others: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """What is written together when a change of the user gives the present session another id, and ends the old one.

    `counters` are those of failed attempts, which a right password forgets.
    """

    change: Change
    ended: Session
    session: Session
    event: LogEvent
    counters: tuple[Counter, ...] = ()


class AccountPageStore(Protocol):
    """Reads and writes what is below one user."""

    def entrances(self, tenant: str, user_id: str) -> tuple[Sequence[Session], Sequence[Device]]:
        """Read every session and device of a user."""

    def device(self, tenant: str, user_id: str, device_id: str) -> Device | None:
        """Find one device of a user."""

    def end(self, tenant: str, ended: Sequence[tuple[Session | Device, LogEvent]]) -> None:
        """Remove some with their events; a conflict if one of them is gone."""

    def renew(self, tenant: str, renewal: Renewal) -> None:
        """Write a change with the renewed session; a conflict if the user changed, SignedOut if the old one is over."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """What can be seen and done on the page. Whatever changes something takes the sealed state of the page."""

    store: AccountPageStore
    logs: LogStore
    users: Users
    connections: Connections
    sessions: Sessions
    sign_ins: SignIns
    impersonation_links: ImpersonationLinks
    seals: Seals
    ambient: Ambient

    def owner(self, caller: Caller, cookie: str) -> Owner:
        """Say who looks at the page, or raise SignedOut; UserBlocked for somebody who was blocked meanwhile."""
        found = self.sessions.held(caller.tenant, cookie)
        if found is None:
            raise signed_out()
        user, session = found
        if user.blocked:
            raise UserBlocked
        return Owner(user=user, session=session)

    def state(self, caller: Caller, owner: Owner) -> str:
        """Give the sealed state for the forms of a page: good for this session alone."""
        return self.seals.seal(caller.tenant, _PURPOSE, {"session": owner.session.id}, BUTTONS_LIVE)

    def receipt(self, caller: Caller, done: str) -> str:
        """Say what was done, for the page that is shown next; sealed, so that no link can make the page say it."""
        return self.seals.seal(caller.tenant, _RECEIPT, {"done": done}, _RECEIPT_LIVES)

    def received(self, caller: Caller, receipt: str) -> str:
        """Read what was done; nothing, if it is not ours or of some time ago."""
        kept = self.seals.open(caller.tenant, _RECEIPT, receipt)
        return str(kept["done"]) if kept else ""

    def entrances(self, caller: Caller, owner: Owner) -> Entrances:
        """List what lets the user in and is not over."""
        now, generation = self.ambient.now(), owner.user.generation
        sessions, devices = self.store.entrances(caller.tenant, owner.user.user_id)
        alive = [each for each in sessions if each.alive(now) and each.generation == generation]
        standing = [each for each in devices if each.stands(generation, now)]
        return Entrances(
            sessions=tuple(
                sorted(alive, key=lambda each: (each.id == owner.session.id, each.touched_at), reverse=True)
            ),
            devices=tuple(sorted(standing, key=lambda each: each.used_at, reverse=True)),
        )

    def activity(self, caller: Caller, owner: Owner, before: str) -> Page[LogEvent]:
        """Give a page of the user's own history, the newest first; `before` is the `next` of the page before, or "".

        One query, of no more events than are shown and the one that tells that there are more.
        """
        own = self.logs.walk(
            caller.tenant,
            "",
            before or _AFTER_ALL,
            user_id=owner.user.user_id,
            newest_first=True,
            page_size=ACTIVITY + 1,
        )
        return cut(own, PageRequest(checkpoint=True, per_page=ACTIVITY), "log_id")

    def impersonations(self, caller: Caller, owner: Owner) -> Sequence[ImpersonationLink]:
        """Give who acted as the user lately, the newest first: one query, and a batch of reads if there is anybody."""
        links = self.impersonation_links.store.walk_for_user(caller.tenant, owner.user.user_id, None)
        return [link for link in islice(links, IMPERSONATIONS) if link.used_at is not None]

    def end_impersonation(self, caller: Caller, cookie: str, state: str, link_id: str) -> None:
        """End what somebody may do as the user; what is over already stays over."""
        owner = self._opened(caller, cookie, state)
        acting = replace(caller, subject=owner.user.user_id)
        with suppress(NotFound):
            self.impersonation_links.end(acting, owner.user.user_id, link_id)

    def account(self, caller: Caller, owner: Owner) -> Account | None:
        """Find the account whose password can be changed here: the one of the database that one signed in at."""
        connection = self.connections.store.recall(caller.tenant, owner.session.connection_id)
        if connection is None or not connection.changes_passwords:
            return None
        own = (each for each in owner.user.identities if each.connection_id == connection.id and each.names)
        identity = next(own, None)
        return Account(identity=identity, connection=connection) if identity else None

    def end_session(self, caller: Caller, cookie: str, state: str, session_id: str, *, confirmed: bool) -> Ending:
        """End a session of the user with the devices that came of it. Several things end only if that is confirmed."""
        return retrying(lambda: self._end_session(caller, cookie, state, session_id, confirmed=confirmed))

    def end_device(self, caller: Caller, cookie: str, state: str, device_id: str) -> None:
        """End a device of the user."""
        retrying(lambda: self._end_device(caller, cookie, state, device_id))

    def end_others(self, caller: Caller, cookie: str, state: str) -> tuple[Session, Handle]:
        """End every other session and every device at once, however many; this session goes on, renewed."""
        return retrying(lambda: self._end_others(caller, cookie, state))

    def change_password(
        self, caller: Caller, cookie: str, state: str, chosen: NewPassword, *, language: str = ""
    ) -> tuple[Session, Handle]:
        """Set a new password, if the current one is right, and renew this session.

        A wrong one is a failed attempt like one at the door (WrongPassword, TooManyAttempts); PasswordError if the
        connection does not accept the new one. Of two changes at once one wins.
        """
        return retrying(lambda: self._change_password(caller, cookie, state, chosen, language))

    def _end_session(self, caller: Caller, cookie: str, state: str, session_id: str, *, confirmed: bool) -> Ending:
        owner = self._opened(caller, cookie, state)
        entrances = self.entrances(caller, owner).of_session(session_id)
        goes = confirmed or len(entrances) <= 1
        if goes:
            self._end(caller, owner, entrances)
        return Ending(entrances=entrances, done=goes, own=session_id == owner.session.id)

    def _end_device(self, caller: Caller, cookie: str, state: str, device_id: str) -> None:
        owner = self._opened(caller, cookie, state)
        device = self.store.device(caller.tenant, owner.user.user_id, device_id)
        self._end(caller, owner, Entrances(sessions=(), devices=(device,) if device else ()))

    def _end(self, caller: Caller, owner: Owner, ending: Entrances) -> None:
        sessions = [(each, self._signed_out(caller, owner, each.id)) for each in ending.sessions]
        devices = [(each, self._unlinked(caller, owner, each)) for each in ending.devices]
        # The session last: what is too much for one write goes on as long as whoever ends it is still signed in.
        self.store.end(caller.tenant, [*devices, *sessions])

    def _end_others(self, caller: Caller, cookie: str, state: str) -> tuple[Session, Handle]:
        owner = self._opened(caller, cookie, state)
        after = replace(owner.user, generation=owner.user.generation + 1)
        change = self.users.settled(caller, Change(before=owner.user, after=after))
        session, handle = self.sessions.renewed(caller, owner.session, after.generation)
        event = self._signed_out(caller, owner, OTHERS)
        self.store.renew(caller.tenant, Renewal(change=change, ended=owner.session, session=session, event=event))
        return session, handle

    def _change_password(
        self, caller: Caller, cookie: str, state: str, chosen: NewPassword, language: str
    ) -> tuple[Session, Handle]:
        owner = self._opened(caller, cookie, state)
        account = self._changeable(caller, owner)
        name, connection = account.identity.names[0], account.connection
        proven = self.sign_ins.with_password(caller, None, connection, name, chosen.current, failure="fcp")
        if proven.user.user_id != owner.user.user_id:  # a tenant's own database has given the name to somebody else
            raise WrongPassword
        if connection.asks_always:
            # The proof may have brought a newer profile; and once the tenant's own database has the new password, the
            # current one proves nothing any more: what is tried again begins here.
            return retrying(lambda: self._set(caller, self._opened(caller, cookie, state), proven, chosen, language))
        # Over the user as read before the password was: a change that came between made it an old one.
        return self._set(caller, owner, proven, chosen, language)

    def _set(
        self, caller: Caller, owner: Owner, proven: Authenticated, chosen: NewPassword, language: str
    ) -> tuple[Session, Handle]:
        account = self._changeable(caller, owner)
        user, identity, connection = owner.user, account.identity, account.connection
        change = self.users.with_password(
            caller, user, user, identity, connection, chosen.password, ends_sessions=chosen.ends_others
        )
        change = self.users.settled(caller, change, language=language)
        session, handle = self.sessions.renewed(caller, owner.session, change.after.generation)
        event = happened(self.ambient, caller, "scp", user_id=user.user_id, user_name=name_of(user))
        renewal = Renewal(
            change=change,
            ended=owner.session,
            session=session,
            event=placed(event, None, connection),
            counters=proven.counters,
        )
        try:
            self.store.renew(caller.tenant, renewal)
        except TooMany:
            raise TooManyAttempts from None
        return session, handle

    def _changeable(self, caller: Caller, owner: Owner) -> Account:
        account = self.account(caller, owner)
        if account is None:
            raise Invalid("There is no password to change.", code="operation_not_supported")
        return account

    def _opened(self, caller: Caller, cookie: str, state: str) -> Owner:
        """Say who presses a button of the page, if the page is one of this very session."""
        owner = self.owner(caller, cookie)
        kept = self.seals.open(caller.tenant, _PURPOSE, state)
        if kept is None or kept["session"] != owner.session.id:
            raise OldPage("This page was old. Nothing was changed.")
        return owner

    def _signed_out(self, caller: Caller, owner: Owner, ended: str) -> LogEvent:
        user = owner.user
        details = {} if ended == owner.session.id else {"ended": ended}
        return done(self.ambient, caller, user_id=user.user_id, user_name=name_of(user), type="slo", details=details)

    def _unlinked(self, caller: Caller, owner: Owner, device: Device) -> LogEvent:
        kind = "sapi" if device.generation is None else "srrt"
        event = done(self.ambient, caller, user_id=owner.user.user_id, user_name=name_of(owner.user), type=kind)
        return replace(event, client_id=device.credential.client_id)


def signed_out() -> SignedOut:
    """Say that nobody is signed in, or that the session has ended at this moment."""
    return SignedOut("Nobody is signed in.")
