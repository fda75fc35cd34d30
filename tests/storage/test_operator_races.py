"""Races among members, with real threads: one owner stays, a person is let in once, and nobody in who is being deleted.

Judged by MiniStack and DynamoDB Local, as in test_races.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import GatehouseError
from chalicelib.core.paging import PageRequest
from chalicelib.core.roles import EDITOR, OWNER, ROLES, VIEWER
from chalicelib.core.tenants import SYSTEM_TENANT

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

CALLER = Caller(tenant="acme", scopes=ROLES[OWNER])
PASSWORD = "correct Horse 7 battery"


@pytest.fixture
def core(product):
    """A system tenant whose database people can be added to."""
    database = {"name": "people", "strategy": "auth0", "enabled_clients": ("app",)}
    product.connections.create(Caller(tenant=SYSTEM_TENANT), database)
    return product


@pytest.fixture
def member(core) -> Callable[..., str]:
    """Make a person, with a role unless it is None."""

    def make(name: str, role: str | None = None) -> str:
        account = {"connection": "people", "email": f"{name}@example.com", "password": PASSWORD, "verify_email": False}
        user_id = core.users.create(Caller(tenant=SYSTEM_TENANT), account).user_id
        if role:
            core.operators.add(CALLER, user_id, role)
        return user_id

    return make


def roles(core: Any) -> dict[str, str]:
    page = core.operators.list(CALLER, PageRequest())
    listed = {each.member.user_id: each.member.role for each in page.items}
    assert listed == {user_id: core.operators.memberships(user_id).roles["acme"] for user_id in listed}
    return listed


@pytest.mark.parametrize("step_down", [False, True])
def test_of_owners_who_remove_each_other_at_once_one_stays(core, member, race, step_down):
    owners = [member(f"owner{number}", OWNER) for number in range(4)]

    def go(user_id: str) -> Any:
        operators = core.operators
        return operators.change(CALLER, user_id, VIEWER) if step_down else operators.remove(CALLER, user_id)

    outcomes = race(*(partial(go, user_id) for user_id in owners))

    assert outcomes.codes <= {"last_owner", "changed"}
    assert list(roles(core).values()).count(OWNER) >= 1


def test_of_many_who_let_a_person_in_one_does(core, member, race):
    bob = member("bob")

    outcomes = race(*(partial(core.operators.add, CALLER, bob, EDITOR) for _ in range(8)))

    assert len(outcomes.won) == 1
    assert roles(core) == {bob: EDITOR}


def test_a_person_who_is_let_into_many_tenants_at_once_is_in_those_that_said_so(core, member, race):
    bob = member("bob")
    names = [f"t{number}" for number in range(4)]

    def let_in(name: str) -> str:
        core.operators.add(Caller(tenant=name, scopes=ROLES[OWNER]), bob, VIEWER)
        return name

    outcomes = race(*(partial(let_in, name) for name in names))

    assert set(core.operators.memberships(bob).roles) == set(outcomes.won)
    assert {name for name in names if core.operators.store.find(name, bob)} == set(outcomes.won)


def test_nobody_is_a_member_who_is_let_in_while_they_are_deleted(core, member, race):
    bob = member("bob")

    def let_in() -> None:
        core.operators.add(CALLER, bob, EDITOR)

    race(let_in, lambda: core.users.delete(Caller(tenant=SYSTEM_TENANT), bob))
    core.sweep.run()

    assert core.operators.store.find("acme", bob) is None
    assert core.operators.memberships(bob).roles == {}


def test_a_refusal_leaves_nothing_behind(core, member):
    bob = member("bob", OWNER)

    with pytest.raises(GatehouseError):
        core.operators.remove(CALLER, bob)

    assert roles(core) == {bob: OWNER}
