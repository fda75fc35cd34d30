"""How an authorization response leaves the sign-in pages: by redirect, as a form, as a message to another window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.web.login import pages
from chalicelib.web.surface import Rendered
from tests.sample_pages import BARE, FORM, SAMPLES

LISTEN = "<script>heard = []; addEventListener('message', e => heard.push([e.origin, e.data]))</script>"
RESPONSE = {"code": "c0de", "state": "</p>'\"&"}
HEARD = {"type": "authorization_response", "response": RESPONSE}


def tells(origin: str) -> Rendered:
    return pages.render_web_message(pages.WebMessagePage(shell=BARE, target_origin=origin, response=RESPONSE))


def test_a_sign_in_ends_at_the_callback_and_wherever_that_leads_on_to(site, shop, window):
    end = shop.serve("/end", "signed in", host="localhost")
    callback = shop.redirect("/callback", end)
    site.redirect(FORM["action"], callback)
    shell = replace(BARE, form_targets=(callback,))
    window.page.goto(site.serve("/", SAMPLES["login_with_all"](shell)))

    window.page.locator("#password").fill("secret")
    window.page.keyboard.press("Enter")

    window.page.wait_for_url(end)


def test_a_form_leads_nowhere_but_where_it_may(site, shop, window_with_problems):
    site.redirect(FORM["action"], shop.serve("/end", "signed in"))
    window_with_problems.page.goto(site.serve("/", SAMPLES["login_with_all"](BARE)))

    window_with_problems.page.locator("#password").fill("secret")
    with window_with_problems.page.expect_console_message(lambda said: "form-action" in said.text):
        window_with_problems.page.keyboard.press("Enter")

    assert window_with_problems.page.url == f"{site.origin()}/"


def test_a_form_post_goes_to_the_callback_by_itself_and_the_back_button_goes_past_it(site, shop, window):
    page = pages.FormPostPage(shell=BARE, action=shop.serve("/callback", "signed in"), fields=tuple(RESPONSE.items()))
    window.page.goto(site.serve("/before", "before"))

    window.page.goto(site.serve("/", pages.render_form_post(page)), wait_until="commit")
    window.page.wait_for_url("**/callback")
    window.page.go_back()

    assert shop.posts == [RESPONSE]
    assert window.page.url.endswith("/before")


def test_a_form_post_needs_a_press_of_its_button_where_scripts_are_off(site, shop, window_without_scripts):
    page = pages.FormPostPage(shell=BARE, action=shop.serve("/callback", "signed in"), fields=tuple(RESPONSE.items()))
    window_without_scripts.page.goto(site.serve("/", pages.render_form_post(page)))

    window_without_scripts.page.get_by_role("button", name="Continue").click()

    window_without_scripts.page.wait_for_url("**/callback")
    assert shop.posts == [RESPONSE]


def test_a_framed_page_tells_the_response_to_the_application_that_frames_it(site, shop, window):
    framed = site.serve("/", tells(shop.origin()))

    window.page.goto(shop.serve("/app", f"{LISTEN}<iframe src='{framed}' title='silent'></iframe>"))

    window.page.wait_for_function("heard.length")
    assert window.page.evaluate("heard") == [[site.origin(), HEARD]]


def test_a_page_in_a_pop_up_tells_the_response_to_the_window_that_opened_it(site, shop, window):
    site.redirect(FORM["action"], site.serve("/told", tells(shop.origin())))
    sign_in = site.serve("/", SAMPLES["login_with_all"](replace(BARE, in_popup=True)))
    window.page.goto(shop.serve("/app", LISTEN))

    with window.page.expect_popup() as opened:
        window.page.evaluate(f"void open('{sign_in}', 'sign-in', 'popup')")
    opened.value.locator("#password").fill("secret")
    opened.value.keyboard.press("Enter")

    window.page.wait_for_function("heard.length")
    assert window.page.evaluate("heard") == [[site.origin(), HEARD]]


@pytest.mark.security(21)
def test_no_other_site_may_frame_a_page(site, shop, window_with_problems):
    framed = site.serve("/", tells(shop.origin()))

    with window_with_problems.page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        window_with_problems.page.goto(
            shop.serve("/app", f"{LISTEN}<iframe src='{framed}'></iframe>", host="localhost")
        )

    assert window_with_problems.page.evaluate("heard") == []


def test_no_other_opener_hears_the_response(site, shop, window_with_problems):
    popup = site.serve("/", tells(shop.origin()))
    window_with_problems.page.goto(shop.serve("/app", LISTEN, host="localhost"))

    with window_with_problems.page.expect_popup() as opened:
        window_with_problems.page.evaluate(f"void open('{popup}', 'sign-in', 'popup')")
    opened.value.wait_for_load_state("load")

    assert window_with_problems.page.evaluate("heard") == []
    assert opened.value.get_by_text("You can close this window").is_visible()
