"""The demo application of a started local stack, used as a newcomer uses it: in a browser, over plain http."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.chromium import chromium


@dataclass
class Demo:
    """The demo page in somebody's browser."""

    page: Page
    env: dict[str, str]

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.env['GATEHOUSE_DEMO_URL']}{query}")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def sign_in(self, password: str = "") -> None:
        """Press the button, and fill in the password: the page knows the name."""
        self.press("Sign in")
        field = self.page.get_by_label("Password", exact=True)
        field.fill(password or self.env["GATEHOUSE_DEMO_PASSWORD"])
        self.press("Sign in")

    def claim(self, name: str) -> Any:
        """Find the value of a claim in the table."""
        head = self.page.get_by_role("rowheader", name=re.compile(rf"^{name}\b"))
        row = self.page.get_by_role("row").filter(has=head)
        return row.get_by_role("cell")

    def shows(self, text: str) -> None:
        expect(self.page.get_by_text(text)).to_be_visible()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def demo(browser, stack) -> Iterator[Demo]:
    with browser.new_context() as context:
        page, problems = context.new_page(), []
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if "Policy" in said.text else None)
        demo = Demo(page, stack.env)
        demo.open()
        yield demo
        assert problems == []


def test_a_newcomer_signs_in_with_what_the_environment_file_says(demo):
    demo.sign_in()

    demo.shows("The ID token is good")
    expect(demo.page.get_by_role("heading", name="Demo User")).to_be_visible()
    expect(demo.claim("email")).to_have_text(demo.env["GATEHOUSE_DEMO_EMAIL"])
    expect(demo.claim("iss")).to_have_text(f"https://{demo.env['AUTH0_DOMAIN']}/")


def test_the_code_does_not_stay_in_the_address(demo):
    demo.sign_in()

    demo.shows("The ID token is good")
    assert demo.page.url == demo.env["GATEHOUSE_DEMO_URL"]


def test_tokens_are_refreshed(demo):
    demo.sign_in()
    demo.shows("The ID token is good")
    first = demo.claim("at_hash").inner_text()

    demo.press("Refresh the tokens")

    demo.shows("There are new tokens")
    assert demo.claim("at_hash").inner_text() != first


def test_loading_the_page_again_forgets_the_tokens_and_the_session_brings_them_back(demo):
    demo.sign_in()
    demo.shows("The ID token is good")

    demo.open()
    demo.shows("Nobody is signed in")
    demo.press("Sign in")

    demo.shows("The ID token is good")


def test_after_signing_out_the_password_is_asked_again(demo):
    demo.sign_in()

    demo.press("Sign out")
    demo.shows("Nobody is signed in")
    demo.press("Sign in")

    expect(demo.page.get_by_label("Password", exact=True)).to_be_visible()


def test_a_user_who_is_blocked_meanwhile_gets_no_new_tokens(demo, sdk):
    demo.sign_in()
    demo.shows("The ID token is good")
    (user,) = sdk.users.list_users_by_email(email=demo.env["GATEHOUSE_DEMO_EMAIL"])

    sdk.users.update(user.user_id, blocked=True)
    demo.press("Refresh the tokens")

    expect(demo.page.get_by_role("alert")).to_be_visible()
    demo.shows("Nobody is signed in")
    sdk.users.update(user.user_id, blocked=False)


@pytest.mark.parametrize("query", ["?code=stolen&state=theirs", "?error=access_denied&state=theirs"])
def test_an_answer_that_the_page_did_not_ask_for_is_refused(demo, query):
    demo.open(query)

    expect(demo.page.get_by_role("alert")).to_have_text("This is not the answer to what this page asked.")
    demo.shows("Nobody is signed in")


def test_the_page_works_over_https_too(browser, stack):
    with browser.new_context(ignore_https_errors=True) as context:
        demo = Demo(context.new_page(), {**stack.env, "GATEHOUSE_DEMO_URL": f"https://{stack.domain}/demo"})
        demo.open()

        demo.sign_in()

        demo.shows("The ID token is good")


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_fits_its_window_and_axe_finds_nothing_to_improve(demo, width):
    demo.page.set_viewport_size({"width": width, "height": 800})
    demo.sign_in()
    demo.shows("The ID token is good")

    assert demo.page.evaluate("document.documentElement.scrollWidth") == width
    for colours in ("light", "dark"):
        demo.page.emulate_media(color_scheme=colours)
        found = Axe().run(demo.page)
        assert found.violations_count == 0, (colours, found.generate_report())
