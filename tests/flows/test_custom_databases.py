"""Connections that ask a tenant's own database, by scripts in the real sandbox."""

from __future__ import annotations

import json

import pytest

from chalicelib import tasks
from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import Browser, answer_of, claims_of, shown_by, sign_in
from tests.flows.databases import EMAIL, NAME, PASSWORD, OwnDatabase, answering, saying
from tests.web.test_budget import counting

REALM = "http://auth0.com/oauth/grant-type/password-realm"
SIGNUP = "/dbconnections/signup"
NEW = {"email": "new@example.com", "password": "a new secret 1"}


@pytest.fixture
def web(register):
    """An application that may sign in in every way."""
    return register(app_type="regular_web", grant_types=["authorization_code", "refresh_token", "implicit", REALM])


@pytest.fixture
def database(api, web):
    """A connection to a tenant's own database, which has no scripts yet."""
    return OwnDatabase(api, web.client.client_id)


@pytest.fixture
def enter(web):
    """Sign in at the database by the password grant."""

    def tried(name: str = EMAIL, password: str = PASSWORD):
        return web.token(grant_type=REALM, realm=NAME, username=name, password=password, scope="openid profile email")

    return tried


@pytest.fixture
def sign_up(web, app):
    """Make an account as an application does."""

    def tried(**body):
        sent = {"client_id": web.client.client_id, "connection": NAME, **NEW, **body}
        return Browser(app).post(SIGNUP, sent)

    return tried


def refused(answer) -> tuple[int, str, str]:
    return answer.status_code, answer.json_body["error"], answer.json_body["error_description"]


def kept(contents) -> str:
    """All of the table but the scripts, which are the tenant's database here."""
    return json.dumps([item for item in contents.read() if not item["sk"]["S"].startswith("CONNECTION_SCRIPT#")])


WRONG = (403, "invalid_grant", "Wrong email or password.")
NO_ANSWER = (403, "access_denied", "The sign-in could not be checked. Try again later.")


def test_the_first_sign_in_brings_the_user_and_keeps_no_password(database, enter, contents):
    database.set(login=answering())

    claims = claims_of(enter().json_body["id_token"])

    assert (claims["sub"], claims["email"], claims["name"], claims["email_verified"]) == ("auth0|7", EMAIL, "Kim", True)
    assert (database.user()["team"], database.user()["identities"][0]["connection"]) == ("blue", NAME)
    assert database.login_of().password_hash == ""
    assert PASSWORD not in kept(contents)


def test_a_browser_signs_in_too_and_has_a_session(database, web, browser):
    database.set(login=answering())

    first = answer_of(sign_in(browser, web, email=EMAIL, password=PASSWORD, connection=NAME))
    silent = answer_of(browser.get(web.address(prompt="none", connection=NAME)))

    assert "code" in first
    assert "code" in silent


def test_each_sign_in_asks_and_brings_the_profile_up_to_date(database, enter):
    database.set(login=answering())
    enter()
    database.set(login=answering(name="Kimberly", team="red", email="k@example.com", typed="k@example.com"))

    old, new = enter(), enter("k@example.com")

    assert old.status_code == 403
    assert new.status_code == 200
    user = database.user()
    assert (user["name"], user["team"], user["email"], user["logins_count"]) == ("Kimberly", "red", "k@example.com", 2)
    assert (database.login_of(), database.login_of("k@example.com").user_id) == (None, "auth0|7")


def test_a_profile_that_did_not_change_is_not_written(database, enter):
    database.set(login=answering())
    enter()
    before = database.user()["updated_at"], len(database.events("sapi"))

    enter()

    assert (database.user()["updated_at"], len(database.events("sapi"))) == before


def test_metadata_is_taken_once_and_then_is_ours(database, api, enter):
    database.set(login=answering(metadata={"plan": "gold", "blocked": True}, user_metadata={"lang": "de"}))
    enter()
    api.patch("/api/v2/users/auth0%7C7", {"app_metadata": {"plan": "silver"}})

    enter()

    assert (database.user()["app_metadata"], database.user()["user_metadata"]) == ({"plan": "silver"}, {"lang": "de"})


@pytest.mark.security(10)
def test_a_profile_cannot_say_who_a_user_may_be_nor_leave_a_password(database, enter):
    hostile = {"blocked": True, "identities": [], "logins_count": 99, "generation": 5, "passwordHash": "x", "salt": "y"}
    database.set(login=answering(**hostile, version=7, created_at="1999-01-01", impersonated=True))

    assert enter().status_code == 200

    user = database.user()
    assert not user.keys() & {"blocked", "generation", "passwordHash", "salt", "version", "impersonated"}
    assert (user["logins_count"], len(user["identities"])) == (1, 1)


@pytest.mark.security(7)
def test_unknown_names_and_wrong_passwords_get_one_answer(database, enter):
    database.set(login=answering())
    enter()

    assert refused(enter(password="wrong")) == WRONG
    assert refused(enter("nobody@example.com")) == WRONG
    assert [each["type"] for each in (*database.events("fp"), *database.events("fu"))] == ["fp", "fu"]


@pytest.mark.parametrize("nothing", ["callback(null)", "callback(null, null)", "callback(null, false)"])
def test_no_profile_is_a_wrong_password(nothing, database, enter):
    database.set(login=saying(nothing))

    assert refused(enter()) == WRONG


FAULTS = {
    "an error": "callback(new Error('ECONNREFUSED db.internal'))",
    "a throw": "throw new Error('thrown')",
    "a rejected promise": "return Promise.reject(new Error('rejected'))",
    "no callback": "",
    "a text": "callback(null, 'Kim')",
    "a list": "callback(null, [1])",
    "an UnauthorizedError": "callback(new UnauthorizedError('no'))",
    "an endless loop": "for (;;) {}",
    "too much memory": "const all = []; for (;;) all.push(new Array(100000).fill(1))",
    "a user id that is none": "callback(null, {user_id: 'a\\u0000b', email: 'kim@example.com'})",
    "no name": "callback(null, {user_id: '7', nickname: 'k', email: 'none'})",
}


@pytest.mark.security(35)
@pytest.mark.parametrize("body", FAULTS.values(), ids=FAULTS)
def test_whatever_goes_wrong_refuses_and_names_the_script(body, database, enter):
    database.set(login=saying(body))

    answer = enter("kim")

    assert refused(answer) == NO_ANSWER
    assert "db.internal" not in answer.body.decode()
    assert [each["details"]["script"] for each in database.events("f")] == ["login"]
    assert database.api.get("/api/v2/users/auth0%7C7").status == 404


@pytest.mark.security(35)
def test_a_database_without_a_login_script_lets_nobody_in(database, enter):
    database.set(get_user=saying("callback(null, {user_id: '7'})"))

    assert refused(enter()) == NO_ANSWER


@pytest.mark.security(8)
@pytest.mark.parametrize("no", ["new WrongUsernameOrPasswordError(given[0])", "new Error('bad password')"])
def test_failures_are_counted_and_then_refuse_the_right_password(no, database, enter):
    database.set(
        login=saying(f"given[1] === 'right' ? callback(null, {{user_id: '7', email: given[0]}}) : callback({no})")
    )
    for _ in range(10):
        enter(password="wrong")

    answer = enter(password="right")

    assert (answer.status_code, answer.json_body["error"]) == (429, "too_many_attempts")


def test_a_script_that_does_not_end_is_no_attempt(database, enter, contents):
    database.set(login=saying("for (;;) {}"))

    assert refused(enter()) == NO_ANSWER
    assert [item for item in contents.read() if item["sk"]["S"].startswith("FAILURES#")] == []


def test_what_a_failed_script_wrote_is_in_the_history(database, enter):
    database.set(login=saying("console.log('asking', given[0]); callback(new Error('down'))"))

    enter()

    failed = database.events("f")[0]
    assert (failed["description"], failed["details"]["console"]) == ("down", [f"log: asking {EMAIL}"])
    assert (failed["user_name"], failed["connection"]) == (EMAIL, NAME)


def test_a_blocked_user_stays_outside(database, api, enter):
    database.set(login=answering())
    enter()
    api.patch("/api/v2/users/auth0%7C7", {"blocked": True})

    assert refused(enter()) == (403, "unauthorized", "user is blocked")


def test_rules_see_the_profile(database, api, enter):
    database.set(login=answering())
    script = "function (user, context, callback) { callback(new UnauthorizedError(user.team + context.connection)); }"
    api.post("/api/v2/rules", {"name": "r", "script": script})

    assert refused(enter()) == (403, "unauthorized", f"blue{NAME}")


def test_a_profile_with_the_address_of_another_account_is_refused(database, api, enter):
    database.set(login=answering(password="x"))
    enter(password="x")
    database.set(login=answering(user_id="8"))

    assert refused(enter()) == NO_ANSWER
    assert api.get("/api/v2/users/auth0%7C8").status == 404


@pytest.mark.security(35)
def test_a_profile_with_the_id_of_a_user_elsewhere_is_refused(database, api, enter):
    body = {
        "connection": DEFAULT_CONNECTION,
        "email": "boss@example.com",
        "password": "correct Horse battery 1",
        "user_id": "7",
    }
    assert api.post("/api/v2/users", body).status == 201
    database.set(login=answering())

    assert refused(enter()) == NO_ANSWER
    assert database.user()["email"] == "boss@example.com"


def test_a_script_knows_its_configuration(database, enter):
    database.set(
        login=saying("callback(null, {user_id: '7', email: given[0], nickname: configuration.KEY})"),
        configuration={"KEY": "canary"},
    )

    enter()

    assert database.user()["nickname"] == "canary"


def test_the_page_says_that_it_could_not_be_checked(database, web, browser):
    database.set(login=saying("callback(new Error('ECONNREFUSED db.internal'))"))

    page = sign_in(browser, web, email=EMAIL, password=PASSWORD, connection=NAME)

    assert page.status_code == 403
    assert "We could not check this." in page.body.decode()
    assert "db.internal" not in page.body.decode()


def test_the_page_offers_no_sign_up_without_a_create_script(database, web, browser):
    database.set(login=answering())
    without = shown_by(browser, web, connection=NAME).body.decode()
    database.set(login=answering(), create=saying("callback(null)"))

    assert "/u/signup" not in without
    assert "/u/signup" in shown_by(browser, web, connection=NAME).body.decode()


@pytest.mark.parametrize("imports", [False, True], ids=["asking", "importing"])
def test_a_later_sign_in_asks_dynamodb_for_no_more_than_at_any_database(imports, database, enter):
    database.set(login=answering(), imports=imports)
    enter()

    with counting() as calls:
        enter()

    assert calls == {"BatchGetItem": 1, "GetItem": 1, "TransactWriteItems": 1}


def test_a_linked_account_signs_in_as_the_user_it_was_linked_to(database, api, ann, enter):
    database.set(login=answering())
    enter()
    api.post(f"/api/v2/users/{ann}/identities", {"provider": "auth0", "user_id": "7"})
    database.set(login=answering(name="Another"))

    assert claims_of(enter().json_body["id_token"])["sub"] == ann
    assert database.api.get(f"/api/v2/users/{ann}").json["name"] != "Another"


class TestImporting:
    def test_the_first_sign_in_moves_user_and_password(self, database, enter):
        database.set(login=answering(), imports=True)

        first = claims_of(enter().json_body["id_token"])
        database.set(login=saying("callback(new Error('the database is switched off'))"), imports=True)

        assert first["sub"] == "auth0|7"
        assert database.login_of().password_hash.startswith("$argon2id$")
        assert enter().status_code == 200
        assert refused(enter(password="wrong")) == WRONG

    def test_whoever_is_here_is_not_asked_after_elsewhere(self, database, api, enter):
        database.set(login=answering(), imports=True)
        enter()

        api.patch("/api/v2/users/auth0%7C7", {"password": "chosen here 1", "connection": NAME})

        assert refused(enter()) == WRONG
        assert enter(password="chosen here 1").status_code == 200

    def test_an_old_address_leads_to_no_one_after_a_change_here(self, database, api, enter):
        database.set(login=answering(), imports=True)
        enter()
        api.patch("/api/v2/users/auth0%7C7", {"email": "else@example.com", "connection": NAME})

        assert refused(enter()) == NO_ANSWER

    def test_a_profile_of_another_name_than_was_typed_moves_nobody(self, database, enter):
        database.set(login=answering(typed="kim@old.example.com"), imports=True)

        assert refused(enter("kim@old.example.com")) == NO_ANSWER
        assert database.login_of() is None

    def test_a_reset_before_the_first_sign_in_brings_the_user_and_the_old_password_stays_good(
        self, database, api, web, enter, browser, mailbox
    ):
        found = saying(f"callback(null, given[0] === '{EMAIL}' ? {{user_id: '7', email: given[0]}} : null)")
        database.set(login=answering(), get_user=found, imports=True)
        asked = {"client_id": web.client.client_id, "connection": NAME}

        known = browser.post("/dbconnections/change_password", {**asked, "email": EMAIL})
        unknown = browser.post("/dbconnections/change_password", {**asked, "email": "nobody@example.com"})

        assert (known.status_code, known.body) == (unknown.status_code, unknown.body) == (200, known.body)
        assert enter().status_code == 200
        link = mailbox.to(EMAIL)[-1].link
        form = {"password": "brand new pass 1", "password_again": "brand new pass 1", "end_sessions": "yes"}
        assert browser.post(link, form).status_code == 200
        assert refused(enter()) == WRONG
        assert enter(password="brand new pass 1").status_code == 200

    @pytest.mark.security(35)
    def test_a_script_that_fails_moves_nobody(self, database, enter):
        database.set(login=saying("callback(new Error('down'))"), imports=True)

        assert refused(enter()) == NO_ANSWER
        assert database.login_of() is None

    @pytest.mark.security(7)
    def test_a_sign_up_of_somebody_who_is_there_is_refused_like_one_of_somebody_here(self, database, sign_up):
        database.set(
            get_user=saying("callback(null, given[0].startsWith('new') ? {user_id: '9'} : null)"), imports=True
        )

        there, made, here = sign_up(), sign_up(email="a@example.com"), sign_up(email="a@example.com")

        assert made.status_code == 200
        assert (there.status_code, there.json_body) == (here.status_code, here.json_body)
        assert there.json_body["code"] == "invalid_signup"

    @pytest.mark.security(7)
    def test_a_database_that_does_not_answer_gives_nobody_away(self, database, sign_up, browser, web):
        database.set(get_user=saying("callback(null)"), imports=True)
        sign_up()
        database.set(get_user=saying("callback(new Error('down'))"), imports=True)
        asked = {"client_id": web.client.client_id, "connection": NAME}

        known, unknown = sign_up(), sign_up(email="b@example.com")
        reset = browser.post("/dbconnections/change_password", {**asked, "email": "b@example.com"})

        assert (known.status_code, known.json_body) == (unknown.status_code, unknown.json_body)
        assert (known.status_code, reset.status_code) == (503, 200)
        assert [each["details"]["script"] for each in database.events("fs")] == ["get_user"] * 2


CREATE = "given[0].email && given[0].password && given[0].tenant === 'main' ? callback(null) : callback(new Error('x'))"
LOGIN = "callback(null, {user_id: 'n1', email: given[0]})"


class TestAsking:
    def test_a_sign_up_makes_the_user_there_and_keeps_no_password(self, database, sign_up, enter, contents):
        database.set(get_user=saying("callback(null)"), create=saying(CREATE), login=saying(LOGIN))

        made = sign_up()

        assert (made.status_code, made.json_body["_id"]) == (200, "n1"), made.body
        assert database.login_of(NEW["email"]).password_hash == ""
        assert NEW["password"] not in kept(contents)
        assert enter(NEW["email"], NEW["password"]).status_code == 200

    @pytest.mark.parametrize("script", ["get_user", "create"])
    def test_whoever_is_there_already_is_refused_like_whoever_is_here(self, script, database, sign_up):
        scripts = {"create": saying(CREATE), "login": saying(LOGIN)}
        taken = {
            "get_user": saying("callback(null, {user_id: '9', email: given[0]})"),
            "create": saying("callback(new ValidationError('user_exists', 'There is one.'))"),
        }
        database.set(**{**scripts, script: taken[script]})

        answer = sign_up()

        assert (answer.status_code, answer.json_body["code"]) == (400, "invalid_signup")

    def test_a_validation_error_is_said_in_the_words_of_the_script(self, database, sign_up):
        database.set(create=saying("callback(new ValidationError('bad_name', 'No such names.'))"), login=saying(LOGIN))

        answer = sign_up()

        assert (answer.status_code, answer.json_body["code"], answer.json_body["description"]) == (
            400,
            "bad_name",
            "No such names.",
        )

    @pytest.mark.security(35)
    def test_a_failing_create_makes_nobody(self, database, sign_up):
        database.set(create=saying("callback(new Error('disk db.internal is full'))"), login=saying(LOGIN))

        answer = sign_up()

        assert answer.status_code == 503
        assert "db.internal" not in answer.body.decode()
        assert database.login_of(NEW["email"]) is None
        assert [each["details"]["script"] for each in database.events("fs")] == ["create"]

    def test_a_user_who_cannot_sign_in_after_create_is_not_made(self, database, sign_up):
        database.set(create=saying("callback(null)"), login=saying("callback(null)"))

        assert sign_up().status_code == 503
        assert database.login_of(NEW["email"]) is None

    def test_without_a_create_script_nobody_signs_up(self, database, api, sign_up):
        database.set(login=answering())

        made = api.post("/api/v2/users", {"connection": NAME, **NEW})

        assert (sign_up().status_code, sign_up().json_body["error"]) == (400, "public signup is disabled")
        assert (made.status, made.json["errorCode"]) == (400, "operation_not_supported")

    def test_the_policy_holds_before_anybody_is_asked(self, database, sign_up):
        database.set(create=saying("callback(new Error('asked'))"), login=saying(LOGIN))

        assert sign_up(password="123").json_body["code"] == "invalid_password"

    def test_the_management_api_makes_and_deletes_users_there(self, database, api):
        database.set(create=saying(CREATE), login=saying(LOGIN), delete=saying("callback(new Error(given[0]))"))
        made = api.post("/api/v2/users", {"connection": NAME, **NEW, "app_metadata": {"a": 1}})

        kept = api.delete("/api/v2/users/auth0%7Cn1")
        database.set(delete=saying("callback(given[0] === 'n1' ? null : new Error())"))
        gone = api.delete("/api/v2/users/auth0%7Cn1")

        assert (made.json["user_id"], made.json["app_metadata"]) == ("auth0|n1", {"a": 1})
        assert (kept.status, kept.json["errorCode"]) == (503, "auth0_idp_error")
        assert (gone.status, api.get("/api/v2/users/auth0%7Cn1").status) == (204, 404)

    def test_a_password_is_changed_there_and_ends_all_sessions(self, database, api, web, enter, browser):
        database.set(
            login=answering(),
            change_password=saying(f"callback(null, given[0] === '{EMAIL}' && given[1] === 'another one 1')"),
        )
        sign_in(browser, web, email=EMAIL, password=PASSWORD, connection=NAME)

        refused_there = api.patch("/api/v2/users/auth0%7C7", {"password": "not this one", "connection": NAME})
        kept = answer_of(browser.get(web.address(prompt="none", connection=NAME)))
        changed = api.patch("/api/v2/users/auth0%7C7", {"password": "another one 1", "connection": NAME})

        assert (refused_there.status, changed.status) == (503, 200)
        assert "code" in kept
        assert answer_of(browser.get(web.address(prompt="none", connection=NAME)))["error"] == "login_required"
        assert database.login_of().password_hash == ""

    def test_a_link_sets_the_password_there_and_stays_good_while_there_is_no_answer(
        self, database, web, enter, browser, mailbox
    ):
        database.set(login=answering(), change_password=saying("callback(new Error('down'))"))
        enter()
        browser.post(
            "/dbconnections/change_password", {"client_id": web.client.client_id, "connection": NAME, "email": EMAIL}
        )
        link = mailbox.to(EMAIL)[-1].link
        form = {"password": "brand new pass 1", "password_again": "brand new pass 1", "end_sessions": "yes"}

        down = browser.post(link, form)
        database.set(login=answering(), change_password=saying("callback(null, true)"))
        up, again = browser.post(link, form), browser.post(link, form)

        assert (down.status_code, up.status_code, again.status_code) == (503, 200, 410)
        assert [each["details"]["script"] for each in database.events("fcp") if "script" in each["details"]] == [
            "change_password"
        ]

    def test_without_the_script_a_password_cannot_be_changed(self, database, api, enter):
        database.set(login=answering())
        enter()

        assert api.patch("/api/v2/users/auth0%7C7", {"password": "another one 1", "connection": NAME}).status == 503

    def test_a_proven_address_is_told_there(self, database, api, enter, browser, mailbox):
        database.set(login=answering(email_verified=False), verify=saying("callback(new Error('down'))"))
        enter()
        ticket = api.post("/api/v2/tickets/email-verification", {"user_id": "auth0|7"}).json["ticket"]
        link = ticket.partition("gatehouse.test")[2]

        down = browser.post(link, {})
        before = database.user()["email_verified"]
        database.set(login=answering(), verify=saying(f"callback(null, given[0] === '{EMAIL}')"))
        up = browser.post(link, {})

        assert (down.status_code, before) == (503, False)
        assert (up.status_code, database.user()["email_verified"]) == (200, True)

    def test_another_address_is_told_there(self, database, api, enter):
        said = "callback(String(given) === 'kim@example.com,k@example.com,false' ? null : new Error(given))"
        database.set(login=answering(), change_email=saying(said))
        enter()

        wrong = api.patch("/api/v2/users/auth0%7C7", {"email": "other@example.com", "connection": NAME})
        right = api.patch("/api/v2/users/auth0%7C7", {"email": "k@example.com", "connection": NAME})

        assert (wrong.status, right.status) == (503, 200)
        assert database.user()["email"] == "k@example.com"

    def test_another_user_name_is_told_there(self, database, api, enter):
        database.options = {"requires_username": True}
        database.set(
            login=answering(username="Kim"), change_username=saying("callback(given[1] === 'kk' ? null : 'no')")
        )
        enter()

        renamed = api.patch("/api/v2/users/auth0%7C7", {"username": "kk", "connection": NAME})

        assert (renamed.status, renamed.json["username"]) == (200, "kk")
        assert api.patch("/api/v2/users/auth0%7C7", {"username": "zz", "connection": NAME}).status == 503

    def test_a_deleted_connection_leaves_nobody_and_asks_nobody(self, database, api, enter, core):
        database.set(login=answering(), delete=saying("callback(new Error('never asked'))"))
        enter()

        api.delete(f"/api/v2/connections/{database.id}")
        tasks.sweep(core)

        assert api.get("/api/v2/users/auth0%7C7").status == 404
