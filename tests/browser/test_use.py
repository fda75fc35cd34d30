"""How the sign-in pages are used: by keyboard, with a script that helps, and without one."""

from __future__ import annotations

import pytest

from chalicelib.core.password_strength import STRENGTHS
from chalicelib.web.login import pages
from chalicelib.web.login.rules import password_rules
from tests.sample_pages import BARE, FORM, FULL, SAMPLES

FOCUSED = "document.activeElement.id || document.activeElement.textContent || document.activeElement.ariaLabel"
REFUSES = "!document.forms[0].dispatchEvent(new Event('submit', {cancelable: true}))"
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"
PASSWORDS = [
    "a",
    "aB3",
    "aaaaaaaaaB1",
    "aabbaabbA1!",
    "ÄÖÜäöüßß",
    "😀😀😀aA1😀😀",
    "a b A 1",
    "a\u0301" * 8,
    "Abcdefgh12",
    "\\]^_`{|}~A1",
]


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(site, window):
    window.page.goto(site.serve("/", SAMPLES["login_with_all"](FULL)))
    window.page.locator("input:focus").wait_for()
    reached = [window.page.evaluate(FOCUSED)]

    window.page.keyboard.press("Shift+Tab")
    for _ in range(5):
        reached.append(window.page.evaluate(FOCUSED))
        assert window.page.evaluate(OUTLINE) == "solid"
        window.page.keyboard.press("Tab")

    assert reached == ["password", "username", "password", "Show password", "Sign in", "Forgot your password?"]
    assert window.page.evaluate(FOCUSED) == "Create one"


def test_the_keyboard_opens_the_account_pages_form_and_reaches_every_button(site, window):
    site.serve(f"{FORM['action']}/devices", "ended")
    window.page.goto(site.serve("/", SAMPLES["account_without_a_fault"](FULL)))
    reached = []

    for _ in range(6):
        window.page.keyboard.press("Tab")
        reached.append(" ".join(window.page.evaluate(FOCUSED).split()))
        assert window.page.evaluate(OUTLINE) == "solid"
    window.page.keyboard.press("Enter")
    opened = window.page.get_by_label("Current password", exact=True).is_visible()
    for _ in range(3):
        window.page.keyboard.press("Shift+Tab")
    window.page.keyboard.press("Enter")

    window.page.wait_for_url("**/u/form/devices")
    assert reached == [
        "Sign out Firefox on Windows Ghent, Belgium · 203.0.113.7",
        "Sign out Unknown browser 2001:db8:1234:5678:9abc:def0:1234:5678",
        "End access Northwind Shop on Ann's telephone",
        f"End access An application that is gone on {'W' * 60}",
        "Sign out everywhere else",
        "Change your password",
    ]
    assert opened
    assert site.posts == [{"state": "sealed", "device_id": "dcr_1"}]


def test_times_are_shown_in_the_clock_of_who_reads_them(site, browser):
    with browser.new_context(timezone_id="Asia/Tokyo") as context:
        page = context.new_page()

        page.goto(site.serve("/", SAMPLES["account"](FULL)))

        assert page.locator("time").first.inner_text().replace("\u202f", " ") == "Mar 1, 2026, 9:00 PM"


def test_the_account_page_works_without_a_script(site, window_without_scripts):
    site.serve(f"{FORM['action']}/password", "sent")
    page = window_without_scripts.page
    page.goto(site.serve("/", SAMPLES["account_without_a_fault"](FULL)))
    time = page.locator("time").first.inner_text()

    page.get_by_text("Change your password").click()
    page.get_by_label("Current password", exact=True).fill("one")
    page.get_by_label("New password", exact=True).fill("two")
    page.get_by_label("Repeat the new password").fill("two")
    page.get_by_role("button", name="Save").click()

    page.wait_for_url("**/u/form/password")
    sent = {"username": "ann@example.com", "current_password": "one", "password": "two", "password_again": "two"}
    assert time == "2026-03-01 12:00 UTC"
    assert site.posts == [{"state": "sealed", **sent, "end_sessions": "yes"}]


def test_enter_in_a_field_sends_the_form(site, window):
    site.serve(FORM["action"], "sent")
    window.page.goto(site.serve("/", SAMPLES["login"](FULL)))
    window.page.locator("input:focus").wait_for()

    window.page.keyboard.type("ann@example.com")
    window.page.keyboard.press("Tab")
    window.page.keyboard.type(" pass word ")
    window.page.keyboard.press("Enter")

    window.page.wait_for_url("**/u/form")
    assert site.posts == [{"state": "sealed", "username": "ann@example.com", "password": " pass word "}]


@pytest.mark.parametrize(("button", "decision"), [("Allow", "allow"), ("Deny", "deny")])
def test_a_consent_sends_what_was_decided(button, decision, site, window):
    site.serve(FORM["action"], "sent")
    window.page.goto(site.serve("/", SAMPLES["consent_with_all"](FULL)))

    window.page.get_by_role("button", name=button).click()

    window.page.wait_for_url("**/u/form")
    assert site.posts == [{"state": "sealed", "decision": decision}]


@pytest.mark.parametrize(("tick", "posted"), [(True, {"end_sessions": "yes"}), (False, {})])
def test_a_new_password_is_sent_with_whether_other_sessions_end(tick, posted, site, window):
    site.serve(FORM["action"], "sent")
    window.page.goto(site.serve("/", SAMPLES["reset"](FULL)))

    window.page.get_by_label("New password", exact=True).fill("one")
    window.page.get_by_label("Repeat the new password").fill("two")
    window.page.get_by_label("Sign me out everywhere else").set_checked(tick)
    window.page.get_by_role("button", name="Save").click()

    window.page.wait_for_url("**/u/form")
    assert site.posts == [{"state": "sealed", "password": "one", "password_again": "two", **posted}]


def test_a_password_can_be_shown_and_is_hidden_again_when_it_is_sent(site, window):
    window.page.goto(site.serve("/", SAMPLES["login"](FULL)))
    field, reveal = window.page.locator("#password"), window.page.get_by_role("button", name="Show password")

    reveal.click()
    shown = (field.get_attribute("type"), reveal.get_attribute("aria-pressed"))
    window.page.evaluate("document.forms[0].dispatchEvent(new Event('submit'))")

    assert shown == ("text", "true")
    assert (field.get_attribute("type"), reveal.get_attribute("aria-pressed")) == ("password", "false")


@pytest.mark.parametrize("policy", STRENGTHS)
def test_the_page_judges_a_password_while_one_types_as_the_product_does(policy, site, window):
    rules = password_rules(STRENGTHS[policy])
    window.page.goto(site.serve("/", pages.render_signup(pages.SignupPage(shell=BARE, **FORM, rules=rules))))

    def states():
        return window.page.eval_on_selector_all("[data-rule]", "all => all.map(each => each.dataset.state)")

    def expected(rules):
        return [state for rule in rules for state in ["met" if rule.met else "unmet", *expected(rule.items)]]

    for password in PASSWORDS:
        window.page.locator("#password").fill(password)
        assert states() == expected(password_rules(STRENGTHS[policy], password)), password
    window.page.locator("#password").fill("")
    assert set(states()) == {""}


def test_a_form_is_sent_once_until_somebody_comes_back_to_it(site, window):
    window.page.goto(site.serve("/", SAMPLES["reset_sent"](FULL)))

    before = window.page.evaluate(REFUSES)
    after = window.page.evaluate(REFUSES)
    window.page.evaluate("dispatchEvent(new Event('pageshow'))")

    assert (before, after) == (False, True)
    assert window.page.evaluate(REFUSES) is False


def test_a_page_works_without_a_script(site, window_without_scripts):
    site.serve(FORM["action"], "sent")
    page = window_without_scripts.page
    page.goto(site.serve("/", SAMPLES["signup_with_all"](FULL)))

    page.get_by_label("Password", exact=True).fill("secret")
    hidden = page.locator(".reveal").is_hidden()
    page.get_by_role("button", name="Create account").click()

    page.wait_for_url("**/u/form")
    assert hidden
    assert site.posts == [{"state": "sealed", "email": "ann@example.com", "username": "ann b", "password": "secret"}]
