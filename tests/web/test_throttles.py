"""A limit of rate, as those who reach it see it: at each surface, at the limit and one past it (S42)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from auth0.authentication.exceptions import RateLimitError
from auth0.authentication.rest import JsonResponse
from auth0.management import ManagementClient

from chalicelib.core.paging import PageRequest
from chalicelib.core.throttles import AUTHENTICATION, MANAGEMENT
from tests.conftest import Api
from tests.web.in_process import InProcess
from tests.web.test_budget import counting

pytestmark = pytest.mark.security(42)

LIMIT = 5
USERS = "/api/v2/users"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x"}
FORM = {"Authorization": "", "Content-Type": "application/x-www-form-urlencoded"}
OPEN = ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/api/v2/openapi.json", "/docs"]


@pytest.fixture(autouse=True)
def limits(app, monkeypatch):
    """Limits that a test can reach."""
    monkeypatch.setattr(app.core.throttles, "limits", {MANAGEMENT: LIMIT, AUTHENTICATION: LIMIT})


def ask_for_a_token(api: Api) -> Any:
    return api.post("/oauth/token", CREDENTIALS, headers={"Authorization": ""})


def ask_for_users(api: Api) -> Any:
    return api.get(USERS)


def spend(api: Api, ask: Callable[[Api], Any]) -> Any:
    """Send as many requests as the limit allows and one more; give the answer to that."""
    answers = [ask(api) for _ in range(LIMIT)]
    assert 429 not in [answer.status for answer in answers]
    return ask(api)


@pytest.fixture
def spent(acme):
    """A tenant with nothing left of the minute."""
    spend(acme, ask_for_users)
    spend(acme, ask_for_a_token)
    return acme


@pytest.mark.security(43)
def test_the_management_api_refuses_in_auth0s_words(acme, clock):
    clock.advance(seconds=18, milliseconds=200)

    answer = spend(acme, ask_for_users)

    assert (answer.status, answer.json) == (
        429,
        {
            "statusCode": 429,
            "error": "Too Many Requests",
            "message": "Global limit has been reached",
            "errorCode": "too_many_requests",
        },
    )
    assert limits_of(answer) == (LIMIT, 0, int(clock.time.timestamp()) + 42)
    assert answer.headers["Retry-After"] == "42"


@pytest.mark.security(43)
def test_the_token_endpoint_refuses_as_oauth_does(acme):
    answer = spend(acme, ask_for_a_token)

    assert answer.status == 429
    assert answer.json == {"error": "too_many_requests", "error_description": "Global limit has been reached"}
    assert answer.headers["Retry-After"] == "60"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/dbconnections/signup", "/dbconnections/change_password"])
def test_an_applications_own_pages_are_refused_as_auth0_refuses_them(spent, path):
    answer = spent.post(path, {}, headers={"Authorization": ""})

    assert (answer.status, answer.json["code"], answer.json["name"]) == (
        429,
        "too_many_requests",
        "TooManyRequestsError",
    )


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "It is busy here right now"), ("de", "Hier ist gerade viel los"), ("es", "Hay mucha actividad")],
)
@pytest.mark.parametrize("path", ["/u/login", "/authorize", "/u/reset-password", "/v2/logout"])
def test_people_are_told_on_a_page_in_their_language(app, acme, path, language, title):
    acme.patch("/api/v2/tenants/settings", {"enabled_locales": ["en", "de", "es"]})
    spend(acme, ask_for_a_token)

    answer = acme.get(path, headers={"Authorization": "", "Accept-Language": language})

    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert title in answer.text
    assert answer.headers["Content-Language"] == language


def test_what_is_left_is_told_with_each_good_answer_to_a_good_token(acme):
    answers = [
        ask_for_users(acme),
        acme.get("/api/v2/nothing"),
        acme.get(USERS, query={"no": "such"}),
        ask_for_users(acme),
    ]

    known = [answer for answer in answers if "X-RateLimit-Limit" in answer.headers]
    assert [limits_of(answer)[:2] for answer in known] == [(LIMIT, 4), (LIMIT, 2)]
    assert "Retry-After" not in known[0].headers


def test_a_conflict_says_nothing_of_a_reset_for_which_an_sdk_would_wait(acme):
    body = {"name": "Shop", "strategy": "auth0"}
    acme.post("/api/v2/connections", body)

    conflict = acme.post("/api/v2/connections", body)

    assert conflict.status == 409
    assert not [name for name in conflict.headers if "ratelimit" in name.lower() or name.lower() == "retry-after"]


def test_strangers_are_not_told_how_busy_a_tenant_is(acme):
    ask_for_users(acme)

    answers = [ask_for_a_token(acme), acme.get(USERS, headers={"Authorization": ""}), acme.get("/u/login")]

    assert not [name for answer in answers for name in answer.headers if "ratelimit" in name.lower()]


def test_without_a_good_token_nothing_of_the_management_api_is_used_up(acme, clock):
    for _ in range(2 * LIMIT):
        assert acme.get(USERS, token="a.b.c").status == 401
        assert acme.get(USERS, headers={"Authorization": ""}).status == 401

    assert ask_for_users(acme).status == 200


@pytest.mark.parametrize("ask", [ask_for_users, ask_for_a_token])
def test_a_tenant_that_floods_leaves_another_what_it_has(acme, api, ask):
    spend(acme, ask)

    answers = [ask(api).status for _ in range(LIMIT)]

    assert 429 not in answers


def test_a_flooded_door_leaves_the_management_api_open(acme):
    spend(acme, ask_for_a_token)

    assert ask_for_users(acme).status == 200


@pytest.mark.parametrize("path", OPEN)
def test_what_verifiers_and_readers_need_stays_open(spent, path):
    answers = {spent.get(path, headers={"Authorization": ""}).status for _ in range(2 * LIMIT)}

    assert answers == {200}


def test_a_host_of_no_tenant_is_not_counted(app):
    nowhere = Api(app, "nobody")

    answers = [nowhere.get("/u/login", token="a.b.c") for _ in range(2 * LIMIT)]

    assert {answer.status for answer in answers} == {404}
    assert app.core.throttles.tallies == {}


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (USERS, b"{", {}),
        (USERS, b"x" * 1_048_577, {}),
        ("/oauth/token", b"%%%", FORM),
        ("/oauth/token", b"grant_type=password&username=ann&password=x", FORM),
        ("/u/login", b"state=x&username=ann&password=x", FORM),
        ("/dbconnections/signup", b"{", {"Authorization": ""}),
    ],
)
def test_past_the_limit_no_body_is_read_and_nothing_is_asked_of_the_table(spent, path, body, headers):
    with counting() as calls:
        answer = spent.call("POST", path, body, headers=headers)

    assert answer.status == 429
    assert calls == {}


def test_past_the_limit_no_token_is_looked_at(spent):
    assert spent.get(USERS, token="a.b.c").status == 429


def test_the_next_minute_is_open_again(spent, clock):
    clock.advance(minutes=1)

    assert (ask_for_users(spent).status, ask_for_a_token(spent).status) == (200, 401)


def test_strangers_fill_no_more_history_than_the_limit(app, acme):
    for _ in range(4 * LIMIT):
        acme.post("/oauth/token", CREDENTIALS, headers={"Authorization": ""})

    events = app.core.logs.store.list("acme", PageRequest(per_page=100), newest_first=True).items
    kinds = [event.type for event in events if event.type != "sapi"]
    assert sorted(kinds) == ["api_limit", *["feccft"] * LIMIT]


def test_the_history_says_which_limit_was_reached_by_what(spent):
    events = spent.app.core.logs.store.list("acme", PageRequest(per_page=100), newest_first=True).items

    limited = [(each.description, each.details["request"]["method"]) for each in events if each.type == "api_limit"]
    assert limited == [
        ("More than 5 authentication requests within a minute", "POST"),
        ("More than 5 management requests within a minute", "GET"),
    ]


def test_the_official_sdk_waits_as_long_as_it_is_told_and_asks_again(acme, clock, monkeypatch):
    waited = []
    monkeypatch.setattr(
        "auth0.management.core.http_client.time.sleep", lambda s: (waited.append(s), clock.advance(seconds=s))
    )
    clock.advance(seconds=15)
    spend(acme, ask_for_users)

    with httpx.Client(transport=httpx.MockTransport(lambda request: sent(acme, request))) as connections:
        sdk = ManagementClient(domain="acme.gatehouse.test", token=acme.token(), httpx_client=connections)
        users = list(sdk.users.list())

    assert (users, waited) == ([], [45])


def test_the_official_sdk_knows_until_when_the_token_endpoint_is_closed(acme, clock):
    spend(acme, ask_for_a_token)

    with requests.Session() as session:
        session.mount("https://", InProcess(acme))
        answer = JsonResponse(session.post("https://acme.gatehouse.test/oauth/token", json=CREDENTIALS))

    with pytest.raises(RateLimitError) as refusal:
        answer.content()

    assert (refusal.value.status_code, refusal.value.error_code) == (429, "too_many_requests")
    assert refusal.value.reset_at == int(clock.time.timestamp()) + 60


def sent(api: Api, request: httpx.Request) -> httpx.Response:
    answer = api.call(request.method, request.url.raw_path.decode(), request.content, headers=dict(request.headers))
    return httpx.Response(answer.status, headers=dict(answer.headers), text=answer.text)


def limits_of(answer: Any) -> tuple[int, ...]:
    return tuple(int(answer.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))
