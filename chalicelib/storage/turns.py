"""Turns: what waits for all tenants in one line is taken from each in turn, so that none waits behind another (S42)."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING

from chalicelib.storage.keys import tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.storage.keys import Key

LOOKED_AT = 1_000
"""Keys at the head of the line among which turns are taken: one page of a query of the index."""


def in_turn(line: Iterable[Key], limit: int) -> list[Key]:
    """Take up to `limit` keys from the head of the line: the first of each tenant, then the second, and so on."""
    of_tenant: dict[str, list[Key]] = defaultdict(list)
    for key in islice(line, LOOKED_AT):
        of_tenant[tenant_of(key)].append(key)
    rounds = zip_longest(*of_tenant.values())
    return list(islice((key for key in chain.from_iterable(rounds) if key is not None), limit))
