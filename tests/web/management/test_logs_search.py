"""GET /api/v2/logs with a search: what is found, in which order and pages, how far it looks, and what is refused."""

from collections import Counter
from datetime import timedelta

import pytest

from chalicelib.core.logs import HELD_BACK, first_log_id
from chalicelib.storage.table import Item
from tests.conftest import START

PATH = "/api/v2/logs"
ANN, BEN = "auth0|ann", "auth0|ben"


@pytest.fixture
def search(api, clock):
    """Search, a second after everything was written; give the answer."""
    clock.advance(seconds=1)
    return lambda q, **query: api.get(PATH, query={"q": q, **query})


@pytest.fixture
def calls(api):
    """Count what DynamoDB is asked for while the cache holds the tenant and its keys."""
    api.get(PATH)
    counted = Counter()
    events = Item._get_connection().connection.client.meta.events

    def note(model, **_):
        counted[model.name] += 1

    events.register("before-call.dynamodb", note)
    yield counted
    events.unregister("before-call.dynamodb", note)


def described(answer):
    assert answer.status == 200, answer.text
    return [event["description"] for event in answer.json]


def test_a_search_finds_what_matches_and_the_newest_comes_first(write_events, search):
    write_events(
        *[{"type": kind, "description": f"{kind}{number}"} for number in range(3) for kind in ("s", "fp", "sapi")]
    )

    assert described(search("type:fp")) == ["fp2", "fp1", "fp0"]
    assert described(search("type:(fp OR s) AND NOT description:s1")) == ["fp2", "s2", "fp1", "fp0", "s0"]


def test_a_search_can_be_sorted_the_other_way(write_events, search):
    write_events(*[{"type": "fp", "description": f"{number}"} for number in range(3)])

    assert described(search("type:fp", sort="date:1")) == ["0", "1", "2"]
    assert described(search("type:fp", sort="date:-1")) == ["2", "1", "0"]


@pytest.mark.parametrize("sort", ["date", "date:2", "hostname:1", "date:1,type:1", ""])
def test_a_search_is_sorted_by_what_auth0_sorts_by_and_nothing_else(search, sort):
    answer = search("type:fp", sort=sort)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")
    assert "on property sort" in answer.json["message"]


def test_a_search_is_paged(write_events, search):
    write_events(*[{"type": kind, "description": f"{number}"} for number in range(5) for kind in ("fp", "s")])

    pages = [described(search("type:fp", page=page, per_page=2)) for page in range(4)]

    assert pages == [["4", "3"], ["2", "1"], ["0"], []]


def test_the_total_of_a_search_counts_its_matches(write_events, search):
    write_events(*[{"type": kind} for _ in range(5) for kind in ("fp", "s")])

    answer = search("type:fp", per_page=2, include_totals="true").json

    assert (answer["start"], answer["limit"], answer["length"], answer["total"]) == (0, 2, 2, 5)


def test_a_search_shows_the_fields_that_are_asked_for(write_events, search):
    write_events({"type": "fp", "description": "no"})

    assert search("type:fp", fields="type,description").json == [{"type": "fp", "description": "no"}]


def test_a_search_of_dates_finds_what_is_between_them(write_events, search):
    write_events(*[{"description": f"{hour}", "date": START - timedelta(hours=hour)} for hour in range(5)])

    assert described(search("date:[2026-03-01T09:00 TO 2026-03-01T11:00}")) == ["2", "3"]
    assert described(search("date:{2026-03-01T09:00 TO 2026-03-01T11:00]")) == ["1", "2"]
    assert described(search("description:4 date:[2026-03-01T09:00 TO *]")) == []


def test_a_search_sees_what_the_api_itself_records(api, search):
    client_id = api.post("/api/v2/clients", {"name": "Shop"}).json["client_id"]

    assert described(search("type:sapi AND client_id:tests AND description:*client")) == ["Create a client"]
    assert client_id


def test_a_search_sees_two_days_and_no_more(write_events, search, clock):
    write_events(
        {"type": "fp", "description": "old", "date": START - timedelta(days=2)}, {"type": "fp", "description": "new"}
    )

    assert described(search("type:fp")) == ["new"]
    clock.advance(days=2)
    assert described(search("date:[* TO *] OR type:fp")) == []


def test_a_search_finds_nothing_of_another_tenant(write_events, search, acme):
    write_events({"type": "fp", "user_id": ANN}, tenant="acme")

    assert described(search("type:fp")) == described(search(f'user_id:"{ANN}"')) == []
    assert len(described(acme.get(PATH, query={"q": "type:fp"}))) == 1


@pytest.mark.parametrize("q", ["", " ", "\t\n"])
def test_a_search_for_nothing_lists_everything(write_events, search, q):
    write_events({"description": "one"}, {"description": "two"})

    assert described(search(q))[:2] == ["two", "one"]


def test_from_a_checkpoint_a_search_does_not_count(write_events, search, clock):
    write_events({"type": "s", "description": "one"}, {"type": "fp", "description": "two"})
    clock.time += HELD_BACK

    assert described(search("type:fp", **{"from": first_log_id(START + timedelta(milliseconds=1))}, take=10)) == [
        "one",
        "two",
    ]


@pytest.mark.security(34)
def test_a_search_needs_the_scope_of_the_list(api):
    answer = api.get(PATH, query={"q": "type:fp"}, scope="read:users")

    assert answer.status == 403


# One user


def test_a_search_of_a_user_is_one_query_of_that_users_history(write_events, search, calls):
    write_events(*[{"user_id": user_id, "description": user_id} for _ in range(120) for user_id in (ANN, BEN)])
    calls.clear()

    answer = search(f'user_id:"{ANN}" AND type:s', per_page=100)

    assert described(answer) == [ANN] * 100
    assert calls == {"Query": 1}


def test_a_search_of_a_user_within_a_time_is_found_too(write_events, search):
    write_events(
        *[{"user_id": ANN, "description": f"{hour}", "date": START - timedelta(hours=hour)} for hour in range(5)]
    )

    answer = search(f'user_id:"{ANN}" date:[2026-03-01T09:00 TO 2026-03-01T11:00}}', sort="date:1")

    assert described(answer) == ["3", "2"]


def test_a_search_of_a_user_that_was_deleted_finds_the_deletion(new_user, api, search):
    user_id = new_user()["user_id"]

    api.delete(f"/api/v2/users/{user_id}")

    assert [event["type"] for event in search(f'user_id:"{user_id}"').json] == ["sdu"]


def test_a_search_of_a_user_that_never_was_finds_nothing(write_events, search):
    write_events({"user_id": ANN})

    assert described(search('user_id:"auth0|nobody"')) == []


# How far it looks


@pytest.mark.security(42, 43)
def test_a_search_looks_at_1000_events_and_at_none_beyond_unless_a_time_says_where(write_events, search, calls):
    early = {"type": "fp", "description": "early", "date": START - timedelta(hours=1)}
    write_events(early, {"type": "fp", "description": "last"}, *[{"type": "s"}] * 999)
    calls.clear()

    assert described(search("type:fp")) == ["last"]
    assert calls == {"Query": 4, "BatchGetItem": 10}
    assert described(search("type:fp date:[* TO 2026-03-01T11:30]")) == ["early"]


def test_a_search_that_has_found_its_page_looks_no_further(write_events, search, calls):
    write_events(*[{"type": "fp"}] * 300)
    calls.clear()

    answer = search("type:fp", per_page=50)

    assert len(described(answer)) == 50
    assert calls == {"Query": 1, "BatchGetItem": 1}


@pytest.mark.security(43)
def test_a_search_is_paged_up_to_1000_results_and_no_further(search):
    assert search("type:fp", page=9, per_page=100).status == 200

    answer = search("type:fp", page=10, per_page=100)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_paging")


# What is refused


@pytest.mark.parametrize(
    ("q", "message"),
    [
        ("type:", "A term is missing: the query ends (character 6)"),
        ("nobody:x", "There is no field nobody; there are audience,"),
        ('type:"fp', "This quotation is not closed (character 6)"),
        ("type:fp~1", "'~' is not understood here (character 8)"),
        ("date:[1 TO 2]", "A date is like 2026-01-01"),
        ("(" * 100, "at most 10 levels"),
        ("\u202etype:fp(", "is not understood here"),
    ],
)
def test_a_search_that_is_not_understood_is_refused_where_it_is_not(search, q, message):
    answer = search(q)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")
    assert answer.json["message"].startswith("Query validation error: '")
    assert message in answer.json["message"]
    assert answer.json["message"].endswith(" on property q.")


@pytest.mark.security(43)
def test_a_search_of_1000_characters_is_answered_and_one_of_1001_refused(search):
    assert search("description:" + "x" * 988).status == 200

    answer = search("description:" + "x" * 989)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


@pytest.mark.security(43)
def test_a_checkpoint_is_a_log_id_of_37_characters(api):
    assert api.get(PATH, query={"from": "1" * 37}).status == 200

    answer = api.get(PATH, query={"from": "1" * 38})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


@pytest.mark.parametrize("checkpoint", ["", "G", "17723664000Z", "1772366400000\n", "177-1"])
def test_a_checkpoint_that_is_no_log_id_is_refused(api, checkpoint):
    assert api.get(PATH, query={"from": checkpoint}).status == 400


def test_an_event_says_where_its_user_was(write_events, search):
    place = {"country_code": "BE", "city_name": "Ghent", "latitude": 51.05}
    write_events(
        {"type": "s", "user_name": "ann", "strategy": "auth0", "strategy_type": "database", "location_info": place}
    )

    (event,) = search("user_name:ann").json

    assert event["location_info"] == place
    assert (event["user_name"], event["strategy"], event["strategy_type"]) == ("ann", "auth0", "database")
    assert event["log_id"] == event["_id"]
