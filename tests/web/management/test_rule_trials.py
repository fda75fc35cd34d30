"""/api/v2/rule-trials: rules are tried on a user and an application, and nothing comes of it."""

from __future__ import annotations

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.web.conftest import PASSWORD, SCRIPT
from tests.web.management.conftest import made

PATH = "/api/v2/rule-trials"


@pytest.fixture
def trial(api):
    """Try something on a user at an application."""
    body = {"connection": DEFAULT_CONNECTION, "email": "ann@example.com", "password": PASSWORD, "verify_email": False}
    user_id = made(api.post("/api/v2/users", body))["user_id"]
    client_id = made(api.post("/api/v2/clients", {"name": "Shop"}))["client_id"]

    def run(body="", **further):
        script = f"async function (user, context, callback) {{ {body}; callback(null, user, context); }}"
        sent = {"user_id": user_id, "client_id": client_id, "script": script, **further}
        return api.post(PATH, {name: value for name, value in sent.items() if value is not None})

    run.user_id = user_id
    return run


def test_a_script_sees_the_user_and_the_application_and_gives_claims(trial):
    answer = trial("context.idToken.seen = [user.email, context.clientName, context.protocol]")

    assert (answer.status, answer.json["allowed"]) == (200, True)
    assert answer.json["id_token"] == {"seen": ["ann@example.com", "Shop", "oidc-basic-profile"]}
    assert answer.json["milliseconds"] > 0


def test_the_console_and_what_the_script_left_come_back(trial):
    answer = trial("console.log('hi'); console.error('oh'); user.nickname = 'boss'").json

    assert answer["console"] == [{"level": "log", "text": "hi"}, {"level": "error", "text": "oh"}]
    assert answer["user"]["nickname"] == "boss"
    assert answer["id_token"] == {"nickname": "boss"}
    assert answer["context"]["clientName"] == "Shop"


def test_a_refusal_says_what_the_user_would_be_told_and_by_which_rule(trial):
    answer = trial("callback(new UnauthorizedError('Not on weekends.'));").json

    refusal = answer["refusal"]
    assert answer["allowed"] is False
    assert (refusal["error"], refusal["description"]) == ("unauthorized", "Not on weekends.")
    assert refusal["rule"] == "The script that is tried"


def test_an_error_tells_its_author_where_it_is(trial):
    refusal = trial("\nnothing.at.all();").json["refusal"]

    assert refusal["error"] == "access_denied"
    assert "2" in refusal["detail"]


def test_a_script_has_as_long_as_the_tenant_gives_it(api, trial):
    script = "await new Promise((resolve) => setTimeout(resolve, 1500))"
    api.patch("/api/v2/tenants/settings", {"script_time_limit": 1})
    short = trial(script).json
    api.patch("/api/v2/tenants/settings", {"script_time_limit": 10})

    long = trial(script).json

    assert (short["allowed"], long["allowed"]) == (False, True)
    assert "timeout" in short["refusal"]["detail"]


def test_nothing_is_written(api, trial):
    before = api.get(f"/api/v2/users/{trial.user_id}").json
    script = "context.idToken.u = (await auth0.users.updateAppMetadata(user.user_id, {a: 1})).app_metadata"

    answer = trial(script).json

    assert answer["id_token"] == {"u": {"a": 1}}
    assert answer["operations"] == [f"update app_metadata of {trial.user_id}"]
    assert api.get(f"/api/v2/users/{trial.user_id}").json == before


def test_no_request_is_sent_unless_that_is_asked_for(trial):
    script = "try { await fetch('https://example.com/') } catch (error) { context.idToken.e = error.message }"

    answer = trial(script).json

    assert answer["operations"] == ["GET https://example.com/"]
    assert "Requests are not sent while a rule is tried." in answer["id_token"]["e"]


def test_a_request_that_is_asked_for_goes_to_public_addresses_only(trial):
    script = "try { await fetch('http://127.0.0.1/') } catch (error) { context.idToken.e = true }"

    assert trial(script, requests=True).json["id_token"] == {"e": True}


def test_without_a_script_the_enabled_rules_run_in_order(api, trial):
    for name, enabled in (("one", True), ("off", False), ("two", True)):
        made(api.post("/api/v2/rules", {"name": name, "script": SCRIPT, "enabled": enabled}))

    assert trial(script=None).json["ran"] == ["one", "two"]


def test_a_redirect_and_a_scope_are_shown(trial):
    answer = trial(
        "context.redirect = {url: 'https://terms.example.com/'}; context.accessToken.scope = ['openid']"
    ).json

    assert (answer["redirect"], answer["scope"]) == ("https://terms.example.com/", "openid")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"user_id": "auth0|nobody"}, 404),
        ({"client_id": "nobody"}, 400),
        ({"script": "function ("}, 400),
        ({"protocol": "samlp"}, 400),
        ({"more": 1}, 400),
    ],
)
def test_what_cannot_be_tried_is_refused(trial, sent, status):
    assert trial(**sent).status == status
