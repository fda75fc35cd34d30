"""The frame of the dashboard in a browser: how it looks, by keyboard, on a phone, with scripts and without."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from chalicelib.core.roles import VIEWER
from tests.browser.dashboard.conftest import ORIGIN, PHONE
from tests.flows.browsing import PASSWORD

PAGES = ["", "users", "/dashboard/tenants", "/dashboard/tenants/new", "/dashboard/t/nowhere", "/dashboard/signed-out"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_looks_well(tab, user, looks_well, path):
    user("ann", name="Christopher Montgomery-Smythe of the Verwaltungsgesellschaft", blocked=True)
    window = tab()

    window.page.goto(f"{ORIGIN}{window.desk.address(path)}")

    looks_well(window)


def test_a_page_with_its_lists_open_and_a_notice_looks_well(owner, people, looks_well):
    people.let_in(owner.desk.user_id, VIEWER, "acme")
    page = owner.open("/dashboard/tenants/new")
    page.get_by_label("Name", exact=True).fill("newco")
    page.get_by_role("button", name="Create tenant").click()

    page.locator("summary", has_text="newco").click()

    looks_well(owner)


def test_somebody_signs_in_makes_a_tenant_switches_and_signs_out(either):
    page = either.page
    either.page.context.clear_cookies()
    page.goto(f"{ORIGIN}/dashboard")
    page.get_by_label("E-mail address").fill(either.desk.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.locator("summary", has_text="main").click()
    page.get_by_role("link", name="+ Create tenant").click()
    page.get_by_label("Name", exact=True).fill("newco")
    page.get_by_role("button", name="Create tenant").click()
    expect(page.get_by_role("status")).to_contain_text("The tenant newco was created")
    page.locator("summary", has_text="newco").click()
    page.get_by_role("link", name="main").click()
    expect(page).to_have_url(re.compile("/dashboard/t/main$"))
    page.locator(".person summary").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_what_is_wrong_with_a_form_is_said_beside_its_field_and_what_was_typed_is_kept(either):
    page = either.open("/dashboard/tenants/new")
    page.get_by_label("Name", exact=True).fill("acme")
    page.get_by_label("Friendly name").fill("Acme Inc.")
    page.get_by_role("button", name="Create tenant").click()

    field = page.get_by_label("Name", exact=True)
    expect(field).to_have_accessible_description(re.compile("This name is taken"))
    expect(field).to_be_focused()
    expect(page.get_by_label("Friendly name")).to_have_value("Acme Inc.")


def test_on_a_phone_the_navigation_is_behind_a_menu(either):
    either.page.set_viewport_size(PHONE)
    page = either.open()
    expect(page.get_by_role("navigation", name="Sections")).to_have_count(0)

    page.get_by_label("Menu", exact=True).click()
    page.get_by_role("navigation", name="Sections, menu").get_by_role("link", name="Users").click()

    expect(page.get_by_role("heading", name="Users", exact=True)).to_be_visible()


def test_the_keyboard_leads_past_the_frame_and_closes_what_it_opened(owner):
    page = owner.open("users")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    summary = page.locator("summary", has_text="main")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your tenants").first).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_text("Your tenants").first).not_to_be_visible()
    expect(summary).to_be_focused()


def test_a_notice_can_be_put_away(owner):
    page = owner.open("/dashboard/tenants/new")
    page.get_by_label("Name", exact=True).fill("newco")
    page.get_by_role("button", name="Create tenant").click()

    page.get_by_role("button", name="Dismiss").click()

    expect(page.get_by_role("status")).to_have_count(0)


def test_a_page_of_many_users_is_small_and_asks_for_few_files(owner, user):
    for number in range(60):
        user(f"user{number}", name=f"User Number {number}")
    answers: list[Any] = []
    owner.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks what it is given

    owner.open("users")

    assert len(answers) <= 4
    assert sum(len(answer.body()) for answer in answers) < 4 * 60_000  # uncompressed; a quarter of it compressed
