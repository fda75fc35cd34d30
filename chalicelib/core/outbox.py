"""The outbox: mails that wait to be sent. Noted in the transaction of what they tell of, sent after it.

So nobody waits for a mail, a known address takes as long as an unknown one (S7), and no mail is lost while SES does not
answer. A mail is sent at least once: a process that ends between sending and removing leaves it to the next sweep.
Owns when a mail goes, not what it says.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core import mail
from chalicelib.core.callers import Caller
from chalicelib.core.devices import kind_of
from chalicelib.core.errors import GatehouseError, Unavailable
from chalicelib.core.jobs import VERIFICATION_EMAIL, Job
from chalicelib.core.logs import happened
from chalicelib.core.mail import Occasion, Recipient
from chalicelib.core.tenants import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.mail import Mail, Mailer
    from chalicelib.core.seals import Seals
    from chalicelib.core.tenants import TenantStore
    from chalicelib.core.users import User

LOG = logging.getLogger("gatehouse")
TRIED_FOR = timedelta(hours=24)
"""After this a mail is given up: whoever waited for it has asked again."""
KEPT_FOR = timedelta(hours=48)
PER_RUN = 25
_PURPOSE = "mail"
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What a mail will say, before it is composed: that happens when it is sent. `kind` is a mail of `core.mail`.

    `wanted` False is a letter to nobody: it is written and thrown away like any other and sent to no one.
    """

    kind: str
    address: str
    language: str
    when: datetime
    user_id: str = ""
    link: str = ""
    lifetime: timedelta = timedelta()
    place: str = ""
    ip: str = ""
    device: str = ""
    wanted: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A letter in the outbox. It is sealed, because it may hold a link that opens an account.

    `is_job` says that a job tells how it went.
    """

    tenant: str
    id: str
    sealed: str
    noted_at: datetime
    next_at: datetime
    tries: int = 0
    is_job: bool = False

    def job(self, status: str) -> Job:
        """Give the job of a letter that is one."""
        return Job(id=f"job_{self.id}", type=VERIFICATION_EMAIL, status=status, created_at=self.noted_at)


class OutboxStore(Protocol):
    """Where letters wait."""

    def due(self, now: datetime, limit: int) -> Sequence[Waiting]:
        """Give letters whose time has come, of each tenant in turn, the longest due first."""

    def find(self, tenant: str, letter_id: str) -> Waiting | None:
        """Read one."""

    def claim(self, waiting: Waiting, next_at: datetime) -> bool:
        """Keep everybody else from it until `next_at`; False if somebody else did, or it is gone."""

    def remove(self, waiting: Waiting, event: LogEvent | None = None) -> None:
        """Remove one, with an event if it was given up; removing it twice is one removal and one event.

        Its job, if it is one, is completed, or failed with the event.
        """


@dataclass(frozen=True, slots=True)
class Outbox:
    """Takes letters and sends them."""

    store: OutboxStore
    mailer: Mailer
    seals: Seals
    tenants: TenantStore
    ambient: Ambient

    def note(
        self,
        caller: Caller,
        kind: str,
        address: str,
        *,
        user: User | None = None,
        language: str = "",
        link: str = "",
        lifetime: timedelta = timedelta(),
        wanted: bool = True,
    ) -> Waiting:
        """Give a letter that is not stored yet, for the transaction of what it tells of.

        It says from where something was done and by what, unless a program with a token did it: that is neither a
        place nor a device of the user's.
        """
        place = None if caller.scopes else caller.place()
        letter = Letter(
            kind=kind,
            address=address,
            language=mail.language_of(language, _language(user), *self._locales(caller.tenant)),
            when=self.ambient.now(),
            user_id=user.user_id if user else "",
            link=link,
            lifetime=lifetime,
            place=place.name if place else "",
            ip="" if caller.scopes else caller.ip,
            device="" if caller.scopes else kind_of(caller.user_agent),
            wanted=wanted,
        )
        sealed = self.seals.seal(caller.tenant, _PURPOSE, _document(letter), KEPT_FOR)
        now = self.ambient.now()
        return Waiting(tenant=caller.tenant, id=self.ambient.new_id(16), sealed=sealed, noted_at=now, next_at=now)

    def run(self) -> int:
        """Try up to 25 letters that are due; give how many are gone from the outbox."""
        return sum(self._attempt(waiting) for waiting in self.store.due(self.ambient.now(), PER_RUN))

    def deliver(self, tenant: str, letter_id: str) -> bool:
        """Try a new letter at once, rather than within a minute; say whether it is gone from the outbox.

        One that was tried before waits for its time, however often the stream tells of it.
        """
        waiting = self.store.find(tenant, letter_id)
        return waiting is None or (waiting.tries == 0 and self._attempt(waiting))

    def _attempt(self, waiting: Waiting) -> bool:
        """Try one letter. One that fails holds up no other."""
        try:
            return self._send(waiting)
        except GatehouseError as error:
            LOG.warning("mail %s waits for another try: %s (%s)", waiting.id, error.message, error.detail)
            return False

    def _send(self, waiting: Waiting) -> bool:
        now = self.ambient.now()
        letter = self._opened(waiting)
        if letter is None or now - waiting.noted_at >= TRIED_FOR:
            return self._give_up(waiting, letter)
        if letter.wanted:
            pause = min(_SHORTEST_PAUSE * (1 << min(waiting.tries, 10)), _LONGEST_PAUSE)
            if not self.store.claim(waiting, now + pause):
                return False
            try:
                self.mailer.send(waiting.tenant, self._composed(waiting.tenant, letter))
            except Unavailable:
                raise
            except GatehouseError:  # no mail can be made of it, now or later
                return self._give_up(waiting, letter)
        self.store.remove(waiting)
        return True

    def _give_up(self, waiting: Waiting, letter: Letter | None) -> bool:
        """Remove a letter that cannot be sent, with an event that names no address."""
        user_id = letter.user_id if letter else ""
        event = happened(self.ambient, Caller(tenant=waiting.tenant), "fn", user_id=user_id)
        LOG.error("mail %s of kind %s is given up", waiting.id, letter.kind if letter else "unknown")
        self.store.remove(waiting, event if letter is None or letter.wanted else None)
        return True

    def _opened(self, waiting: Waiting) -> Letter | None:
        document = self.seals.open(waiting.tenant, _PURPOSE, waiting.sealed)
        return _letter(document) if document is not None else None

    def _composed(self, tenant: str, letter: Letter) -> Mail:
        name = str(settings_of(self.tenants.recall(tenant))["friendly_name"] or tenant)
        recipient = Recipient(address=letter.address, tenant_name=name, language=letter.language)
        return _COMPOSERS[letter.kind](recipient, letter)

    def _locales(self, tenant: str) -> Sequence[str]:
        locales: Sequence[str] = settings_of(self.tenants.recall(tenant))["enabled_locales"]
        return locales


def _occasion(letter: Letter) -> Occasion:
    return Occasion(when=letter.when, place=letter.place, ip=letter.ip, device=letter.device)


_COMPOSERS: Mapping[str, Callable[[Recipient, Letter], Mail]] = {
    "verify_email": lambda to, letter: mail.verify_email(to, letter.link, letter.lifetime),
    "change_password": lambda to, letter: mail.change_password(to, letter.link, letter.lifetime),
    "unblock": lambda to, letter: mail.unblock(to, _occasion(letter), letter.link, letter.lifetime),
    "password_changed": lambda to, letter: mail.password_changed(to, _occasion(letter)),
    "email_changed": lambda to, letter: mail.email_changed(to, _occasion(letter)),
    "impersonated": lambda to, letter: mail.impersonated(to, _occasion(letter)),
    "new_place": lambda to, letter: mail.new_place(to, _occasion(letter), letter.link, letter.lifetime),
}
"""How each kind of letter becomes a mail."""


def _language(user: User | None) -> str:
    """Give the language a user chose, where Auth0's templates look for it."""
    chosen = user.user_metadata.get("lang") if user else None
    return chosen if isinstance(chosen, str) else ""


def _document(letter: Letter) -> dict[str, Any]:
    fields = asdict(letter)
    return {**fields, "when": letter.when.isoformat(), "lifetime": letter.lifetime.total_seconds()}


def _letter(document: dict[str, Any]) -> Letter:
    when, lifetime = datetime.fromisoformat(document["when"]), timedelta(seconds=document["lifetime"])
    return Letter(**{**document, "when": when, "lifetime": lifetime})
