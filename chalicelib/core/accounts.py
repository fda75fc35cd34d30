"""What people are called: e-mail addresses, user names, phone numbers, and what a profile shows when nothing was said.

Pure rules, no store. Addresses and user names are kept in lower case, as Auth0 does for databases.
"""

from __future__ import annotations

import re
from hashlib import md5
from urllib.parse import quote

from chalicelib.core.documents import Document
from chalicelib.core.errors import Invalid

MAX_LOCAL_PART = 64
MAX_DOMAIN = 256
MAX_USERNAME_AS_EMAIL = 320

_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])+"')
_ATOMS = re.compile(r"[^\s\x00-\x1f\x7f\"(),:;<>@\[\\\].]+(?:\.[^\s\x00-\x1f\x7f\"(),:;<>@\[\\\].]+)*")
# Letters of every script, and the marks that some scripts write their vowels with, which `\w` leaves out.
_LABEL = r"(?![-_])[^\s\x00-,./:-@\[-^`{-\x7f]+(?<![-_])"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_USERNAME = re.compile(r"[a-z0-9_+\-.!#$'^`~@]+")
_PHONE = re.compile(r"\+[0-9]{1,15}")


def email_address(text: str) -> str:
    """Give an address in lower case, or refuse it: 64 characters before the @, 256 after; quoted parts allowed."""
    address = text.lower()  # first: some letters become two, and it is what is stored that must be well-formed
    local, at, domain = address.rpartition("@")
    if at and len(local) > MAX_LOCAL_PART:
        raise _bad_email(f"The part before the @ is {len(local)} characters long, the limit is {MAX_LOCAL_PART}")
    if at and len(domain) > MAX_DOMAIN:
        raise _bad_email(f"The part after the @ is {len(domain)} characters long, the limit is {MAX_DOMAIN}")
    well_formed = (_ATOMS.fullmatch(local) or _QUOTED.fullmatch(local)) and _DOMAIN.fullmatch(domain)
    if not well_formed:
        raise _bad_email(f"Object didn't pass validation for format email: {text[:400]}")
    return address


def user_name(text: str, options: Document) -> str:
    """Give a user name in lower case, or refuse it by the connection's rules; 1 to 15 characters unless it says so."""
    name = text.lower()
    shortest, longest = username_limits(options)
    if not shortest <= len(name) <= longest:
        raise _bad_username(f"Username must have between {shortest} and {longest} characters")
    if not _USERNAME.fullmatch(name):
        raise _bad_username("Username can only contain a-z, 0-9 and these characters: _ + - . ! # $ ' ^ ` ~ @")
    if _looks_like_email(name):
        raise _bad_username("Username can't be an email")
    return name


def username_limits(options: Document) -> tuple[int, int]:
    """Give the least and the most characters of a connection's user names."""
    limits = (options.get("validation") or {}).get("username") or {}
    return limits.get("min", 1), limits.get("max", 15)


def phone_number(text: str) -> str:
    """Give a phone number in the form of E.164, or refuse it."""
    if not _PHONE.fullmatch(text):
        raise Invalid(
            "Payload validation error: 'String does not match pattern ^\\+[0-9]{1,15}$' on property phone_number."
        )
    return text


def nickname(email: str | None, username: str | None, phone: str | None) -> str:
    """Choose the short name of somebody who gave none: the part before the @."""
    return username or (email or "").rpartition("@")[0] or phone or ""


def picture(email: str | None, nick: str) -> str:
    """Point to the person's gravatar, with initials where there is none."""
    address = (email or nick).strip().lower()
    digest = md5(address.encode(), usedforsecurity=False).hexdigest()
    return f"https://s.gravatar.com/avatar/{digest}?s=480&r=pg&d=initials&initials={quote((nick or '?')[:2].lower())}"


def _looks_like_email(name: str) -> bool:
    local, at, domain = name.rpartition("@")
    return bool(at and local and _DOMAIN.fullmatch(domain))


def _bad_email(why: str) -> Invalid:
    return Invalid(f"Payload validation error: '{why}' on property email (The user's email).")


def _bad_username(why: str) -> Invalid:
    return Invalid(f"Payload validation error: '{why}' on property username (The user's username).")
