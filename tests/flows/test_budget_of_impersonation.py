"""What impersonation asks of DynamoDB, step by step, against docs/budget.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.documents import table
from tests.flows.browsing import Browser, answer_of, sign_in, state_of
from tests.flows.impersonating import Support, confirm, followed
from tests.web.test_budget import counting

ROWS = {row["page"]: row["impersonation asks for"] for row in table("docs/budget.md", "page", "impersonation asks for")}


class Desk:
    """Where a step begins: whatever came before it is done, and the configuration is cached."""

    def __init__(self, support: Support, web: Any, browser: Browser, clock: Any) -> None:
        self.support, self.web, self.browser, self.clock = support, web, browser, clock
        self.info(self.token())  # as in a process that runs: what decides along the way is cached

    def classic(self) -> str:
        return followed(self.support.make_classic(self.web))

    def newer(self) -> str:
        return followed(self.support.make(self.web)["link"])

    def led(self) -> None:
        confirm(self.browser, self.newer())

    def code(self) -> str:
        return answer_of(self.browser.get(self.classic()))["code"]

    def token(self) -> str:
        return self.web.exchange(self.code()).json_body["access_token"]

    def info(self, token: str) -> Any:
        return self.browser.get("/userinfo", Authorization=f"Bearer {token}")

    def expired(self) -> None:
        for _ in range(25):
            self.newer()
        self.clock.advance(minutes=5)
        self.support.api.app.core.signing_keys.current("main")  # as in a process that runs: cached


def see(desk: Desk) -> Callable[[], Any]:
    link = desk.newer()
    return lambda: desk.browser.get(link)


def press(desk: Desk) -> Callable[[], Any]:
    link = desk.newer()
    return lambda: desk.browser.post(link, {})


def ask(desk: Desk) -> Callable[[], Any]:
    desk.led()
    return lambda: desk.browser.get(desk.web.address())


def follow(desk: Desk) -> Callable[[], Any]:
    link = desk.classic()
    return lambda: desk.browser.get(link)


def follow_again(desk: Desk) -> Callable[[], Any]:
    link = desk.classic()
    desk.browser.get(link)
    return lambda: desk.browser.get(link)


def exchange(desk: Desk) -> Callable[[], Any]:
    code = desk.code()
    return lambda: desk.web.exchange(code)


def read(desk: Desk) -> Callable[[], Any]:
    token = desk.token()
    return lambda: desk.info(token)


def stop(desk: Desk) -> Callable[[], Any]:
    token = desk.token()
    return lambda: desk.browser.post("/impersonation/stop", {}, Authorization=f"Bearer {token}")


def end_on_the_account_page(desk: Desk) -> Callable[[], Any]:
    desk.token()
    ann = Browser(desk.support.api.app)
    sign_in(ann, desk.web)
    page = ann.get("/u/account")
    link_id = re.search(r'name="link_id" value="([^"]+)"', page.body.decode())[1]
    form = {"state": state_of(page), "link_id": link_id}
    return lambda: ann.post("/u/account/impersonations", form)


def sweep(desk: Desk) -> Callable[[], Any]:
    desk.expired()
    return desk.support.api.app.core.impersonation_links.expire


STEPS: dict[str, Callable[[Desk], Callable[[], Any]]] = {
    "GET /u/impersonate": see,
    "POST /u/impersonate": press,
    "GET /authorize, led to by a link": ask,
    "GET /users/{user_id}/impersonate": follow,
    "GET /users/{user_id}/impersonate, spent": follow_again,
    "POST /oauth/token, with its code": exchange,
    "GET /userinfo, with its token": read,
    "POST /impersonation/stop": stop,
    "POST /u/account/impersonations": end_on_the_account_page,
    "the sweep, of 25 links": sweep,
}


@pytest.mark.parametrize("page", STEPS)
def test_a_step_asks_dynamodb_for_what_the_budget_says_and_no_more(page, support, web, browser, clock):
    step = STEPS[page](Desk(support, web, browser, clock))

    with counting() as calls:
        step()

    assert (", ".join(f"{count} {name}" for name, count in calls.items()) or "nothing") == ROWS[page]


def test_the_budget_has_these_steps_and_no_others():
    assert STEPS.keys() == ROWS.keys()
