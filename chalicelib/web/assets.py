"""Files the pages are made of, served by Gatehouse itself under names that follow from their content.

A fingerprinted address never changes its content, so browsers may keep it for a year.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path

from chalicelib.core.errors import NotFound

_FOLDER = Path(__file__).parent / "static"
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_PLACEHOLDER = re.compile(r"\{\{static:([a-z.]+)\}\}")
_INCLUDED = re.compile(r"^// \{\{text:([a-z_.]+)\}\}\n", re.MULTILINE)
"""A line of a script in whose place another script stands: what two of them share costs no request of its own."""


@cache
def page(name: str) -> str:
    """Give an HTML page with the addresses of its assets filled in."""
    return _PLACEHOLDER.sub(lambda match: address(match[1]), (_FOLDER / name).read_text("utf-8"))


@cache
def address(name: str) -> str:
    """Give the address of an asset."""
    return f"/static/{_fingerprint(name)}/{name}"


def asset(fingerprint: str, name: str) -> tuple[str, str]:
    """Give an asset's text and media type; not found unless both parts of its address are right."""
    known = {path.name for path in _FOLDER.iterdir() if path.suffix[1:] in _TYPES}
    if name not in known or fingerprint != _fingerprint(name):
        raise NotFound("There is no such file.", code="inexistent_file")
    return _text(name), _TYPES[name.rpartition(".")[2]]


@cache
def _text(name: str) -> str:
    return _INCLUDED.sub(lambda match: _text(match[1]), (_FOLDER / name).read_text("utf-8"))


def _fingerprint(name: str) -> str:
    return sha256(_text(name).encode()).hexdigest()[:16]
