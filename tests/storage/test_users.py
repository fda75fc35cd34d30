"""Users: a new one is whole or not there, is found by every name it has and by no other, and is listed once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.identities import PasswordHistory
from chalicelib.core.paging import PageRequest
from chalicelib.core.user_walks import AT_CONNECTION, Source, Wanted
from chalicelib.core.work import CONNECTION, Work
from chalicelib.storage import keys
from chalicelib.storage.user_lists import UserListStore
from chalicelib.storage.users import UserItem, UserStore
from tests.storage.conftest import ids

TENANT = "acme"
HOSTILE = ["a#b", "#L#con_people#ann@example.com", "😀", "'\"\\", "a b", "PROFILE", "ann@example.com", "x" * 250, "ä"]
LONG = ["x" * 1_501, "x" * 2_000, "😀" * 1_024]


@pytest.fixture
def users(stores):
    return stores.users


@pytest.fixture
def people(given, clock):
    """Six users a millisecond apart, the oldest first."""

    def make():
        clock.advance(milliseconds=1)
        return given.user(f"user{clock.now().microsecond}")

    return [make() for _ in range(6)]


# Made


def test_a_new_user_is_found_by_every_door_as_it_was_made(users, given, listed, clock):
    user = given.user("ann", name="Ann", user_metadata={"a": [1]}, last_password_reset=clock.now())

    assert users.find(TENANT, user.user_id) == user
    assert users.with_email(TENANT, "ann@example.com") == [user]
    assert listed().items == listed("people").items == [user]
    assert users.login(TENANT, "con_people", "ann@example.com") == given.login(user, "ann@example.com")
    assert users.owners(TENANT, "con_people", 10) == [user.user_id]


def test_a_new_user_of_another_provider_is_found_without_a_name_to_sign_in_by(users, given, listed):
    user = given.user("123", given.social, email=None)

    assert users.find(TENANT, "google-oauth2|123") == user
    assert listed("google").items == [user]
    assert users.owners(TENANT, "con_google", 10) == [user.user_id]


@pytest.mark.security(33)
def test_the_users_of_a_tenant_are_not_anothers(users, given, listed, stores):
    user = given.user("ann")

    assert users.find("other", user.user_id) is None
    assert users.with_email("other", "ann@example.com") == []
    assert users.login("other", "con_people", "ann@example.com") is None
    assert listed(tenant="other").items == []
    assert stores.user_lists.look("other", Source(AT_CONNECTION, "con_people"), most=9, descending=True).seen == []
    assert users.owners("other", "con_people", 10) == []


def test_a_user_is_made_with_its_event_and_its_earlier_passwords(users, given, stores):
    user, history = given.unsaved_user("ann"), PasswordHistory(connection_id=given.database.id, hashes=("a", "b"))
    event = given.event(user.user_id)

    users.create(TENANT, user, given.logins(user), history, event)

    assert users.password_history(TENANT, user.user_id, "con_people") == history
    assert users.password_history(TENANT, user.user_id, "con_other") is None
    assert stores.logs.find(TENANT, event.log_id) == event


def same_id(given):
    return given.unsaved_user("ann", email="new@example.com")


def same_email(given):
    return given.unsaved_user("new", email="ann@example.com")


def same_outside_account(given):
    return given.unsaved_user("out", given.social)


def same_id_as_a_linked_account(given):
    return given.unsaved_user("linked", email="new@example.com")


def same_id_as_a_linked_account_elsewhere(given):
    return given.unsaved_user("linked", given.connection("others"), email="new@example.com")


@pytest.mark.parametrize(
    "taking",
    [
        same_id,
        same_email,
        same_outside_account,
        same_id_as_a_linked_account,
        same_id_as_a_linked_account_elsewhere,
    ],
)
def test_a_user_that_would_take_a_name_in_use_is_not_made_at_all(users, given, contents, taking):
    ann, linked = given.user("ann"), given.user("linked")
    given.user("out", given.social)
    users.link(TENANT, given.linked(ann, linked), linked, given.event())
    user = taking(given)
    before = contents()

    with pytest.raises(Conflict) as refusal:
        users.create(TENANT, user, given.logins(user), None, given.event())

    assert refusal.value.code == "auth0_idp_error"
    assert sorted(map(str, contents())) == sorted(map(str, before))


def test_one_email_address_may_be_used_at_two_connections(users, given):
    first, second = given.user("ann"), given.user("ann2", given.connection("others"), email="ann@example.com")

    found = users.with_email(TENANT, "ann@example.com")

    assert {user.user_id for user in found} == {first.user_id, second.user_id}


def test_a_user_is_not_made_at_a_connection_that_was_deleted_meanwhile(users, given, stores, contents):
    user, connection = given.unsaved_user("ann"), given.database
    work = Work.on(CONNECTION, connection.id, TENANT, given.ambient.now())
    stores.connections.retire(TENANT, connection, work, given.event())
    before = len(contents())

    with pytest.raises(Invalid) as refusal:
        users.create(TENANT, user, given.logins(user), None, given.event())

    assert refusal.value.code == "inexistent_connection"
    assert len(contents()) == before


# Names that people choose


@pytest.mark.parametrize("name", HOSTILE)
def test_a_user_of_any_name_is_found_by_that_name_and_no_other(users, given, name):
    ann, email = given.user("ann"), f"{name}@example.com"

    user = given.user(name)

    assert users.find(TENANT, user.user_id) == user
    assert users.with_email(TENANT, email) == ([user] if name != "ann" else [ann, user])
    assert users.login(TENANT, "con_people", email).user_id == user.user_id
    assert users.find(TENANT, user.user_id + "#") is None
    assert users.find(TENANT, ann.user_id) == ann


@pytest.mark.parametrize("name", ["", *HOSTILE, *LONG, "\x00"])
def test_a_name_that_nobody_has_finds_nobody_however_long_it_is(users, given, name):
    given.user("ann")

    assert users.find(TENANT, name) is None
    assert users.with_email(TENANT, f"x{name}") == []
    assert users.login(TENANT, "con_people", f"x{name}") is None
    assert users.password_history(TENANT, name, "con_people") is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_user_of_any_name_is_deleted_without_touching_another(users, given, name):
    ann, user = given.user("ann"), given.user(name)

    work = given.retired(user)
    finished = users.purge(work, 100)

    assert finished
    assert users.find(TENANT, user.user_id) is None
    assert users.find(TENANT, ann.user_id) == ann
    assert users.login(TENANT, "con_people", "ann@example.com").user_id == ann.user_id


def test_an_address_is_found_exactly_as_it_is_written(users, given):
    user = given.user("ann")

    assert users.with_email(TENANT, "ann@example.com") == [user]
    assert users.with_email(TENANT, "Ann@example.com") == []
    assert users.with_email(TENANT, "ann@example.co") == []


def test_an_index_that_lags_behind_a_rename_shows_nobody_under_the_old_address(table, users, given):
    user = given.user("ann", email="new@example.com")
    profile = UserItem.at(keys.Key(keys.user(TENANT, user.user_id), keys.PROFILE))
    lagging = [UserItem.by_email_pk.set(keys.by_email(TENANT, "old@example.com"))]

    table.write().update(profile, lagging, UserItem.version == 1).commit()

    assert users.with_email(TENANT, "old@example.com") == []


# Listed


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(
    ("page", "per_page", "shown"),
    [(0, 4, [0, 1, 2, 3]), (1, 4, [4, 5]), (2, 4, []), (0, 6, [0, 1, 2, 3, 4, 5]), (5, 1, [5]), (0, 0, [])],
)
def test_a_page_of_users_is_a_part_of_the_whole_by_creation(listed, people, newest_first, page, per_page, shown):
    ordered = people[::-1] if newest_first else people
    asked = {"page": page, "per_page": per_page, "include_totals": True, "newest_first": newest_first}

    everywhere, at_one = listed(**asked), listed("people", **asked)

    assert everywhere.items == at_one.items == [ordered[number] for number in shown]
    assert (everywhere.start, everywhere.total, at_one.total) == (page * per_page, 6, 6)
    assert everywhere.next is None


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("take", [1, 2, 3, 5, 6])
def test_checkpoints_lead_through_all_users_in_one_direction(listed, people, newest_first, take):
    seen, start, pages = [], None, 0
    while start or not pages:
        page = listed(per_page=take, checkpoint=True, start_after=start, newest_first=newest_first)
        seen += page.items
        start, pages = page.next, pages + 1

    assert seen == (people[::-1] if newest_first else people)
    assert pages == -(-6 // take)


def test_a_checkpoint_holds_when_its_user_is_deleted_and_others_are_made(listed, people, given, clock):
    first = listed(per_page=2, checkpoint=True)
    given.retired(people[1])
    clock.advance(seconds=1)
    newer = given.user("newer")

    rest = listed(checkpoint=True, start_after=first.next)

    assert rest.items == [*people[2:], newer]
    assert rest.next is None


def test_users_spread_over_shards_are_one_list(product, given, clock, stores, table):
    sharded, lists = UserStore(replace(table, shards=4)), UserListStore(replace(table, shards=4))
    spread = replace(given, stores=replace(stores, users=sharded))
    made = []
    for number in range(12):
        clock.advance(milliseconds=1)
        made.append(spread.user(f"user{number}"))

    request, lists = PageRequest(page=1, per_page=5, include_totals=True), replace(product.user_lists, store=lists)
    page = lists.list(Caller(tenant=TENANT), Wanted(), request, newest_first=True)

    assert page.items == made[::-1][5:10]
    assert page.total == 12
    assert [sharded.find(TENANT, user.user_id) for user in made] == made


def test_a_user_with_two_names_is_listed_and_owns_its_account_once(users, given, listed):
    user = given.unsaved_user("ann", given.database)
    user = replace(user, identities=(replace(user.main, names=("ann@example.com", "ann")),), username="ann")

    users.create(TENANT, user, given.logins(user), None, given.event())

    page = listed("people", include_totals=True)
    assert (ids(page), page.total) == ([user.user_id], 1)
    assert users.owners(TENANT, "con_people", 10) == [user.user_id]
    assert users.login(TENANT, "con_people", "ann").user_id == user.user_id


def test_the_owners_of_the_oldest_accounts_come_first_and_no_more_than_asked(users, people):
    assert users.owners(TENANT, "con_people", 2) == [people[0].user_id, people[1].user_id]
    assert users.owners(TENANT, "con_people", 100) == [user.user_id for user in people]
    assert users.owners(TENANT, "con_nobody", 2) == []
