"""Members of tenants: who lets whom in, with what role, and who may not go."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.core.management_scopes import MANAGEMENT_SCOPES
from chalicelib.core.operators import MAX_TENANTS, Alteration, Member, Memberships
from chalicelib.core.paging import PageRequest
from chalicelib.core.roles import (
    ABOUT,
    BLOCK_USERS,
    EDITOR,
    OWNER,
    READ_MEMBERS,
    ROLES,
    SUPPORT,
    UPDATE_MEMBERS,
    VIEWER,
)
from chalicelib.core.tenants import DEFAULT_CONNECTION, SYSTEM_TENANT
from chalicelib.storage.operators import put_alteration
from tests.conftest import START
from tests.flows.browsing import PASSWORD


@dataclass
class Tenancy:
    """The tenant `main` with people who may be let into it, or let others in."""

    core: Any

    def person(self, name: str, **known: Any) -> str:
        """Make a person of the system tenant, and give their id."""
        account = {"connection": DEFAULT_CONNECTION, "email": f"{name}@example.com", "password": PASSWORD}
        return self.core.users.create(
            Caller(tenant=SYSTEM_TENANT), {**account, "email_verified": True, **known}
        ).user_id

    def caller(self, user_id: str, role: str = OWNER) -> Caller:
        return Caller(tenant="main", subject=user_id, operator=user_id, scopes=ROLES[role])

    def member(self, name: str, role: str) -> str:
        """Make a person who is a member, and give their id."""
        user_id = self.person(name)
        self.core.operators.add(self.caller("the command line"), user_id, role)
        return user_id

    def write_member(self, tenant: str, user_id: str) -> None:
        """Make somebody a member as the store does, without an event."""
        store = self.core.operators.store
        member = Member(user_id=user_id, role=VIEWER, created_at=START, updated_at=START)
        memberships = store.memberships(user_id).having(tenant, VIEWER)
        transaction = store.table.write()
        put_alteration(transaction, store.documents, tenant, Alteration(member=member, memberships=memberships))
        transaction.commit()

    def roles(self) -> dict[str, str]:
        """Give the role of each member, as the tenant's list has them and as each person's own has them."""
        page = self.core.operators.list(self.caller("anybody"), PageRequest())
        listed = {each.member.user_id: each.member.role for each in page.items}
        own = {user_id: self.core.operators.memberships(user_id).roles.get("main") for user_id in listed}
        assert listed == own
        return listed


@pytest.fixture
def tenancy(core):
    return Tenancy(core)


@pytest.fixture
def ann(tenancy):
    """The only owner."""
    return tenancy.member("ann", OWNER)


def test_a_member_is_in_the_tenants_list_and_the_tenant_in_the_persons(tenancy, core, ann):
    bob = tenancy.person("bob")

    added = core.operators.add(tenancy.caller(ann), bob, EDITOR)

    assert (added.role, added.added_by) == (EDITOR, ann)
    assert tenancy.roles() == {ann: OWNER, bob: EDITOR}
    assert core.operators.memberships(bob).roles == {"main": EDITOR}


def test_the_list_says_who_each_member_is(tenancy, core, ann):
    page = core.operators.list(tenancy.caller(ann, VIEWER), PageRequest())

    assert [(each.person.email, each.member.role) for each in page.items] == [("ann@example.com", OWNER)]


def test_a_role_can_be_changed_and_taken_away(tenancy, core, ann):
    bob = tenancy.member("bob", VIEWER)

    changed = core.operators.change(tenancy.caller(ann), bob, SUPPORT)
    after = tenancy.roles()
    core.operators.remove(tenancy.caller(ann), bob)

    assert changed.role == after[bob] == SUPPORT
    assert tenancy.roles() == {ann: OWNER}
    assert core.operators.memberships(bob).roles == {}


def test_somebody_is_a_member_once(tenancy, core, ann):
    with pytest.raises(Conflict, match="a member already"):
        core.operators.add(tenancy.caller(ann), ann, VIEWER)


@pytest.mark.parametrize("role", ["", "admin", "Owner"])
def test_there_are_no_other_roles(tenancy, core, ann, role):
    bob = tenancy.person("bob")

    for attempt in (core.operators.add, core.operators.change):
        with pytest.raises(Invalid, match="A role is one of"):
            attempt(tenancy.caller(ann), bob, role)


def test_nobody_who_is_not_there_becomes_a_member(tenancy, core, ann):
    with pytest.raises(NotFound, match="no such person"):
        core.operators.add(tenancy.caller(ann), "auth0|nobody", VIEWER)

    assert tenancy.roles() == {ann: OWNER}


def test_who_is_no_member_can_be_neither_changed_nor_removed(tenancy, core, ann):
    bob = tenancy.person("bob")

    with pytest.raises(NotFound, match="no member"):
        core.operators.change(tenancy.caller(ann), bob, VIEWER)
    with pytest.raises(NotFound, match="no member"):
        core.operators.remove(tenancy.caller(ann), bob)


@pytest.mark.parametrize("role", [EDITOR, SUPPORT, VIEWER])
def test_only_an_owner_lets_others_in_or_out(tenancy, core, ann, role):
    bob, stranger = tenancy.member("bob", role), tenancy.person("stranger")
    caller = tenancy.caller(bob, role)

    for attempt in (
        lambda: core.operators.add(caller, stranger, VIEWER),
        lambda: core.operators.invite(caller, "new@example.com", VIEWER),
        lambda: core.operators.change(caller, bob, OWNER),
        lambda: core.operators.remove(caller, ann),
    ):
        with pytest.raises(Forbidden):
            attempt()

    assert tenancy.roles() == {ann: OWNER, bob: role}


def test_who_may_not_read_members_is_not_shown_them(tenancy, core, ann):
    with pytest.raises(Forbidden):
        core.operators.list(replace(tenancy.caller(ann), scopes=frozenset({"read:users"})), PageRequest())
    with pytest.raises(Forbidden):
        core.operators.get(replace(tenancy.caller(ann), scopes=frozenset({"read:users"})), ann)


def test_the_last_owner_neither_goes_nor_steps_down(tenancy, core, ann):
    tenancy.member("bob", EDITOR)

    with pytest.raises(Conflict, match="at least one owner"):
        core.operators.remove(tenancy.caller(ann), ann)
    with pytest.raises(Conflict, match="at least one owner"):
        core.operators.change(tenancy.caller(ann), ann, VIEWER)

    assert tenancy.roles()[ann] == OWNER


def test_an_owner_who_is_blocked_is_none_to_rely_on(tenancy, core, ann):
    bob = tenancy.member("bob", OWNER)
    system = Caller(tenant=SYSTEM_TENANT, scopes=frozenset({"update:users"}))
    core.users.update(system, bob, {"blocked": True})

    with pytest.raises(Conflict, match="at least one owner"):
        core.operators.remove(tenancy.caller(ann), ann)


def test_an_owner_who_is_not_the_last_may_go(tenancy, core, ann):
    bob = tenancy.member("bob", OWNER)

    core.operators.remove(tenancy.caller(ann), ann)

    assert tenancy.roles() == {bob: OWNER}


def test_each_change_is_in_the_history_of_the_tenant_with_who_did_it(tenancy, core, api, ann):
    bob = tenancy.person("bob")
    caller = replace(tenancy.caller(ann), operation="Change the members")

    core.operators.add(caller, bob, VIEWER)
    core.operators.change(caller, bob, EDITOR)
    core.operators.remove(caller, bob)

    events = api.get("/api/v2/logs", query={"per_page": 3}).json
    assert [event["details"]["member"] for event in events] == [
        {"user_id": bob, "role": role} for role in ("", EDITOR, VIEWER)
    ]
    assert {event["details"]["request"]["auth"]["subject"] for event in events} == {ann}
    assert {event["description"] for event in events} == {"Change the members"}


def test_whoever_makes_a_tenant_owns_it(tenancy, core, ann):
    caller = Caller(tenant=SYSTEM_TENANT, subject=ann, scopes=frozenset({"create:tenants"}))

    core.operators.create_tenant(caller, "newco", {"friendly_name": "New Co"})

    page = core.operators.list(Caller(tenant="newco", scopes=ROLES[OWNER]), PageRequest())
    assert [(each.member.user_id, each.member.role) for each in page.items] == [(ann, OWNER)]
    assert core.operators.memberships(ann).roles == {"main": OWNER, "newco": OWNER}
    assert core.tenants.get("newco").settings == {"friendly_name": "New Co"}


def test_nobody_makes_a_tenant_of_which_they_could_not_be_the_owner(tenancy, core, ann):
    taken = Caller(tenant=SYSTEM_TENANT, subject=ann, scopes=frozenset({"create:tenants"}))

    with pytest.raises(Conflict, match="exists already"):
        core.operators.create_tenant(taken, "acme")
    with pytest.raises(NotFound, match="no such person"):
        core.operators.create_tenant(replace(taken, subject="auth0|nobody"), "newco")
    with pytest.raises(Forbidden):
        core.operators.create_tenant(replace(taken, scopes=frozenset()), "newco")

    assert core.operators.memberships(ann).roles == {"main": OWNER}
    assert not core.tenants.exists("newco")


def test_nobody_is_a_member_of_more_tenants_than_one_item_holds(tenancy, core, ann, monkeypatch):
    full = Memberships(user_id=ann, roles={f"t{number}": VIEWER for number in range(MAX_TENANTS)})
    store = type("Full", (), {"memberships": lambda *_: full})()

    with pytest.raises(Conflict, match="more than"):
        replace(core.operators, store=store).add(tenancy.caller(ann), ann, VIEWER)


def test_a_member_goes_with_the_person(tenancy, core, ann):
    bob = tenancy.member("bob", EDITOR)

    core.users.delete(Caller(tenant=SYSTEM_TENANT), bob)

    assert tenancy.roles() == {ann: OWNER}
    assert core.operators.memberships(bob).roles == {}


def test_a_person_of_many_tenants_leaves_all_of_them(tenancy, core):
    bob = tenancy.member("bob", EDITOR)
    names = [f"t{number}" for number in range(120)]
    for name in names:  # which have no keys to write history with
        tenancy.write_member(name, bob)

    core.users.delete(Caller(tenant=SYSTEM_TENANT), bob)

    assert [name for name in names if core.operators.store.find(name, bob)] == []


def test_whoever_gets_the_id_of_somebody_who_is_gone_gets_no_membership(tenancy, core, ann):
    bob = tenancy.person("bob", user_id="bob")
    core.operators.add(tenancy.caller(ann), bob, OWNER)
    core.users.delete(Caller(tenant=SYSTEM_TENANT), bob)

    assert tenancy.person("other", user_id="bob") == bob

    assert core.operators.memberships(bob).roles == {}


def test_an_invitation_lets_in_the_account_that_proved_the_address(tenancy, core, ann, mailbox):
    bob = tenancy.person("bob")

    member = core.operators.invite(tenancy.caller(ann), "Bob@example.com", SUPPORT)

    assert (member.user_id, member.role) == (bob, SUPPORT)
    assert mailbox.to("bob@example.com") == []


def test_an_invitation_never_lets_in_an_account_that_has_not_proven_its_address(tenancy, core, ann):
    tenancy.person("mallory", email="bob@example.com", email_verified=False, verify_email=False)

    with pytest.raises(Conflict, match="not proven"):
        core.operators.invite(tenancy.caller(ann), "bob@example.com", OWNER)

    assert tenancy.roles() == {ann: OWNER}


def test_an_invited_stranger_gets_an_account_and_chooses_its_password_by_mail(tenancy, core, ann, mailbox):
    member = core.operators.invite(tenancy.caller(ann), "new@example.com", VIEWER)

    (mail,) = mailbox.to("new@example.com")
    link = re.search(r"ticket=([^&#]+)", mail.link)[1]
    core.password_resets.finish(Caller(tenant=SYSTEM_TENANT), link, "another Horse battery 2")
    assert tenancy.roles() == {ann: OWNER, member.user_id: VIEWER}
    assert core.users.store.find(SYSTEM_TENANT, member.user_id).email_verified


def test_an_invitation_that_was_broken_off_can_be_repeated(tenancy, core, ann, clock):
    member = core.operators.invite(tenancy.caller(ann), "new@example.com", VIEWER)
    core.operators.remove(tenancy.caller(ann), member.user_id)

    again = core.operators.invite(tenancy.caller(ann), "new@example.com", EDITOR)

    assert again.user_id == member.user_id
    assert tenancy.roles()[again.user_id] == EDITOR


def test_roles_are_of_known_scopes_and_each_has_all_of_the_weaker_ones():
    known = MANAGEMENT_SCOPES.keys() | {READ_MEMBERS, UPDATE_MEMBERS, BLOCK_USERS}

    weaker = list(ROLES.values())

    assert ROLES.keys() == ABOUT.keys()
    assert all(scopes <= known for scopes in weaker)
    assert all(one > other for one, other in pairwise(weaker))


@pytest.mark.security(34)
def test_a_viewer_changes_nothing_and_support_blocks_and_no_more(core, tenancy):
    ann = core.users.create(
        Caller(tenant="main"), {"connection": DEFAULT_CONNECTION, "email": "u@example.com", "password": PASSWORD}
    )
    support, viewer = tenancy.caller("somebody", SUPPORT), tenancy.caller("somebody", VIEWER)

    blocked = core.users.update(support, ann.user_id, {"blocked": True})
    for caller, patch in ((support, {"blocked": False, "name": "x"}), (support, {}), (viewer, {"blocked": False})):
        with pytest.raises(Forbidden):
            core.users.update(caller, ann.user_id, patch)

    assert blocked.blocked
    assert all(scope.startswith("read:") for scope in ROLES[VIEWER])
