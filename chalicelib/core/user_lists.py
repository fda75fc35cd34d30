"""Lists of users: everybody, those at a connection, the blocked, those who never signed in, and who is searched for.

Each is read through an index, and none by a scan: `core.user_walks` says which. This module makes pages of what a walk
finds, those of the Management API and those of somebody who goes back and forth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.errors import Invalid
from chalicelib.core.paging import Page, within_offset
from chalicelib.core.user_walks import MAX_LOOKED_AT, Term, Walk, Wanted
from chalicelib.core.user_words import folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connections
    from chalicelib.core.paging import PageRequest
    from chalicelib.core.seals import Seals
    from chalicelib.core.user_walks import UserListStore, Went
    from chalicelib.core.users import User, UserStore

CURSORS_LIVE = timedelta(hours=24)
_PURPOSE = "page of users"


@dataclass(frozen=True, kw_only=True, slots=True)
class UserPage:
    """A page of users, and where the ones beside it are; None where there is none."""

    items: Sequence[User]
    next: str | None = None
    previous: str | None = None


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

    def _walk(self, tenant: str, wanted: Wanted, *, newest_first: bool = True) -> Walk:
        connection_id = self.connections.named(tenant, wanted.connection).id if wanted.connection is not None else None
        return Walk.of(self.store, tenant, wanted, connection_id, newest_first=newest_first)

    def _at_offset(self, walk: Walk, request: PageRequest) -> Page[User]:
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

    def _from_checkpoint(self, walk: Walk, request: PageRequest) -> Page[User]:
        """Go on from a place that is shown as it is when it is a time, and sealed when it is a person's name."""
        start, sealed = request.start_after, walk.source.by_words
        if sealed and start:
            start, _ = self._opened(walk, start)
        went = walk.go(request.per_page, start=start, descending=walk.newest_first)
        following = went.end if went.more else None
        if sealed and following:
            following = self._cursor(walk, following, back=False)
        return Page(items=went.users, limit=request.per_page, next=following)

    def _page(self, walk: Walk, went: Went, start: str | None, *, back: bool) -> UserPage:
        """Show what was found in the order of the list, however it was walked; a way back leads to where one was."""
        near = went.found[0].position if went.found else start
        beyond = self._cursor(walk, went.end, back=back) if went.more and went.end else None
        behind = self._cursor(walk, near, back=not back) if start and near else None
        if back:
            return UserPage(items=went.users[::-1], next=behind, previous=beyond)
        return UserPage(items=went.users, next=beyond, previous=behind)

    def _cursor(self, walk: Walk, position: str, *, back: bool) -> str:
        """Seal a place in a list: it may be somebody's name, which is no matter of an address bar."""
        document = {"at": position, "back": back, "of": walk.source.kind}
        return self.seals.seal(walk.tenant, _PURPOSE, document, CURSORS_LIVE)

    def _opened(self, walk: Walk, cursor: str) -> tuple[str, bool]:
        document = self.seals.open(walk.tenant, _PURPOSE, cursor)
        begins = walk.source.name if walk.source.by_words else ""
        if document is None or document["of"] != walk.source.kind or not document["at"].startswith(begins):
            raise Invalid("This place in the list is not known any more. Begin again.", code="invalid_paging")
        return document["at"], document["back"]
