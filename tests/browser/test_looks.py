"""How the sign-in pages look and read: to everybody, in light and dark, on a phone and on a desk."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from chalicelib.web.login.pages import Shell
from chalicelib.web.pages import LANGUAGES
from chalicelib.web.surface import Rendered
from tests.sample_pages import FULL, LOGO, SAMPLES

PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 800}
LARGEST = [name for name in SAMPLES if name.endswith("_all")]
WITH_MOST = [*LARGEST, "reset_sent", "form_post", "web_message"]


def still(name: str, shell: Shell) -> Rendered:
    """Render a page that stays to be looked at: no form submits itself."""
    rendered = SAMPLES[name](shell)
    return replace(rendered, body=rendered.body.replace("data-submits-itself", ""))


@pytest.mark.parametrize("name", WITH_MOST)
def test_axe_finds_nothing_to_improve(name, site, window):
    address = site.serve("/", still(name, FULL))

    # Colours that are on their way from light to dark have contrasts of their own.
    window.page.emulate_media(reduced_motion="reduce")
    window.page.goto(address)
    window.page.evaluate(AXE_SCRIPT)

    for colours, size in product(("light", "dark"), (PHONE, DESK)):
        window.page.set_viewport_size(size)
        window.page.emulate_media(color_scheme=colours)
        found = window.page.evaluate("axe.run({resultTypes: ['violations']})")
        assert found["violations"] == [], (colours, size)


@pytest.mark.parametrize("name", WITH_MOST)
def test_nothing_is_wider_than_a_small_phone(name, site, window):
    window.page.set_viewport_size(PHONE)
    long = replace(FULL, tenant="Verwaltungsgesellschaft" * 3, application="W" * 60)

    for language in LANGUAGES:
        window.page.goto(site.serve("/", still(name, replace(long, language=language))))
        assert window.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], language


@pytest.mark.parametrize("name", LARGEST)
def test_what_is_touched_is_large_enough_to_be_touched(name, site, window):
    window.page.set_viewport_size(PHONE)
    window.page.goto(site.serve("/", still(name, FULL)))

    boxes = [found.bounding_box() for found in window.page.locator("button, input:not([type=checkbox]), .button").all()]

    assert min(min(box["height"], box["width"]) for box in boxes if box) >= 44


def test_dark_colours_come_with_the_preference_for_them(site, window):
    window.page.goto(site.serve("/", SAMPLES["login"](FULL)))
    ground = "getComputedStyle(document.querySelector('main')).backgroundColor"

    window.page.emulate_media(color_scheme="light")
    light = window.page.evaluate(ground)
    window.page.emulate_media(color_scheme="dark")

    assert light == "rgb(255, 255, 255)"
    assert window.page.evaluate(ground) == "rgb(22, 26, 33)"


def test_nothing_moves_for_whoever_prefers_it_so(site, window):
    window.page.emulate_media(reduced_motion="reduce")

    window.page.goto(site.serve("/", SAMPLES["login"](FULL)))

    assert window.page.evaluate("getComputedStyle(document.querySelector('button')).transitionDuration") == "0s"


@pytest.mark.security(21)
@pytest.mark.parametrize("name", WITH_MOST)
def test_a_page_asks_nothing_of_another_host_but_the_logo(name, site, window):
    address = site.serve("/", still(name, FULL))

    window.page.goto(address)

    asked = [request for request in window.requests if not request.startswith("data:")]
    assert {request for request in asked if not request.startswith(address)} <= {LOGO}
    assert len(asked) <= 4
