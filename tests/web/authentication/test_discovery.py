"""/.well-known: what a tenant says of itself, and the public keys its tokens are verified with."""

from __future__ import annotations

import base64

import jwt
import pytest
from cryptography import x509

JWKS = "/.well-known/jwks.json"
CONFIGURATION = "/.well-known/openid-configuration"


def test_the_configuration_names_only_what_is_there(api):
    document = api.get(CONFIGURATION, headers={"Authorization": ""}).json

    addresses = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    paths = set(api.app.routes)
    assert document["issuer"] == "https://gatehouse.test/"
    assert [address for address in addresses if address.removeprefix("https://gatehouse.test") not in paths] == []
    assert "client_credentials" in document["grant_types_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= set(document["token_endpoint_auth_methods_supported"])
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]


def test_each_tenant_has_its_own_issuer_and_keys(api, acme):
    here, there = (tenant.get(JWKS).json["keys"] for tenant in (api, acme))

    assert acme.get(CONFIGURATION).json["issuer"] == "https://acme.gatehouse.test/"
    assert {key["n"] for key in here}.isdisjoint(key["n"] for key in there)


def test_the_keys_are_the_current_and_the_next(api):
    keys = api.get("/api/v2/keys/signing").json

    shown = {key["kid"] for key in api.get(JWKS).json["keys"]}

    assert shown == {key["kid"] for key in keys if key["current"] or key["next"]}
    assert len(shown) == 2


def test_the_keys_are_the_previous_too_until_they_are_revoked(api):
    first = api.app.core.signing_keys.current("main").kid
    api.post("/api/v2/keys/signing/rotate")
    after_rotation = {key["kid"] for key in api.get(JWKS).json["keys"]}

    api.put(f"/api/v2/keys/signing/{first}/revoke")

    assert first in after_rotation
    assert {key["kid"] for key in api.get(JWKS).json["keys"]} == after_rotation - {first}


@pytest.mark.security(28)
def test_a_key_shows_its_public_side_and_nothing_else(api):
    for key in api.get(JWKS).json["keys"]:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e", "x5t", "x5c"}
        assert (key["kty"], key["use"], key["alg"], key["e"]) == ("RSA", "sig", "RS256", "AQAB")
        assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 256


def test_a_keys_certificate_is_of_that_key_and_of_the_tenants_host(acme):
    for key in acme.get(JWKS).json["keys"]:
        certificate = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0]))

        assert certificate.public_key() == jwt.PyJWK.from_dict(key).key
        assert certificate.subject.rfc4514_string() == "CN=acme.gatehouse.test"


def test_a_token_of_the_current_key_is_verified_by_the_keys_shown(api):
    token = api.token("read:users")

    keys = jwt.PyJWKSet.from_dict(api.get(JWKS).json)
    key = keys[jwt.get_unverified_header(token)["kid"]]

    claims = jwt.decode(token, key, ["RS256"], options={"verify_exp": False, "verify_iat": False, "verify_aud": False})
    assert claims["scope"] == "read:users"


@pytest.mark.parametrize("path", [JWKS, CONFIGURATION])
def test_what_is_public_may_be_kept_for_five_minutes_and_read_by_any_page(api, path):
    headers = api.get(path, headers={"Authorization": ""}).headers

    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", [JWKS, CONFIGURATION])
def test_a_tenant_that_does_not_exist_says_nothing_of_itself(api, path):
    answer = api.get(path, headers={"Host": "nobody.gatehouse.test"})

    assert answer.status == 404
    assert answer.json == {"error": "inexistent_tenant", "error_description": "The tenant does not exist."}
