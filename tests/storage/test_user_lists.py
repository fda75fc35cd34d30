"""Lists of users: who is blocked, who never signed in, and who is found by a word, kept right by every change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.core.identities import MAX_IDENTITIES, Identity
from chalicelib.core.sign_ins import SignIn
from chalicelib.core.user_walks import AT_CONNECTION, BEGINNING, BLOCKED, EVERYBODY, PENDING, Source
from chalicelib.core.users import Change
from chalicelib.core.work import USER, Work
from chalicelib.storage.stores import Stores

TENANT = "acme"


@pytest.fixture
def users(stores):
    return stores.users


@pytest.fixture
def ann(given):
    return given.user("ann", name="Ann Smith", given_name="Ann", family_name="Smith")


@pytest.fixture
def bob(given):
    return given.user("bob", name="Bob")


@pytest.fixture
def entries(users_of):
    """Every entry that lies in the table: of each list, whose they are."""
    return lambda: {letter: owners for letter in "BPN" if (owners := users_of(letter))}


@pytest.fixture
def change(users, given):
    """Write a change of a user, and give the user as they are then."""

    def write(user, **known):
        users.change(TENANT, Change(before=user, after=replace(user, **known)), given.event(user.user_id))
        return users.find(TENANT, user.user_id)

    return write


@pytest.fixture
def sign_in(stores, given):
    """Write a sign-in of a user as they were read, and give the user as they are then."""

    def write(user, *, refused=False, **known):
        event = given.event(user.user_id)
        made = SignIn(user=user, at=given.ambient.now(), ip="192.0.2.1", event=event, **{"counted": True, **known})
        (stores.sign_ins.refuse_blocked if refused else stores.sign_ins.write)(TENANT, made)
        return stores.users.find(TENANT, user.user_id)

    return write


# Found by words


@pytest.mark.parametrize(
    "beginning", ["ann", "ann s", "ann smith", "smith", "s", "ann@", "ann@example.com", "a"], ids=str
)
def test_a_new_user_is_found_by_what_their_names_and_address_begin_with(ann, bob, seen, beginning):
    assert set(seen(BEGINNING, beginning)) == {ann.user_id}


@pytest.mark.parametrize("beginning", ["nn", "mith", "ann smith ", "ann smiths", "example", "z"])
def test_nobody_is_found_by_what_no_word_begins_with(ann, seen, beginning):
    assert seen(BEGINNING, beginning) == []


def test_a_renamed_user_is_found_by_the_new_names_and_not_by_the_old(ann, change, seen, entries):
    renamed = change(ann, name="Zoë Brown", given_name=None, family_name="Brown", email="zoe@example.com")

    assert [word for word in ("ann", "smith", "ann@") if seen(BEGINNING, word)] == []
    assert [seen(BEGINNING, word) for word in ("zoe b", "brown", "zoe@")] == [[renamed.user_id]] * 3
    assert entries() == {"P": [ann.user_id], "N": [ann.user_id] * 3}


def test_a_change_of_nothing_that_is_searched_for_writes_no_entry(ann, change, contents):
    before = [item for item in contents() if "#N#" in item["pk"]["S"]]

    change(ann, picture="https://example.com/a.png", user_metadata={"a": 1})

    assert [item for item in contents() if "#N#" in item["pk"]["S"]] == before


def test_a_change_that_is_refused_leaves_every_entry(ann, change, users, given, entries, seen):
    change(ann, nickname="first")
    before = entries()

    with pytest.raises(Conflict):
        change(ann, name="Somebody Else")

    assert entries() == before
    assert seen(BEGINNING, "somebody") == []


def test_the_words_of_a_linked_user_are_gone_and_come_back_when_it_is_unlinked(users, given, ann, bob, seen):
    users.link(TENANT, given.linked(ann, bob), bob, given.event())
    linked = seen(BEGINNING, "bob"), seen(BEGINNING, "ann s"), seen(PENDING)
    user = users.find(TENANT, ann.user_id)
    unlinked, freed = given.unlinked(user, user.identities[1])

    users.unlink(TENANT, unlinked, replace(freed, name="Bob"), given.event())

    assert linked == ([], [ann.user_id], [ann.user_id])
    assert seen(BEGINNING, "bob") == [bob.user_id]
    assert sorted(seen(PENDING)) == [ann.user_id, bob.user_id]


def test_a_deleted_user_leaves_no_entry(given, ann, bob, change, entries):
    blocked = change(ann, blocked=True)

    given.retired(blocked)

    assert entries() == {"P": [bob.user_id], "N": [bob.user_id]}


def test_a_user_with_all_the_accounts_and_words_there_can_be_is_deleted_in_one_transaction(users, given, entries):
    account = Identity(connection="people", connection_id="con_people", provider="auth0", user_id="")
    numbers = range(MAX_IDENTITIES - 1)
    others = [replace(account, user_id=f"{number}", names=(f"a{number}", f"b{number}")) for number in numbers]
    texts = {name: f"{name} of" for name in ("given_name", "family_name", "nickname", "phone_number")}
    user = given.user("ann", username="xyz", name="long name", blocked=True, **texts)
    names = ("ann@example.com", "xyz")
    user = replace(user, identities=(replace(user.main, names=names), *others))
    works = [Work.on(USER, str(number), TENANT, given.ambient.now()) for number in range(MAX_IDENTITIES + 1)]
    before = sum(map(len, entries().values()))
    given.stores.users.change(TENANT, Change(before=user, after=user), given.event())

    users.retire(TENANT, replace(user, version=2), works, given.event(type="sdu"))

    assert (before, entries()) == (10, {})


@pytest.mark.security(33)
def test_the_lists_of_a_tenant_are_not_anothers(stores, given, ann, change):
    change(ann, blocked=True)
    sources = [Source(BEGINNING, "ann"), Source(BLOCKED), Source(PENDING), Source(EVERYBODY)]

    looks = [stores.user_lists.look("other", source, most=9, descending=False) for source in sources]

    assert [look.seen for look in looks] == [[], [], [], []]
    assert [stores.user_lists.count("other", source) for source in sources] == [0, 0, 0, 0]


# Blocked


def test_a_user_is_among_the_blocked_as_long_as_they_are(ann, bob, change, seen):
    assert seen(BLOCKED) == []

    blocked = change(ann, blocked=True)
    while_blocked = seen(BLOCKED)
    change(blocked, blocked=False)

    assert while_blocked == [ann.user_id]
    assert seen(BLOCKED) == []


def test_a_user_who_is_made_blocked_is_among_the_blocked(given, seen):
    user = given.user("ann", blocked=True)

    assert seen(BLOCKED) == [user.user_id]


# Never signed in


def test_a_user_leaves_the_pending_with_the_first_sign_in_and_later_ones_write_no_entry(
    ann, bob, sign_in, seen, entries
):
    signed_in = sign_in(ann)
    after_the_first = entries()

    sign_in(signed_in)

    assert seen(PENDING) == [bob.user_id]
    assert entries() == after_the_first


def test_a_sign_in_that_does_not_count_leaves_its_user_pending(ann, sign_in, seen):
    sign_in(ann, counted=False)

    assert seen(PENDING) == [ann.user_id]


def test_the_attempt_of_a_blocked_user_counts_so_they_are_not_pending(ann, change, sign_in, seen):
    blocked = change(ann, blocked=True)

    sign_in(blocked, refused=True)

    assert seen(PENDING) == []
    assert seen(BLOCKED) == [ann.user_id]


def test_a_sign_in_that_is_refused_leaves_its_user_pending(ann, change, sign_in, seen):
    change(ann, blocked=True)

    with pytest.raises(Conflict):
        sign_in(ann)

    assert seen(PENDING) == [ann.user_id]


def test_a_user_who_signed_in_does_not_become_pending_by_a_change_that_was_read_before(ann, change, sign_in, seen):
    sign_in(ann)

    change(ann, nickname="fietje", blocked=True)

    assert seen(PENDING) == []


# In parts


@pytest.fixture
def six(given, clock, change):
    """Six blocked users, a second apart, whose names begin alike."""

    def make(number):
        clock.advance(seconds=1)
        return change(given.user(f"user{number}", name=f"Xaver {number}"), blocked=True).user_id

    return [make(number) for number in range(6)]


EACH = pytest.mark.parametrize(
    "source",
    [Source(EVERYBODY), Source(AT_CONNECTION, "con_people"), Source(BLOCKED), Source(PENDING), Source(BEGINNING, "xa")],
    ids=lambda source: source.kind,
)


@EACH
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("most", [1, 2, 4, 6, 7])
def test_a_list_is_walked_in_parts_in_either_direction(stores, six, source, descending, most):
    shown, start, more, looks = [], None, True, 0
    while more:
        look = stores.user_lists.look(TENANT, source, most=most, start=start, descending=descending)
        shown += [entry.user.user_id for entry in look.seen]
        start, more, looks = look.seen[-1].position, look.more, looks + 1

    assert shown == (six[::-1] if descending else six)
    assert looks == -(-6 // most)


@EACH
def test_what_is_skipped_is_not_read(stores, six, source, calls):
    look = stores.user_lists.look(TENANT, source, most=2, skip=3, descending=False)

    assert [entry.user.user_id for entry in look.seen] == six[3:5]
    assert look.more
    assert calls == ["Query", "BatchGetItem"] + ["BatchGetItem"] * (source.kind == AT_CONNECTION)


@EACH
def test_a_place_in_a_list_holds_when_its_user_is_gone(stores, users, given, six, source):
    first = stores.user_lists.look(TENANT, source, most=3, descending=True)
    given.retired(users.find(TENANT, six[3]))

    rest = stores.user_lists.look(TENANT, source, most=9, start=first.seen[-1].position, descending=True)
    back = stores.user_lists.look(TENANT, source, most=9, start=first.seen[-1].position, descending=False)

    assert [entry.user.user_id for entry in rest.seen] == six[2::-1]
    assert [entry.user.user_id for entry in back.seen] == six[4:]


@pytest.mark.parametrize("source", [Source(EVERYBODY), Source(AT_CONNECTION, "con_people"), Source(BLOCKED)])
def test_a_list_is_counted_without_reading_its_users(stores, six, source, calls):
    assert stores.user_lists.count(TENANT, source) == len(six)
    assert calls == ["Query"]


def test_words_come_by_the_alphabet_with_the_shorter_first(stores, given):
    made = [given.user(f"u{number}", name=name).user_id for number, name in enumerate(["Lee Z", "Lee", "Leeds", "Lea"])]

    look = stores.user_lists.look(TENANT, Source(BEGINNING, "le"), most=9, descending=False)

    assert [entry.word for entry in look.seen] == ["lea", "lee", "lee z", "leeds"]
    assert [entry.user.user_id for entry in look.seen] == [made[3], made[1], made[0], made[2]]


# Shards


def test_users_spread_over_shards_are_one_list_by_words_and_by_state(given, table, clock):
    sharded = replace(given, stores=Stores.of(replace(table, shards=4)))
    made = []
    for number in range(12):
        clock.advance(milliseconds=1)
        made.append(sharded.user(f"user{number}", name=f"Xaver {number:02}", blocked=True).user_id)

    def seen(source, *, descending):
        look = sharded.stores.user_lists.look(TENANT, source, most=5, skip=4, descending=descending)
        return [entry.user.user_id for entry in look.seen]

    assert seen(Source(BLOCKED), descending=True) == seen(Source(PENDING), descending=True) == made[7:2:-1]
    assert seen(Source(BEGINNING, "xav"), descending=False) == made[4:9]
    assert sharded.stores.user_lists.count(TENANT, Source(BLOCKED)) == 12


def test_entries_are_found_and_removed_where_they_were_written_when_there_are_more_shards_than_then(
    given, table, ann, sign_in, entries
):
    more = Stores.of(replace(table, shards=16))
    found = more.user_lists.look(TENANT, Source(BEGINNING, "smith"), most=9, descending=False)
    user = more.users.find(TENANT, ann.user_id)

    more.users.change(TENANT, Change(before=user, after=replace(user, family_name="Brown", name="A")), given.event())
    renamed = more.user_lists.look(TENANT, Source(BEGINNING, "smith"), most=9, descending=False)
    sign_in(more.users.find(TENANT, ann.user_id))
    more.users.retire(TENANT, more.users.find(TENANT, ann.user_id), [], given.event())

    assert [entry.user.user_id for entry in found.seen] == [ann.user_id]
    assert renamed.seen == []
    assert entries() == {}


def test_who_has_two_accounts_at_a_connection_is_shown_once_in_a_part(users, given, ann, bob, seen):
    users.link(TENANT, given.linked(ann, bob), bob, given.event())

    assert seen(AT_CONNECTION, "con_people") == [ann.user_id]
