"""Signing up: on the page, which signs in too, and through the public API; and what neither tells."""

from __future__ import annotations

import json
import re

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import CALLBACK, EMAIL, PASSWORD, Browser, answer_of, claims_of, shown_by, sign_in, state_of

NEW = "new@example.com"
REFUSED = (
    400,
    {"name": "BadRequestError", "code": "invalid_signup", "description": "Invalid sign up", "statusCode": 400},
)


@pytest.fixture
def options(api):
    """Change options of the default connection."""

    def change(**changes):
        connection = api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
        body = {"options": {**connection["options"], **changes}}
        assert api.patch(f"/api/v2/connections/{connection['id']}", body).status == 200

    return change


@pytest.fixture
def fill_in(spa):
    """Fill in the sign-up page of the application."""

    def post(browser, email=NEW, password=PASSWORD, **form):
        state = state_of(shown_by(browser, spa, screen_hint="signup"))
        return browser.post("/u/signup", {"state": state, "email": email, "password": password, **form})

    return post


@pytest.fixture
def sign_up(app, spa):
    """Sign up through the public API."""

    def post(browser=None, **body):
        named = {"client_id": spa.client.client_id, "connection": DEFAULT_CONNECTION}
        sent = json.dumps({**named, "email": NEW, "password": PASSWORD, **body}).encode()
        somewhere = browser or Browser(app)
        answer = somewhere.send("POST", "/dbconnections/signup", sent, **{"Content-Type": "application/json"})
        return answer.status_code, json.loads(answer.body)

    return post


def users_with(api, email):
    return api.get("/api/v2/users-by-email", query={"email": email}).json


# On the page


def test_whoever_signs_up_is_signed_in_and_goes_on_to_the_application(browser, spa, api, fill_in):
    answer = fill_in(browser)

    tokens = json.loads(spa.exchange(answer_of(answer)["code"]).body)
    (user,) = users_with(api, NEW)
    assert answer.headers["Location"].startswith(CALLBACK)
    assert claims_of(tokens["id_token"])["sub"] == user["user_id"]
    assert (user["logins_count"], user["email_verified"]) == (1, False)
    assert "code" in answer_of(browser.get(spa.address(prompt="none")))


def test_whoever_signs_up_is_asked_to_verify_the_address(browser, fill_in, mailbox):
    fill_in(browser)

    (mail,) = mailbox.mails

    assert (mail.to, mail.subject) == (NEW, "Verify your e-mail address for main")
    assert mail.link.startswith("/u/verify-email?ticket=")


def test_a_sign_up_is_in_the_history_of_the_user(browser, spa, api, fill_in):
    fill_in(browser)

    (user,) = users_with(api, NEW)
    events = api.get(f"/api/v2/users/{user['user_id']}/logs").json

    assert [event["type"] for event in events] == ["s", "svr", "ss"]
    assert (events[2]["client_id"], events[2]["connection"]) == (spa.client.client_id, DEFAULT_CONNECTION)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"email": ""}, "Enter your e-mail address."),
        ({"email": "new@"}, "This is not an e-mail address."),
        ({"email": f"{'a' * 65}@example.com"}, "This is not an e-mail address."),
        ({"password": ""}, "Enter a password."),
        ({"password": "short"}, "This password is too weak."),
        ({"password": "Password1"}, "This password is too common"),
    ],
)
def test_what_is_wrong_stands_beside_what_was_typed(browser, fill_in, form, said):
    page = fill_in(browser, **form)

    assert page.status_code == 400
    assert said in page.body.decode()


def test_a_password_that_was_refused_is_not_shown_again(browser, fill_in):
    page = fill_in(browser, email="new@example.com", password="short")

    assert 'value="new@example.com"' in page.body.decode()
    assert "short" not in re.sub(r"<[^>]*(src|href)=[^>]*>", "", page.body.decode())


def test_the_page_says_which_rules_a_password_breaks(browser, fill_in):
    page = fill_in(browser, password="lower and spaces").body.decode()

    states = dict(re.findall(r'data-rule="(\w+)" data-count="\d+" data-state="(\w+)"', page))
    assert states["lengthAtLeast"] == "met"
    assert (states["containsAtLeast"], states["upperCase"], states["numbers"]) == ("unmet", "unmet", "unmet")


@pytest.mark.security(7)
def test_the_page_refuses_a_taken_address_without_a_reason(browser, api, ann, fill_in, mailbox):
    page = fill_in(browser, EMAIL)

    shown = page.body.decode()
    assert page.status_code == 400
    assert "We could not create this account. If you already have one, sign in instead." in shown
    assert not re.search("exists|taken|registered", shown)
    assert "__Host-gatehouse" not in browser.cookies
    assert mailbox.mails == []


def test_a_refused_sign_up_changes_nothing_of_the_user(browser, app, spa, ann, fill_in):
    fill_in(browser, EMAIL, "my own Horse battery 9")

    assert sign_in(Browser(app), spa, password="my own Horse battery 9").status_code == 403
    assert sign_in(Browser(app), spa).status_code == 303


@pytest.mark.security(7)
def test_a_refused_sign_up_is_in_the_history_of_the_tenant_and_not_of_the_user(browser, api, ann, fill_in):
    fill_in(browser, EMAIL)

    newest = api.get("/api/v2/logs").json[0]

    assert (newest["type"], newest.get("user_id"), newest["user_name"]) == ("fs", None, EMAIL)
    assert [event["type"] for event in api.get(f"/api/v2/users/{ann}/logs").json] == ["sapi"]


@pytest.mark.parametrize(
    ("username", "said"),
    [
        ("", "Choose a user name."),
        ("has space", "A user name has 1 to 15 characters"),
        ("a" * 16, "A user name has 1 to 15 characters"),
        ("taken", "This user name is taken."),
    ],
)
def test_a_user_name_that_will_not_do_is_said(browser, options, api, fill_in, username, said):
    options(requires_username=True)
    other = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "username": "taken", "password": PASSWORD}
    assert api.post("/api/v2/users", other).status == 201

    page = fill_in(browser, username=username)

    assert page.status_code == 400
    assert said in page.body.decode()


@pytest.mark.security(7)
def test_a_taken_user_name_does_not_tell_whether_the_address_is_taken_too(app, options, api, fill_in):
    options(requires_username=True)
    other = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "username": "taken", "password": PASSWORD}
    api.post("/api/v2/users", other)

    pages = [fill_in(Browser(app), email, username="taken") for email in (EMAIL, NEW)]

    assert all(b"This user name is taken." in page.body for page in pages)
    assert not any(b"We could not create this account" in page.body for page in pages)


def test_a_database_without_sign_ups_leads_to_the_login_page(app, spa, options, fill_in):
    options(disable_signup=True)
    browser = Browser(app)
    asked = browser.get(browser.get(spa.address(screen_hint="signup")).headers["Location"])

    posted = browser.post("/u/signup", {"state": asked.headers["Location"].partition("=")[2], "email": NEW})

    assert asked.status_code == posted.status_code == 303
    assert posted.headers["Location"].startswith("/u/login?state=")
    assert b"/u/signup" not in browser.get(posted.headers["Location"]).body


def test_a_login_hint_is_filled_in(browser, spa):
    page = shown_by(browser, spa, screen_hint="signup", login_hint=NEW)

    assert f'value="{NEW}"' in page.body.decode()


@pytest.mark.security(20)
def test_another_site_cannot_sign_somebody_up(browser, spa, api):
    state = state_of(shown_by(browser, spa, screen_hint="signup"))
    form = {"state": state, "email": NEW, "password": PASSWORD}

    answer = browser.post("/u/signup", form, Origin="https://evil.example")

    assert answer.status_code == 403
    assert users_with(api, NEW) == []


@pytest.mark.security(20)
def test_a_page_begun_in_another_browser_signs_nobody_up(app, browser, spa, api):
    state = state_of(shown_by(browser, spa, screen_hint="signup"))

    answer = Browser(app).post("/u/signup", {"state": state, "email": NEW, "password": PASSWORD})

    assert answer.status_code == 400
    assert users_with(api, NEW) == []


# Through the public API


def test_the_api_makes_an_account_and_says_which(api, sign_up):
    status, body = sign_up()

    (user,) = users_with(api, NEW)
    assert (status, body) == (200, {"_id": user["identities"][0]["user_id"], "email": NEW, "email_verified": False})


def test_the_api_keeps_what_else_it_is_given_and_shows_it(api, sign_up):
    given = {"name": "Ann B", "given_name": "Ann", "nickname": "annie", "user_metadata": {"plan": "free"}}

    _, body = sign_up(**given, picture="https://example.com/ann.png")

    (user,) = users_with(api, NEW)
    assert {name: body[name] for name in given} == {name: user[name] for name in given} == given
    assert body["picture"] == user["picture"] == "https://example.com/ann.png"


@pytest.mark.security(34)
def test_what_only_an_administrator_may_set_is_ignored(api, sign_up):
    forged = {"email_verified": True, "blocked": True, "app_metadata": {"role": "admin"}, "user_id": "root"}

    status, _ = sign_up(**forged)

    (user,) = users_with(api, NEW)
    assert (status, user["email_verified"]) == (200, False)
    assert not {"blocked", "app_metadata"} & user.keys()
    assert user["user_id"] != "auth0|root"


def test_the_api_takes_a_form_too(app, spa, api):
    form = {"client_id": spa.client.client_id, "connection": DEFAULT_CONNECTION, "email": NEW, "password": PASSWORD}

    answer = Browser(app).post("/dbconnections/signup", form)

    assert answer.status_code == 200
    assert len(users_with(api, NEW)) == 1


@pytest.mark.parametrize("path", ["signup", "change_password"])
def test_pages_of_other_origins_may_ask(app, path):
    answer = Browser(app).post(f"/dbconnections/{path}", {}, Origin="https://app.example.com")

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.security(7)
def test_the_api_refuses_a_taken_address_without_a_reason(sign_up, ann, mailbox):
    assert sign_up(email=EMAIL) == REFUSED
    assert sign_up(email=EMAIL.upper()) == REFUSED
    assert mailbox.mails == []


def test_a_tenant_may_want_it_told_that_an_address_is_taken(api, sign_up, ann):
    api.patch("/api/v2/tenants/settings", {"flags": {"enable_public_signup_user_exists_error": True}})

    status, body = sign_up(email=EMAIL)

    assert (status, body["code"], body["description"]) == (400, "user_exists", "The user already exists.")


@pytest.mark.security(7)
@pytest.mark.parametrize("email", [EMAIL, NEW])
def test_whether_or_not_the_address_is_taken_dynamodb_is_asked_for_the_same(sign_up, calls, ann, email):
    sign_up(email="warm@example.com")  # so that the cache is warm
    calls.clear()

    sign_up(email=email)

    assert calls == [("UpdateItem", 1), ("TransactWriteItems", 8), ("TransactWriteItems", 3)]


@pytest.mark.security(1, 5)
def test_a_weak_password_is_refused_with_the_rules(sign_up):
    status, body = sign_up(password="lower")

    assert (status, body["code"], body["name"]) == (400, "invalid_password", "PasswordStrengthError")
    assert body["message"] == "Password is too weak"
    assert body["description"]["verified"] is False
    assert body["description"]["rules"][0]["format"] == [8]
    assert body["policy"].startswith("* At least 8 characters in length\n")


@pytest.mark.security(5)
@pytest.mark.parametrize(
    ("changes", "password", "name", "description"),
    [
        ({}, "Password1", "PasswordDictionaryError", "Password is not allowed, it might be too common."),
        (
            {"password_no_personal_info": {"enable": True}},
            "Newcomer 77 new",
            "PasswordNoUserInfoError",
            "Password is based on user information",
        ),
    ],
)
def test_other_passwords_are_refused_with_a_sentence(options, sign_up, changes, password, name, description):
    options(**changes)

    status, body = sign_up(password=password)

    assert (status, body["code"], body["name"], body["description"]) == (400, "invalid_password", name, description)
    assert "policy" not in body


@pytest.mark.security(7)
def test_a_bad_password_is_refused_before_the_address_is_looked_up(sign_up, ann):
    known, unknown = sign_up(email=EMAIL, password="short"), sign_up(password="short")

    assert known == unknown


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"client_id": ""}, "missing client_id parameter"),
        ({"client_id": "unknown"}, "the client was not found"),
        ({"connection": ""}, "missing connection parameter"),
        ({"connection": "Nowhere"}, "the connection was not found"),
    ],
)
def test_the_api_names_what_is_wrong_with_a_request(sign_up, body, error):
    assert sign_up(**body) == (400, {"error": "invalid_request", "error_description": error})


def test_a_refusal_of_any_kind_has_auth0s_shape(app):
    unknown = Browser(app, "nowhere").post("/dbconnections/signup", {})
    unreadable = Browser(app).send("POST", "/dbconnections/signup", b"<xml/>", **{"Content-Type": "text/xml"})

    shapes = [json.loads(answer.body) for answer in (unknown, unreadable)]
    assert [(shape["name"], shape["statusCode"]) for shape in shapes] == [
        ("NotFoundError", 404),
        ("UnsupportedMediaTypeError", 415),
    ]
    assert all({"code", "description"} <= shape.keys() for shape in shapes)


def test_a_connection_takes_sign_ups_for_the_clients_it_is_turned_on_for(api, sign_up):
    other = api.post("/api/v2/clients", {"name": "Other"}).json["client_id"]

    status, body = sign_up(client_id=other)

    assert (status, body["error_description"]) == (400, "the connection was disabled")


def test_the_global_client_signs_nobody_up(api, core, sign_up):
    (everything,) = [client for client in core.clients.store.walk("main") if client.is_global]

    assert sign_up(client_id=everything.client_id)[1]["error_description"] == "the client was not found"


def test_a_database_without_sign_ups_says_so(options, sign_up):
    options(disable_signup=True)

    assert sign_up() == (400, {"error": "public signup is disabled"})


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ({"email": None}, "Expected type string but found type null"),
        ({"email": "new@"}, "Object didn't pass validation for format email: new@"),
        ({"username": "ann"}, "Cannot set username for connection without requires_username"),
        ({"user_metadata": {str(n): "" for n in range(11)}}, "length <= 10"),
        ({"user_metadata": {"k" * 101: ""}}, "length <= 100"),
        ({"user_metadata": {"k": "v" * 501}}, "length <= 500"),
        ({"user_metadata": {"k": 1}}, "Expected type string but found type integer"),
        ({"picture": "http://example.com/a.png"}, "matching regex"),
    ],
)
def test_a_field_that_will_not_do_is_named(sign_up, body, description):
    status, refusal = sign_up(**body)

    assert (status, refusal["name"], refusal["statusCode"]) == (400, "BadRequestError", 400)
    assert description in refusal["description"]


@pytest.mark.security(43)
def test_metadata_at_its_limits_is_kept(api, sign_up):
    metadata = {f"{n:0>100}": "v" * 500 for n in range(10)}

    status, _ = sign_up(user_metadata=metadata)

    assert status == 200
    assert users_with(api, NEW)[0]["user_metadata"] == metadata


@pytest.mark.parametrize("missing", ["email", "password"])
def test_what_a_sign_up_needs_is_named(app, spa, missing):
    form = {"client_id": spa.client.client_id, "connection": DEFAULT_CONNECTION, "email": NEW, "password": PASSWORD}
    del form[missing]

    answer = Browser(app).post("/dbconnections/signup", form)

    assert answer.status_code == 400
    assert f"Missing required property: {missing}" in json.loads(answer.body)["description"]
