"""The backfill: whoever has no entries gets them once, a part with each run, whatever happens meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest

from chalicelib.core import backfill
from chalicelib.core.errors import Conflict, TooLarge
from chalicelib.core.sign_ins import SignIn
from chalicelib.core.user_walks import BEGINNING, BLOCKED, PENDING
from chalicelib.core.users import Change
from chalicelib.storage.users import UserItem, profile_key

TENANT = "acme"


@pytest.fixture(autouse=True)
def tenants(given):
    given.database = given.tenant(TENANT).connection
    given.tenant("other")


def test_users_from_before_get_every_entry_they_would_have_been_made_with(product, old, stores, seen, backfilled):
    ann, bob = old("ann", name="Ann Smith", blocked=True), old("bob", logins_count=3)
    before = seen(BEGINNING, "smith"), seen(PENDING), seen(BLOCKED)

    given = backfilled()

    assert (before, given) == (([], [], []), 2)
    assert (seen(BEGINNING, "smith"), seen(BEGINNING, "bob")) == ([ann.user_id], [bob.user_id])
    assert (seen(PENDING), seen(BLOCKED)) == ([ann.user_id], [ann.user_id])
    assert stores.users.find(TENANT, ann.user_id) == replace(ann, version=ann.version + 1)


def test_users_who_have_entries_are_left_as_they_are(product, given, contents, backfilled):
    given.user("ann")
    before = [item for item in contents() if item["pk"]["S"] != "BACKFILL"]

    backfilled()

    after = [item for item in contents() if item["pk"]["S"] != "BACKFILL"]
    assert sorted(map(str, after)) == sorted(map(str, before))


def test_a_run_that_has_nothing_left_to_do_is_one_read(product, old, calls, backfilled):
    old("ann")
    backfilled()
    calls.clear()

    assert product.backfill.run() == 0
    assert calls == ["GetItem"]


def test_a_run_looks_at_as_many_users_as_it_may_and_the_next_one_goes_on(product, old, monkeypatch, seen, backfilled):
    monkeypatch.setattr(backfill, "_AT_ONCE", 2)
    monkeypatch.setattr(backfill, "USERS_PER_RUN", 5)
    users = [old(f"user{number}").user_id for number in range(8)]

    first = product.backfill.run()
    rest = backfilled()

    assert (first, rest) == (4, 4)
    assert sorted(seen(PENDING)) == sorted(users)


def test_who_was_made_by_the_version_before_during_the_walk_is_found_by_the_next_one(product, old, seen, backfilled):
    old("ann")
    product.backfill.store.advance(backfill.Progress(), backfill.Progress(after_tenant="9", found=True))
    late = old("late")

    backfilled()

    assert late.user_id in seen(PENDING)


def test_wherever_the_process_ends_the_next_run_goes_on(product, old, crash, seen, users_of, backfilled):
    user = old("ann", name="Ann Smith")
    for calls in count():
        with crash.after(calls):
            product.backfill.run()
        if not crash.crashed:
            break

    backfilled()

    assert seen(BEGINNING, "smith") == seen(PENDING) == [user.user_id]
    assert users_of("N") == [user.user_id] * 3


def test_a_change_that_was_read_before_the_backfill_is_refused(product, old, stores, given, seen, backfilled):
    user = old("ann", name="Ann Smith")
    backfilled()

    with pytest.raises(Conflict) as refusal:
        stores.users.change(TENANT, Change(before=user, after=replace(user, name="Ann Brown")), given.event())

    assert refusal.value.code == "changed"
    assert seen(BEGINNING, "smith") == [user.user_id]


def test_a_first_sign_in_that_was_read_before_the_backfill_leaves_nobody_pending(
    product, old, stores, given, seen, backfilled
):
    user = old("ann")
    backfilled()

    event = given.event(user.user_id)
    stores.sign_ins.write(TENANT, SignIn(user=user, at=event.date, ip="::1", event=event, counted=True))

    assert seen(PENDING) == []


def test_a_user_from_before_is_changed_and_deleted_without_entries_until_the_backfill(product, old, users_of, given):
    user = old("ann")

    given.stores.users.change(TENANT, Change(before=user, after=replace(user, blocked=True)), given.event())
    given.retired(given.stores.users.find(TENANT, user.user_id))

    assert users_of("N") == users_of("B") == []


@pytest.fixture
def fill(table):
    """Let the item of a user be as large as one can be, to the last bytes."""

    def write(user):
        profile = UserItem.at(profile_key(TENANT, user.user_id))
        for size in range(409_600 - 379_000, 0, -4):
            with suppress(TooLarge):
                return table.change(profile, [UserItem.last_ip.set("x" * size)])
        return None

    return write


@pytest.mark.parametrize("stand_in", ["moto", "dynamodb_local"], indirect=True)  # MiniStack weighs no transaction
def test_a_user_whose_item_is_full_is_noted_and_holds_up_no_other(product, old, fill, seen, caplog):
    first, full, last = (old(name, user_metadata={"large": "x" * 379_000}) for name in ("first", "full", "last"))
    fill(full)

    with caplog.at_level("WARNING"):
        product.backfill.run()

    assert set(seen(PENDING)) == {first.user_id, last.user_id}
    assert "stays without entries" in caplog.text
