"""JSON documents that callers own: metadata and options, kept and given back exactly as sent.

Limits (each a 400 that says the number): 16 levels of nesting, and the size the caller of `check` names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from chalicelib.core.errors import Invalid

Json: TypeAlias = Any
Document: TypeAlias = Mapping[str, Any]

MAX_LEVELS = 16


def check(name: str, document: Document, *, max_bytes: int) -> None:
    """Refuse a document nested deeper than 16 levels or longer than `max_bytes` of UTF-8 JSON."""
    if levels(document) > MAX_LEVELS:
        raise Invalid(
            f"Payload validation error: '{name} is nested deeper than {MAX_LEVELS} levels' on property {name}."
        )
    size = size_of(document)
    if size > max_bytes:
        raise Invalid(
            f"Payload validation error: '{name} is {size} bytes long, the limit is {max_bytes}' on property {name}."
        )


def merge(current: Document, patch: Document | None) -> Document:
    """Merge `patch` over `current` at the first level; a null removes its key, `{}` or null empties the whole."""
    if not patch:
        return {}
    merged = {**current, **patch}
    return {key: value for key, value in merged.items() if value is not None or key not in patch}


def levels(value: Json) -> int:
    """Count levels of nesting without recursion: a hostile document must not exhaust the stack."""
    deepest, pending = 0, [(value, 1)]
    while pending:
        current, level = pending.pop()
        if isinstance(current, Mapping):
            children = list(current.values())
        elif isinstance(current, list | tuple):
            children = list(current)
        else:
            continue
        deepest = max(deepest, level)
        pending.extend((child, level + 1) for child in children)
    return deepest


def size_of(document: Document) -> int:
    """Measure a document as UTF-8 JSON, in bytes; text that cannot be UTF-8 is refused."""
    try:
        return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError:
        raise Invalid("Payload validation error: 'Text is not valid Unicode'.") from None
