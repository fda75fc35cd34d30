"""Changes of users: over the version that was read, with every name that moves, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.identities import PasswordHistory
from chalicelib.core.users import Change
from chalicelib.storage import keys
from chalicelib.storage.users import UserItem

TENANT, PEOPLE = "acme", "con_people"


@pytest.fixture
def users(stores):
    return stores.users


@pytest.fixture
def ann(given):
    return given.user("ann")


@pytest.fixture
def bob(given):
    return given.user("bob")


@pytest.fixture
def change(users, given):
    """Write a change and give the user as it is found afterwards."""

    def write(made):
        users.change(TENANT, made, given.event(made.after.user_id))
        return users.find(TENANT, made.after.user_id)

    return write


@pytest.fixture
def linked(users, given, ann, bob):
    """Ann, with the account of Bob."""
    users.link(TENANT, given.linked(ann, bob), bob, given.event(ann.user_id))
    return users.find(TENANT, ann.user_id)


@pytest.fixture
def unchanged(contents):
    """Say whether everything in the table is as it was when the test began."""
    before = sorted(map(str, contents()))
    return lambda: sorted(map(str, contents())) == before


def owner(users, name):
    login = users.login(TENANT, PEOPLE, name)
    return login and login.user_id


@pytest.fixture
def shown(listed):
    """The ids of the users of a connection, or of all."""
    return lambda connection=None: [user.user_id for user in listed(connection).items]


# Profiles


def test_a_change_is_written_over_the_version_that_was_read(ann, change):
    after = replace(ann, nickname="fietje", blocked=True, app_metadata={"plan": None}, updated_at=ann.updated_at)

    found = change(Change(before=ann, after=after))

    assert found == replace(after, version=2)


def test_a_change_over_an_older_version_is_refused_whole(users, given, ann, change, contents):
    change(Change(before=ann, after=replace(ann, nickname="first")))
    before = contents()

    with pytest.raises(Conflict) as refusal:
        change(given.renamed(ann, "new@example.com"))

    assert refusal.value.code == "changed"
    assert sorted(map(str, contents())) == sorted(map(str, before))


def test_a_change_of_a_user_that_was_deleted_meanwhile_does_not_bring_it_back(users, given, ann, change):
    given.retired(ann)

    with pytest.raises(Conflict) as refusal:
        change(Change(before=ann, after=replace(ann, nickname="back")))

    assert refusal.value.code == "changed"
    assert users.find(TENANT, ann.user_id) is None


def test_a_change_is_written_with_its_event(users, given, ann, stores):
    event = given.event(ann.user_id)

    users.change(TENANT, Change(before=ann, after=ann), event)

    assert stores.logs.find(TENANT, event.log_id) == event


def test_a_change_leaves_the_counters_of_sign_ins_alone(table, users, ann, change, clock):
    signed_in = clock.now() + timedelta(milliseconds=123)
    profile = UserItem.at(keys.Key(keys.user(TENANT, ann.user_id), keys.PROFILE))
    counted = [UserItem.logins_count.set(7), UserItem.last_login.set(int(signed_in.timestamp() * 1000))]
    table.write().update(profile, [*counted, UserItem.last_ip.set("::1")], UserItem.version == 1).commit()

    found = change(Change(before=ann, after=replace(ann, nickname="fietje")))

    assert (found.logins_count, found.last_login, found.last_ip) == (7, signed_in, "::1")
    assert found.nickname == "fietje"


# Names


def test_a_renamed_user_is_found_by_the_new_name_and_not_by_the_old(users, given, ann, change, shown):
    found = change(given.renamed(ann, "new@example.com"))

    assert owner(users, "new@example.com") == ann.user_id
    assert owner(users, "ann@example.com") is None
    assert users.with_email(TENANT, "new@example.com") == [found]
    assert users.with_email(TENANT, "ann@example.com") == []
    assert shown("people") == shown() == [ann.user_id]


def test_a_name_that_was_given_up_is_free_and_the_new_one_is_not(users, given, ann, change):
    change(given.renamed(ann, "new@example.com"))

    with pytest.raises(Conflict) as refusal:
        given.user("eve", email="new@example.com")
    other = given.user("other", email="ann@example.com")

    assert refusal.value.code == "auth0_idp_error"
    assert owner(users, "ann@example.com") == other.user_id


def test_a_name_that_is_taken_changes_nothing(users, given, ann, bob, change, unchanged):
    with pytest.raises(Conflict) as refusal:
        change(given.renamed(ann, "bob@example.com"))

    assert refusal.value.code == "auth0_idp_error"
    assert unchanged()


def test_a_rename_does_not_move_its_user_in_the_lists(users, given, ann, bob, change, clock, shown):
    before = shown(), shown("people")
    clock.advance(days=1)

    change(given.renamed(ann, "new@example.com"))

    assert (shown(), shown("people")) == before


# Passwords


def test_a_new_password_is_that_of_every_name_of_the_account_with_its_history(users, given, change):
    ann = given.unsaved_user("ann")
    ann = replace(ann, identities=(replace(ann.main, names=("ann@example.com", "ann")),))
    users.create(TENANT, ann, given.logins(ann), None, given.event())
    ann, history = replace(ann, version=1), PasswordHistory(connection_id=PEOPLE, hashes=("hash",))

    change(Change(before=ann, after=ann, passwords=tuple(given.logins(ann, "new hash")), history=history))

    assert [users.login(TENANT, PEOPLE, name).password_hash for name in ann.main.names] == ["new hash", "new hash"]
    assert users.password_history(TENANT, ann.user_id, PEOPLE) == history


def test_a_password_is_not_given_to_an_account_that_went_to_another_user(users, given, ann, bob, change):
    users.link(TENANT, given.linked(ann, bob), bob, given.event())
    eve = given.user("eve")

    with pytest.raises(Conflict):
        change(Change(before=eve, after=eve, passwords=(replace(given.login(bob, "bob@example.com"), user_id="eve"),)))

    assert users.login(TENANT, PEOPLE, "bob@example.com").password_hash == "hash"


# Linked


def test_who_signs_in_by_a_linked_account_is_the_user_it_was_linked_to(users, linked, ann, bob):
    assert [identity.full_id for identity in linked.identities] == [ann.user_id, bob.user_id]
    assert owner(users, "bob@example.com") == owner(users, "ann@example.com") == ann.user_id
    assert users.login(TENANT, PEOPLE, "bob@example.com").password_hash == "hash"


def test_the_profile_of_a_linked_account_is_gone(users, linked, bob, shown):
    assert users.find(TENANT, bob.user_id) is None
    assert users.with_email(TENANT, "bob@example.com") == []
    assert shown() == [linked.user_id]


def test_a_linked_account_is_listed_under_its_user_once(users, given, linked, clock, shown):
    clock.advance(seconds=1)
    cid = given.user("cid")

    assert shown("people") == [linked.user_id, cid.user_id]
    assert users.owners(TENANT, PEOPLE, 10) == [linked.user_id, cid.user_id]


def test_a_linked_outside_account_is_listed_under_its_user(users, given, ann, shown):
    outside = given.user("123", given.social)

    users.link(TENANT, given.linked(ann, outside), outside, given.event())

    assert shown("google") == [ann.user_id]
    assert users.owners(TENANT, "con_google", 10) == [ann.user_id]
    with pytest.raises(Conflict):
        given.user("123", given.social)


@pytest.mark.parametrize("stale", ["user", "secondary"])
def test_a_link_over_an_older_version_of_either_user_changes_nothing(users, given, ann, bob, change, contents, stale):
    changed = ann if stale == "user" else bob
    change(Change(before=changed, after=replace(changed, nickname="new")))
    before = contents()

    with pytest.raises(Conflict) as refusal:
        users.link(TENANT, given.linked(ann, bob), bob, given.event())

    assert refusal.value.code == "changed"
    assert sorted(map(str, contents())) == sorted(map(str, before))


def test_a_link_with_a_user_that_was_deleted_meanwhile_changes_nothing(users, given, ann, bob):
    given.retired(bob)

    with pytest.raises(Conflict):
        users.link(TENANT, given.linked(ann, bob), bob, given.event())

    assert users.find(TENANT, ann.user_id) == ann


# Unlinked


def test_an_unlinked_account_is_a_user_of_its_own_again(users, given, linked, bob, shown):
    change, freed = given.unlinked(linked, linked.identities[1])

    users.unlink(TENANT, change, freed, given.event())

    assert users.find(TENANT, bob.user_id) == replace(freed, version=1)
    assert users.find(TENANT, linked.user_id).identities == linked.identities[:1]
    assert owner(users, "bob@example.com") == bob.user_id
    assert sorted(shown()) == sorted(shown("people")) == [linked.user_id, bob.user_id]


def test_an_unlinked_outside_account_is_a_user_of_its_own_again(users, given, ann, shown):
    outside = given.user("123", given.social)
    users.link(TENANT, given.linked(ann, outside), outside, given.event())
    user = users.find(TENANT, ann.user_id)

    users.unlink(TENANT, *given.unlinked(user, user.identities[1]), given.event())

    assert shown("google") == [outside.user_id]
    assert users.find(TENANT, outside.user_id).identities == outside.identities


def test_an_account_can_be_linked_and_unlinked_again_and_again(users, given, ann, bob):
    for _ in range(2):
        user, secondary = users.find(TENANT, ann.user_id), users.find(TENANT, bob.user_id)
        users.link(TENANT, given.linked(user, secondary), secondary, given.event())
        user = users.find(TENANT, ann.user_id)
        users.unlink(TENANT, *given.unlinked(user, user.identities[1]), given.event())

    assert owner(users, "bob@example.com") == bob.user_id
    assert users.find(TENANT, ann.user_id).version == 5
    assert given.retired(users.find(TENANT, bob.user_id)).target == bob.user_id


def test_an_account_is_unlinked_once(users, given, linked):
    change, freed = given.unlinked(linked, linked.identities[1])
    users.unlink(TENANT, change, freed, given.event())

    with pytest.raises(Conflict) as refusal:
        users.unlink(TENANT, change, freed, given.event())

    assert refusal.value.code in {"auth0_idp_error", "changed"}
    assert users.find(TENANT, freed.user_id) == replace(freed, version=1)


def test_a_user_with_linked_accounts_is_deleted_with_all_their_names(users, given, linked, bob, shown):
    given.retired(linked)

    assert owner(users, "ann@example.com") is None
    assert owner(users, "bob@example.com") is None
    assert shown() == shown("people") == []
    assert given.user("bob").user_id == bob.user_id
