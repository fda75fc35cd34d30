"""Into the dashboard and out of it: whose cookie it is, how long it lets in, and what ends it at once."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.roles import EDITOR, OWNER, VIEWER
from chalicelib.core.tenants import SYSTEM_TENANT
from tests.conftest import Api
from tests.dashboards import DASHBOARD, Desk
from tests.flows.browsing import PASSWORD, Browser, state_of

SYSTEM = Caller(tenant=SYSTEM_TENANT, scopes=frozenset({"update:users"}))
FLOW = f"{DASHBOARD}-flow"


@pytest.fixture
def stranger(app, people):
    """Somebody who owns the tenant `main` and is not signed in yet."""
    user_id = people.person("ann@example.com")
    people.let_in(user_id, OWNER)
    return Desk(app, user_id, "ann@example.com")


def asks_to_sign_in(desk: Desk) -> bool:
    return desk.get().location.startswith("/authorize?")


def test_whoever_is_not_signed_in_signs_in_and_comes_to_the_page_they_wanted(stranger):
    arrived = stranger.enter("/dashboard/t/main/users?from=1&trail=2~3")

    assert arrived.location == "/dashboard/t/main/users?from=1&trail=2~3"
    assert stranger.get("users").status == 200


def test_it_is_asked_for_with_a_proof_key_a_state_and_a_nonce(stranger):
    query = parse_qs(urlsplit(stranger.get().location).query)

    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["https://system.gatehouse.test/dashboard/callback"]
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert query["client_id"] == ["dashboard"]


@pytest.mark.security(16)
def test_the_cookie_is_for_this_host_alone_and_for_no_script(stranger):
    stranger.enter()

    cookie = next(each for each in stranger.browser.set_cookies if each.startswith(f"{DASHBOARD}="))
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=86400"} == set(cookie.split("; ")[1:])


@pytest.mark.security(15)
def test_the_table_holds_no_secret_of_a_cookie(stranger, contents):
    stranger.enter()

    secret = stranger.browser.cookies[DASHBOARD].split(".")[2]
    assert secret not in str(contents.read())


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "..", "YXV0aDB8YW5u.ses_1.secret", "\u00e4.b.c"])
def test_a_cookie_that_is_none_of_ours_lets_nobody_in(stranger, cookie):
    stranger.browser.cookies[DASHBOARD] = cookie

    assert asks_to_sign_in(stranger)


def test_a_cookie_with_another_secret_lets_nobody_in(owner):
    user, session, _ = owner.browser.cookies[DASHBOARD].split(".")
    owner.browser.cookies[DASHBOARD] = f"{user}.{session}.{'a' * 43}"

    assert asks_to_sign_in(owner)


def test_the_cookie_of_the_system_tenants_session_is_not_the_dashboards(owner):
    owner.browser.cookies[DASHBOARD] = owner.browser.cookies["__Host-gatehouse"]

    assert asks_to_sign_in(owner)


@pytest.mark.security(20)
def test_a_sign_in_that_was_begun_in_another_browser_is_not_finished_here(app, stranger):
    other = Browser(app, SYSTEM_TENANT)
    begun = other.get("/dashboard")
    shown = other.get(other.get(begun.headers["Location"]).headers["Location"])
    form = {"state": state_of(shown), "username": stranger.email, "password": PASSWORD}
    callback = other.post("/u/login", form).headers["Location"].partition("gatehouse.test")[2]
    stranger.get()

    refused = stranger.get(callback)

    assert refused.status == 400
    assert DASHBOARD not in stranger.browser.cookies


def test_a_code_of_another_sign_in_is_refused(stranger):
    first = parse_qs(urlsplit(stranger.get().location).query)["state"][0]

    refused = stranger.get(f"/dashboard/callback?code=unknown&state={first}")

    assert refused.status == 403
    assert "Go to the dashboard" in refused.text


def test_a_sign_in_that_was_broken_off_is_said_so(stranger):
    refused = stranger.get("/dashboard/callback?error=access_denied&error_description=Rules+say+no.")

    assert refused.status == 400
    assert "Rules say no." in refused.text


@pytest.mark.security(18)
@pytest.mark.parametrize("patch", [{"blocked": True}, {"password": "another Horse battery 2"}])
def test_blocking_somebody_or_setting_their_password_ends_the_session_at_once(core, owner, patch):
    core.users.update(SYSTEM, owner.user_id, patch)

    assert asks_to_sign_in(owner)


@pytest.mark.security(18)
def test_deleting_somebody_or_ending_their_sessions_ends_it_at_once(core, desk):
    gone, signed_out = desk(OWNER), desk(EDITOR)

    core.users.delete(SYSTEM, gone.user_id)
    core.users.end_sessions(SYSTEM, signed_out.user_id)

    assert asks_to_sign_in(gone)
    assert asks_to_sign_in(signed_out)


def test_ending_the_browsers_session_on_the_account_page_ends_the_dashboards(owner):
    page = owner.browser.get("/u/account")
    session_id = re.search(r'name="session_id" value="([^"]+)"', page.body.decode())[1]
    owner.browser.post("/u/account/sessions", {"state": state_of(page), "session_id": session_id, "confirmed": "yes"})

    assert asks_to_sign_in(owner)


@pytest.mark.security(17)
def test_a_session_that_is_not_used_ends(owner, clock):
    clock.advance(hours=3, minutes=59)
    assert owner.get("users").status == 200
    clock.advance(hours=3, minutes=59)
    assert owner.get("users").status == 200

    clock.advance(hours=4)

    assert asks_to_sign_in(owner)


@pytest.mark.security(17)
def test_a_session_that_is_used_ends_after_a_day(owner, clock):
    for _ in range(23):
        clock.advance(hours=1)
        assert owner.get("users").status == 200

    clock.advance(hours=1)

    assert asks_to_sign_in(owner)


def test_signing_out_ends_both_sessions_and_asks_for_the_password_again(owner):
    left = owner.post("/dashboard/sign-out")

    assert owner.follow(left).status == 200
    assert DASHBOARD not in owner.browser.cookies
    asked = owner.browser.get(owner.get().location)
    assert asked.headers["Location"].startswith("/u/login")


def test_a_stolen_cookie_is_good_for_nothing_once_its_owner_signed_out(owner):
    stolen = dict(owner.browser.cookies)
    owner.post("/dashboard/sign-out")

    owner.browser.cookies = stolen

    assert asks_to_sign_in(owner)


@pytest.mark.security(20)
@pytest.mark.parametrize("token", ["", "0" * 64, "\u00e4"])
def test_a_form_without_the_token_of_its_session_changes_nothing(owner, token):
    refused = owner.post("/dashboard/sign-out", token=token)

    assert refused.status == 403
    assert "Nothing was changed" in refused.text
    assert owner.get("users").status == 200


@pytest.mark.security(20)
def test_a_form_with_the_token_of_somebody_elses_session_changes_nothing(owner, editor):
    assert owner.post("/dashboard/sign-out", token=editor.token).status == 403


@pytest.mark.security(20)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_that_another_site_posts_changes_nothing(owner, headers):
    assert owner.post("/dashboard/sign-out", **headers).status == 403


def test_a_form_of_somebody_who_was_signed_out_meanwhile_says_so_and_leads_nowhere(core, owner):
    token = owner.token
    core.users.end_sessions(SYSTEM, owner.user_id)

    refused = owner.post("/dashboard/sign-out", token=token)

    assert refused.status == 401
    assert "come back here with the Back button" in refused.text


def test_one_tenant_is_gone_to_at_once_and_of_several_the_last(owner, people):
    assert owner.get("/dashboard").location == "/dashboard/t/main"
    people.let_in(owner.user_id, VIEWER, "acme")

    assert owner.get("/dashboard").location == "/dashboard/tenants"
    owner.get("/dashboard/t/acme/users")

    assert owner.get("/dashboard").location == "/dashboard/t/acme"


def test_who_is_a_member_of_nothing_is_told_whom_to_ask(desk):
    shown = desk("").get("/dashboard/tenants")

    assert "You are a member of no tenant yet" in shown.text
    assert "nobody@example.com" in shown.text
    assert "Create tenant" not in shown.text


@pytest.mark.security(33)
def test_a_tenant_one_is_no_member_of_is_not_there(owner):
    unknown, foreign = owner.get("/dashboard/t/nowhere/users"), owner.get("/dashboard/t/acme/users")

    assert unknown.status == foreign.status == 404
    assert "acme" not in foreign.text.lower()
    assert foreign.text == unknown.text


def test_whoever_is_a_member_no_more_sees_nothing_from_the_next_request_on(core, owner, desk):
    editor = desk(EDITOR)
    core.operators.remove(Caller(tenant="main", scopes=frozenset({"update:members"})), editor.user_id)

    assert editor.get("users").status == 404


def test_the_default_tenants_host_leads_to_the_system_tenants(app):
    answer = Browser(app, "main").get("/dashboard/t/main/users?from=x")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "https://system.gatehouse.test/dashboard/t/main/users?from=x"


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/callback?code=x", "/dashboard/signed-out"])
def test_another_tenants_host_has_no_dashboard(app, path):
    assert Browser(app, "acme").get(path).status_code == 404


def test_the_client_is_made_anew_for_a_system_tenant_that_has_none(core, system: Api, stranger):
    assert system.delete("/api/v2/clients/dashboard").status == 204

    assert stranger.enter().location == "/dashboard"

    client = system.get("/api/v2/clients/dashboard").json
    assert client["callbacks"] == ["https://system.gatehouse.test/dashboard/callback"]
    assert client["token_endpoint_auth_method"] == "none"


def test_nobody_signs_up_to_be_an_operator(app):
    browser = Browser(app, SYSTEM_TENANT)
    shown = browser.get(browser.get(browser.get("/dashboard").headers["Location"]).headers["Location"])

    assert "/u/signup" not in shown.body.decode()


def test_the_history_says_who_did_something_at_the_dashboard(core, desk, viewer):
    created = desk(OWNER, name="ann").post("/dashboard/tenants/new", {"name": "newco"})

    event = Api(viewer.app, "newco").get("/api/v2/logs").json[0]
    assert created.status == 303
    assert event["details"]["request"]["auth"]["operator"] == "ann@example.com"
    assert event["description"] == "Create a tenant in the dashboard"
