"""Linking: two accounts become one user, and one becomes two again.

The user that is linked to stays; the other's profile becomes the `profile` of its identity and its metadata is
dropped, as with Auth0. Sign-in names move with their account, so that whoever signs in by them is the linked user.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.core.documents import Document
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.identities import MAX_IDENTITIES, Identity
from chalicelib.core.logs import done
from chalicelib.core.users import ROOT_ATTRIBUTES, Change, User, missing

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.users import UserStore

_FLAGS = {"email_verified": "email", "phone_verified": "phone_number"}
"""Each says something of a name, and nothing where there is none."""
_CARRIED = ("email", "email_verified", "username", "phone_number", "phone_verified", *ROOT_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Links:
    """What can be done with the identities of a user."""

    store: UserStore
    ambient: Ambient

    def link(
        self, caller: Caller, user_id: str, secondary_id: str, connection_id: str | None = None
    ) -> tuple[Identity, ...]:
        """Make the account `secondary_id` (`provider|id`) one of the user's, and give all of them.

        Where `connection_id` is given, an account of another connection is not the one that is meant.
        """
        if user_id == secondary_id:
            raise Invalid("Main user and the new one are the same", code="invalid_body")
        user, secondary = self.store.find(caller.tenant, user_id), self.store.find(caller.tenant, secondary_id)
        if user is None or secondary is None or connection_id not in {None, secondary.main.connection_id}:
            raise missing()
        if len(secondary.identities) > 1:
            raise Invalid(
                "The secondary user has linked identities. Unlink them first.", code="operation_not_supported"
            )
        if len(user.identities) >= MAX_IDENTITIES:
            raise Invalid(f"A user has at most {MAX_IDENTITIES} identities.", code="operation_not_supported")
        joined = replace(secondary.main, profile=_profile(secondary))
        after = replace(user, identities=(*user.identities, joined), updated_at=self.ambient.now())
        event = done(self.ambient, caller, user_id=user_id, details={"linked": secondary_id})
        self.store.link(caller.tenant, Change(before=user, after=after), secondary, event)
        return after.identities

    def unlink(self, caller: Caller, user_id: str, provider: str, identity_id: str) -> tuple[Identity, ...]:
        """Give an account a profile of its own again, without metadata, and give the user's remaining identities."""
        user = self.store.find(caller.tenant, user_id)
        if user is None:
            raise missing()
        full_id = f"{provider}|{identity_id}"
        if user.main.full_id == full_id:
            raise Invalid("Main identity can't be unlinked", code="operation_not_supported")
        identity = next((each for each in user.identities if each.full_id == full_id), None)
        if identity is None:
            raise Invalid("The user does not have this identity.", code="inexistent_identity")
        now, profile = self.ambient.now(), identity.profile or {}
        freed = User(
            user_id=full_id,
            identities=(replace(identity, profile=None),),
            created_at=now,
            updated_at=now,
            blocked=user.blocked,
            **{name: value for name, value in profile.items() if name in _CARRIED},
            attributes={name: value for name, value in profile.items() if name not in _CARRIED},
        )
        after = replace(user, identities=tuple(each for each in user.identities if each != identity), updated_at=now)
        event = done(self.ambient, caller, user_id=user_id, details={"unlinked": full_id})
        self.store.unlink(caller.tenant, Change(before=user, after=after), freed, event)
        return after.identities


def _profile(user: User) -> Document:
    """Keep what the account knew of its person. Blocked accounts cannot be linked away from their block."""
    if user.blocked:
        raise Conflict("A blocked user cannot be linked. Unblock first.", code="operation_not_supported")
    known = {name: getattr(user, name) for name in _CARRIED if getattr(user, _FLAGS.get(name, name)) is not None}
    return {**user.attributes, **known}
