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
from chalicelib.core.oauth.id_tokens import refused
from chalicelib.core.users import ROOT_ATTRIBUTES, Change, User, missing

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.oauth.id_tokens import IdTokens
    from chalicelib.core.users import UserStore

OWN_IDENTITIES = "update:current_user_identities"
_FLAGS = {"email_verified": "email", "phone_verified": "phone_number"}
"""Each says something of a name, and nothing where there is none."""
_CARRIED = ("email", "email_verified", "username", "phone_number", "phone_verified", *ROOT_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Links:
    """What can be done with the identities of a user."""

    store: UserStore
    id_tokens: IdTokens
    ambient: Ambient

    def link(
        self, caller: Caller, user_id: str, secondary_id: str, connection_id: str | None = None
    ) -> tuple[Identity, ...]:
        """Make the account `secondary_id` (`provider|id`) one of the user's, and give all of them.

        Where `connection_id` is given, an account of another connection is not the one that is meant.
        """
        caller.demand("update:users")
        user, secondary = self._both(caller, user_id, secondary_id)
        if connection_id not in {None, secondary.main.connection_id}:
            raise missing()
        return self._join(caller, user, secondary)

    def link_with(self, caller: Caller, user_id: str, id_token: str) -> tuple[Identity, ...]:
        """Make the account that an ID token proves one of the user's, and give all of them.

        Users do it themselves by this: their access token says who they are, the ID token that they can sign in as
        the other too, and both are of one client. A token from before the account's sessions were ended proves nothing.
        """
        _demand_own(caller, user_id)
        proven = self.id_tokens.check(caller.tenant, id_token, caller.client_id)
        user, secondary = self._both(caller, user_id, proven.user_id)
        if secondary.generation != proven.generation:
            raise refused("the sessions of the account were ended")
        return self._join(caller, user, secondary)

    def _both(self, caller: Caller, user_id: str, secondary_id: str) -> tuple[User, User]:
        if user_id == secondary_id:
            raise Invalid("Main user and the new one are the same", code="invalid_body")
        user, secondary = self.store.find(caller.tenant, user_id), self.store.find(caller.tenant, secondary_id)
        if user is None or secondary is None:
            raise missing()
        return user, secondary

    def _join(self, caller: Caller, user: User, secondary: User) -> tuple[Identity, ...]:
        if len(secondary.identities) > 1:
            raise Invalid(
                "The secondary user has linked identities. Unlink them first.", code="operation_not_supported"
            )
        if len(user.identities) >= MAX_IDENTITIES:
            raise Invalid(f"A user has at most {MAX_IDENTITIES} identities.", code="operation_not_supported")
        joined = replace(secondary.main, profile=_profile(secondary))
        after = replace(user, identities=(*user.identities, joined), updated_at=self.ambient.now())
        event = done(self.ambient, caller, user_id=user.user_id, details={"linked": secondary.user_id})
        self.store.link(caller.tenant, Change(before=user, after=after), secondary, event)
        return after.identities

    def unlink(self, caller: Caller, user_id: str, provider: str, identity_id: str) -> tuple[Identity, ...]:
        """Give an account a profile of its own again, without metadata, and give the user's remaining identities."""
        _demand_own(caller, user_id)
        return self.release(caller, user_id, provider, identity_id)

    def release(self, caller: Caller, user_id: str, provider: str, identity_id: str) -> tuple[Identity, ...]:
        """Unlink an account for a caller that may: one who was asked above, or the sweep."""
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


def _demand_own(caller: Caller, user_id: str) -> None:
    """Let a user's own token change its own identities, and no others (S34)."""
    own = OWN_IDENTITIES in caller.scopes and caller.subject == user_id
    if not own:
        caller.demand("update:users")


def _profile(user: User) -> Document:
    """Keep what the account knew of its person. Blocked accounts cannot be linked away from their block."""
    if user.blocked:
        raise Conflict("A blocked user cannot be linked. Unblock first.", code="operation_not_supported")
    known = {name: getattr(user, name) for name in _CARRIED if getattr(user, _FLAGS.get(name, name)) is not None}
    return {**user.attributes, **known}
