"""Users of a tenant's own database on the pages of every database: their account, forgotten passwords, mails."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.attack_protection import BREACHES
from tests.conftest import BREACHED
from tests.flows.browsing import NEW_PASSWORD, Browser, Visitor, shown_by, sign_in
from tests.flows.databases import EMAIL, NAME, PASSWORD, OwnDatabase, answering, saying
from tests.flows.test_new_places import BELGIUM, KOREA

TAKES_IT = saying(f"callback(null, given[0] === '{EMAIL}' && given[1] === '{NEW_PASSWORD}')")
DOWN = saying("callback(new Error('ECONNREFUSED db.internal'))")
NEW = {"email": "new@example.com", "password": "a new secret 1"}


@pytest.fixture
def database(api, spa):
    """A connection to a tenant's own database, which has no scripts yet."""
    return OwnDatabase(api, spa.client.client_id)


@pytest.fixture
def enter(app, spa):
    """Sign in at the database with a browser, and go to the account page with it."""

    def go(**known):
        browser = Browser(app, **known)
        assert sign_in(browser, spa, email=EMAIL, password=PASSWORD, connection=NAME).status_code == 303
        return Visitor(browser)

    return go


@pytest.fixture
def sign_up(app, spa):
    """Make an account as an application does."""

    def post(**body):
        return Browser(app).post(
            "/dbconnections/signup", {"client_id": spa.client.client_id, "connection": NAME, **NEW, **body}
        )

    return post


@pytest.mark.security(9)
def test_the_account_page_changes_the_password_there_and_keeps_none_here(database, enter, contents):
    database.set(login=answering(), change_password=TAKES_IT)
    kim = enter()

    page = kim.follow(kim.change(current_password=PASSWORD))

    assert "Your password is changed." in page
    assert database.login_of().password_hash == ""
    assert [event["connection"] for event in database.events("scp")] == [NAME]
    assert NEW_PASSWORD not in json.dumps([each for each in contents.read() if "SCRIPT#" not in each["sk"]["S"]])


@pytest.mark.security(9)
def test_the_account_page_changes_the_password_of_somebody_who_moved_here_without_asking(database, enter):
    database.set(login=answering(), imports=True)
    kim = enter()
    database.set(login=DOWN, change_password=DOWN, imports=True)

    page = kim.follow(kim.change(current_password=PASSWORD))

    assert "Your password is changed." in page


@pytest.mark.security(9)
def test_a_wrong_current_password_there_is_one_here_and_nothing_is_changed(database, enter):
    database.set(login=answering(), change_password=DOWN)

    refused = enter().change(current_password="wrong")

    assert refused.status_code == 403
    assert b"This is not your current password." in refused.body
    assert [event["description"] for event in database.events("fcp")] == ["Wrong email or password."]


def test_a_profile_that_is_another_at_each_proof_does_not_stand_in_the_way(database, enter):
    unsteady = saying(f"callback(null, {{user_id: '7', email: '{EMAIL}', seen: String(Math.random())}})")
    database.set(login=unsteady, change_password=TAKES_IT)
    kim = enter()

    page = kim.follow(kim.change(current_password=PASSWORD))

    assert "Your password is changed." in page


@pytest.mark.security(9)
def test_whoever_has_the_name_there_now_does_not_change_the_password_of_who_had_it(database, enter):
    database.set(login=answering(), change_password=DOWN)
    kim = enter()
    database.set(login=answering(user_id="8", email="eight@example.com"), change_password=DOWN)

    refused = kim.change(current_password=PASSWORD)

    assert refused.status_code == 403
    assert [event for event in database.events("fcp") if "script" in event["details"]] == []


@pytest.mark.security(35)
@pytest.mark.parametrize(("script", "status"), [("login", 403), ("change_password", 503)])
def test_the_account_page_says_that_there_was_no_answer_and_nothing_is_changed(script, status, database, enter):
    database.set(login=answering(), change_password=TAKES_IT)
    kim, scripts = enter(), {"login": answering(), "change_password": TAKES_IT}
    database.set(**{**scripts, script: DOWN})

    refused = kim.change(current_password=PASSWORD)

    assert refused.status_code == status
    assert b"We could not check this." in refused.body
    assert b"db.internal" not in refused.body
    assert [event["details"]["script"] for event in database.events("fcp")] == [script]
    assert database.events("scp") == []


def test_without_a_script_for_it_no_page_offers_to_change_a_password(app, database, spa, enter):
    database.set(login=answering())
    asked = {"client_id": spa.client.client_id, "connection": NAME, "email": EMAIL}
    kim = enter()

    page, posted = kim.page(), kim.change(current_password=PASSWORD)
    reset = Browser(app).post("/dbconnections/change_password", asked)

    assert "current_password" not in page
    assert (posted.status_code, reset.status_code) == (400, 400)
    assert b"/u/reset-password" not in shown_by(Browser(app), spa, connection=NAME).body
    database.set(login=answering(), change_password=TAKES_IT)
    assert b"/u/reset-password" in shown_by(Browser(app), spa, connection=NAME).body


@pytest.mark.security(14)
@pytest.mark.parametrize("script", ["", TAKES_IT], ids=["no script", "a script"])
def test_a_sign_in_from_a_new_place_is_told_with_a_link_where_there_is_a_way_to_change(
    script, database, enter, mailbox
):
    database.set(login=answering(), change_password=script)
    enter(ip=BELGIUM)

    enter(ip=KOREA)

    (mail,) = mailbox.to(EMAIL)
    assert mail.subject == "New sign-in to main"
    assert ("/u/reset-password" in mail.html) == bool(script)


def test_the_activity_tells_the_database_from_the_user(database, enter):
    database.set(login=answering())
    enter()
    database.set(login=answering(name="Kimberly"))

    page = enter().page()

    assert "Your account was added here." in page
    assert "Your account was changed by those who run it." in page
    assert "You created" not in page
    assert "You changed" not in page


@pytest.mark.security(5)
def test_a_password_known_from_a_breach_is_refused_before_anybody_is_asked(database, api, sign_up):
    api.patch(f"/api/v2/attack-protection/{BREACHES}", {"enabled": True})
    database.set(login=answering(), get_user=DOWN, create=DOWN)

    answer = sign_up(password=BREACHED)

    assert (answer.status_code, answer.json_body["code"]) == (400, "password_leaked")


@pytest.mark.parametrize(("proven", "mails"), [("true", 0), ("false", 1)])
def test_a_new_user_whom_the_database_calls_verified_is_not_asked_to_verify(proven, mails, database, api, mailbox):
    login = saying(f"callback(null, {{user_id: 'n1', email: given[0], email_verified: {proven}}})")
    database.set(login=login, create=saying("callback(null)"))

    assert api.post("/api/v2/users", {"connection": NAME, **NEW}).status == 201

    assert len(mailbox.to(NEW["email"])) == mails


def test_names_that_the_profile_does_not_say_are_those_that_were_given(database, sign_up, mailbox):
    database.options = {"requires_username": True}
    database.set(login=saying("callback(null, {user_id: 'n1', username: 'newt'})"), create=saying("callback(null)"))

    made = sign_up(username="newt")

    assert made.status_code == 200, made.body
    assert (database.user("n1")["email"], database.user("n1")["username"]) == (NEW["email"], "newt")
    assert len(mailbox.to(NEW["email"])) == 1
