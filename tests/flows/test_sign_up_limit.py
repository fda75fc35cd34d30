"""Sign-ups from one address: how many there may be in a day, and that being refused tells nothing of an address."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.attack_protection import THROTTLING
from chalicelib.core.errors import TooMany
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import EMAIL, PASSWORD, Browser, shown_by, state_of

PROTECTION = f"/api/v2/attack-protection/{THROTTLING}"
LIMIT = 3


@pytest.fixture
def sign_up(app, spa):
    """Sign up through the public API, from an address."""

    def post(email, ip="203.0.113.7", password=PASSWORD):
        form = {"client_id": spa.client.client_id, "connection": DEFAULT_CONNECTION, "email": email}
        return Browser(app, ip=ip).post("/dbconnections/signup", {**form, "password": password})

    return post


@pytest.fixture
def at_the_limit(api, sign_up):
    """Let an address have as many sign-ups as the tenant allows."""
    api.patch(PROTECTION, {"stage": {"pre-user-registration": {"max_attempts": LIMIT}}})
    assert [sign_up(f"user{n}@example.com").status_code for n in range(LIMIT)] == [200] * LIMIT


@pytest.mark.security(43)
def test_fifty_are_taken_in_a_day_and_one_more_is_not(sign_up):
    # Short passwords are refused before they are hashed, and count: fifty hashes take a while.
    statuses = [sign_up(f"user{n}@example.com", password="short").status_code for n in range(50)]

    assert set(statuses) == {400}
    assert sign_up("user@example.com").status_code == 429


def test_one_more_is_refused_in_auth0_s_words_and_recorded(at_the_limit, sign_up, api):
    answer = sign_up("more@example.com")

    assert (answer.status_code, json.loads(answer.body)) == (
        429,
        {
            "name": "TooManyRequestsError",
            "code": "too_many_requests",
            "description": "Too many sign-ups from this address. Try again tomorrow.",
            "statusCode": 429,
        },
    )
    (event,) = api.get("/api/v2/logs", query={"q": "type:limit_mu"}).json
    assert (event["ip"], event["user_name"], event["connection"]) == (
        "203.0.113.7",
        "more@example.com",
        DEFAULT_CONNECTION,
    )


def test_the_page_says_so(at_the_limit, app, spa):
    browser = Browser(app)
    state = state_of(shown_by(browser, spa))

    page = browser.post("/u/signup", {"state": state, "email": "more@example.com", "password": PASSWORD})

    assert page.status_code == 429
    assert b"Too many accounts were made from your network today." in page.body
    assert b'value="more@example.com"' in page.body


@pytest.mark.security(7)
def test_known_and_unknown_addresses_are_refused_alike_and_at_the_same_cost(at_the_limit, sign_up, calls):
    answers, costs = [], []
    for email in ("user0@example.com", "unknown@example.com"):
        calls.clear()
        answers.append(sign_up(email))
        costs.append(list(calls))

    assert [answer.status_code for answer in answers] == [429, 429]
    assert answers[0].body == answers[1].body
    assert costs[0] == costs[1] == [("UpdateItem", 1), ("PutItem", 1)]


@pytest.mark.security(7)
def test_known_and_unknown_addresses_are_counted_alike(api, sign_up, ann):
    api.patch(PROTECTION, {"stage": {"pre-user-registration": {"max_attempts": LIMIT}}})

    statuses = [sign_up(EMAIL).status_code for _ in range(LIMIT)]

    assert (statuses, sign_up(EMAIL).status_code) == ([400] * LIMIT, 429)


def test_another_address_is_counted_by_itself(at_the_limit, sign_up):
    assert sign_up("more@example.com", ip="203.0.113.8").status_code == 200


def test_an_ipv6_network_is_one_address(api, sign_up):
    api.patch(PROTECTION, {"stage": {"pre-user-registration": {"max_attempts": 1}}})

    statuses = [sign_up(f"{n}@example.com", ip=f"2001:db8:1:2::{n}").status_code for n in (1, 2)]

    assert statuses == [200, 429]


def test_a_new_day_begins_anew(at_the_limit, sign_up, clock):
    clock.advance(hours=11, minutes=59, seconds=59)
    last = sign_up("more@example.com").status_code
    clock.advance(seconds=1)

    assert (last, sign_up("more@example.com").status_code) == (429, 200)


@pytest.mark.parametrize("patch", [{"enabled": False}, {"allowlist": ["203.0.113.0/24"]}])
def test_a_tenant_can_turn_it_off_and_let_addresses_through(at_the_limit, api, sign_up, patch):
    api.patch(PROTECTION, patch)

    assert sign_up("more@example.com").status_code == 200


def test_signing_in_goes_on_from_an_address_that_signs_up_no_more(at_the_limit, app, spa, ann):
    browser = Browser(app)
    state = state_of(shown_by(browser, spa))

    answer = browser.post("/u/login", {"state": state, "username": EMAIL, "password": PASSWORD})

    assert answer.status_code == 303


def test_an_administrator_is_not_counted(at_the_limit, api):
    body = {"connection": DEFAULT_CONNECTION, "email": "more@example.com", "password": PASSWORD}

    assert api.post("/api/v2/users", body).status == 201


@pytest.mark.security(33)
def test_tenants_are_counted_apart(at_the_limit, core, clock):
    admit = core.sign_ups.attempts.admit

    admit("acme", "203.0.113.7", LIMIT, clock.now())

    with pytest.raises(TooMany):
        admit("main", "203.0.113.7", LIMIT, clock.now())
