"""The sign-in pages as they are rendered: what they show, what they never show, and what they let happen."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from chalicelib.web import assets
from chalicelib.web.login import pages
from chalicelib.web.login.pages import Link, Shell
from chalicelib.web.login.texts import Text
from chalicelib.web.pages import LANGUAGES
from tests.sample_pages import BARE, CALLBACK, FORM, FULL, LOGO, SAMPLES

HOSTILE = """"><script>alert(1)</script><img src=x onerror=alert(1)> ' {{ 7 * 7 }} {email}"""


@pytest.mark.security(21)
def test_no_page_has_a_script_a_style_or_an_event_of_its_own(any_page):
    scripts = any_page.all("script")
    attributes = {name for tag in any_page.tags for name in tag.attributes}

    assert [script.text for script in scripts] == [""]
    assert scripts[0].attributes["src"].startswith("/static/")
    assert not any_page.all("style")
    assert not {name for name in attributes if name == "style" or name.startswith("on")}


@pytest.mark.security(21)
def test_every_page_forbids_what_it_does_not_need(any_page):
    headers = any_page.rendered.headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert ("https:" in policy.partition("img-src")[2].partition(";")[0]) == bool(any_page.all("img"))
    assert headers["Cross-Origin-Opener-Policy"]


def test_every_page_has_one_heading_a_language_a_title_and_a_main_part(any_page):
    assert any_page.one("html").attributes["lang"] == any_page.rendered.headers["Content-Language"] == "en"
    assert any_page.one("h1").text
    assert any_page.one("h1").text in any_page.one("title").text
    any_page.one("main")


def test_every_field_has_a_label_and_everything_that_is_referred_to_exists(any_page):
    ids = [tag.attributes["id"] for tag in any_page.tags if "id" in tag.attributes]
    labelled = {label.attributes["for"] for label in any_page.all("label")}
    fields = [tag for tag in any_page.all("input") if not {"hidden"} & {tag.attributes["type"], *tag.attributes}]
    described = {name for tag in any_page.tags for name in (tag.attributes.get("aria-describedby") or "").split()}

    assert {field.attributes["id"] for field in fields} == labelled
    assert described <= set(ids)
    assert len(set(ids)) == len(ids)


def test_at_most_one_field_has_the_focus_and_it_is_the_first_that_is_wrong(any_page):
    focused = any_page.all("input", autofocus=None)
    wrong = any_page.all("input", aria_invalid="true")

    assert len(focused) <= 1
    assert not wrong or focused[0] is wrong[0]


def test_a_page_with_an_error_says_so_first(any_page):
    alerts = any_page.all(role="alert")

    assert len(alerts) == (any_page.rendered.status >= 400)
    assert all(alert.text for alert in alerts)


def test_a_page_is_at_most_60_kilobytes_in_four_requests(any_page):
    own = [
        tag.attributes[name]
        for tag in any_page.tags
        for name in ("src", "href")
        if tag.name in {"script", "link"} and (tag.attributes.get(name) or "").startswith("/")
    ]
    files = [assets.asset(*address.split("/")[2:])[0] for address in own]

    size = sum(len(gzip.compress(text.encode())) for text in [any_page.rendered.body, *files])

    assert size <= 60_000
    assert 1 + len(own) + len(any_page.all("img")) <= 4


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_page_speaks_every_language(name, language, read):
    page = read(SAMPLES[name](replace(FULL, language=language)))

    assert page.one("html").attributes["lang"] == language
    assert (page.one("h1").text == read(SAMPLES[name](FULL)).one("h1").text) == (language == "en")


@pytest.mark.parametrize("name", SAMPLES)
def test_hostile_names_are_text_and_nothing_else(name, read):
    hostile = Shell(tenant=HOSTILE, application=HOSTILE, tenant_logo=f"https://x/{HOSTILE}")

    page, harmless = read(SAMPLES[name](hostile)), read(SAMPLES[name](replace(FULL, application_logo="")))

    assert [tag.name for tag in page.tags] == [tag.name for tag in harmless.tags]
    assert page.one("footer").text == HOSTILE


def test_hostile_input_is_shown_as_it_was_typed(read):
    page = read(
        pages.render_signup(
            pages.SignupPage(
                shell=BARE, action="/u/signup", state=HOSTILE, email=HOSTILE, username=HOSTILE, error=HOSTILE
            )
        )
    )

    assert [page.one("input", name=name).attributes["value"] for name in ("state", "email", "username")] == [
        HOSTILE
    ] * 3
    assert page.one(role="alert").text == HOSTILE
    assert len(page.all("script")) == 1


def test_what_was_typed_is_kept_but_for_passwords(any_page):
    assert all("value" not in tag.attributes for tag in any_page.all("input", type="password"))
    assert all("value" in tag.attributes for tag in any_page.all("input", type="text"))


@pytest.mark.parametrize(
    ("name", "autocomplete"),
    [
        ("login", {"username": "username", "password": "current-password"}),
        ("signup", {"email": "username", "password": "new-password"}),
        ("signup_with_all", {"email": "email", "username": "username", "password": "new-password"}),
        ("reset_request", {"email": "username"}),
        ("reset_with_all", {"username": "username", "password": "new-password", "password_again": "new-password"}),
    ],
)
def test_password_managers_are_told_what_each_field_is(name, autocomplete, read):
    page = read(SAMPLES[name](FULL))

    fields = [tag.attributes for tag in page.all("input") if "autocomplete" in tag.attributes]

    assert {field["name"]: field["autocomplete"] for field in fields} == autocomplete


def test_what_a_page_posts_is_what_its_class_says(read):
    def posted(name):
        page = read(SAMPLES[name](FULL))
        assert page.one("form").attributes["action"] == FORM["action"]
        assert page.one("input", name="state").attributes["value"] == FORM["state"]
        return {tag.attributes["name"] for tag in [*page.all("input"), *page.all("button")] if "name" in tag.attributes}

    assert posted("login") == {"state", "username", "password"}
    assert posted("signup") == {"state", "email", "password"}
    assert posted("signup_with_all") == {"state", "email", "username", "password"}
    assert posted("reset_request") == {"state", "email"}
    assert posted("reset") == {"state", "password", "password_again", "end_sessions"}
    assert posted("consent") == {"state", "decision"}


def test_an_error_stands_beside_its_field(read):
    page = read(SAMPLES["reset_with_all"](FULL))

    field = page.one("input", name="password_again").attributes
    assert field["aria-invalid"] == "true"
    assert (
        page.one(_id=field["aria-describedby"]).text
        == "The two passwords are not the same. Type the new password again."
    )
    assert page.one("title").text.startswith("Error: ")


def test_a_password_that_was_refused_shows_which_rules_it_keeps(read):
    page = read(SAMPLES["signup_with_all"](FULL))

    states = {tag.attributes["data-rule"]: tag.attributes["data-state"] for tag in page.all("li")}

    assert states["lengthAtLeast"] == states["upperCase"] == "unmet"
    assert states["lowerCase"] == "met"


def test_a_forgotten_password_gets_one_answer_whoever_asks(read):
    def answer(email):
        page = pages.ResetRequestPage(shell=FULL, **FORM, email=email, sent=True)
        return pages.render_reset_request(page).body.replace(email, "")

    assert answer("ann@example.com") == answer("nobody@example.com")


@pytest.mark.security(21)
@pytest.mark.parametrize("name", ["reset", "reset_with_all", "message", "message_with_all", "form_post", "web_message"])
def test_a_page_with_a_code_or_a_link_in_its_address_loads_nothing_from_elsewhere(name):
    rendered = SAMPLES[name](FULL)

    assert LOGO not in rendered.body
    assert "img-src 'self' data:;" in rendered.headers["Content-Security-Policy"]


@pytest.mark.parametrize("logo", ["http://cdn.example/logo.png", "javascript:alert(1)", "//cdn.example/logo.png"])
def test_only_a_logo_over_https_is_shown(logo, read):
    page = read(SAMPLES["login"](replace(FULL, application_logo=logo)))

    assert not page.all("img")
    assert page.one("span", **{"class": "monogram"}).text == "N"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "",
        "callback",
    ],
)
def test_a_link_leads_to_the_web_a_mailbox_or_our_own_pages_only(address):
    with pytest.raises(ValueError, match="no address to go on to"):
        Link(text="Go", address=address)


@pytest.mark.parametrize("address", ["/u/login?state=a", "/", "https://shop.example/", "mailto:help@shop.example"])
def test_a_link_is_shown_with_its_words(address, read):
    page = read(pages.render_message(pages.message(BARE, "link_expired", link=Link(text="Go on", address=address))))

    assert page.one("a", href=address).text == "Go on"


def test_a_form_post_carries_its_fields_to_the_callback_and_needs_no_script(read):
    page = read(SAMPLES["form_post"](FULL))

    assert page.one("form").attributes["action"] == CALLBACK
    assert {tag.attributes["name"]: tag.attributes["value"] for tag in page.all("input")} == {
        "code": "c0de",
        "state": '"><i>',
    }
    page.one("button", type="submit")


def test_a_web_message_may_be_framed_by_its_target_alone_and_keeps_its_opener(read):
    page = read(SAMPLES["web_message"](FULL))

    told = page.one("p", data_target_origin="https://shop.example").attributes["data-tells"]
    assert json.loads(told) == {"code": "c0de", "state": "</p>'\"&"}
    assert "frame-ancestors https://shop.example;" in page.rendered.headers["Content-Security-Policy"]
    assert page.rendered.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"


@pytest.mark.parametrize("target", ["*", "/", "", "null", "https://shop.example/", "https://shop.example/callback"])
def test_a_web_message_is_told_to_an_origin_and_never_to_anybody(target):
    with pytest.raises(ValueError, match="no origin"):
        pages.WebMessagePage(shell=FULL, target_origin=target, response={})


def test_every_page_of_a_sign_in_in_a_pop_up_keeps_its_opener():
    in_popup = replace(FULL, in_popup=True)

    openers = {name: SAMPLES[name](in_popup).headers["Cross-Origin-Opener-Policy"] for name in SAMPLES}

    assert set(openers) - {"form_post"} == {name for name, policy in openers.items() if policy == "unsafe-none"}


def test_words_from_elsewhere_are_shown_as_they_are(read):
    page = read(pages.render_login(pages.LoginPage(shell=BARE, **FORM, error="Ask {Ann} first.")))

    assert page.one(role="alert").text == "Ask {Ann} first."


def test_scopes_are_put_into_words():
    assert pages.scope("email").description == Text("scope.email")
    assert pages.scope("read:orders", "Read your orders").description == "Read your orders"
    assert pages.scope("read:orders").description == "read:orders"
