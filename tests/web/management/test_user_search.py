"""Searching users by `q`: by what names and addresses begin with, by state, and by several things at once."""

import pytest

from chalicelib.core import user_walks
from tests.web.management.conftest import USERS, path

NAMES = {"jane": "Jane Smith", "janet": "Janet Brown", "jose": "José Smith"}


@pytest.fixture
def people(api, new_connection, new_user, clock):
    """Jane, Janet and José, a second apart; Janet is blocked, José is at a connection of his own."""
    new_connection("staff")
    made = {}
    for name, whole in NAMES.items():
        clock.advance(seconds=1)
        given, _, family = whole.partition(" ")
        known = {"name": whole, "given_name": given, "family_name": family, "email": f"{name}@example.com"}
        made[name] = new_user(**known, **({"connection": "staff"} if name == "jose" else {}))
    api.patch(path(made["janet"]), {"blocked": True})
    return made


@pytest.fixture
def found(api):
    """The names of those a search finds, as their addresses have them, in the order of the answer."""

    def search(q, **query):
        answer = api.get(USERS, query={"q": q, **query})
        assert answer.status == 200, answer.text
        users = answer.json["users"] if isinstance(answer.json, dict) else answer.json
        return [user["email"].partition("@")[0] for user in users]

    return search


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("name:jane*", ["jane", "janet"]),
        ("name:JANE*", ["jane", "janet"]),
        ('name:"jane smith"', ["jane"]),
        ("name:jane", []),
        ("name:smith*", []),
        ("given_name:jane*", ["jane", "janet"]),
        ("given_name:jane", ["jane"]),
        ("given_name:josé", ["jose"]),
        ("given_name:Jose*", ["jose"]),
        ("family_name:smi*", ["jane", "jose"]),
        ("nickname:jan*", ["jane", "janet"]),
        ("email:jan*", ["jane", "janet"]),
        ("email:JANET@*", ["janet"]),
        ("username:jan*", []),
        ("jan*", ["jane", "janet"]),
        ("smith*", ["jane", "jose"]),
        ("smith", ["jane", "jose"]),
        ("blocked:true", ["janet"]),
        ("logins_count:0", ["jane", "janet", "jose"]),
        ("name:jan* AND blocked:true", ["janet"]),
        ("blocked:true AND logins_count:0", ["janet"]),
        ("logins_count:0 AND identities.connection:staff", ["jose"]),
        ('family_name:smith identities.connection:"staff"', ["jose"]),
        ("email:jane@example.com AND blocked:true", []),
        ("email:janet@example.com AND blocked:true", ["janet"]),
        ("name:jane* AND family_name:b*", ["janet"]),
        ("name:nobody*", []),
        ("name:\u0301*", []),
    ],
)
def test_a_search_finds_who_fits_and_nobody_else(people, found, q, names):
    assert sorted(found(q)) == names


def test_a_user_who_was_renamed_is_found_at_once_by_the_new_name_only(api, people, found):
    api.patch(path(people["jane"]), {"name": "Zoë Smith", "given_name": "Zoë", "nickname": "zoe"})

    assert (found("name:jane*"), found("name:zoe*")) == (["janet"], ["jane"])


def test_the_connection_may_be_a_parameter_of_its_own(people, found):
    assert found("logins_count:0", connection="staff") == ["jose"]


def test_searches_by_state_are_sorted_by_creation_either_way(people, found):
    assert found("logins_count:0", sort="created_at:1") == ["jane", "janet", "jose"]
    assert found("logins_count:0", sort="created_at:-1") == ["jose", "janet", "jane"]


def test_a_search_by_names_comes_by_the_alphabet_and_is_not_sorted_otherwise(api, people):
    answer = api.get(USERS, query={"q": "name:jane*", "sort": "created_at:1"})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert "alphabet" in answer.json["message"]


@pytest.mark.parametrize("q", ["jan*", "logins_count:0", "logins_count:0 AND email:jan*"])
def test_pages_and_totals_are_of_what_was_found(api, people, q):
    query = {"q": q, "per_page": 1, "include_totals": "true"}

    pages = [api.get(USERS, query={**query, "page": page}).json for page in range(4)]

    shown = [user["email"] for page in pages for user in page["users"]]
    assert len(set(shown)) == len(shown) == pages[0]["total"]
    assert {page["total"] for page in pages} == {3 if q == "logins_count:0" else 2}


@pytest.mark.parametrize("q", ["jan*", "logins_count:0", "logins_count:0 AND email:jan*"])
def test_checkpoints_lead_through_what_was_found(api, people, q):
    shown, query = [], {"q": q, "take": 1}
    while query:
        page = api.get(USERS, query=query).json
        shown += [user["email"] for user in page["users"]]
        query = {"q": q, "take": 1, "from": page["next"]} if "next" in page else None

    assert shown == [f"{name}@example.com" for name in NAMES if name != "jose" or q == "logins_count:0"]


def test_a_checkpoint_of_a_search_by_names_tells_of_nobody(api, people):
    following = api.get(USERS, query={"q": "jan*", "take": 1}).json["next"]

    assert "jan" not in following
    assert len(following) < 500


@pytest.mark.parametrize("wrong", ["jane", "changed", "of another search"])
def test_a_checkpoint_that_is_not_of_this_search_is_refused(api, acme, people, wrong):
    following = api.get(USERS, query={"q": "jan*", "take": 1}).json["next"]
    q = "smith*" if wrong == "of another search" else "jan*"
    start = {"jane": "jane", "changed": f"{following[:-4]}AAAA"}.get(wrong, following)

    answer = api.get(USERS, query={"q": q, "take": 1, "from": start})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_paging")


def test_a_search_looks_at_so_many_and_goes_on_from_there(api, new_user, monkeypatch):
    monkeypatch.setattr(user_walks, "MAX_LOOKED_AT", 3)
    for number in range(5):
        new_user(email=f"somebody{number}@example.com", name="last" if number == 4 else "first")
    query = {"q": "email:somebody* AND name:last"}

    by_offset = api.get(USERS, query=query).json
    first = api.get(USERS, query={**query, "take": 2}).json
    second = api.get(USERS, query={**query, "take": 2, "from": first["next"]}).json

    assert by_offset == first["users"] == []
    assert [user["email"] for user in second["users"]] == ["somebody4@example.com"]
    assert "next" not in second


def test_the_longest_names_there_can_be_are_found_page_by_page(api, new_user):
    for number in range(3):
        new_user(name="\U0001f600" * 250 + str(number))

    first = api.get(USERS, query={"q": "name:\U0001f600*", "take": 2}).json
    second = api.get(USERS, query={"q": "name:\U0001f600*", "take": 2, "from": first["next"]})

    assert second.status == 200
    assert len(first["users"]) + len(second.json["users"]) == 3
    assert len(first["next"]) <= 2_000
