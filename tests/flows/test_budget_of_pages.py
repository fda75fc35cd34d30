"""What the pages behind links and around sign-ups ask of DynamoDB, against docs/budget.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Api
from tests.documents import table
from tests.flows.browsing import (
    CHANGE,
    EMAIL,
    PASSWORD,
    Application,
    Browser,
    Visitor,
    shown_by,
    sign_in,
    state_of,
)

NEW = {"password": "another Horse battery 2", "password_again": "another Horse battery 2"}
WRONG = {**CHANGE, "current_password": "wrong"}
ROWS = {row["page"]: row["asks for"] for row in table("docs/budget.md", "page", "asks for")}


@dataclass
class Ann:
    """Somebody who signs up, forgets and fails; each step gives what is left to do and to count."""

    app: Any
    application: Application
    forget: Callable[[], Any]
    mails: Callable[[], Any]
    send: Callable[[], Any]
    enter: Callable[[], Visitor]
    stay: Callable[[Visitor], str]

    def shows(self, page: str) -> Callable[[], Any]:
        browser = Browser(self.app)
        state = state_of(shown_by(browser, self.application))
        return lambda: browser.get(f"/u/{page}?state={state}")

    def posts(self, page: str, **form: str) -> Callable[[], Any]:
        browser = Browser(self.app)
        state = state_of(shown_by(browser, self.application))
        return lambda: browser.post(f"/u/{page}", {"state": state, **form})

    def comes_back_from_a_rule(self, method: str) -> Callable[[], Any]:
        script = """function (user, context, callback) {
          context.redirect = {url: 'https://terms.example.com/'};
          callback(null, user, context);
        }"""
        assert Api(self.app).post("/api/v2/rules", {"name": "Terms", "script": script}).status == 201
        browser = Browser(self.app)
        state = sign_in(browser, self.application).headers["Location"].partition("state=")[2]
        return lambda: browser.send(method, f"/continue?state={state}", {} if method == "POST" else None)

    def fails(self, times: int) -> Any:
        for _ in range(times):
            sign_in(Browser(self.app), self.application, password="wrong")

    def opens(self, prepare: Callable[[], Any]) -> Callable[[], Any]:
        prepare()
        link = self.mails()[-1].link
        return lambda: Browser(self.app).get(link)

    def uses(self, prepare: Callable[[], Any], **form: str) -> Callable[[], Any]:
        prepare()
        link = self.mails()[-1].link
        return lambda: Browser(self.app).post(link, form)

    def visits(self, address: str) -> Callable[[], Any]:
        """Look at the account page, with a browser and a device beside this one."""
        here = self.enter()
        self.stay(self.enter())
        here.page()  # so that the cache holds the names of the applications
        return lambda: here.see(address)

    def presses(self, name: str, *, named: str = "", **form: str) -> Callable[[], Any]:
        """Press a button of the account page: the last one that names something by `named`."""
        here = self.enter()
        self.stay(self.enter())
        page = here.page()
        ids = {named: re.findall(rf'name="{named}" value="([^"]+)"', page)[-1]} if named else {}
        state = re.search(r'name="state" value="([^"]+)"', page)[1]
        return lambda: here.browser.post(f"/u/account/{name}", {"state": state, **ids, **form})

    def comes_to_the_account(self) -> Callable[[], Any]:
        Browser(self.app).get("/u/account")  # so that the cache holds the connections
        return lambda: Browser(self.app).get("/u/account")

    def knocks_at_the_account(self) -> Callable[[], Any]:
        browser = Browser(self.app)
        state = state_of(browser.get(browser.get("/u/account").headers["Location"]))
        form = {"state": state, "username": EMAIL, "password": PASSWORD}
        return lambda: browser.post("/u/login", form)

    def fails_the_tenth_time(self) -> Callable[[], Any]:
        self.fails(9)
        return self.posts("login", username=EMAIL, password="wrong")


STEPS: dict[str, Callable[[Ann], Callable[[], Any]]] = {
    "GET /continue": lambda ann: ann.comes_back_from_a_rule("GET"),
    "POST /continue": lambda ann: ann.comes_back_from_a_rule("POST"),
    "GET /u/signup": lambda ann: ann.shows("signup"),
    "POST /u/signup": lambda ann: ann.posts("signup", email="new@example.com", password=PASSWORD),
    "GET /u/reset-password": lambda ann: ann.shows("reset-password"),
    "POST /u/reset-password": lambda ann: ann.posts("reset-password", email=EMAIL),
    "GET /u/reset-password behind a link": lambda ann: ann.opens(ann.forget),
    "POST /u/reset-password behind a link": lambda ann: ann.uses(ann.forget, **NEW),
    "GET /u/verify-email": lambda ann: ann.opens(ann.send),
    "POST /u/verify-email": lambda ann: ann.uses(ann.send),
    "GET /u/unblock": lambda ann: ann.opens(lambda: ann.fails(10)),
    "POST /u/unblock": lambda ann: ann.uses(lambda: ann.fails(10)),
    "POST /u/login, the tenth failure": lambda ann: ann.fails_the_tenth_time(),
    "POST /u/login, to the account page": lambda ann: ann.knocks_at_the_account(),
    "GET /u/account, with nobody signed in": lambda ann: ann.comes_to_the_account(),
    "GET /u/account": lambda ann: ann.visits("/u/account"),
    "GET /u/account/others": lambda ann: ann.visits("/u/account/others"),
    "POST /u/account/sessions": lambda ann: ann.presses("sessions", named="session_id", confirmed="yes"),
    "POST /u/account/devices": lambda ann: ann.presses("devices", named="device_id"),
    "POST /u/account/others": lambda ann: ann.presses("others"),
    "POST /u/account/password": lambda ann: ann.presses("password", **CHANGE),
    "POST /u/account/password, with a wrong one": lambda ann: ann.presses("password", **WRONG),
}


@pytest.mark.parametrize("page", STEPS)
def test_a_page_asks_dynamodb_for_what_the_budget_says_and_no_more(
    app, api, spa, ann, mailbox, forget, calls, enter, stay, page
):
    send = lambda: api.post("/api/v2/jobs/verification-email", {"user_id": ann})  # noqa: E731 - a step like the others
    ask = STEPS[page](Ann(app, spa, forget, lambda: mailbox.to(EMAIL), send, enter, stay))
    app.core.rules.enabled("main")  # as in a process that runs: that there are none is cached
    app.core.throttles.tallies.clear()  # what a busy minute costs is tested with the throttles
    calls.clear()

    answer = ask()

    counted = Counter(name for name, _ in calls)
    assert answer.status_code in {200, 303, 403}
    assert (", ".join(f"{count} {name}" for name, count in counted.items()) or "nothing") == ROWS[page]


def test_the_budget_has_these_pages_and_no_others():
    assert STEPS.keys() == ROWS.keys()
