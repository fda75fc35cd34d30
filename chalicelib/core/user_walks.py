"""Walks through lists of users: which index is walked for what is wanted, and who of those it has is wanted indeed.

What was read decides who is shown. Where several things are demanded, the narrowest index is walked and the rest is
looked at in the profiles, a thousand of them for one page at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.user_words import MAX_WORD, texts_of, word_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.users import User

EVERYBODY = "everybody"
AT_CONNECTION = "connection"
BLOCKED = "blocked"
PENDING = "pending"
BEGINNING = "beginning"

MAX_LOOKED_AT = 1_000
"""Users that are looked at for one page: where fewer of them fit, the page is shorter and leads on."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Source:
    """An index to walk. `name` is a connection's id, or a beginning of words. Words go by the alphabet, not by time."""

    kind: str
    name: str = ""

    @property
    def by_words(self) -> bool:
        """Whether positions in it are words, which tell of people."""
        return self.kind == BEGINNING


@dataclass(frozen=True, slots=True)
class Term:
    """A text of a user that is searched for, folded: the whole of it, or what it begins with; in any of `fields`.

    Without fields it is any text by which people are found.
    """

    text: str
    fields: tuple[str, ...] = ()
    whole: bool = False

    def fits(self, user: User) -> bool:
        """Say whether a user has it."""
        texts = texts_of(user, self.fields)
        return self.text in texts if self.whole else any(text.startswith(self.text) for text in texts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Who is listed: all that is said must hold. `pending` are those who never signed in; `connection` is a name."""

    terms: tuple[Term, ...] = ()
    connection: str | None = None
    blocked: bool = False
    pending: bool = False
    user_id: str | None = None
    email: str | None = None
    """An address, exactly as it is stored."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an index has of a user: where it stands, by which word if by one, and the user, None if they are gone."""

    position: str
    user: User | None
    word: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A part of an index, and whether there is more beyond."""

    seen: Sequence[Entry]
    more: bool


class UserListStore(Protocol):
    """Where lists of users lie."""

    def look(
        self, tenant: str, source: Source, *, most: int, start: str | None = None, skip: int = 0, descending: bool
    ) -> Look:
        """Read up to `most` entries beyond `start`, after `skip` of them."""

    def count(self, tenant: str, source: Source) -> int:
        """Count the entries of an index without reading their users."""


@dataclass(slots=True)
class Went:
    """What a walk found, where it ended, and whether there is more beyond."""

    found: list[Entry]
    end: str | None
    more: bool

    @property
    def users(self) -> list[User]:
        """The users that were found."""
        return [entry.user for entry in self.found if entry.user is not None]


@dataclass(frozen=True, slots=True)
class Walk:
    """One index, walked for what is wanted. It is `exact` when it holds what is wanted and nothing else."""

    store: UserListStore
    tenant: str
    wanted: Wanted
    connection_id: str | None
    source: Source
    exact: bool
    newest_first: bool

    @classmethod
    def of(
        cls, store: UserListStore, tenant: str, wanted: Wanted, connection_id: str | None, *, newest_first: bool
    ) -> Walk:
        """Choose the index. `connection_id` is of the connection that is wanted, if one is."""
        longest = max((term.text for term in wanted.terms), key=len, default=None)
        sources = [
            *([Source(BEGINNING, longest[:MAX_WORD])] if longest is not None else ()),
            *([Source(BLOCKED)] if wanted.blocked else ()),
            *([Source(PENDING)] if wanted.pending else ()),
            *([Source(AT_CONNECTION, connection_id)] if connection_id is not None else ()),
            Source(EVERYBODY),
        ]
        source, exact = sources[0], len(sources) <= 2 and not wanted.terms
        return cls(store, tenant, wanted, connection_id, source, exact, newest_first and not source.by_words)

    def go(self, most: int, *, start: str | None = None, descending: bool) -> Went:
        """Look until `most` that fit are found, or a thousand were looked at: a hundred at a time after the first."""
        went, looked = Went([], start, more=True), 0
        while went.more and looked < MAX_LOOKED_AT:
            size = _AT_ONCE if looked else max(most, 1)
            look = self.look(min(size, _AT_ONCE, MAX_LOOKED_AT - looked), start=went.end, descending=descending)
            went.more = look.more
            for number, entry in enumerate(look.seen, 1):
                went.end, looked = entry.position, looked + 1
                if entry.user is not None and self.fits(entry.user, entry.word):
                    went.found.append(entry)
                if len(went.found) >= most:
                    went.more = look.more or number < len(look.seen)
                    return went
        return went

    def look(self, most: int, *, start: str | None = None, skip: int = 0, descending: bool) -> Look:
        """Read a part of the index; nothing begins with what has no letters."""
        if any(not term.text for term in self.wanted.terms):
            return Look([], more=False)
        return self.store.look(self.tenant, self.source, most=most, start=start, skip=skip, descending=descending)

    def fits(self, user: User, word: str = "") -> bool:
        """Say whether a user that was read is wanted, and of several words by which they are found, by this one."""
        if word and word != word_for(user, self.source.name):
            return False
        wanted = self.wanted
        at_connection = self.connection_id is None or any(
            identity.connection_id == self.connection_id for identity in user.identities
        )
        in_state = (user.blocked or not wanted.blocked) and (not user.logins_count or not wanted.pending)
        return at_connection and in_state and all(term.fits(user) for term in wanted.terms)

    def fitting(self, users: Sequence[User]) -> list[User]:
        """Keep the users that are wanted."""
        return [user for user in users if self.fits(user)]
