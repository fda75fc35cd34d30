"""Authlib, a client of OpenID Connect that knows nothing of Auth0, over https against a started local stack.

Its integrations for web frameworks are made of these same two classes; what a framework adds is where its sessions lie.
"""

from __future__ import annotations

import time

import pytest
from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.errors import InvalidClaimError
from joserfc.jwk import KeySet, RSAKey

from tests.clients.conftest import given_back

CALLBACK = "https://shop.example/callback"
SIGNED_OUT = "https://shop.example/bye"
SCOPE = "openid profile email offline_access"


class App(OAuth2Mixin, OpenIDMixin, BaseApp):
    """A relying party as Authlib builds it for Flask or Django, without either."""

    client_cls = OAuth2Session

    def connected(self):
        """Give a session that belongs to no web framework."""
        return self.client_cls(self.client_id, self.client_secret, **self.client_kwargs)

    def sign_in(self, visitor, email, **asked):
        """Have somebody sign in; gives what was begun, and the tokens with the claims of a proven ID token."""
        begun = self.create_authorization_url(CALLBACK, **asked)
        back = given_back(visitor.sign_in(begun["url"], email))
        assert (back["state"], back["iss"]) == (begun["state"], self.load_server_metadata()["issuer"])
        verifier = {"code_verifier": begun["code_verifier"]} if "code_verifier" in begun else {}
        tokens = self.fetch_access_token(CALLBACK, code=back["code"], **verifier)
        return begun, tokens, self.parse_id_token(tokens, nonce=begun["nonce"])


@pytest.fixture
def connect(stack, register):
    """Register an application, and give the relying party that it is."""

    def connect(method="none", **settings):
        kind = {"app_type": "spa"} if method == "none" else {"app_type": "regular_web"}
        client = register(callbacks=[CALLBACK], allowed_logout_urls=[SIGNED_OUT], **{**kind, **settings})
        proof_key = {"code_challenge_method": "S256"} if method == "none" else {}
        return App(
            None,
            client_id=client.client_id,
            client_secret=None if method == "none" else client.client_secret,
            server_metadata_url=f"https://{stack.domain}/.well-known/openid-configuration",
            client_kwargs={"scope": SCOPE, "token_endpoint_auth_method": method, **proof_key},
        )

    return connect


@pytest.fixture
def app(connect):
    return connect()


def test_the_discovery_document_is_one_by_its_rules(app):
    found = {name: value for name, value in app.load_server_metadata().items() if name != "_loaded_at"}

    OpenIDProviderMetadata(found).validate()
    AuthorizationServerMetadata(found).validate()


def test_a_public_client_signs_somebody_in_with_a_proof_key(app, visitor, user, stack):
    _, tokens, claims = app.sign_in(visitor, user.email)

    assert (claims["sub"], claims["email"], claims["aud"]) == (user.user_id, user.email, app.client_id)
    assert claims["iss"] == f"https://{stack.domain}/"
    assert app.userinfo(token=tokens)["sub"] == user.user_id


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_signs_somebody_in_with_its_secret(connect, visitor, user, method):
    app = connect(method)

    _, tokens, claims = app.sign_in(visitor, user.email)

    assert claims["sub"] == user.user_id
    assert set(tokens["scope"].split()) == set(SCOPE.split())


def test_a_client_proves_itself_by_a_key(connect, visitor, user):
    key = RSAKey.generate_key(2048)
    pem = key.as_pem(private=False).decode()
    methods = {"private_key_jwt": {"credentials": [{"credential_type": "public_key", "pem": pem}]}}
    app = connect("private_key_jwt", client_authentication_methods=methods)
    app.client_secret = key
    # Authlib's assertions live for an hour unless they are told otherwise; five minutes are the most, as with Auth0.
    app.client_auth_methods = [PrivateKeyJWT(claims={"exp": int(time.time()) + 60})]

    _, _, claims = app.sign_in(visitor, user.email)

    assert claims["sub"] == user.user_id


def test_a_wrong_secret_gets_no_tokens(connect, visitor, user):
    app = connect("client_secret_basic")
    app.client_secret = "wrong"

    with pytest.raises(OAuthError, match="access_denied: Unauthorized"):
        app.sign_in(visitor, user.email)


def test_an_id_token_is_good_for_one_request(app, visitor, user):
    _, tokens, _ = app.sign_in(visitor, user.email)

    with pytest.raises(InvalidClaimError, match="nonce"):
        app.parse_id_token(tokens, nonce="another")


def test_an_id_token_is_tied_to_its_access_token(app, visitor, user):
    begun, tokens, _ = app.sign_in(visitor, user.email)

    with pytest.raises(InvalidClaimError, match="at_hash"):
        app.parse_id_token({**tokens, "access_token": "another"}, nonce=begun["nonce"])


@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_an_id_token_is_from_one_issuer_and_for_one_client(app, visitor, user, claim):
    begun, tokens, _ = app.sign_in(visitor, user.email)

    with pytest.raises(InvalidClaimError, match=claim):
        app.parse_id_token(tokens, nonce=begun["nonce"], claims_options={claim: {"values": ["another"]}})


def test_a_token_for_an_api_is_proven_by_the_public_keys(app, sdk, visitor, user):
    api = sdk.resource_servers.create(identifier="https://orders.example", scopes=[{"value": "read:orders"}])

    _, tokens, _ = app.sign_in(visitor, user.email, audience=api.identifier, scope="openid read:orders")
    claims = jwt.decode(tokens["access_token"], KeySet.import_key_set(app.fetch_jwk_set())).claims
    sdk.resource_servers.delete(api.id)

    assert api.identifier in claims["aud"]
    assert (claims["sub"], claims["azp"], claims["scope"]) == (user.user_id, app.client_id, "openid read:orders")


def test_somebody_who_is_signed_in_is_not_asked_again(app, visitor, user):
    app.sign_in(visitor, user.email)
    begun = app.create_authorization_url(CALLBACK, prompt="none")

    back = given_back(visitor.go(begun["url"]))

    tokens = app.fetch_access_token(CALLBACK, code=back["code"], code_verifier=begun["code_verifier"])
    assert app.parse_id_token(tokens, nonce=begun["nonce"])["sub"] == user.user_id


def test_nobody_is_let_in_silently_who_is_not_signed_in(app, visitor):
    begun = app.create_authorization_url(CALLBACK, prompt="none")

    back = given_back(visitor.go(begun["url"]))

    assert (back["error"], back["state"]) == ("login_required", begun["state"])


@pytest.mark.security(26)
def test_a_refresh_token_is_replaced_and_using_the_old_one_ends_the_new(app, visitor, user):
    _, tokens, _ = app.sign_in(visitor, user.email)
    endpoint = app.load_server_metadata()["token_endpoint"]

    with app.connected() as session:
        renewed = session.refresh_token(endpoint, tokens["refresh_token"])
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(endpoint, tokens["refresh_token"])
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(endpoint, renewed["refresh_token"])

    assert app.userinfo(token=renewed)["sub"] == user.user_id


def test_a_revoked_refresh_token_gives_nothing_any_more(app, visitor, user):
    _, tokens, _ = app.sign_in(visitor, user.email)
    metadata = app.load_server_metadata()

    with app.connected() as session:
        answer = session.revoke_token(metadata["revocation_endpoint"], tokens["refresh_token"], "refresh_token")

        assert answer.status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(metadata["token_endpoint"], tokens["refresh_token"])


def test_signing_out_ends_the_session_and_leads_back(app, visitor, user):
    _, tokens, _ = app.sign_in(visitor, user.email)
    leaving = app.create_logout_url(SIGNED_OUT, id_token_hint=tokens["id_token"])

    answer = visitor.go(leaving["url"])

    assert answer.headers["Location"] == f"{SIGNED_OUT}?state={leaving['state']}"
    again = given_back(visitor.go(app.create_authorization_url(CALLBACK, prompt="none")["url"]))
    assert again["error"] == "login_required"


@pytest.mark.security(18)
def test_a_blocked_user_is_out_at_once(app, sdk, visitor, user):
    _, tokens, _ = app.sign_in(visitor, user.email)

    sdk.users.update(user.user_id, blocked=True)

    with app.connected() as session, pytest.raises(OAuthError):
        session.refresh_token(app.load_server_metadata()["token_endpoint"], tokens["refresh_token"])
    back = given_back(visitor.go(app.create_authorization_url(CALLBACK, prompt="none")["url"]))
    assert (back["error"], back["error_description"]) == ("unauthorized", "user is blocked")
