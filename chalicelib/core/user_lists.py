"""Lists of users: everybody, those at a connection, the blocked, those who never signed in, and who is searched for.

Each is read through an index, and what was read decides who is shown. Where several things are demanded, the narrowest
index is walked and the rest is looked at in the profiles, a thousand of them for one page at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.errors import Invalid
from chalicelib.core.paging import Page, within_offset
from chalicelib.core.user_words import folded, texts_of, word_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connections
    from chalicelib.core.paging import PageRequest
    from chalicelib.core.seals import Seals
    from chalicelib.core.users import User, UserStore

EVERYBODY = "everybody"
AT_CONNECTION = "connection"
BLOCKED = "blocked"
PENDING = "pending"
BEGINNING = "beginning"

MAX_LOOKED_AT = 1_000
"""Users that are looked at for one page: where fewer of them fit, the page is shorter and leads on."""
CURSORS_LIVE = timedelta(hours=24)
_AT_ONCE = 100
_PURPOSE = "page of users"


@dataclass(frozen=True, slots=True)
class Source:
    """An index to walk. `name` is a connection's id, or a beginning of words. Words go by the alphabet, not by time."""

    kind: str
    name: str = ""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class UserPage:
    """A page of users, and where the ones beside it are; None where there is none."""

    items: Sequence[User]
    next: str | None = None
    previous: str | None = None


class UserListStore(Protocol):
    """Where lists of users lie."""

    def look(
        self, tenant: str, source: Source, *, most: int, start: str | None = None, skip: int = 0, descending: bool
    ) -> Look:
        """Read up to `most` entries beyond `start`, after `skip` of them."""

    def count(self, tenant: str, source: Source) -> int:
        """Count the entries of an index without reading their users."""


@dataclass(frozen=True, slots=True)
class UserLists:
    """Lists users, and finds them."""

    store: UserListStore
    users: UserStore
    connections: Connections
    seals: Seals

    def browse(
        self,
        caller: Caller,
        *,
        text: str = "",
        connection: str | None = None,
        blocked: bool = False,
        pending: bool = False,
        cursor: str | None = None,
        per_page: int = 50,
    ) -> UserPage:
        """Give a page of users, the newest first; of those that `text` finds, by the alphabet of what it found.

        `text` is a user id, or what an e-mail address, user name, phone number or name begins with. `cursor` is the
        `next` or `previous` of a page of the same list, good for a day; Invalid if it is not.
        """
        terms = (Term(folded(text)),) if text.strip() else ()
        wanted = Wanted(terms=terms, connection=connection, blocked=blocked, pending=pending)
        if "|" in text and (user := self.users.find(caller.tenant, text.strip())):
            return UserPage(items=self._walk(caller.tenant, replace(wanted, terms=())).fitting([user]))
        walk = self._walk(caller.tenant, wanted)
        start, back = self._opened(walk, cursor) if cursor else (None, False)
        if back:
            before = walk.go(per_page, start=start, descending=not walk.newest_first)
            if before.more or len(before.found) == per_page:
                return self._page(walk, before, start, back=True)
            start = None  # there is less than a page before: this is the first one
        return self._page(walk, walk.go(per_page, start=start, descending=walk.newest_first), start, back=False)

    def list(self, caller: Caller, wanted: Wanted, request: PageRequest, *, newest_first: bool = False) -> Page[User]:
        """Give a page as the Management API has them, by creation; what terms find, by the alphabet.

        An offset reaches 1,000 results and no further.
        """
        within_offset(request)
        known = self._known(caller.tenant, wanted)
        if known is not None:
            rest = replace(wanted, user_id=None, email=None)
            fitting = self._walk(caller.tenant, rest).fitting(known)
            part = fitting[request.offset :][: request.per_page]
            return Page(items=part, start=request.offset, limit=request.per_page, total=len(fitting))
        walk = self._walk(caller.tenant, wanted, newest_first=newest_first)
        return self._from_checkpoint(walk, request) if request.checkpoint else self._at_offset(walk, request)

    def _known(self, tenant: str, wanted: Wanted) -> Sequence[User] | None:
        """Give the few that an exact id or address names, if one is demanded."""
        if wanted.user_id is not None:
            user = self.users.find(tenant, wanted.user_id)
            return [user] if user and wanted.email in {None, user.email} else []
        return None if wanted.email is None else self.users.with_email(tenant, wanted.email)

    def _walk(self, tenant: str, wanted: Wanted, *, newest_first: bool = True) -> _Walk:
        connection_id = self.connections.named(tenant, wanted.connection).id if wanted.connection is not None else None
        sources = [
            *(Source(BEGINNING, term.text) for term in sorted(wanted.terms, key=lambda term: -len(term.text))),
            *([Source(BLOCKED)] if wanted.blocked else ()),
            *([Source(PENDING)] if wanted.pending else ()),
            *([Source(AT_CONNECTION, connection_id)] if connection_id is not None else ()),
            Source(EVERYBODY),
        ]
        exact = len(sources) <= 2 and not wanted.terms
        by_time = sources[0].kind != BEGINNING
        return _Walk(self.store, tenant, wanted, connection_id, sources[0], exact, newest_first and by_time)

    def _at_offset(self, walk: _Walk, request: PageRequest) -> Page[User]:
        """Of an exact list what comes before is skipped unread; otherwise it must be looked at too."""
        if walk.exact:
            look = walk.look(request.per_page, skip=request.offset, descending=walk.newest_first)
            users = walk.fitting([entry.user for entry in look.seen if entry.user is not None])
            total = self.store.count(walk.tenant, walk.source) if request.include_totals else None
        else:
            wanted = MAX_LOOKED_AT if request.include_totals else request.offset + request.per_page
            found = walk.go(wanted, descending=walk.newest_first).users
            users = found[request.offset :][: request.per_page]
            total = len(found) if request.include_totals else None
        return Page(items=users, start=request.offset, limit=request.per_page, total=total)

    def _from_checkpoint(self, walk: _Walk, request: PageRequest) -> Page[User]:
        """Go on from a place that is shown as it is when it is a time, and sealed when it is a person's name."""
        words, start = walk.source.kind == BEGINNING, request.start_after
        if words and start:
            start, _ = self._opened(walk, start)
        went = walk.go(request.per_page, start=start, descending=walk.newest_first)
        following = went.end if went.more else None
        if words and following:
            following = self._cursor(walk, following, back=False)
        return Page(items=went.users, limit=request.per_page, next=following)

    def _page(self, walk: _Walk, went: _Went, start: str | None, *, back: bool) -> UserPage:
        """Show what was found in the order of the list, however it was walked; a way back leads to where one was."""
        near = went.found[0].position if went.found else start
        beyond = self._cursor(walk, went.end, back=back) if went.more and went.end else None
        behind = self._cursor(walk, near, back=not back) if start and near else None
        if back:
            return UserPage(items=went.users[::-1], next=behind, previous=beyond)
        return UserPage(items=went.users, next=beyond, previous=behind)

    def _cursor(self, walk: _Walk, position: str, *, back: bool) -> str:
        """Seal a place in a list: it may be somebody's name, which is no matter of an address bar."""
        document = {"at": position, "back": back, "of": [walk.source.kind, walk.source.name]}
        return self.seals.seal(walk.tenant, _PURPOSE, document, CURSORS_LIVE)

    def _opened(self, walk: _Walk, cursor: str) -> tuple[str, bool]:
        document = self.seals.open(walk.tenant, _PURPOSE, cursor)
        if document is None or document["of"] != [walk.source.kind, walk.source.name]:
            raise Invalid("This place in the list is not known any more. Begin again.", code="invalid_paging")
        return document["at"], document["back"]


@dataclass(slots=True)
class _Went:
    """What a walk found, where it ended, and whether there is more beyond."""

    found: list[Entry]
    end: str | None
    more: bool

    @property
    def users(self) -> list[User]:
        """The users that were found."""
        return [entry.user for entry in self.found if entry.user is not None]


@dataclass(frozen=True, slots=True)
class _Walk:
    """One index, walked for what is wanted. It is `exact` when it holds what is wanted and nothing else."""

    store: UserListStore
    tenant: str
    wanted: Wanted
    connection_id: str | None
    source: Source
    exact: bool
    newest_first: bool

    def go(self, most: int, *, start: str | None = None, descending: bool) -> _Went:
        """Look until `most` that fit are found, or a thousand were looked at: a hundred at a time after the first."""
        went, looked = _Went([], start, more=True), 0
        while went.more and looked < MAX_LOOKED_AT:
            size = _AT_ONCE if looked else min(max(most, 1), _AT_ONCE)
            look = self.look(size, start=went.end, descending=descending)
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
