"""Profiles from a tenant's own database, brought into the form that users have here.

What is known by its name is taken where its value has the right form, and left out where it has not; the rest becomes
the user's attributes. Nothing in it can say who a user is allowed to be: no block, no counter, no other identity.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core import accounts, identities
from chalicelib.core.documents import Document
from chalicelib.core.errors import Invalid
from chalicelib.core.users import MAX_USER_ID, RESERVED_APP_METADATA, ROOT_ATTRIBUTES, User, within_limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.core.connections import Connection
    from chalicelib.core.identities import Identity

_LENGTHS = {"name": 300, "given_name": 150, "family_name": 150, "nickname": 300, "picture": 2_048}
_MAX_USERNAME = 128
_OURS = frozenset(field.name for field in fields(User)) | {
    "_id",
    "id",
    "metadata",
    "multifactor",
    "impersonated",
    "impersonator",
    "sub",
    "act",
    "__tenant",
}


class Unusable(Exception):
    """A profile that says not who somebody is; the message is for the log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideProfile:
    """What a tenant's own database says of somebody. `id` is without the provider, "" if it gives none."""

    id: str
    known: Document
    """Fields of a user: names, addresses and what they are called. What is not in it was not said."""
    attributes: Document
    user_metadata: Document
    app_metadata: Document

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> OutsideProfile:
        """Read what a script called back."""
        known = {name: said[name][:most] for name, most in _LENGTHS.items() if _is_text(said.get(name))}
        if not known.get("picture", "https://").startswith("https://"):
            del known["picture"]
        known |= {"email_verified": said["email_verified"]} if isinstance(said.get("email_verified"), bool) else {}
        known |= {name: value for name, value in (("email", _email(said)), ("username", _username(said))) if value}
        # Custom databases call it `metadata`, from a time when there was one kind.
        app_metadata = {**_mapping(said.get("metadata")), **_mapping(said.get("app_metadata"))}
        return cls(
            id=_id(said.get("user_id") if said.get("user_id") is not None else said.get("id")),
            known=known,
            attributes={name: value for name, value in said.items() if _is_attribute(name) and value is not None},
            user_metadata=_mapping(said.get("user_metadata")),
            app_metadata={name: value for name, value in app_metadata.items() if name not in RESERVED_APP_METADATA},
        )

    def new_user(self, connection: Connection, identity_id: str, typed: str, now: datetime) -> User:
        """Make the user of this profile; `typed` is the name that led here, an address if the profile has none."""
        known = {**self.known}
        if "email" not in known and "username" not in known:
            known["email"] = _address(typed)
        nick = known.get("nickname") or accounts.nickname(known.get("email"), known.get("username"), None)
        shown = {
            "name": known.get("email") or known.get("username"),
            "nickname": nick,
            "picture": accounts.picture(known.get("email"), nick),
            **known,
        }
        identity = identities.first(connection, identity_id, _names(connection, known.get("email"), shown))
        if len(identity.full_id) > MAX_USER_ID:
            raise Unusable("the user id is too long")
        user = User(
            user_id=identity.full_id,
            identities=(identity,),
            created_at=now,
            updated_at=now,
            attributes=self.attributes,
            user_metadata=self.user_metadata,
            app_metadata=self.app_metadata,
            **shown,
        )
        return _bounded(user)

    def unless_said(self, user: User) -> OutsideProfile:
        """Take the names that somebody gave for themselves, where the profile says none."""
        given = {"email": user.email, "username": user.username}
        return replace(self, known={**{name: text for name, text in given.items() if text}, **self.known})

    def renewed(self, connection: Connection, user: User) -> User:
        """Give a user as this profile has them now. Metadata and what it does not say stay as they are."""
        known = {**self.known}
        if "email" in known and known["email"] != user.email:
            known.setdefault("email_verified", False)
        after = replace(user, attributes=self.attributes, **known)
        names = _names(connection, after.email, {"username": after.username})
        identity = replace(user.main, names=names)
        return _bounded(replace(after, identities=(identity, *user.identities[1:])))


def named(user: User) -> Document:
    """Give what scripts are told of a new user, beside the password."""
    told = ("email", "username", "email_verified", *ROOT_ATTRIBUTES, "user_metadata", "app_metadata")
    return {name: value for name in told if (value := getattr(user, name))}


def account_at(user: User, connection: Connection) -> Identity | None:
    """Find a user's account at a connection."""
    return next((each for each in user.identities if each.connection_id == connection.id), None)


def _names(connection: Connection, email: str | None, shown: Document) -> tuple[str, ...]:
    username = shown.get("username") if connection.requires_username else None
    names = tuple(dict.fromkeys(name for name in (email, username) if name))
    if not names:
        raise Unusable("the profile has no name to sign in by")
    return names


def _bounded(user: User) -> User:
    try:
        return within_limits(user)
    except Invalid as error:
        raise Unusable(error.message) from error


def _email(said: Mapping[str, Any]) -> str:
    try:
        return _address(said["email"]) if _is_text(said.get("email")) else ""
    except Unusable:
        return ""


def _address(text: str) -> str:
    try:
        return accounts.email_address(text.strip())
    except Invalid as error:
        raise Unusable("the profile has neither an address nor a user name") from error


def _username(said: Mapping[str, Any]) -> str:
    name = said["username"].strip().lower() if _is_text(said.get("username")) else ""
    return name if len(name) <= _MAX_USERNAME and name.isprintable() else ""


def _id(value: object) -> str:
    """Read an id: a text, or a number as many databases have."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not _is_text(value):
        return ""
    if not str(value).isprintable():
        raise Unusable("the user id is no text that can be shown")
    return str(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_attribute(name: str) -> bool:
    """Whether something of the profile is kept: nothing that is ours, and no password, hashed or not."""
    return name not in _OURS and "password" not in name.lower() and name.lower() not in {"hash", "salt"}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
