"""How people and things are pictured: by their own picture, or by initials on a colour of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.core.sign_ins import name_of

if TYPE_CHECKING:
    from chalicelib.core.users import User

COLOURS = 8
"""In the stylesheet: `.portrait-0` and so on."""
_GRAVATAR = re.compile(r"([a-z0-9-]+\.)*gravatar\.com")


@dataclass(frozen=True, kw_only=True, slots=True)
class Portrait:
    """One picture. `picture` is an address, or "" for initials on a colour."""

    initials: str
    colour: int
    picture: str = ""


def portrait_of(user: User, *, gravatar: bool = False) -> Portrait:
    """Picture a user. Gravatar would learn who looks at whom, so it is asked only where a tenant turns it on."""
    picture = user.picture or ""
    host = urlsplit(picture).hostname or "" if picture.startswith("https://") else ""
    allowed = host and (gravatar or not _GRAVATAR.fullmatch(host))
    return Portrait(
        initials=initials(user.name or name_of(user) or "?"),
        colour=_colour(user.user_id),
        picture=picture if allowed else "",
    )


def monogram(name: str, key: str = "") -> Portrait:
    """Picture what has no picture: an application, a tenant."""
    return Portrait(initials=initials(name), colour=_colour(key or name))


def initials(name: str) -> str:
    """Give one or two letters of a name; of an e-mail address those of what is before the @."""
    words = re.findall(r"[^\W_]+", name.partition("@")[0]) or ["?"]
    chosen = words[0][:1] if len(words) == 1 else words[0][:1] + words[-1][:1]
    return str(chosen.upper())


def _colour(key: str) -> int:
    return sum(key.encode()) % COLOURS
