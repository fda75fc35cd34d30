"""The example shop on a started local stack: somebody from support acts as a customer, in a browser, by a link."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from itsdangerous import URLSafeTimedSerializer
from playwright.sync_api import Browser, Page, expect

from tests.chromium import chromium
from tests.stacks import ROOT, Stack

REASON = "Ticket 4711: the cart is empty"


@contextmanager
def serving(stack: Stack) -> Iterator[str]:
    """Run the shop as `make example` does, on a free port; gives its address."""
    command = [sys.executable, "-m", "flask", "--app", "examples/shop/shop", "run", "--port", "0"]
    environment = {**os.environ, **stack.env}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        said = []
        for line in process.stderr or ():
            said.append(line)
            if running := re.search(r"Running on http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            pytest.fail(f"The shop did not start:\n{''.join(said)}")
        listening = Thread(target=process.stderr.read)
        listening.start()
        yield f"http://localhost:{running[1]}"
        process.terminate()
        listening.join()


@pytest.fixture(scope="module")
def shop(stack, sdk) -> Iterator[str]:
    """The shop's address. What the first start registered for it is moved to the port that was free."""
    with serving(stack) as address:
        client_id, registered = stack.env["GATEHOUSE_SHOP_CLIENT_ID"], stack.env["GATEHOUSE_SHOP_URL"]
        client = sdk.clients.get(client_id)
        sdk.clients.update(
            client_id,
            callbacks=[each.replace(registered, address) for each in client.callbacks],
            allowed_logout_urls=[each.replace(registered, address) for each in client.allowed_logout_urls],
            initiate_login_uri=client.initiate_login_uri.replace(registered, address),
        )
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@dataclass
class Jane:
    """Somebody from support: what they ask of the API, with the machine client, and their browser."""

    stack: Stack
    shop: str
    page: Page
    problems: list[str] = field(default_factory=list)

    def ask(self, path: str, **body: Any) -> httpx.Response:
        """Ask for a link to the demo user of the shop."""
        env = self.stack.env
        whole = {
            "impersonator_id": env["GATEHOUSE_SUPPORT_USER_ID"],
            "client_id": env["GATEHOUSE_SHOP_CLIENT_ID"],
            "reason": REASON,
            **body,
        }
        path = path.format(user_id=quote(env["GATEHOUSE_DEMO_USER_ID"]))
        return self.stack.call("POST", path, headers=self.bearer(), json=whole).raise_for_status()

    def bearer(self, token: str = "") -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.stack.token()}"}

    def make(self) -> dict[str, Any]:
        return self.ask("/api/v2/users/{user_id}/impersonation-links").json()

    def path(self, link: dict[str, Any]) -> str:
        return f"/api/v2/users/{quote(link['user_id'])}/impersonation-links/{link['id']}"

    def status(self, link: dict[str, Any]) -> str:
        """Say what the API says has become of a link."""
        listed = self.stack.call("GET", self.path(link).rpartition("/")[0], headers=self.bearer()).json()
        return next(each["status"] for each in listed["impersonation_links"] if each["id"] == link["id"])

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def shows(self, text: str) -> None:
        expect(self.page.get_by_text(text)).to_be_visible()

    def act(self) -> dict[str, Any]:
        """Follow a link and press its button, until the shop is there; gives the link."""
        link = self.make()
        self.page.goto(link["link"])
        self.press(f"Continue as {self.stack.env['GATEHOUSE_DEMO_EMAIL']}")
        expect(self.page).to_have_url(f"{self.shop}/")
        expect(self.banner).to_be_visible()
        return link

    def go_in(self) -> None:
        """Come to the shop as nobody."""
        self.page.goto(self.shop)
        self.shows("Nobody is signed in")

    def go_astray(self) -> None:
        """Bring the shop an answer that it did not ask for."""
        self.page.goto(f"{self.shop}/callback?code=stolen&state=theirs")
        self.shows("That did not work")

    @property
    def banner(self) -> Any:
        return self.page.get_by_role("region", name="Impersonation")

    def token(self) -> str:
        """Read the access token that the shop keeps in its own cookie."""
        (kept,) = (each["value"] for each in self.page.context.cookies(self.shop) if each["name"] == "shop")
        signed = URLSafeTimedSerializer("not needed to read it")
        return signed.load_payload(kept.rsplit(".", 2)[0].encode())["access_token"]


@pytest.fixture
def jane(browser, stack, shop) -> Iterator[Jane]:
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        jane = Jane(stack, shop, page)
        page.on("pageerror", lambda error: jane.problems.append(str(error)))
        page.on("console", lambda said: jane.problems.append(said.text) if "Policy" in said.text else None)
        yield jane
        assert jane.problems == []


def test_the_page_of_a_link_says_who_becomes_whom_where_and_why(jane, stack):
    jane.page.goto(jane.make()["link"])

    expect(jane.page.get_by_role("heading", level=1)).to_have_text("Continue as demo@example.com")
    facts = jane.page.get_by_role("definition").all_inner_texts()
    assert facts == ["jane@example.com", "demo@example.com", "Example shop", REASON]


def test_the_shop_names_both_people(jane):
    jane.act()

    expect(jane.banner).to_contain_text("You are signed in as Demo User by jane@example.com.")
    expect(jane.page.get_by_role("heading", level=1)).to_have_text("Hello, Demo User")
    expect(jane.page).to_have_title("Demo User's account, as jane@example.com - Example shop")


@pytest.mark.security(36, 41)
def test_a_link_works_once_and_its_page_tells_nothing_afterwards(jane):
    link = jane.act()

    answer = jane.page.goto(link["link"])

    assert answer.status == 410
    jane.shows("This link does not work")
    assert not re.search("demo|jane|shop|4711", jane.page.content(), re.IGNORECASE)


@pytest.mark.security(38)
def test_the_histories_of_both_people_tell_the_story(jane, sdk, stack):
    link = jane.act()
    jane.press("Stop")
    jane.shows("You stopped.")

    stories = [sdk.users.logs.list(stack.env[f"GATEHOUSE_{who}_USER_ID"]).items for who in ("DEMO", "SUPPORT")]

    about = [(event.type, (event.details or {}).get("impersonation", {})) for story in stories for event in story]
    told = [(kind, what) for kind, what in about if what.get("link_id") == link["id"]]
    assert [kind for kind, _ in told] == ["simps", "seacft", "simpa", "simpu", "simp"] * 2
    assert {what["impersonator"]["email"] for _, what in told} == {"jane@example.com"}
    assert {what["reason"] for kind, what in told if kind.startswith("simp")} == {REASON}


def test_stopping_ends_the_access_token_wherever_it_is(jane, stack):
    jane.act()
    bearer = jane.bearer(jane.token())
    before = stack.call("GET", "/userinfo", headers=bearer)

    jane.press("Stop")

    jane.shows("Nobody is signed in")
    assert before.json()["impersonator"]["email"] == "jane@example.com"
    assert stack.call("GET", "/userinfo", headers=bearer).status_code == 401


def test_whoever_revokes_the_link_ends_the_impersonation_under_way(jane, stack):
    link = jane.act()

    stack.call("DELETE", jane.path(link), headers=jane.bearer()).raise_for_status()
    jane.page.reload()

    jane.shows("The impersonation is over.")
    jane.shows("Nobody is signed in")


@pytest.mark.security(37)
def test_a_classic_link_brings_an_answer_that_the_shop_does_not_believe(jane, shop):
    answer = {"response_type": "code", "state": "xyz", "scope": "openid profile email"}
    link = jane.ask("/users/{user_id}/impersonate", protocol="oauth2", additionalParameters=answer).text

    refused = jane.page.goto(link)

    assert (refused.status, refused.url.partition("?")[0]) == (400, f"{shop}/callback")
    jane.shows("This is no answer to what the shop asked for you.")
    jane.go_in()


def test_the_customer_signs_in_and_out_themselves_and_sees_no_banner(jane, stack):
    jane.go_in()
    jane.page.get_by_role("link", name="Sign in").click()
    jane.page.get_by_label("E-mail address").fill(stack.env["GATEHOUSE_DEMO_EMAIL"])
    jane.page.get_by_label("Password", exact=True).fill(stack.env["GATEHOUSE_DEMO_PASSWORD"])
    jane.press("Sign in")
    expect(jane.page.get_by_role("heading", level=1)).to_have_text("Hello, Demo User")
    expect(jane.banner).to_have_count(0)

    jane.press("Sign out")
    jane.page.get_by_role("link", name="Sign in").click()

    expect(jane.page.get_by_label("Password", exact=True)).to_be_visible()


def test_signing_out_of_the_shop_stops_the_impersonation_too(jane, shop):
    link = jane.act()

    jane.page.evaluate("document.querySelector('form').action = '/logout'")
    jane.press("Stop")

    expect(jane.page).to_have_url(f"{shop}/")
    jane.shows("You stopped.")
    assert jane.status(link) == "ended"


@pytest.mark.parametrize("query", ["?iss=https://evil.example/", "?iss="])
def test_the_shop_signs_people_in_at_its_own_gatehouse_only(query, shop):
    answer = httpx.get(f"{shop}/login{query}")

    assert answer.status_code == 400
    assert "does not sign people in there" in answer.text


@pytest.mark.parametrize("path", ["/stop", "/logout"])
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_no_other_site_presses_a_button_of_the_shop(path, headers, shop):
    assert httpx.post(f"{shop}{path}", headers=headers).status_code == 403


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("arrive", [Jane.act, Jane.go_in, Jane.go_astray], ids=["acting", "signed out", "refused"])
def test_the_shop_fits_its_window_and_axe_finds_nothing_to_improve(arrive, width, jane):
    jane.page.set_viewport_size({"width": width, "height": 800})
    arrive(jane)

    for colours in ("light", "dark"):
        jane.page.emulate_media(color_scheme=colours)
        jane.page.evaluate(AXE_SCRIPT)

        assert jane.page.evaluate("document.documentElement.scrollWidth") == width
        found = jane.page.evaluate("axe.run({resultTypes: ['violations']})")
        assert found["violations"] == [], colours
