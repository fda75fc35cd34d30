"""The authentication half of the official Auth0 SDK for Python, unmodified, against a started local stack."""

from __future__ import annotations

import base64
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from auth0.authentication import Database, GetToken, RevokeToken, Users
from auth0.authentication.exceptions import Auth0Error, RateLimitError, TokenValidationError
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier
from joserfc.jwk import RSAKey

from tests.clients.conftest import CONNECTION, PASSWORD, given_back

CALLBACK = "https://shop.example/callback"
PASSWORD_REALM = "http://auth0.com/oauth/grant-type/password-realm"
VERIFIER = "a-secret-of-the-application-with-43-characters"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE = "openid profile email offline_access"

# The SDK asks for the time in a way that Python 3.12 disapproves of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture
def trusted(register):
    """An application that people tell their passwords."""
    return register(app_type="regular_web", grant_types=[PASSWORD_REALM, "refresh_token"])


@pytest.fixture
def get_token(stack, trusted):
    return GetToken(stack.domain, trusted.client_id, trusted.client_secret)


@pytest.fixture
def tokens(get_token, user):
    return get_token.login(user.email, PASSWORD, scope=SCOPE, realm=CONNECTION)


@pytest.fixture
def sign_in(stack, visitor, user):
    """Have the user sign in to an application on our page; gives the code."""

    def sign_in(client, **asked):
        query = {"client_id": client.client_id, "redirect_uri": CALLBACK, "response_type": "code", "scope": SCOPE}
        address = f"https://{stack.domain}/authorize?{urlencode({**query, **asked})}"
        return given_back(visitor.sign_in(address, user.email))["code"]

    return sign_in


def verifier_for(stack, client):
    issuer = f"https://{stack.domain}/"
    signature = AsymmetricSignatureVerifier(f"{issuer}.well-known/jwks.json")
    return TokenVerifier(signature_verifier=signature, issuer=issuer, audience=client.client_id)


def test_a_user_signs_in_by_password_and_realm(stack, trusted, tokens, user):
    claims = verifier_for(stack, trusted).verify(tokens["id_token"])

    assert (claims["sub"], claims["email"]) == (user.user_id, user.email)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 86400)


@pytest.mark.parametrize(("email", "password"), [("known", "wrong"), ("nobody@example.com", PASSWORD)])
def test_a_wrong_password_and_an_unknown_name_are_refused_alike(get_token, user, email, password):
    with pytest.raises(Auth0Error) as refused:
        get_token.login(user.email if email == "known" else email, password, realm=CONNECTION)

    error = refused.value
    assert (error.status_code, error.error_code, error.message) == (403, "invalid_grant", "Wrong email or password.")


def test_a_blocked_user_is_refused(sdk, get_token, user):
    sdk.users.update(user.user_id, blocked=True)

    with pytest.raises(Auth0Error) as refused:
        get_token.login(user.email, PASSWORD, realm=CONNECTION)

    assert (refused.value.error_code, refused.value.message) == ("unauthorized", "user is blocked")


@pytest.mark.security(8)
def test_after_ten_wrong_passwords_the_right_one_is_refused_too(get_token, user):
    for _ in range(10):
        with pytest.raises(Auth0Error, match="Wrong email or password"):
            get_token.login(user.email, "wrong", realm=CONNECTION)

    with pytest.raises(RateLimitError) as refused:
        get_token.login(user.email, PASSWORD, realm=CONNECTION)

    assert refused.value.error_code == "too_many_attempts"


def test_a_public_client_exchanges_a_code_with_its_proof_key(stack, register, sign_in, user):
    client = register(app_type="spa", callbacks=[CALLBACK])
    code = sign_in(client, code_challenge=CHALLENGE, code_challenge_method="S256", nonce="n1")

    answer = GetToken(stack.domain, client.client_id).authorization_code_pkce(VERIFIER, code, CALLBACK)

    assert verifier_for(stack, client).verify(answer["id_token"], nonce="n1")["sub"] == user.user_id


def test_a_confidential_client_exchanges_a_code_with_its_secret(stack, register, sign_in, user):
    client = register(app_type="regular_web", callbacks=[CALLBACK])
    code = sign_in(client)

    answer = GetToken(stack.domain, client.client_id, client.client_secret).authorization_code(code, CALLBACK)

    assert verifier_for(stack, client).verify(answer["id_token"])["sub"] == user.user_id


def test_a_client_proves_itself_by_a_key(stack, register, sign_in, user):
    key = RSAKey.generate_key(2048)
    pem = {"credential_type": "public_key", "pem": key.as_pem(private=False).decode()}
    methods = {"private_key_jwt": {"credentials": [pem]}}
    client = register(app_type="regular_web", callbacks=[CALLBACK], client_authentication_methods=methods)
    code = sign_in(client)

    signed = GetToken(stack.domain, client.client_id, client_assertion_signing_key=key.as_pem(private=True))
    answer = signed.authorization_code(code, CALLBACK)

    assert verifier_for(stack, client).verify(answer["id_token"])["sub"] == user.user_id


def test_an_id_token_of_one_client_is_refused_by_another(stack, register, tokens):
    other = register(app_type="spa")

    with pytest.raises(TokenValidationError, match="Audience"):
        verifier_for(stack, other).verify(tokens["id_token"])


def test_tokens_are_refreshed_and_the_refresh_token_is_replaced(get_token, tokens):
    renewed = get_token.refresh_token(tokens["refresh_token"])

    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert renewed["access_token"] != tokens["access_token"]
    with pytest.raises(Auth0Error, match="refresh token"):
        get_token.refresh_token(tokens["refresh_token"])


def test_userinfo_says_what_the_scopes_allow(stack, tokens, user):
    claims = Users(stack.domain).userinfo(tokens["access_token"])

    assert (claims["sub"], claims["email"], claims["nickname"]) == (user.user_id, user.email, user.nickname)


def test_userinfo_wants_an_access_token(stack, tokens):
    with pytest.raises(Auth0Error) as refused:
        Users(stack.domain).userinfo(tokens["id_token"])

    assert refused.value.status_code == 401


def test_a_revoked_refresh_token_gives_nothing_any_more(stack, trusted, get_token, tokens):
    RevokeToken(stack.domain, trusted.client_id, trusted.client_secret).revoke_refresh_token(tokens["refresh_token"])

    with pytest.raises(Auth0Error) as refused:
        get_token.refresh_token(tokens["refresh_token"])

    assert refused.value.error_code == "invalid_grant"


@pytest.fixture
def database(stack, register):
    if stack.call("POST", "/dbconnections/signup", json={}).status_code == 404:
        pytest.skip("There is no /dbconnections yet.")
    return Database(stack.domain, register(app_type="spa").client_id)


def test_somebody_signs_up(database, sdk):
    made = database.signup("new@example.com", PASSWORD, CONNECTION, user_metadata={"plan": "gold"})

    (created,) = sdk.users.list_users_by_email(email="new@example.com")
    sdk.users.delete(created.user_id)
    assert created.user_id == f"auth0|{made['_id']}"
    assert (made["email"], made["email_verified"], created.user_metadata) == (created.email, False, {"plan": "gold"})


@pytest.mark.security(7)
def test_asking_for_another_password_is_answered_alike_for_everybody(database, user):
    known = database.change_password(user.email, CONNECTION)
    unknown = database.change_password("nobody@example.com", CONNECTION)

    assert known == unknown == "We've just sent you an email to reset your password."
