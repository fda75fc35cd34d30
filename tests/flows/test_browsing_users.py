"""Going through a tenant's users as a person does: back and forth, filtered, and by typing the beginning of a name."""

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Invalid
from chalicelib.core.sign_ins import SignIn
from chalicelib.core.tenants import DEFAULT_CONNECTION

CALLER = Caller(tenant="main", operation="Test")


@pytest.fixture
def new_user(core, clock):
    """Make a user of the default database, a second later than the one before."""
    core.connections.switch_clients(CALLER, core.connections.named("main", DEFAULT_CONNECTION).id, {"app": True})

    def make(name, /, **known):
        clock.advance(seconds=1)
        names = {"email": f"{name}@example.com", "password": "correct Horse battery 1", "verify_email": False}
        return core.users.create(CALLER, {"connection": DEFAULT_CONNECTION, **names, **known})

    return make


@pytest.fixture
def seven(new_user):
    return [new_user(f"user{number}", name=f"Name {number}").user_id for number in range(7)]


@pytest.fixture
def browse(core):
    """Give a page as what it shows, the newest first, and where it leads."""

    def page(cursor=None, **asked):
        found = core.user_lists.browse(CALLER, cursor=cursor, per_page=3, **asked)
        return [user.user_id for user in found.items], found.previous, found.next

    return page


WAYS = pytest.mark.parametrize("asked", [{}, {"pending": True}, {"connection": DEFAULT_CONNECTION}, {"text": "us"}])


@WAYS
def test_pages_lead_forth_and_back_again_to_the_same(browse, seven, asked):
    ordered = seven if "text" in asked else seven[::-1]

    first, none, forth = browse(**asked)
    second, back, further = browse(forth, **asked)
    third, _, end = browse(further, **asked)
    again, start, on = browse(back, **asked)

    assert first + second + third == ordered
    assert (none, end, start) == (None, None, None)
    assert again == first
    assert browse(on, **asked)[0] == second


@WAYS
def test_the_way_back_from_the_end_shows_what_came_before(browse, seven, asked):
    ordered = seven if "text" in asked else seven[::-1]
    _, _, forth = browse(**asked)
    _, _, further = browse(forth, **asked)

    _, back, _ = browse(further, **asked)
    shown, earlier, later = browse(back, **asked)

    assert shown == ordered[3:6]
    assert browse(earlier, **asked)[0] == ordered[:3]
    assert browse(later, **asked)[0] == ordered[6:]


def test_a_page_keeps_its_place_when_users_are_made_and_deleted(core, browse, seven, new_user):
    _, _, forth = browse()
    core.users.delete(CALLER, seven[4])
    newest = new_user("newest").user_id

    second, back, _ = browse(forth)

    assert second == seven[3:0:-1]
    assert browse(back)[0] == [newest, seven[6], seven[5]]


def test_the_way_back_shows_a_whole_first_page_even_when_there_is_less_before(core, browse, seven):
    _, _, forth = browse()
    _, back, _ = browse(forth)
    core.users.delete(CALLER, seven[6])

    shown, previous, _ = browse(back)

    assert shown == seven[5:2:-1]
    assert previous is None


def test_a_page_whose_users_are_all_gone_still_leads_back(core, browse, seven):
    _, _, forth = browse()
    _, _, further = browse(forth)
    core.users.delete(CALLER, seven[0])

    shown, back, later = browse(further)

    assert (shown, later) == ([], None)
    assert browse(back)[0][-1] == seven[2]


def test_the_blocked_are_listed_newest_first(core, browse, seven):
    for user_id in (seven[5], seven[1], seven[3]):
        core.users.update(Caller(tenant="main", scopes=frozenset({"update:users"})), user_id, {"blocked": True})

    assert browse(blocked=True) == ([seven[5], seven[3], seven[1]], None, None)
    assert browse(blocked=True, pending=True, text="name 3")[0] == [seven[3]]


@pytest.mark.parametrize(
    "text",
    [
        "jane@example.com",
        "JANE@ex",
        "jan",
        "Jané",
        "Jane S",
        "smi",
        "SMITH",
        "jjs",
        "{user_id}",
        " {user_id} ",
        "jane  s",
    ],
)
def test_a_user_is_found_by_what_somebody_types(core, browse, seven, new_user, text):
    known = {"name": "Jane Smith", "given_name": "Jane", "family_name": "Smith", "nickname": "JJS"}
    jane = new_user("jane", **known)

    assert browse(text=text.format(user_id=jane.user_id)) == ([jane.user_id], None, None)


@pytest.mark.parametrize("text", ["ane", "auth0|nobody", "nobody", "\u0301", "x" * 1_000, "jane\x1f0", "\U0001f600"])
def test_nobody_is_found_by_what_nobody_is_called(browse, seven, new_user, text):
    new_user("jane", name="Jane Smith")

    assert browse(text=text) == ([], None, None)


def test_a_user_with_several_words_that_fit_is_shown_once_over_all_pages(browse, new_user):
    made = [new_user(f"a{number}", name=f"A{number} Abc", nickname=f"ab {number}").user_id for number in range(4)]

    first, _, forth = browse(text="a")
    second, _, end = browse(forth, text="a")

    assert sorted(first + second) == sorted(made)
    assert end is None


def test_somebody_who_signs_in_is_no_longer_pending(core, browse, seven, new_user):
    connection = core.connections.named("main", DEFAULT_CONNECTION)
    proven = core.sign_ins.with_password(CALLER, None, connection, "user3@example.com", "correct Horse battery 1")
    event = core.sign_ins.event(CALLER, None, proven, "s")

    core.sign_ins.record(CALLER, SignIn(user=proven.user, at=event.date, ip="::1", event=event, counted=True))

    pending = browse(pending=True)[0]
    assert pending == [seven[6], seven[5], seven[4]]
    assert seven[3] not in browse(browse(pending=True)[2], pending=True)[0]


@pytest.mark.security(33)
def test_a_tenant_sees_nobody_elses_users_and_takes_nobody_elses_place(core, browse, seven):
    _, _, forth = browse()

    theirs = core.user_lists.browse(Caller(tenant="acme"), text="user")
    with pytest.raises(Invalid):
        core.user_lists.browse(Caller(tenant="acme"), cursor=forth)

    assert theirs.items == []
    assert core.user_lists.browse(Caller(tenant="acme"), text=seven[0]).items == []


@pytest.mark.parametrize("hours", [23, 24])
def test_a_place_is_good_for_a_day(browse, seven, clock, hours):
    _, _, forth = browse()

    clock.advance(hours=hours)

    if hours == 23:
        assert browse(forth)[0] == seven[3:0:-1]
    else:
        with pytest.raises(Invalid) as refusal:
            browse(forth)
        assert refusal.value.code == "invalid_paging"


@pytest.mark.parametrize("asked", [{"blocked": True}, {"text": "us"}])
def test_a_place_in_one_list_is_none_in_another(browse, seven, asked):
    _, _, forth = browse()

    with pytest.raises(Invalid) as refusal:
        browse(forth, **asked)

    assert refusal.value.code == "invalid_paging"


def test_users_of_an_unknown_connection_are_none(browse):
    with pytest.raises(Invalid) as refusal:
        browse(connection="unknown")

    assert refusal.value.code == "inexistent_connection"
