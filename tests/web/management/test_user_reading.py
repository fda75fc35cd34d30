"""Reading users: one, by address, in pages, and by the searches that an index answers."""

from urllib.parse import quote

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.web.management.conftest import USERS, path

BY_EMAIL = "/api/v2/users-by-email"


def ids(users):
    return [user["user_id"] for user in users]


@pytest.fixture
def seven(new_user, clock):
    """Create seven users, a second apart, and give their ids, the oldest first."""
    made = []
    for number in range(7):
        made.append(new_user(email=f"user-{number}@example.com", name=f"User {number}")["user_id"])
        clock.advance(seconds=1)
    return made


# One


@pytest.mark.parametrize("safe", ["|", ""])
def test_a_user_is_read_by_its_id_encoded_or_not(api, new_user, safe):
    user = new_user()

    answer = api.get(f"{USERS}/{quote(user['user_id'], safe=safe)}")

    assert (answer.status, answer.json) == (200, user)


@pytest.mark.parametrize("unknown", ["auth0|000000000000000000000000", "nobody", "auth0|", "x" * 1_024, "a%2Fb"])
def test_an_unknown_user_is_not_found(api, new_user, unknown):
    new_user()

    answer = api.get(f"{USERS}/{unknown}")

    assert answer.status == 404
    assert answer.json == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The user does not exist.",
        "errorCode": "inexistent_user",
    }


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"fields": "email"}, {"email"}),
        ({"fields": "email, name ,unknown", "include_fields": "true"}, {"email", "name"}),
        ({"fields": "unknown"}, set()),
        ({"fields": ""}, None),
        ({"include_fields": "false"}, None),
    ],
)
def test_fields_choose_what_is_shown(api, new_user, query, shown):
    user = new_user(email="ann@example.com")
    shown = user.keys() if shown is None else shown

    one = api.get(path(user), query=query).json
    listed = api.get(USERS, query=query).json
    by_email = api.get(BY_EMAIL, query={**query, "email": "ann@example.com"}).json

    assert one.keys() == shown
    assert listed == by_email == [one]


def test_fields_may_leave_out_instead(api, new_user):
    user = new_user(user_metadata={"a": 1})

    shown = api.get(path(user), query={"fields": "user_metadata,name", "include_fields": "false"}).json

    assert user.keys() - shown.keys() == {"user_metadata", "name"}


def test_what_an_identity_provider_brought_stands_in_the_profile(api, outsider):
    theirs = outsider(attributes={"locale": "de", "hd": {"domain": "example.com"}})

    user = api.get(path(theirs)).json

    assert (user["locale"], user["hd"]) == ("de", {"domain": "example.com"})
    assert user["email"] == "Gil@Example.com"
    assert user["identities"] == [
        {"connection": "over-google-oauth2", "user_id": "117", "provider": "google-oauth2", "isSocial": True}
    ]


def test_nothing_an_identity_provider_brought_hides_what_is_ours(api, outsider):
    theirs = outsider(
        attributes={"user_id": "auth0|admin", "logins_count": 99, "identities": [], "email": "x@example.com"}
    )

    user = api.get(path(theirs)).json

    assert user["user_id"] == theirs["user_id"]
    assert (user["logins_count"], user["email"], len(user["identities"])) == (0, "Gil@Example.com", 1)


# By address


def test_users_are_found_by_address_across_connections(api, new_connection, new_user):
    new_connection("people")
    new_connection("letters", "email")
    made = {
        new_user(email="ann@example.com")["user_id"],
        new_user(email="ann@example.com", connection="people")["user_id"],
        new_user(email="ann@example.com", connection="letters", password=None)["user_id"],
    }
    new_user(email="bob@example.com")

    found = api.get(BY_EMAIL, query={"email": "ann@example.com"})

    assert found.status == 200
    assert set(ids(found.json)) == made


def test_an_address_is_found_exactly_as_it_is_stored(api, new_user, outsider):
    new_user(email="gil@example.com")
    theirs = outsider(email="Gil@Example.com")

    assert ids(api.get(BY_EMAIL, query={"email": "Gil@Example.com"}).json) == [theirs["user_id"]]
    assert api.get(BY_EMAIL, query={"email": "GIL@example.com"}).json == []


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", "x" * 1_000])
def test_an_address_nobody_has_finds_nobody(api, new_user, email):
    new_user()

    answer = api.get(BY_EMAIL, query={"email": email})

    assert (answer.status, answer.json) == (200, [])


@pytest.mark.parametrize(
    "query",
    [{}, {"email": ""}, {"email": "x" * 1_001}, {"email": "a@b.co", "page": 1}, [("email", "a"), ("email", "b")]],
)
def test_an_address_must_be_given_once_and_nothing_unknown(api, query):
    answer = api.get(BY_EMAIL, query=query)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


# In pages


def test_the_list_shows_users_by_creation_as_they_are_read_by_id(api, seven):
    listed = api.get(USERS).json

    assert ids(listed) == seven
    assert listed == [api.get(f"{USERS}/{user_id}").json for user_id in seven]


@pytest.mark.parametrize(("sort", "step"), [("created_at:1", 1), ("created_at:-1", -1)])
def test_the_list_is_sorted_by_creation_either_way(api, seven, sort, step):
    pages = [api.get(USERS, query={"sort": sort, "page": page, "per_page": 3}).json for page in range(3)]

    assert [each for page in pages for each in ids(page)] == seven[::step]


def test_users_made_in_the_same_millisecond_are_listed_once_each(api, new_user):
    made = {new_user()["user_id"] for _ in range(5)}

    pages = [api.get(USERS, query={"page": page, "per_page": 2}).json for page in range(3)]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert {each for page in pages for each in ids(page)} == made


def test_totals_wrap_the_page(api, seven):
    wrapped = api.get(USERS, query={"page": 1, "per_page": 3, "include_totals": "true"}).json

    assert ids(wrapped.pop("users")) == seven[3:6]
    assert wrapped == {"start": 3, "limit": 3, "length": 3, "total": 7}


def test_a_page_of_none_tells_the_total_alone(api, seven):
    wrapped = api.get(USERS, query={"per_page": 0, "include_totals": "true"}).json

    assert wrapped == {"start": 0, "limit": 0, "length": 0, "total": 7, "users": []}


def test_a_page_past_the_end_is_empty(api, seven):
    assert api.get(USERS, query={"page": 3, "per_page": 3}).json == []


@pytest.mark.parametrize("sort", ["created_at:1", "created_at:-1"])
def test_a_checkpoint_goes_through_all_users_in_order(api, seven, sort):
    shown, query = [], {"take": 3, "sort": sort}
    while query:
        page = api.get(USERS, query=query).json
        shown.extend(ids(page["users"]))
        query = {"take": 3, "sort": sort, "from": page["next"]} if "next" in page else None

    assert shown == (seven if sort == "created_at:1" else seven[::-1])


def test_a_checkpoint_shows_no_user_twice_when_one_is_made_between(api, seven, new_user):
    first = api.get(USERS, query={"take": 4}).json
    newer = new_user()["user_id"]

    second = api.get(USERS, query={"take": 4, "from": first["next"]}).json

    assert ids(first["users"]) + ids(second["users"]) == [*seven, newer]
    assert "next" not in second


@pytest.mark.security(43)
@pytest.mark.parametrize(("page", "per_page"), [(9, 100), (19, 50), (999, 1)])
def test_an_offset_reaches_1000_users(api, page, per_page):
    assert api.get(USERS, query={"page": page, "per_page": per_page}).status == 200


@pytest.mark.security(43)
@pytest.mark.parametrize(("page", "per_page"), [(10, 100), (20, 50), (1000, 1)])
def test_an_offset_past_1000_users_is_refused_with_the_way_on(api, page, per_page):
    answer = api.get(USERS, query={"page": page, "per_page": per_page})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_paging")
    assert answer.json["message"] == "You can only page through the first 1000 records. Use from and take for more."


@pytest.mark.security(43)
@pytest.mark.parametrize(
    "query",
    [
        {"per_page": 101},
        {"per_page": -1},
        {"page": -1},
        {"page": "one"},
        {"take": 0},
        {"take": 101},
        {"sort": "name:1"},
        {"sort": "created_at"},
        {"sort": "created_at:2"},
        {"search_engine": "v4"},
        {"include_totals": "perhaps"},
        {"colour": "red"},
        {"from": "x" * 2_001},
        {"q": "x" * 1_001},
    ],
)
def test_a_list_is_asked_for_within_its_limits(api, query):
    answer = api.get(USERS, query=query)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")
    assert answer.json["message"].startswith("Query validation error: ")


@pytest.mark.security(43)
@pytest.mark.parametrize("query", [{"from": "x" * 2_000}, {"q": "x" * 1_000}])
def test_a_list_is_asked_for_up_to_its_limits(api, query):
    assert api.get(USERS, query=query).status == 200


def test_every_parameter_of_the_official_sdk_is_accepted(api, seven):
    query = {
        "page": 0,
        "per_page": 50,
        "include_totals": "true",
        "sort": "created_at:1",
        "connection": DEFAULT_CONNECTION,
        "fields": "user_id",
        "include_fields": "true",
        "search_engine": "v3",
        "primary_order": "false",
    }

    answer = api.get(USERS, query=query)

    assert answer.status == 200
    assert ids(answer.json["users"]) == seven


# Searches


@pytest.fixture
def ann(new_connection, new_user, seven):
    new_connection("people")
    return new_user(connection="people", email="ann@example.com", user_id="ann")["user_id"]


@pytest.mark.parametrize(
    "query",
    [
        {"connection": "people"},
        {"q": 'identities.connection:"people"'},
        {"q": "identities.connection:people"},
        {"q": 'email:"ann@example.com"'},
        {"q": "email:ann@example.com"},
        {"q": ' email.raw: "ann@example.com" '},
        {"q": 'user_id:"auth0|ann"'},
        {"q": 'user_id:"auth0\\|ann"'},
        {"q": 'email:"ann@example.com"', "search_engine": "v3", "primary_order": "true"},
    ],
)
def test_a_user_is_found_by_what_an_index_knows(api, ann, query):
    wrapped = api.get(USERS, query={**query, "include_totals": "true"}).json

    assert ids(wrapped["users"]) == [ann]
    assert (wrapped["start"], wrapped["limit"], wrapped["length"], wrapped["total"]) == (0, 50, 1, 1)


@pytest.mark.parametrize("q", ['email:"nobody@example.com"', 'user_id:"auth0|nobody"'])
def test_a_search_that_fits_nobody_finds_nobody(api, ann, q):
    assert api.get(USERS, query={"q": q}).json == []


@pytest.mark.parametrize("field", ["q", "connection"])
def test_a_search_in_a_connection_there_is_not_is_refused(api, ann, field):
    value = 'identities.connection:"unknown"' if field == "q" else "unknown"

    answer = api.get(USERS, query={field: value})

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_connection")


@pytest.mark.security(42)
@pytest.mark.parametrize(
    "q",
    ["name:*ann", "blocked:false", 'email:"a@b.co" OR email:"c@d.co"', "*", "NOT blocked:true", "user_id:[a TO b]"],
)
def test_a_search_that_would_read_every_user_is_refused_with_what_is_supported(api, q):
    answer = api.get(USERS, query={"q": q})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert 'user_id:"…", identities.connection:"…", blocked:true and logins_count:0' in answer.json["message"]


def test_a_search_is_cut_into_pages_too(api, new_connection, new_user):
    for number in range(3):
        new_connection(f"people-{number}")
        new_user(connection=f"people-{number}", email="ann@example.com")

    query = {"q": 'email:"ann@example.com"', "per_page": 2, "include_totals": "true"}
    pages = [api.get(USERS, query={**query, "page": page}).json for page in (0, 1)]

    assert [(page["start"], page["length"], page["total"]) for page in pages] == [(0, 2, 3), (2, 1, 3)]
    assert len({each for page in pages for each in ids(page["users"])}) == 3


@pytest.mark.security(33)
def test_no_door_shows_a_user_of_another_tenant(acme, new_user):
    user = new_user(email="ann@example.com")

    answers = [
        acme.get(path(user)).json,
        acme.get(USERS).json,
        acme.get(BY_EMAIL, query={"email": "ann@example.com"}).json,
        acme.get(USERS, query={"q": f'user_id:"{user["user_id"]}"'}).json,
        acme.get(USERS, query={"q": "email:ann*"}).json,
        acme.get(USERS, query={"q": "logins_count:0"}).json,
    ]

    assert answers[0]["errorCode"] == "inexistent_user"
    assert answers[1:] == [[], [], [], [], []]


# A user's own token


@pytest.mark.security(34)
def test_a_users_own_token_reads_itself_and_nobody_else(api, new_user):
    me, other = new_user(), new_user()
    token = api.token("read:current_user", subject=me["user_id"])

    mine, theirs = (api.get(path(user), token=token) for user in (me, other))

    assert (mine.status, mine.json) == (200, me)
    assert (theirs.status, theirs.json["message"]) == (403, "Insufficient scope, expected any of: read:users")


@pytest.mark.security(34)
def test_a_users_own_token_does_not_tell_who_exists(api, new_user):
    me, other = new_user(), new_user()
    token = api.token("read:current_user", subject=me["user_id"])

    known, unknown = (api.get(f"{USERS}/{user_id}", token=token) for user_id in (other["user_id"], "auth0|nobody"))

    assert known.text == unknown.text
