"""`sort` of history: by the date, or by another property of the newest thousand events, as Auth0 sorts them."""

import pytest

from chalicelib.core.logs import MAX_SEARCHED, SORTED_BY

LOGS, ANN = "/api/v2/logs", "auth0|ann"
OF_ANN = "/api/v2/users/auth0%7Cann/logs"
WAYS = pytest.mark.parametrize(
    ("path", "query"), [(LOGS, {}), (LOGS, {"q": "user_name:*"}), (LOGS, {"q": f'user_id:"{ANN}"'}), (OF_ANN, {})]
)


@pytest.fixture
def descriptions(api, clock):
    """List descriptions of what was written, not of what the tests began with."""
    clock.advance(seconds=1)

    def get(path, **query):
        events = api.get(path, query=query).json
        return [event["description"] for event in events if event["description"] != "Create a tenant"]

    return get


@WAYS
def test_events_are_sorted_by_a_property_and_those_that_are_alike_by_time(write_events, descriptions, path, query):
    names = {"one": "bob", "two": "ann", "three": "cid", "four": "ann"}
    write_events(*[{"description": each, "user_name": name, "user_id": ANN} for each, name in names.items()])

    up, down = (descriptions(path, sort=f"user_name:{direction}", **query) for direction in (1, -1))

    assert up == ["four", "two", "one", "three"]
    assert down == ["three", "one", "four", "two"]


@pytest.mark.parametrize("direction", [1, -1])
def test_events_without_the_property_come_last(write_events, descriptions, direction):
    write_events({"description": "without"}, {"description": "with", "ip": "192.0.2.1"})

    assert descriptions(LOGS, sort=f"ip:{direction}") == ["with", "without"]


@pytest.mark.parametrize("field", SORTED_BY)
def test_every_property_that_auth0_sorts_by_is_taken(api, field):
    assert api.get(LOGS, query={"sort": f"{field}:1"}).status == 200
    assert api.get(OF_ANN, query={"sort": f"{field}:-1"}).status == 200


def test_details_are_sorted_by_what_they_say(write_events, descriptions):
    write_events(*[{"description": each, "details": {"changed": [each]}} for each in ("b", "a")])

    assert descriptions(LOGS, sort="details:1") == ["a", "b"]


def test_a_page_of_sorted_events_is_a_part_of_the_whole(write_events, api, clock):
    write_events(*[{"type": "fp", "description": f"{number}", "user_id": ANN} for number in (2, 0, 3, 1)])
    clock.advance(seconds=1)

    query = {"sort": "description:1", "page": 1, "per_page": 3, "include_totals": True}
    page = api.get(LOGS, query={**query, "q": "type:fp"}).json

    assert [event["description"] for event in page["logs"]] == ["3"]
    assert (page["start"], page["length"], page["total"]) == (3, 1, 4)


@pytest.mark.security(43)
@pytest.mark.parametrize(("events", "first"), [(MAX_SEARCHED, "a"), (MAX_SEARCHED + 1, "b")])
def test_the_newest_thousand_events_are_sorted(write_events, descriptions, events, first):
    write_events({"description": "a"}, *[{"description": "b"}] * (events - 1))

    assert descriptions(LOGS, sort="description:1", per_page=1) == [first]
