"""Signing in with a code: from the application through the pages to tokens."""

from __future__ import annotations

import json

import pytest

from tests.flows.browsing import CALLBACK, EMAIL, VERIFIER, answer_of, claims_of, sign_in


@pytest.fixture
def code(browser, spa, ann):
    return answer_of(sign_in(browser, spa))["code"]


def refused(answer):
    return answer.status_code, json.loads(answer.body)


def test_a_user_signs_in_and_the_application_gets_tokens(browser, spa, ann):
    answer = sign_in(browser, spa)

    back = answer_of(answer)
    tokens = json.loads(spa.exchange(back["code"]).body)
    claims = claims_of(tokens["id_token"])

    assert answer.headers["Location"].startswith(CALLBACK)
    assert back["state"] == "xyz"
    assert (claims["sub"], claims["email"], claims["nonce"]) == (ann, EMAIL, "n-0S6")
    assert "refresh_token" not in tokens


@pytest.mark.security(30)
def test_the_answer_names_its_issuer(browser, spa, ann):
    back = answer_of(sign_in(browser, spa))

    assert back["iss"] == spa.app.core.hosts.issuer("main")


def test_an_opaque_token_opens_userinfo(browser, spa, ann, code):
    tokens = json.loads(spa.exchange(code).body)

    answer = browser.get("/userinfo", Authorization=f"Bearer {tokens['access_token']}")

    assert tokens["expires_in"] == 86400
    assert tokens["access_token"].count(".") == 1
    assert json.loads(answer.body)["email"] == EMAIL


def test_a_token_for_an_api_is_a_jwt_with_its_scopes(browser, register, api, ann):
    api.post("/api/v2/resource-servers", {"identifier": "https://api", "scopes": [{"value": "read:x"}]})
    application = register()
    asked = {"audience": "https://api", "scope": "openid read:x write:x"}

    code = answer_of(sign_in(browser, application, **asked))["code"]
    tokens = json.loads(application.exchange(code).body)
    claims = claims_of(tokens["access_token"])

    assert claims["aud"] == ["https://api", f"{claims['iss']}userinfo"]
    assert (claims["scope"], claims["azp"], claims["sub"]) == ("openid read:x", application.client.client_id, ann)


def test_an_unknown_api_is_refused_at_the_application(browser, spa, ann):
    back = answer_of(browser.get(spa.address(audience="https://nowhere")))

    assert (back["error"], back["error_description"]) == ("access_denied", "Service not found: https://nowhere")


def test_a_regular_application_proves_itself_by_its_secret(browser, register, ann):
    application = register(app_type="regular_web")

    code = answer_of(sign_in(browser, application))["code"]
    tokens = json.loads(application.exchange(code).body)

    assert claims_of(tokens["id_token"])["aud"] == application.client.client_id


def test_a_wrong_secret_gets_nothing_and_does_not_spend_the_code(browser, register, ann):
    application = register(app_type="regular_web")
    code = answer_of(sign_in(browser, application))["code"]

    wrong = application.exchange(code, client_secret="wrong")

    assert refused(wrong)[1]["error"] == "access_denied"
    assert application.exchange(code).status_code == 200


@pytest.mark.security(23)
def test_a_code_is_good_once_and_its_second_use_ends_what_the_first_gave(browser, spa, ann):
    code = answer_of(sign_in(browser, spa, scope="openid offline_access"))["code"]
    tokens = json.loads(spa.exchange(code).body)

    again = spa.exchange(code)

    assert refused(again) == (403, {"error": "invalid_grant", "error_description": "Invalid authorization code"})
    assert browser.get("/userinfo", Authorization=f"Bearer {tokens['access_token']}").status_code == 401
    refresh = spa.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused(refresh)[1]["error"] == "invalid_grant"


@pytest.mark.security(23)
@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 403)])
def test_a_code_dies_after_a_minute(spa, code, clock, seconds, status):
    clock.advance(seconds=seconds)

    assert spa.exchange(code).status_code == status


@pytest.mark.security(23)
def test_another_client_cannot_use_a_code_nor_spend_it(spa, register, code):
    thief = register(name="Thief")

    stolen = thief.exchange(code)

    assert refused(stolen)[1]["error"] == "invalid_grant"
    assert spa.exchange(code).status_code == 200


@pytest.mark.security(23, 24)
@pytest.mark.parametrize(
    "form",
    [
        {"redirect_uri": "https://app.example.com/other"},
        {"code_verifier": "b" * 43},
        {"code_verifier": ""},
    ],
)
def test_a_code_is_bound_to_callback_and_proof_key(spa, code, form):
    sent = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER, **form}

    answer = spa.token(grant_type="authorization_code", code=code, **sent)

    assert refused(answer)[1]["error"] == "invalid_grant"


@pytest.mark.security(24)
def test_a_verifier_without_a_challenge_is_a_downgrade(browser, register, ann):
    application = register(app_type="regular_web")
    code = answer_of(sign_in(browser, application))["code"]

    answer = application.exchange(code, code_verifier=VERIFIER)

    assert refused(answer)[1] == {"error": "invalid_grant", "error_description": "Failed to verify code verifier"}


@pytest.mark.security(24)
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "required for public clients"),
        ({"code_challenge_method": "plain"}, "must be 'S256'"),
        ({"code_challenge_method": None}, "must be 'S256'"),
        ({"code_challenge": "short"}, "not a SHA-256"),
    ],
)
def test_public_clients_need_a_proof_key_of_s256(browser, spa, ann, asked, said):
    back = answer_of(browser.get(spa.address(**asked)))

    assert back["error"] == "invalid_request"
    assert said in back["error_description"]


LOOK_ALIKES = [
    "https://app.example.com/callback/",
    "https://app.example.com/callback?x=1",
    "https://app.example.com/callback#",
    "https://app.example.com/Callback",
    "https://APP.example.com/callback",
    "https://app.example.com:443/callback",
    "https://app.example.com//callback",
    "https://app.example.com/callback%20",
    "https://app.example.com/%63allback",
    "https://app.example.com/./callback",
    "https://app.example.com/x/../callback",
    "https://app.example.com/callback;x",
    "https://app.example.com/callback\\",
    "https://app.example.com\\@evil.example/callback",
    "https://app.example.com@evil.example/callback",
    "https://user@app.example.com/callback",
    "https://app.example.com.evil.example/callback",
    "https://evil.example/https://app.example.com/callback",
    "https://xapp.example.com/callback",
    "https://app.example.co/callback",
    "http://app.example.com/callback",
    "//app.example.com/callback",
    "/callback",
    "callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "https:app.example.com/callback",
    "https:///app.example.com/callback",
    " https://app.example.com/callback",
    "https://app.example.com/callback\n",
    "https://app.example.com/callback\x00",
    "https://аpp.example.com/callback",  # noqa: RUF001 - a Cyrillic letter
    "https://127.0.0.1/callback",
]


@pytest.mark.security(22)
@pytest.mark.parametrize("redirect_uri", LOOK_ALIKES)
def test_a_look_alike_of_the_callback_is_refused_without_a_redirect(browser, spa, redirect_uri):
    answer = browser.get(spa.address(redirect_uri=redirect_uri))

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.security(22)
@pytest.mark.parametrize(
    ("redirect_uri", "status"),
    [
        ("http://127.0.0.1:49152/done", 303),
        ("http://127.0.0.1/done", 303),
        ("http://[::1]:49152/done", 400),
        ("http://127.0.0.1:49152/other", 400),
        ("http://127.0.0.2:49152/done", 400),
        ("http://localhost:49152/done", 400),
    ],
)
def test_of_a_native_application_only_the_loopback_port_may_vary(browser, register, redirect_uri, status):
    application = register(app_type="native", callbacks=["http://127.0.0.1:3000/done"])

    assert browser.get(application.address(redirect_uri=redirect_uri)).status_code == status


def test_without_a_redirect_uri_the_first_callback_is_meant(browser, spa, ann):
    answer = sign_in(browser, spa, redirect_uri=None)

    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=")


@pytest.mark.parametrize("client_id", ["unknown", "", None])
def test_an_unknown_client_gets_a_page_and_no_redirect(browser, spa, client_id):
    answer = browser.get(spa.address(client_id=client_id))

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "secret"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_mode": "smoke"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_what_is_wrong_with_a_request_is_sent_back_to_the_application(browser, spa, asked, error):
    back = answer_of(browser.get(spa.address(**asked)))

    assert (back["error"], back["state"]) == (error, "xyz")


@pytest.mark.security(25)
def test_implicit_tokens_come_in_the_fragment_to_a_client_that_may_have_them(browser, register, ann):
    application = register(grant_types=["implicit"])

    answer = sign_in(
        browser, application, response_type="id_token token", code_challenge=None, code_challenge_method=None
    )
    back = answer_of(answer)

    assert answer.headers["Location"].startswith(f"{CALLBACK}#")
    assert claims_of(back["id_token"])["at_hash"]
    assert browser.get("/userinfo", Authorization=f"Bearer {back['access_token']}").status_code == 200


def test_an_id_token_at_the_front_needs_a_nonce(browser, register):
    application = register(grant_types=["implicit"])

    back = answer_of(
        browser.get(
            application.address(response_type="id_token", nonce=None, code_challenge=None, code_challenge_method=None)
        )
    )

    assert back["error_description"] == "Missing required parameter: nonce"


def test_a_hybrid_answer_has_a_code_and_an_id_token_bound_to_it(browser, register, ann):
    application = register(grant_types=["implicit", "authorization_code"])

    back = answer_of(sign_in(browser, application, response_type="code id_token"))

    assert claims_of(back["id_token"])["c_hash"]
    assert application.exchange(back["code"]).status_code == 200


def test_form_post_takes_the_answer_as_a_form(browser, spa, ann):
    page = sign_in(browser, spa, response_mode="form_post").body.decode()

    assert f'action="{CALLBACK}"' in page
    assert 'name="code"' in page


def test_a_web_message_goes_to_the_origin_of_the_callback_alone(browser, spa, ann):
    sign_in(browser, spa)

    answer = browser.get(spa.address(response_mode="web_message", prompt="none"))

    assert "frame-ancestors https://app.example.com" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers


def test_a_connection_that_is_not_on_for_the_client_signs_nobody_in(browser, spa, api, ann):
    page = browser.get(spa.address())
    connection = api.get("/api/v2/connections").json[0]
    api.patch(f"/api/v2/connections/{connection['id']}/clients", [{"client_id": spa.client.client_id, "status": False}])

    answer = browser.get(page.headers["Location"])

    assert answer.status_code == 403
