"""The examples do what they say, and need nothing that is not there."""

from __future__ import annotations

import json

import jwt
import pytest

from chalicelib.adapters.sandbox.processes import ROOT
from chalicelib.core.sandbox import Finished, missing_modules
from tests.adapters.sandbox.conftest import CONTEXT, USER

EXAMPLES = sorted((ROOT / "examples/rules").glob("*.js"))


def example(name):
    return (ROOT / "examples/rules" / f"{name}.js").read_text("utf-8")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_parses_and_finds_its_modules(runner, path):
    source = path.read_text("utf-8")

    assert runner.sandbox.check(source) is None
    assert missing_modules(source) == ()


@pytest.mark.parametrize(
    ("restricted", "applications", "lets_in"),
    [
        ("Shop", [], False),
        ("Shop", ["Shop"], True),
        ("Other, Shop", ["Other"], False),
        ("Other", [], True),
        ("", [], True),
    ],
)
def test_only_some_applications(runner, restricted, applications, lets_in):
    user = {**USER, "app_metadata": {"applications": applications}}

    outcome = runner.rules(example("only-some-applications"), user=user, configuration={"RESTRICTED": restricted})

    assert isinstance(outcome, Finished) is lets_in
    assert lets_in or (outcome.kind, outcome.message) == ("unauthorized", "You have no access to Shop.")


def test_add_claims(runner):
    context = runner.rules(example("add-claims")).result["context"]

    assert context["idToken"] == {"https://shop.example/plan": "gold"}
    assert context["accessToken"] == {"https://shop.example/roles": []}


@pytest.mark.parametrize(("verified", "role"), [(True, "colleague"), (False, "guest")])
def test_roles_by_domain(runner, host, verified, role):
    user = {**USER, "email_verified": verified}

    outcome = runner.rules(example("roles-by-domain"), user=user, configuration={"COMPANY": "example.com"})

    assert outcome.result["context"]["idToken"] == {"https://shop.example/role": role}
    assert host.asked == [("updateAppMetadata", "auth0|1", {"plan": "gold", "role": role})]


@pytest.mark.parametrize(("status", "lets_in"), [(200, True), (500, False)])
def test_ask_a_web_service(runner, host, status, lets_in):
    host.answers["request"] = {"status": status, "text": '{"department": "sales"}'}
    configuration = {"DIRECTORY": "https://people.example", "DIRECTORY_KEY": "key"}

    outcome = runner.rules(example("ask-a-web-service"), configuration=configuration)

    assert isinstance(outcome, Finished) is lets_in
    assert host.asked[0][1]["url"] == "https://people.example/people?email=ann%40example.com"
    assert host.asked[0][1]["headers"]["Authorization"] == "Bearer key"


@pytest.mark.parametrize(("count", "messages"), [(1, 1), (2, 0)])
def test_tell_a_chat(runner, host, count, messages):
    context = {**CONTEXT, "stats": {"loginsCount": count}}

    outcome = runner.rules(
        example("tell-a-chat"), context=context, configuration={"CHAT_HOOK": "https://chat.example/"}
    )

    assert isinstance(outcome, Finished)
    assert len(host.asked) == messages


@pytest.mark.parametrize(("country", "lets_in"), [("DE", True), ("US", False), (None, True)])
def test_by_country(runner, country, lets_in):
    context = {**CONTEXT, "request": {"geoip": {"country_code": country}}}

    assert isinstance(runner.rules(example("by-country"), context=context), Finished) is lets_in


@pytest.mark.parametrize(("agreed", "lets_in"), [(True, True), (False, False)])
def test_agree_to_the_terms(runner, host, agreed, lets_in):
    configuration = {"SESSION_TOKEN_SECRET": "s" * 32, "TERMS_PAGE": "https://terms.example/"}
    source = example("agree-to-the-terms")

    sent = runner.rules(source, configuration=configuration).result["context"]["redirect"]["url"]
    claims = jwt.decode(sent.partition("session_token=")[2], "s" * 32, ["HS256"])
    answer = jwt.encode({**claims, "agreed": agreed}, "s" * 32)
    request = {**CONTEXT["request"], "query": {"session_token": answer}}
    outcome = runner.rules(
        source, context={**CONTEXT, "protocol": "redirect-callback", "request": request}, configuration=configuration
    )

    assert isinstance(outcome, Finished) is lets_in
    assert [asked[0] for asked in host.asked] == ["updateAppMetadata"] * lets_in


@pytest.mark.parametrize(("status", "kind"), [(200, None), (401, "wrong_credentials"), (503, "error")])
def test_database_login(runner, host, status, kind):
    person = {"id": 7, "email": "ann@example.com", "full_name": "Ann"}
    host.answers["request"] = {"status": status, "text": json.dumps(person)}
    configuration = {"OLD_SYSTEM": "https://old.example", "OLD_SYSTEM_KEY": "key"}

    outcome = runner.database(example("database-login"), "ann@example.com", "pw", configuration=configuration)

    assert getattr(outcome, "kind", None) == kind
    assert kind or outcome.result == {"user_id": "7", "email": "ann@example.com", "name": "Ann"}
