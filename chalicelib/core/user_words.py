"""Words that people are found by: what their names, addresses and numbers begin with, whatever case and accents.

A user is found by the beginning of each, so a word that another one begins with says nothing more and is left out: most
users have one or two. Limit: 100 characters of a word are kept for finding, and all of them are compared.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chalicelib.core.users import User

MAX_WORD = 100
FIELDS = ("email", "username", "phone_number", "name", "given_name", "family_name", "nickname")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that Unicode does not take apart into a plain one and its mark."""


def folded(text: str) -> str:
    """Give a text as it is compared: without case, accents, what cannot be seen, and needless spaces."""
    if not (text.isascii() and text.isprintable()):
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        seen = (letter for letter in apart if letter.isspace() or letter.isprintable())
        text = "".join(letter for letter in seen if unicodedata.category(letter) != "Mn").translate(_LETTERS)
    return " ".join(text.lower().split())


def texts_of(user: User, fields: Sequence[str] = ()) -> list[str]:
    """Give what a user has in some fields, folded: in any, when none is named, and then the last word of the name too.

    So somebody is found by a family name that is known as a part of the whole name only.
    """
    texts = [folded(value) for name in fields or FIELDS if (value := getattr(user, name))]
    last = [] if fields else [folded(user.name or "").rpartition(" ")[2]]
    return [text for text in (*texts, *last) if text]


def words_of(user: User) -> tuple[str, ...]:
    """Give the words that a user is found by, in order: eight at most, none of which begins with another."""
    words = {text[:MAX_WORD] for text in texts_of(user)}
    return tuple(sorted(word for word in words if not _begun_by_another(word, words)))


def word_for(user: User, beginning: str) -> str | None:
    """Give the first word by which a user is found from a folded beginning: there, and nowhere else, they are shown."""
    return next((word for word in words_of(user) if word.startswith(beginning[:MAX_WORD])), None)


def _begun_by_another(word: str, words: Iterable[str]) -> bool:
    return any(other != word and other.startswith(word) for other in words)
