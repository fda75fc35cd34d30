"""Searching users by `q`: the part of Auth0's query language that an index answers, and nothing that would need a scan.

Terms are `field:value`, `field:"a value"` or `field:val*`, or a value alone, and all of them must hold: AND may be left
out. Texts are compared without case and accents, ids and the names of connections as they are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NoReturn

from chalicelib.core.errors import Invalid
from chalicelib.core.user_walks import Term, Wanted
from chalicelib.core.user_words import FIELDS, folded

_TERM = re.compile(
    r'\s*(?:(?P<field>[a-z_.]+):\s*)?(?:"(?P<phrase>(?:[^"\\]|\\.)*)"'
    r'|(?P<word>(?:[^\s"()\[\]{}^~?*\\]|\\.)+)(?P<star>\*)?)(?=\s|$)'
)
_NOT_WORDS = re.compile(r"OR|NOT|TO|[-+!/&|].*|.*:.*", re.DOTALL)
_UNDERSTOOD = (
    f'Searches by {", ".join(FIELDS)} (whole, as in name:"jane smith", or by the beginning, as in name:jane*),'
    ' user_id:"…", identities.connection:"…", blocked:true and logins_count:0 are supported, and several joined by AND'
)


def parse(text: str) -> Wanted:
    """Understand a query, or raise Invalid that says which ones are answered."""
    wanted, at, joined = Wanted(), 0, True
    text = text.rstrip()
    while at < len(text) or joined:
        match = _TERM.match(text, at) or _refuse()
        at = match.end()
        if match[0].strip() != "AND":
            wanted, joined = _with(wanted, match), False
        elif joined:
            _refuse()
        else:
            joined = True
    return wanted


def _with(wanted: Wanted, found: re.Match[str]) -> Wanted:
    """Add what a term demands."""
    field, quoted, begins = found["field"], found["phrase"] is not None, found["star"] is not None
    value = re.sub(r"\\(.)", r"\1", found["phrase"] if quoted else found["word"], flags=re.DOTALL)
    if field is None and not quoted and _NOT_WORDS.fullmatch(found["word"]):
        _refuse()
    match None if begins else field, value:
        case (("email" | "email.raw"), _) if wanted.email in {None, value}:
            return replace(wanted, email=value)
        case "user_id", _ if wanted.user_id in {None, value}:
            return replace(wanted, user_id=value)
        case "identities.connection", _ if wanted.connection in {None, value}:
            return replace(wanted, connection=value)
        case "blocked", "true":
            return replace(wanted, blocked=True)
        case "logins_count", "0":
            return replace(wanted, pending=True)
    if field is not None and (field not in FIELDS or (field == "email" and not begins)):
        _refuse()
    term = Term(folded(value), (field,) if field else (), whole=not begins)
    return replace(wanted, terms=(*wanted.terms, term))


def _refuse() -> NoReturn:
    raise Invalid(f"Query validation error: '{_UNDERSTOOD}' on property q.", code="operation_not_supported")
