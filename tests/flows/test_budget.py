"""The round-trip budget of signing in: what each step asks of DynamoDB, against docs/budget.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.documents import table
from tests.flows.browsing import EMAIL, PASSWORD, answer_of, sign_in, state_of
from tests.web.test_budget import counting

REALM = "http://auth0.com/oauth/grant-type/password-realm"
OFFLINE = {"scope": "openid offline_access"}


class Walk:
    """Where a step begins: whatever came before it is done, and the configuration is cached."""

    def __init__(self, browser: Any, register: Callable[..., Any]) -> None:
        self.browser = browser
        self.application = register(grant_types=["authorization_code", "refresh_token", REALM])
        self.third_party = register(is_first_party=False)
        # As in a process that runs: what decides along the way is cached.
        self.application.exchange(self.code())
        self.asked()
        browser.cookies.clear()

    def shown(self) -> str:
        """Go to the login page and give its state."""
        return state_of(self.browser.get(self.browser.get(self.application.address()).headers["Location"]))

    def asked(self) -> str:
        """Sign in to a third party, which asks for consent, and give that page's address."""
        return sign_in(self.browser, self.third_party).headers["Location"]

    def code(self, **asked: Any) -> str:
        return answer_of(sign_in(self.browser, self.application, **{**OFFLINE, **asked}))["code"]

    def tokens(self) -> dict[str, str]:
        return json.loads(self.application.exchange(self.code()).body)

    def password(self, password: str = PASSWORD) -> Callable[[], Any]:
        form = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": EMAIL, "password": password}
        self.application.token(**form)
        return lambda: self.application.token(**form)


def login(walk: Walk, password: str = PASSWORD) -> Callable[[], Any]:
    state = walk.shown()
    return lambda: walk.browser.post("/u/login", {"state": state, "username": EMAIL, "password": password})


def see_consent(walk: Walk) -> Callable[[], Any]:
    page = walk.asked()
    return lambda: walk.browser.get(page)


def consent(walk: Walk) -> Callable[[], Any]:
    state = state_of(walk.browser.get(walk.asked()))
    return lambda: walk.browser.post("/u/consent", {"state": state, "decision": "allow"})


def silent(walk: Walk) -> Callable[[], Any]:
    walk.code()
    return lambda: walk.browser.get(walk.application.address(prompt="none"))


def exchange(walk: Walk) -> Callable[[], Any]:
    code = walk.code()
    return lambda: walk.application.exchange(code)


def refresh(walk: Walk) -> Callable[[], Any]:
    token = walk.tokens()["refresh_token"]
    return lambda: walk.application.token(grant_type="refresh_token", refresh_token=token)


def revoke(walk: Walk) -> Callable[[], Any]:
    form = {"client_id": walk.application.client.client_id, "token": walk.tokens()["refresh_token"]}
    return lambda: walk.browser.post("/oauth/revoke", form)


def userinfo(walk: Walk, method: str = "GET") -> Callable[[], Any]:
    header = f"Bearer {walk.tokens()['access_token']}"
    return lambda: walk.browser.send(method, "/userinfo", Authorization=header)


def sign_out(walk: Walk, path: str) -> Callable[[], Any]:
    walk.code()
    return lambda: walk.browser.get(path)


STEPS: dict[str, tuple[str, Callable[[Walk], Callable[[], Any]]]] = {
    "ask without a session": ("GET /authorize", lambda walk: lambda: walk.browser.get(walk.application.address())),
    "ask by a form": ("POST /authorize", lambda walk: lambda: walk.browser.post("/authorize", {})),
    "ask with a session": ("GET /authorize", silent),
    "see the login page": (
        "GET /u/login",
        lambda walk: lambda: walk.browser.get(walk.browser.get(walk.application.address()).headers["Location"]),
    ),
    "sign in on the page": ("POST /u/login", login),
    "a wrong password on the page": ("POST /u/login", lambda walk: login(walk, "wrong")),
    "see the consent page": ("GET /u/consent", see_consent),
    "allow on the consent page": ("POST /u/consent", consent),
    "exchange a code": ("POST /oauth/token", exchange),
    "refresh a token": ("POST /oauth/token", refresh),
    "sign in by the password grant": ("POST /oauth/token", Walk.password),
    "a wrong password by the password grant": ("POST /oauth/token", lambda walk: walk.password("wrong")),
    "revoke a refresh token": ("POST /oauth/revoke", revoke),
    "read the profile": ("GET /userinfo", userinfo),
    "read the profile by a POST": ("POST /userinfo", lambda walk: userinfo(walk, "POST")),
    "sign out": ("GET /v2/logout", lambda walk: sign_out(walk, "/v2/logout")),
    "sign out with OpenID Connect": ("GET /oidc/logout", lambda walk: sign_out(walk, "/oidc/logout")),
}


@pytest.fixture
def documented() -> dict[str, dict[str, str]]:
    return {row["step"]: row for row in table("docs/budget.md", "step", "endpoint")}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_signing_in_asks_dynamodb_for_what_the_budget_says(step, documented, browser, register, ann):
    take = STEPS[step][1](Walk(browser, register))
    with counting() as calls:
        answer = take()

    spent = ", ".join(f"{count} {kind}" for kind, count in calls.items()) or "nothing"
    assert answer.status_code < 500
    assert (documented[step]["endpoint"], spent) == (STEPS[step][0], documented[step]["asks for"])


def test_the_table_has_these_steps_and_no_others(documented):
    assert documented.keys() == STEPS.keys()
