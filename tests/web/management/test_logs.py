"""/api/v2/logs: two days of what happened, who did it and from where. Searching has a page of its own."""

from __future__ import annotations

import json

import pytest

from infra.local.gateway import Gateway
from infra.local.messages import Request

LOGS = "/api/v2/logs"
CLIENTS = "/api/v2/clients"


@pytest.fixture
def happened(api, clock):
    """Let five clients be made, a minute after one another, and give their events, the newest first."""
    for number in range(5):
        clock.advance(minutes=1)
        api.post(CLIENTS, {"name": f"c{number}"})
    return [event for event in api.get(LOGS).json if event["description"] == "Create a client"]


def ids(answer):
    return [event["log_id"] for event in answer]


def test_an_event_says_what_was_done_by_whom_and_from_where(api):
    authorization = ("Authorization", f"Bearer {api.token('create:clients')}")
    sent = [
        ("Host", "gatehouse.test"),
        authorization,
        ("User-Agent", "Mobile Safari"),
        ("Content-Type", "application/json"),
    ]

    made = Gateway(api.app).answer(Request("POST", CLIENTS, sent, b'{"name": "Shop"}', peer="192.0.2.7"))

    event = next(each for each in api.get(LOGS).json if each["description"] == "Create a client")
    assert {name: value for name, value in event.items() if name not in {"log_id", "_id", "location_info"}} == {
        "date": "2026-03-01T12:00:00.000Z",
        "type": "sapi",
        "description": "Create a client",
        "client_id": "tests",
        "ip": "192.0.2.7",
        "hostname": "gatehouse.test",
        "user_agent": "Mobile Safari",
        "isMobile": True,
        "details": {
            "request": {
                "method": "POST",
                "path": CLIENTS,
                "auth": {"subject": "tests@clients", "client_id": "tests"},
                "request_id": dict(made.headers)["x-amzn-RequestId"],
            }
        },
    }
    assert event["_id"] == event["log_id"]


def test_events_are_listed_the_newest_first_or_the_oldest_first(api, happened):
    newest, oldest = (api.get(LOGS, query={"sort": sort}).json for sort in ("date:-1", "date:1"))

    assert [event["date"] for event in newest] == sorted((event["date"] for event in newest), reverse=True)
    assert [event["date"] for event in oldest] == sorted(event["date"] for event in oldest)
    assert ids(newest)[:5] == ids(happened)
    assert ids(oldest)[-5:] == ids(reversed(happened))


@pytest.mark.parametrize("sort", ["date", "date:0", "log_id:1", "date:1\n", "", "DATE:1", "date:1,type:1", "__doc__:1"])
@pytest.mark.parametrize("path", [LOGS, "/api/v2/users/auth0%7Cann/logs"])
def test_events_are_sorted_by_nothing_else(api, path, sort):
    answer = api.get(path, query={"sort": sort})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


def test_an_event_is_read_by_its_id(api, happened):
    answer = api.get(f"{LOGS}/{happened[2]['log_id']}")

    assert answer.status == 200
    assert answer.json == happened[2]


@pytest.mark.parametrize("log_id", ["0", "90020260301", "f" * 37, "../clients", "a" * 1_024])
def test_an_event_that_does_not_exist_is_not_found(api, log_id):
    answer = api.get(f"{LOGS}/{log_id.replace('/', '%2F')}")

    assert answer.status == 404
    assert (answer.json["message"], answer.json["errorCode"]) == ("The log event does not exist.", "inexistent_log")


def test_a_page_has_totals_when_they_are_asked_for(api, happened):
    total = len(api.get(LOGS).json)

    answer = api.get(LOGS, query={"page": 1, "per_page": 2, "include_totals": "true"}).json

    assert {name: answer[name] for name in ("start", "limit", "length", "total")} == {
        "start": 2,
        "limit": 2,
        "length": 2,
        "total": total,
    }
    assert ids(answer["logs"]) == ids(happened)[2:4]


def test_from_an_event_on_history_goes_to_the_newest_as_a_plain_list(api, happened, clock):
    oldest = ids(reversed(happened))
    clock.advance(minutes=1)

    two = api.get(LOGS, query={"from": oldest[0], "take": 2}).json
    rest = api.get(LOGS, query={"from": two[-1]["log_id"], "take": 100, "sort": "date:-1"}).json

    assert ids(two) == oldest[1:3]
    assert ids(rest) == oldest[3:]
    assert api.get(LOGS, query={"from": oldest[-1]}).json == []


def test_a_reader_that_starts_without_an_event_starts_at_the_oldest(api, happened):
    first = api.get(LOGS, query={"take": 1}).json

    assert first == api.get(LOGS, query={"sort": "date:1", "per_page": 1}).json


@pytest.mark.parametrize("value", ["", "x", "a b", "0" * 65, "-1", "..", "é"])
def test_what_cannot_be_an_id_is_no_checkpoint(api, value):
    answer = api.get(LOGS, query={"from": value})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("query", "status"), [({"page": 9, "per_page": 100}, 200), ({"page": 10, "per_page": 100}, 400)]
)
def test_an_offset_reaches_1000_events(api, query, status):
    answer = api.get(LOGS, query=query)

    assert answer.status == status
    assert status == 200 or answer.json["errorCode"] == "invalid_paging"


def test_a_search_may_be_called_search_as_the_official_sdk_does(api, happened):
    api.post(CLIENTS, {})

    def described(**query):
        return [event["description"] for event in api.get(LOGS, query=query).json]

    assert described(search="type:fapi") == ["Create a client"]
    assert described(search="", q="type:fapi") == ["Create a client"]
    assert described(search='description:"Create a client"', q="type:sapi OR type:s") == ["Create a client"] * 5
    assert described(search='description:"Create a client"', q="type:s") == []


def test_an_event_has_the_fields_that_are_asked_for(api, happened):
    some, most = (
        api.get(LOGS, query={"fields": "type,date", "include_fields": flag}).json[0] for flag in ("true", "false")
    )

    assert some == {"type": "sapi", "date": happened[0]["date"]}
    assert most.keys() == happened[0].keys() - {"type", "date"}


def test_an_event_is_shown_for_two_days(api, happened, clock):
    oldest = happened[-1]["log_id"]

    clock.advance(days=2, minutes=-4, milliseconds=-1)
    before = oldest in ids(api.get(LOGS).json), api.get(f"{LOGS}/{oldest}").status
    clock.advance(milliseconds=2)
    after = oldest in ids(api.get(LOGS).json), api.get(f"{LOGS}/{oldest}").status

    assert (before, after) == ((True, 200), (False, 404))
    assert api.get(LOGS, query={"include_totals": "true"}).json["total"] == 4


@pytest.mark.security(40)
def test_a_refused_change_is_in_the_history_with_what_was_answered(api):
    refused = api.patch(f"{CLIENTS}/nobody", {"name": "Mine"})

    event = next(each for each in api.get(LOGS).json if each["type"] == "fapi")
    assert event["description"] == "Update a client"
    assert event["details"]["response"] == {
        "statusCode": 404,
        "body": {"message": refused.json["message"]},
    }
    assert event["details"]["request"]["method"] == "PATCH"


@pytest.mark.security(40)
@pytest.mark.parametrize(
    ("method", "path", "body", "scope"),
    [
        ("POST", CLIENTS, {}, "create:clients"),
        ("POST", CLIENTS, {"name": "x"}, "read:clients"),
        ("DELETE", "/api/v2/client-grants/nothing", None, "delete:client_grants"),
        ("PUT", "/api/v2/keys/signing/nothing/revoke", None, "update:signing_keys"),
    ],
)
def test_every_refusal_of_a_known_caller_is_in_the_history(api, method, path, body, scope):
    answer = api.call(method, path, body, scope=scope)

    event = next(each for each in api.get(LOGS).json if each["type"] == "fapi")
    assert event["details"]["response"]["statusCode"] == answer.status
    assert event["details"]["request"]["auth"] == {"subject": "tests@clients", "client_id": "tests"}


def test_a_refused_question_and_an_unknown_caller_are_not_in_the_history(api, contents):
    before = contents.read()

    api.get(f"{CLIENTS}/nobody")
    api.get(CLIENTS, scope="read:users")
    api.post(CLIENTS, {"name": "Mine"}, token="a.b.c")

    assert contents.read() == before


@pytest.mark.security(40)
def test_what_a_change_contained_is_not_in_the_history(api):
    api.post(CLIENTS, {"name": "canary", "description": "canary", "client_metadata": {"canary": "canary"}})
    api.post(CLIENTS, {"name": "<canary>"})

    events = api.get(LOGS, query={"per_page": 2})

    assert [event["type"] for event in events.json] == ["fapi", "sapi"]
    assert "canary" not in events.text


@pytest.mark.security(40)
def test_a_long_user_agent_is_cut_and_does_no_harm(api):
    api.post(CLIENTS, {"name": "Shop"}, headers={"User-Agent": "é" * 10_000})

    event = next(each for each in api.get(LOGS).json if each["description"] == "Create a client")
    assert event["user_agent"] == "é" * 512


@pytest.mark.security(33)
def test_history_is_each_tenants_own(api, acme, happened):
    event = happened[0]["log_id"]

    assert acme.get(f"{LOGS}/{event}").status == 404
    assert {each["description"] for each in acme.get(LOGS).json} == {"Create a tenant"}
    assert json.dumps(happened[0]["log_id"]) not in acme.get(LOGS).text


def test_nothing_changes_history(api, happened):
    path = f"{LOGS}/{happened[0]['log_id']}"

    statuses = [api.call(method, path, {}).status for method in ("POST", "PUT", "PATCH", "DELETE")]

    assert statuses == [405] * 4
    assert api.get(path).json == happened[0]
