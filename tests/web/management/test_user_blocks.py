"""Blocks after too many failed attempts, as an administrator sees and lifts them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from chalicelib.core.attempts import ANYWHERE, NAME_LIMIT, Counter
from chalicelib.core.callers import Caller
from chalicelib.core.logs import done
from chalicelib.core.tenants import DEFAULT_CONNECTION

ANN = "ann@example.com"


@pytest.fixture
def connection(api):
    return api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]["id"]


@pytest.fixture
def fail(core, connection, clock):
    """Count failures of a name from an address, as sign-ins do."""

    def times(count, name=ANN, ip="203.0.113.7", at=connection, limit=10):
        counter = Counter(connection_id=at, name=name, ip=ip, limit=limit)
        event, until = done(core.users.ambient, Caller(tenant="main")), clock.now() + timedelta(hours=24)
        for _ in range(count):
            core.sign_ins.attempts.fail("main", core.sign_ins.attempts.read("main", [counter]), until, event)

    return times


@pytest.fixture
def ann(new_user):
    return new_user(email=ANN)["user_id"]


@pytest.fixture
def blocks(api):
    """From where somebody is refused, by name or by id."""

    def of(name=None, user_id=None, **query):
        path = f"/api/v2/user-blocks/{quote(user_id)}" if user_id else "/api/v2/user-blocks"
        answer = api.get(path, query={**({"identifier": name} if name else {}), **query})
        assert answer.status == 200, answer.text
        return answer.json["blocked_for"]

    return of


def test_nobody_is_blocked_until_the_tenth_failure(fail, ann, blocks):
    fail(9)
    before = blocks(ANN)
    fail(1)

    assert before == []
    assert len(blocks(ANN)) == 1


def test_a_block_says_whom_and_from_where(fail, ann, blocks, connection):
    fail(10)

    block = {"identifier": ANN, "ip": "203.0.113.7", "connection": connection}

    assert blocks(ANN) == blocks(ANN.upper()) == blocks(user_id=ann) == [block]


def test_a_block_from_everywhere_has_no_address(fail, ann, blocks, connection):
    fail(100, ip=ANYWHERE, limit=NAME_LIMIT)

    assert blocks(ANN) == [{"identifier": ANN, "connection": connection}]


def test_a_block_ends_by_itself_after_a_day(fail, ann, blocks, clock):
    fail(10)
    clock.advance(hours=24)

    assert blocks(ANN) == []


def test_all_names_of_a_user_are_looked_at(api, fail, new_connection, new_user, blocks):
    named = new_connection("named", options={"requires_username": True})
    user = new_user(connection="named", email=ANN, username="annie")["user_id"]

    fail(10, "annie", at=named["id"])

    assert [block["identifier"] for block in blocks(user_id=user)] == ["annie"]
    assert [block["identifier"] for block in blocks("annie")] == ["annie"]


def test_a_name_is_looked_for_at_every_database(fail, new_connection, new_user, ann, blocks):
    other = new_connection("other")
    new_user(connection="other", email=ANN)
    fail(10)

    fail(10, at=other["id"])

    assert len(blocks(ANN)) == 2
    assert len(blocks(user_id=ann)) == 1


def test_a_name_that_nobody_has_is_refused_nowhere(fail, blocks):
    fail(10, "nobody@example.com")

    assert blocks("nobody@example.com") == []


def test_what_no_connection_holds_against_anybody_can_be_left_out(api, fail, ann, blocks, connection):
    fail(10)
    api.patch(f"/api/v2/connections/{connection}", {"options": {"brute_force_protection": False}})

    enforced = blocks(ANN, consider_brute_force_enablement="true")

    assert (len(blocks(ANN)), enforced) == (1, [])
    assert blocks(user_id=ann, consider_brute_force_enablement="true") == []


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_block_is_lifted_from_all_addresses(api, fail, ann, blocks, by):
    fail(10)
    fail(10, ip="198.51.100.9")
    fail(100, ip=ANYWHERE, limit=NAME_LIMIT)

    target = {"query": {"identifier": ANN}} if by == "name" else {}
    answer = api.delete(f"/api/v2/user-blocks{f'/{quote(ann)}' if by == 'id' else ''}", **target)

    assert (answer.status, answer.text) == (204, "")
    assert blocks(ANN) == []


def test_a_lifted_block_is_in_the_history_of_the_user(api, fail, ann):
    fail(10)
    api.delete(f"/api/v2/user-blocks/{quote(ann)}")

    event = api.get(f"/api/v2/users/{quote(ann)}/logs").json[0]

    assert (event["type"], event["details"]["request"]["auth"]["subject"]) == ("ublkdu", "tests@clients")


@pytest.mark.security(42)
def test_failures_from_more_addresses_than_fit_a_transaction_are_forgotten(api, fail, ann, contents):
    for n in range(130):
        fail(1, ip=f"198.51.100.{n}")

    api.delete("/api/v2/user-blocks", query={"identifier": ANN})

    assert [item for item in contents.read() if "#F#" in item["pk"]["S"]] == []


@pytest.mark.security(12)
def test_lifting_a_block_does_not_unblock_a_blocked_user(api, fail, ann):
    fail(10)
    api.patch(f"/api/v2/users/{quote(ann)}", {"blocked": True})

    api.delete(f"/api/v2/user-blocks/{quote(ann)}")

    assert api.get(f"/api/v2/users/{quote(ann)}").json["blocked"] is True


@pytest.mark.parametrize("method", ["get", "delete"])
def test_an_unknown_user_has_no_blocks(api, method):
    answer = getattr(api, method)("/api/v2/user-blocks/auth0%7Cunknown")

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")


def test_lifting_a_block_of_an_unknown_name_is_no_error(api):
    assert api.delete("/api/v2/user-blocks", query={"identifier": "nobody@example.com"}).status == 204


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("query", [{}, {"identifier": ""}, {"identifier": "a" * 1001}, {"identifier": ANN, "x": 1}])
def test_a_query_that_will_not_do_is_refused(api, method, query):
    answer = getattr(api, method)("/api/v2/user-blocks", query=query)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


@pytest.mark.security(33)
def test_another_tenant_sees_and_lifts_nothing(acme, fail, ann, blocks):
    fail(10)

    assert acme.get("/api/v2/user-blocks", query={"identifier": ANN}).json == {"blocked_for": []}
    assert acme.delete("/api/v2/user-blocks", query={"identifier": ANN}).status == 204
    assert acme.delete(f"/api/v2/user-blocks/{quote(ann)}").status == 404
    assert len(blocks(ANN)) == 1
