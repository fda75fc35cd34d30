"""Whose turn it is among those that wait in one line."""

from __future__ import annotations

from itertools import count

import pytest

from chalicelib.storage.keys import work
from chalicelib.storage.turns import LOOKED_AT, in_turn


def line(tenants):
    return [work(tenant, str(number)) for number, tenant in enumerate(tenants)]


def tenants(keys):
    return "".join(key.pk.split("#")[1] for key in keys)


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [("", ""), ("aaa", "aa"), ("aab", "ab"), ("abb", "ab"), ("aaabc", "abca"), ("baaac", "baca"), ("cba", "cba")],
)
def test_each_tenant_has_its_turn_in_the_order_in_which_they_came(waiting, taken):
    assert tenants(in_turn(line(waiting), len(taken))) == taken


def test_of_one_tenant_the_first_come_first():
    keys = line("abab")

    assert in_turn(keys, 10) == keys


@pytest.mark.security(42, 43)
def test_no_more_than_a_thousand_are_looked_at():
    read = count()
    endless = (work("a", str(next(read))) for _ in count())

    in_turn(endless, 25)

    assert next(read) == LOOKED_AT == 1_000
