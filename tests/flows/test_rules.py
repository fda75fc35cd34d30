"""A tenant's rules at every way in: what they see, what they put into tokens, and whom they refuse."""

from __future__ import annotations

import json

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.flows.browsing import CALLBACK, EMAIL, PASSWORD, Browser, answer_of, claims_of, sign_in
from tests.flows.impersonating import JANE, confirm, followed

REALM = "http://auth0.com/oauth/grant-type/password-realm"
ALLOW = "function (user, context, callback) { callback(null, user, context); }"
DENY = "function (user, context, callback) { callback(new UnauthorizedError('Not on weekends.')); }"
NAMESPACE = "https://example.com/"


@pytest.fixture
def rule(api, app):
    """Make a rule; the process forgets what it knew of them."""

    def make(script: str, name: str = "A rule", **settings):
        made = api.post("/api/v2/rules", {"name": name, "script": script, **settings})
        assert made.status == 201, made.text
        return made.json["id"]

    return make


@pytest.fixture
def everywhere(register):
    """An application that may sign in in every way."""
    return register(app_type="regular_web", grant_types=["authorization_code", "refresh_token", "implicit", REALM])


def seen(script: str) -> str:
    """Make a rule that puts what it sees into the ID token."""
    return f"""function (user, context, callback) {{
      context.idToken['{NAMESPACE}seen'] = {script};
      callback(null, user, context);
    }}"""


def id_token(application, browser, **asked):
    code = answer_of(sign_in(browser, application, **asked))["code"]
    return claims_of(application.exchange(code).json_body["id_token"])


def by_password(application, **form):
    asked = {"grant_type": REALM, "realm": DEFAULT_CONNECTION, "username": EMAIL, "password": PASSWORD, **form}
    return application.token(**asked)


def test_without_rules_nobody_is_asked(ann, everywhere, browser):
    assert id_token(everywhere, browser)["sub"] == ann


def test_rules_run_in_order_and_each_sees_what_the_one_before_left(rule, ann, everywhere, browser):
    rule(
        "function (user, context, callback) { user.trail = user.trail + '2'; callback(null, user, context); }",
        "b",
        order=2,
    )
    rule("function (user, context, callback) { user.trail = '1'; callback(null, user, context); }", "a", order=1)
    rule(seen("user.trail"), "c", order=3)

    assert id_token(everywhere, browser)[f"{NAMESPACE}seen"] == "12"


def test_a_rule_that_is_not_enabled_does_not_run(rule, ann, everywhere, browser):
    rule(DENY, enabled=False)

    assert "code" in answer_of(sign_in(browser, everywhere))


def test_a_rule_sees_the_application_and_the_connection(rule, ann, everywhere, browser):
    rule(
        seen("[context.clientName, context.clientID, context.connection, context.connectionStrategy, context.protocol]")
    )

    shown = id_token(everywhere, browser)[f"{NAMESPACE}seen"]

    assert shown == ["App", everywhere.client.client_id, DEFAULT_CONNECTION, "auth0", "oidc-basic-profile"]


def test_a_rule_sees_the_whole_profile(rule, api, ann, everywhere, browser):
    api.patch(f"/api/v2/users/{ann}", {"app_metadata": {"plan": "gold"}, "user_metadata": {"lang": "de"}})
    rule(
        seen("[user.user_id, user.email, user.app_metadata.plan, user.user_metadata.lang, user.identities[0].provider]")
    )

    assert id_token(everywhere, browser)[f"{NAMESPACE}seen"] == [ann, EMAIL, "gold", "de", "auth0"]


def test_a_rule_sees_the_request_and_the_count_of_logins(rule, ann, everywhere, browser):
    rule(seen("[context.request.ip, context.request.hostname, context.stats.loginsCount, context.request.query.scope]"))

    shown = id_token(everywhere, browser)[f"{NAMESPACE}seen"]

    assert shown == ["203.0.113.7", "gatehouse.test", 1, "openid profile email"]


def test_a_rule_knows_its_configuration(rule, api, ann, everywhere, browser):
    api.put("/api/v2/rules-configs/KEY", {"value": "secret value"})
    rule(seen("configuration.KEY.length"))

    assert id_token(everywhere, browser)[f"{NAMESPACE}seen"] == 12


WAYS_IN = {
    "the page": lambda app, browser: answer_of(sign_in(browser, app)),
    "a token in the fragment": lambda app, browser: answer_of(sign_in(browser, app, response_type="id_token token")),
    "the password grant": lambda app, browser: by_password(app).json_body,
}


@pytest.mark.security(35)
@pytest.mark.parametrize("enter", WAYS_IN.values(), ids=WAYS_IN)
def test_a_rule_refuses_with_its_own_words(enter, rule, ann, everywhere, browser):
    rule(DENY)

    refused = enter(everywhere, browser)

    assert (refused["error"], refused["error_description"]) == ("unauthorized", "Not on weekends.")


def test_a_rule_refuses_a_refresh_and_the_token_is_as_good_as_before(rule, api, ann, everywhere, clock):
    token = by_password(everywhere, scope="openid offline_access").json_body["refresh_token"]
    rule_id = rule(DENY)

    refused = everywhere.token(grant_type="refresh_token", refresh_token=token)
    api.delete(f"/api/v2/rules/{rule_id}")
    again = everywhere.token(grant_type="refresh_token", refresh_token=token)

    assert refused.json_body["error_description"] == "Not on weekends."
    assert again.status_code == 200


def test_a_rule_refuses_a_silent_sign_in_and_the_session_stays(rule, api, ann, everywhere, browser):
    sign_in(browser, everywhere)
    rule_id = rule(DENY)

    refused = answer_of(browser.get(everywhere.address(prompt="none")))
    api.delete(f"/api/v2/rules/{rule_id}")

    assert refused["error_description"] == "Not on weekends."
    assert "code" in answer_of(browser.get(everywhere.address(prompt="none")))


def test_a_refusal_is_in_the_history_with_the_name_of_the_rule_and_counts_no_login(rule, api, ann, everywhere, browser):
    rule(DENY, "Weekdays only")

    sign_in(browser, everywhere)

    event = next(each for each in api.get(f"/api/v2/users/{ann}/logs").json if each["type"] == "f")
    assert (event["description"], event["details"]["rule"]) == ("Not on weekends.", "Weekdays only")
    assert event["client_id"] == everywhere.client.client_id
    assert api.get(f"/api/v2/users/{ann}").json["logins_count"] == 0


FAULTS = {
    "an error": ("callback(new Error('broken'))", "broken"),
    "a text": ("callback('no')", "no"),
    "a throw": ("throw new Error('thrown')", "thrown"),
    "a rejected promise": ("return Promise.reject(new Error('rejected'))", "rejected"),
    "no callback": ("", None),
    "a call of nothing": ("undefined()", None),
}


@pytest.mark.security(35)
@pytest.mark.parametrize(("body", "said"), FAULTS.values(), ids=FAULTS)
def test_whatever_goes_wrong_refuses(body, said, rule, ann, everywhere, browser):
    rule(f"function (user, context, callback) {{ {body} }}")

    refused = answer_of(sign_in(browser, everywhere))

    assert refused["error"] == "access_denied"
    assert said is None or refused["error_description"] == said


def test_a_second_factor_is_not_taken_for_granted(rule, ann, everywhere, browser):
    rule(
        "function (user, context, callback) { context.multifactor = {provider: 'any'}; callback(null, user, context); }"
    )

    refused = answer_of(sign_in(browser, everywhere))

    assert refused["error_description"] == "A rule asks for a second factor, which is not available."


def test_claims_reach_the_tokens_where_their_names_allow_it(rule, api, ann, everywhere, browser):
    api.post("/api/v2/resource-servers", {"identifier": "https://orders.example.com"})
    rule(
        f"""function (user, context, callback) {{
          Object.assign(context.idToken, {{'{NAMESPACE}plan': 'gold', 'plain': 1, 'iss': 'evil', 'sub': 'evil'}});
          Object.assign(context.accessToken, {{'{NAMESPACE}plan': 'gold', 'aud': 'evil', 'gen': 99, 'email': 'x@y.z'}});
          Object.assign(context.idToken, {{'https://x.auth0.com/a': 1, 'impersonated': true, 'act': {{}}}});
          callback(null, user, context);
        }}"""
    )

    tokens = everywhere.exchange(answer_of(sign_in(browser, everywhere, audience="https://orders.example.com"))["code"])

    identity, access = (claims_of(tokens.json_body[name]) for name in ("id_token", "access_token"))
    assert (identity[f"{NAMESPACE}plan"], identity["plain"], access[f"{NAMESPACE}plan"]) == ("gold", 1, "gold")
    assert (identity["iss"], identity["sub"]) == ("https://gatehouse.test/", ann)
    assert not {"act", "impersonated", "https://x.auth0.com/a"} & identity.keys()
    assert not {"gen", "email"} & access.keys()


def test_a_rule_changes_the_user_for_this_sign_in_only(rule, api, ann, everywhere, browser):
    rule(
        """function (user, context, callback) {
          user.nickname = 'boss';
          user.email_verified = 'yes';
          callback(null, user, context);
        }"""
    )

    claims = id_token(everywhere, browser)

    assert claims["nickname"] == "boss"
    assert claims["email_verified"] is False
    assert api.get(f"/api/v2/users/{ann}").json["nickname"] != "boss"


def test_a_rule_sets_the_scope(rule, ann, everywhere, browser):
    rule(
        "function (user, context, callback) { context.accessToken.scope = ['openid']; callback(null, user, context); }"
    )

    tokens = everywhere.exchange(answer_of(sign_in(browser, everywhere))["code"]).json_body

    assert tokens["scope"] == "openid"


def test_a_rule_writes_metadata_and_history_says_so(rule, api, ann, everywhere, browser):
    rule(
        """async function (user, context, callback) {
          user.app_metadata = user.app_metadata || {};
          user.app_metadata.visits = 1;
          await auth0.users.updateAppMetadata(user.user_id, user.app_metadata);
          callback(null, user, context);
        }"""
    )

    assert "code" in answer_of(sign_in(browser, everywhere))

    assert api.get(f"/api/v2/users/{ann}").json["app_metadata"] == {"visits": 1}
    assert "Update a user by a rule" in {each["description"] for each in api.get("/api/v2/logs").json}


def test_what_rules_wrote_to_the_console_stands_with_the_sign_in(rule, api, ann, everywhere, browser):
    rule(
        "function (user, context, callback) { console.log('hello', user.email); callback(null, user, context); }",
        "Greeter",
    )

    sign_in(browser, everywhere)

    told = next(each for each in api.get(f"/api/v2/users/{ann}/logs").json if each["type"] == "s")["details"]["rules"]
    assert (told["ran"], told["console"]) == (["Greeter"], [f"log: hello {EMAIL}"])


REDIRECT = """function (user, context, callback) {
  const {query, body} = context.request;
  if (context.protocol === 'redirect-callback') {
    context.idToken['https://example.com/seen'] = [context.original_protocol, query.accepted || body.accepted];
  } else {
    context.redirect = {url: 'https://terms.example.com/accept?a=1'};
  }
  callback(null, user, context);
}"""


def test_a_rule_sends_the_browser_elsewhere_and_it_comes_back_once(rule, ann, everywhere, browser):
    rule(REDIRECT)
    away = sign_in(browser, everywhere).headers["Location"]
    state = away.partition("state=")[2]

    back = browser.get(f"/continue?accepted=yes&state={state}")
    again = browser.get(f"/continue?accepted=yes&state={state}")

    assert away.startswith("https://terms.example.com/accept?a=1&state=")
    claims = claims_of(everywhere.exchange(answer_of(back)["code"]).json_body["id_token"])
    assert claims[f"{NAMESPACE}seen"] == ["oidc-basic-profile", "yes"]
    assert again.status_code == 400


def test_a_browser_comes_back_by_a_form_too(rule, ann, everywhere, browser):
    rule(REDIRECT)
    state = sign_in(browser, everywhere).headers["Location"].partition("state=")[2]

    back = browser.post(f"/continue?state={state}", {"accepted": "by form"})

    claims = claims_of(everywhere.exchange(answer_of(back)["code"]).json_body["id_token"])
    assert claims[f"{NAMESPACE}seen"][1] == "by form"


@pytest.mark.security(20)
def test_nobody_comes_back_in_another_browser(rule, ann, everywhere, browser, app):
    rule(REDIRECT)
    state = sign_in(browser, everywhere).headers["Location"].partition("state=")[2]

    assert Browser(app).get(f"/continue?state={state}").status_code == 400
    assert browser.get("/continue?state=nonsense").status_code == 400


def test_nobody_is_sent_elsewhere_silently(rule, ann, everywhere, browser, api):
    sign_in(browser, everywhere)
    rule(REDIRECT)

    assert answer_of(browser.get(everywhere.address(prompt="none")))["error"] == "interaction_required"
    assert by_password(everywhere).status_code == 200


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "http://evil.example/", "/relative", "data:,x"]
)
def test_a_redirect_is_to_an_absolute_https_address(url, rule, ann, everywhere, browser):
    rule(
        f"function (user, context, callback) {{ context.redirect = {{url: '{url}'}}; callback(null, user, context); }}"
    )

    assert sign_in(browser, everywhere).headers["Location"].startswith(CALLBACK)


@pytest.mark.security(39)
def test_rules_see_an_impersonation_and_can_refuse_it(rule, support, web, browser):
    rule(
        """function (user, context, callback) {
          if (user.impersonated) return callback(new UnauthorizedError('Not by ' + user.impersonator.email));
          callback(null, user, context);
        }""",
        "No",
    )
    classic, newer = support.make_classic(web), support.make(web)["link"]

    refused = browser.get(followed(classic))
    confirm(browser, newer)
    asked = answer_of(browser.get(web.address()))

    assert refused.status_code == 410
    assert asked["error"] == "access_denied"
    reasons = [why for kind, why in support.history_of(support.user_id) if kind == "fimp"]
    assert reasons == [f"Rule No: Not by {JANE}"] * 2


def test_rules_put_claims_into_the_tokens_of_an_impersonation(rule, support, web, browser):
    rule(seen("user.impersonated"))

    code = answer_of(browser.get(followed(support.make_classic(web))))["code"]

    assert claims_of(web.exchange(code).json_body["id_token"])[f"{NAMESPACE}seen"] is True


def test_a_machine_has_no_rules(rule, api, support):
    rule(DENY)

    assert api.get("/api/v2/users", token=support.token).status == 403  # a token it got after all


def test_the_history_has_no_secret_of_the_configuration(rule, api, ann, everywhere, browser):
    api.put("/api/v2/rules-configs/KEY", {"value": "canary-of-the-configuration"})
    rule(seen("configuration.KEY.length"))

    sign_in(browser, everywhere)

    assert "canary-of-the-configuration" not in json.dumps(api.get("/api/v2/logs").json)
