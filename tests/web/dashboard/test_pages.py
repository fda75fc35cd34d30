"""What all pages of the dashboard have: the frame, the navigation by role, notices; and the first few pages."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import urlencode

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.oauth.authorize import Browser as OAuthBrowser
from chalicelib.core.roles import EDITOR, OWNER, SUPPORT, VIEWER
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.web.dashboard.addresses import START, within
from chalicelib.web.dashboard.paging import PER_PAGE
from chalicelib.web.dashboard.portraits import initials, portrait_of
from tests.conftest import Api
from tests.flows.browsing import PASSWORD
from tests.web.conftest import DASHBOARD, named

NOBODY = OAuthBrowser()
ACME_USER = {"connection": DEFAULT_CONNECTION, "email": "only-in-acme@example.com", "password": PASSWORD}


def names(shown) -> list[str]:
    """Give who is on a page of users, in its order."""
    return re.findall(r">(user\d+)@example.com</(?:a|strong)>", shown.html)


def rel(shown, which: str) -> str:
    """Give the address of the page before or after; "" if there is none."""
    found = re.search(rf'href="([^"]+)" rel="{which}"', shown.html)
    return unescape(found[1]) if found else ""


def test_every_page_says_which_tenant_one_is_in_and_as_what(owner):
    shown = owner.get("users")

    assert shown.title == "Users · main · Gatehouse"
    assert "main owner" in shown.text


def test_the_friendly_name_of_the_tenant_is_what_is_shown(owner, api):
    api.patch("/api/v2/tenants/settings", {"friendly_name": "Main <Street>"})

    assert owner.get("users").title == "Users · Main <Street> · Gatehouse"


def test_the_list_of_tenants_is_on_every_page_and_switching_is_one_click(owner, people):
    people.let_in(owner.user_id, VIEWER, "acme")

    assert "/dashboard/t/acme" in owner.get("users").links
    assert owner.get("/dashboard/t/acme/users").status == 200


@pytest.mark.parametrize("role", [OWNER, EDITOR, SUPPORT, VIEWER])
def test_every_role_may_look_at_the_users(desk, role):
    somebody = desk(role)

    assert somebody.get("users").status == 200
    assert within("main", "users") in somebody.get("users").links


@pytest.mark.security(21)
def test_a_page_runs_and_styles_nothing_inline_and_is_kept_nowhere(owner):
    shown = owner.get("users")

    assert shown.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'; style-src 'self'; img-src 'self' data:;" in shown.headers["Content-Security-Policy"]
    assert " style=" not in shown.html
    assert re.findall(r"<script(?![^>]* src=)", shown.html) == []


def test_an_unknown_page_of_ones_own_tenant_has_the_frame(owner):
    shown = owner.get("/dashboard/t/nowhere/users")

    assert "There is nothing here" in shown.title
    assert "owner@example.com" in shown.html
    assert "Sign out" in shown.text


@pytest.mark.security(34)
def test_every_page_of_a_tenant_demands_a_scope_and_every_form_the_token():
    of_tenants = [each for each in DASHBOARD if "{tenant}" in each.path]
    forms = [each for each in DASHBOARD if each.method != "GET"]

    assert [named(each) for each in of_tenants if not each.scopes] == []
    assert [named(each) for each in forms if "form_token" not in each.body.__struct_fields__] == []
    assert all(each.path.startswith("/dashboard") and each.method in {"GET", "POST"} for each in DASHBOARD)


def test_a_tenant_is_created_by_a_form_and_belongs_to_whoever_sent_it(owner, core):
    created = owner.post("/dashboard/tenants/new", {"name": " NewCo ", "friendly_name": "New  Co"})
    shown = owner.follow(created)

    assert created.location == "/dashboard/t/newco"
    assert shown.notice == "The tenant newco was created, and you are its owner."
    assert core.operators.memberships(owner.user_id).roles == {"main": OWNER, "newco": OWNER}
    assert core.tenants.get("newco").settings == {"friendly_name": "New Co"}


def test_a_notice_is_said_once(owner):
    created = owner.post("/dashboard/tenants/new", {"name": "newco"})

    assert owner.follow(created).notice
    assert owner.get(created.location).notice == ""


def test_nobody_can_make_a_page_say_something(owner, editor):
    owner.post("/dashboard/tenants/new", {"name": "newco"})
    name = "__Host-gatehouse-dashboard-notice"
    editor.browser.cookies[name] = owner.browser.cookies[name]

    assert editor.get("users").notice == ""


@pytest.mark.parametrize(
    ("form", "wrong", "status"),
    [
        ({"name": "a"}, "name", 400),
        ({"name": "Not a host"}, "name", 400),
        ({"name": "acme"}, "name", 409),
        ({"name": "newco", "friendly_name": "x" * 201}, "friendly_name", 400),
        ({"name": "newco", "friendly_name": "x\x00y"}, "friendly_name", 400),
    ],
)
def test_what_is_wrong_with_a_new_tenant_stands_beside_its_field_and_what_was_typed_is_kept(owner, form, wrong, status):
    shown = owner.post("/dashboard/tenants/new", form)

    assert shown.status == status
    assert list(shown.problems) == [wrong]
    assert f'value="{form["name"]}"' in shown.html


@pytest.mark.security(34)
@pytest.mark.parametrize("role", [EDITOR, SUPPORT, VIEWER])
def test_who_owns_no_tenant_makes_none(desk, role, core):
    somebody = desk(role)

    refused = somebody.post("/dashboard/tenants/new", {"name": "newco"})

    assert refused.status == 403
    assert "Your role does not allow this" in refused.text
    assert somebody.get("/dashboard/tenants/new").status == 403
    assert not core.tenants.exists("newco")


def test_an_empty_tenant_shows_three_things_to_do_none_of_them_done(owner):
    shown = owner.get()

    assert shown.title.startswith("Getting started")
    assert shown.html.count('<li class="done">') == 0
    assert all(task in shown.text for task in ("Register an application", "Add a user", "Sign in for the first time"))


def test_each_thing_is_ticked_when_it_is_done_and_then_the_users_come_first(owner, api, core, user):
    connection = api.get("/api/v2/connections").json[0]["id"]
    client = api.post("/api/v2/clients", {"name": "Shop"}).json["client_id"]
    ticked = [owner.get().html.count('<li class="done">')]
    api.patch(f"/api/v2/connections/{connection}/clients", [{"client_id": client, "status": True}])
    ticked.append(owner.get().html.count('<li class="done">'))
    ann = user("ann")
    ticked.append(owner.get().html.count('<li class="done">'))

    proven = core.sign_ins.with_password(
        Caller(tenant="main"),
        None,
        core.connections.get(Caller(tenant="main"), connection),
        "ann@example.com",
        PASSWORD,
    )
    core.account_sign_in.finish(Caller(tenant="main"), proven, NOBODY)

    assert ticked == [0, 1, 2]
    assert core.users.store.find("main", ann).logins_count == 1
    assert owner.get().location == "/dashboard/t/main/users"


def test_a_list_without_users_says_how_they_come(owner):
    assert "No users yet" in owner.get("users").text


def test_a_user_is_a_line_with_all_that_one_looks_for(owner, user, clock):
    user("ann", name="Ann Lee", blocked=True)
    clock.advance(seconds=1)
    user("bob")

    shown = owner.get("users")

    assert "AL Ann Lee blocked ann@example.com Username-Password-Authentication 0 pending" in shown.text
    assert "B bob@example.com Username-Password-Authentication 0 pending" in shown.text
    assert shown.text.index("bob@example.com") < shown.text.index("ann@example.com")


def test_a_page_of_users_leads_to_the_next_and_back_to_where_one_was(owner, user, clock):
    for number in range(2 * PER_PAGE + 1):
        clock.advance(milliseconds=1)
        user(f"user{number}")

    first = owner.get("users")
    second = owner.get(rel(first, "next"))
    third = owner.get(rel(second, "next"))
    back = owner.get(rel(third, "prev"))

    assert [len(names(shown)) for shown in (first, second, third)] == [PER_PAGE, PER_PAGE, 1]
    assert names(third) == ["user0"]
    assert names(back) == names(second)
    assert names(owner.get(rel(back, "prev"))) == names(first)
    assert (rel(first, "prev"), rel(third, "next")) == ("", "")


def test_users_are_found_by_the_beginning_of_a_name_or_an_address_and_by_their_id(owner, user):
    bob = user("bob", name="Björn Lee")
    user("ann")

    for text in ("bjo", "LEE", "bob@ex", bob):
        shown = owner.get(f"users?{urlencode({'q': text})}")
        assert ("Björn Lee" in shown.text, "ann@example.com" in shown.text) == (True, False), text
    assert 'value="bjo"' in owner.get("users?q=bjo").html
    assert "Nobody fits" in owner.get("users?q=zz").text


def test_users_are_narrowed_by_connection_and_by_what_became_of_them(owner, user):
    user("ann", blocked=True)
    user("bob")

    blocked = owner.get("users?status=blocked&connection=Username-Password-Authentication")
    pending = owner.get("users?status=pending")

    assert ("ann@" in blocked.text, "bob@" in blocked.text) == (True, False)
    assert ("ann@" in pending.text, "bob@" in pending.text) == (True, True)
    assert '<option value="blocked" selected>' in blocked.html


def test_pages_keep_what_was_searched_for(owner, user):
    for number in range(PER_PAGE + 1):
        user(f"user{number}")
    user("ann")

    first = owner.get("users?q=user")
    second = owner.get(rel(first, "next"))

    assert (len(names(first)), len(names(second))) == (PER_PAGE, 1)
    assert 'value="user"' in second.html
    assert names(owner.get(rel(second, "prev"))) == names(first)


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [("users?q=a&at=forged", "users?q=a"), ("users?status=blocked&connection=gone", "users?status=blocked")],
)
def test_an_old_address_of_the_list_shows_what_there_is(owner, address, leads_to):
    shown = owner.get(address)

    assert (shown.status, shown.location) == (303, f"/dashboard/t/main/{leads_to}")


@pytest.mark.parametrize(("length", "status"), [(320, 200), (321, 400)])
def test_a_search_is_as_long_as_an_address_can_be(owner, length, status):
    assert owner.get(f"users?q={'a' * length}").status == status


def test_a_picture_is_shown_and_gravatar_only_where_the_tenant_turns_it_on(owner, api, user):
    user("ann", picture="https://cdn.example/ann.png")
    user("bob", picture="https://s.gravatar.com/avatar/x")
    before = owner.get("users")
    api.patch("/api/v2/tenants/settings", {"flags": {"gravatar": True}})
    owner.app.core.clients.store.cache.entries.clear()

    after = owner.get("users")

    assert "https://cdn.example/ann.png" in before.html
    assert "img-src 'self' data: https:" in before.headers["Content-Security-Policy"]
    assert "gravatar" not in before.html
    assert "https://s.gravatar.com/avatar/x" in after.html


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Ann Lee", "AL"), ("ann.b.lee@example.com", "AL"), ("ann", "A"), ("日本 太郎", "日太"), ("@", "?"), ("", "?")],
)
def test_initials_are_of_the_first_and_the_last_word(name, shown):
    assert initials(name) == shown


def test_a_picture_that_is_no_https_address_is_not_asked_for(core, user):
    made = core.users.store.find("main", user("ann"))

    for picture in ("http://cdn.example/a.png", "javascript:alert(1)", "https:///x", ""):
        assert portrait_of(replace(made, picture=picture)).picture == ""


def test_the_dashboard_looks_at_no_tenant_for_whom_the_address_is_not_meant(owner):
    Api(owner.app, "acme").post("/api/v2/users", ACME_USER)

    assert "only-in-acme" not in owner.get("users").html


def test_the_navigation_shows_what_there_is_and_leads_there(owner):
    shown = owner.get("users")

    sections = [each.path.removeprefix(f"{START}/") for each in DASHBOARD if each.path.count("/") == 4]

    assert {within("main", section) for section in sections if "{" not in section} <= set(shown.links)
