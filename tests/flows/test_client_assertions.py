"""Clients that prove themselves by a key: private_key_jwt."""

from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.flows.browsing import Browser

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def pem_of(key):
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def machine(api, key):
    """A machine-to-machine client that proves itself by its key."""
    credential = {"credential_type": "public_key", "name": "first", "pem": pem_of(key)}
    methods = {"private_key_jwt": {"credentials": [credential]}}
    made = api.post(
        "/api/v2/clients", {"name": "M", "app_type": "non_interactive", "client_authentication_methods": methods}
    )
    audience = api.app.core.hosts.management_audience("main")
    grant = {"client_id": made.json["client_id"], "audience": audience, "scope": ["read:users"]}
    assert api.post("/api/v2/client-grants", grant).status == 201
    return made.json


@pytest.fixture
def claims(machine, app, clock):
    now = int(clock.now().timestamp())
    issuer = app.core.hosts.issuer("main")
    return {
        "iss": machine["client_id"],
        "sub": machine["client_id"],
        "aud": issuer,
        "iat": now,
        "exp": now + 60,
        "jti": "one",
    }


@pytest.fixture
def ask(app, machine):
    def asking(assertion, **form):
        audience = app.core.hosts.management_audience("main")
        sent = {"grant_type": "client_credentials", "audience": audience, "client_id": machine["client_id"]}
        proof = {"client_assertion": assertion, "client_assertion_type": TYPE}
        answer = Browser(app).post("/oauth/token", {**sent, **proof, **form})
        return answer.status_code, json.loads(answer.body)

    return asking


def test_a_client_gets_a_token_for_an_assertion(ask, key, claims):
    status, body = ask(jwt.encode(claims, key, algorithm="RS256"))

    assert (status, body["scope"]) == (200, "read:users")


def test_the_client_need_not_be_named_besides(app, key, claims):
    sent = {
        "grant_type": "client_credentials",
        "audience": app.core.hosts.management_audience("main"),
        "client_assertion": jwt.encode(claims, key, algorithm="RS256"),
        "client_assertion_type": TYPE,
    }

    assert Browser(app).post("/oauth/token", sent).status_code == 200


def test_an_assertion_is_good_once(ask, key, claims):
    assertion = jwt.encode(claims, key, algorithm="RS256")
    ask(assertion)

    assert ask(assertion) == (401, {"error": "access_denied", "error_description": "Unauthorized"})


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"aud": "https://elsewhere/"},
        {"aud": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1},
        {"exp": 1 << 40},
        {"jti": None},
        {"jti": ""},
        {"jti": "j" * 65},
        {"nbf": 1 << 34},
        {"iat": 1 << 34},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(ask, key, claims, change):
    said = {name: value for name, value in {**claims, **change}.items() if value is not None}

    assert ask(jwt.encode(said, key, algorithm="RS256"))[0] == 401


def test_an_assertion_by_another_key_is_refused(ask, claims):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert ask(jwt.encode(claims, other, algorithm="RS256"))[0] == 401


@pytest.mark.parametrize("algorithm", ["RS512", "none", "HS256"])
def test_an_assertion_by_another_algorithm_is_refused(ask, key, claims, algorithm):
    secret = {"RS512": key, "none": None, "HS256": "a shared secret of some length, thirty-two"}[algorithm]

    assert ask(jwt.encode(claims, secret, algorithm=algorithm))[0] == 401


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "..", "é", "x" * 2_048])
def test_nonsense_is_no_assertion(ask, assertion):
    assert ask(assertion)[0] == 401


def test_a_wrong_type_or_two_proofs_are_malformed(ask, key, claims):
    assertion = jwt.encode(claims, key, algorithm="RS256")

    assert ask(assertion, client_assertion_type="jwt")[0] == 400
    assert ask(assertion, client_secret="secret")[0] == 400


def test_such_a_client_has_no_secret_that_works(app, machine):
    sent = {"grant_type": "client_credentials", "client_id": machine["client_id"], "client_secret": "x"}

    assert "client_secret" not in machine
    assert Browser(app).post("/oauth/token", sent).status_code == 401


def test_keys_are_listed_added_changed_and_removed(api, machine, key, clock, ask, claims):
    path = f"/api/v2/clients/{machine['client_id']}/credentials"
    first = api.get(path).json[0]
    added = api.post(path, {"credential_type": "public_key", "pem": pem_of(key), "alg": "PS256", "name": "second"})

    changed = api.patch(f"{path}/{added.json['id']}", {"expires_at": "2026-03-01T12:00:00.000Z"})
    removed = api.delete(f"{path}/{first['id']}")

    assert added.status == 201
    assert changed.json["expires_at"] == "2026-03-01T12:00:00.000Z"
    assert (removed.status, api.get(f"{path}/{first['id']}").status) == (204, 404)
    assert ask(jwt.encode(claims, key, algorithm="RS256"))[0] == 401
    assert ask(jwt.encode(claims, key, algorithm="PS256"))[0] == 401


def test_a_client_may_change_over_to_its_keys_by_id(api, key):
    made = api.post("/api/v2/clients", {"name": "M", "app_type": "non_interactive"}).json
    path = f"/api/v2/clients/{made['client_id']}"
    credential = api.post(f"{path}/credentials", {"credential_type": "public_key", "pem": pem_of(key)}).json
    methods = {"private_key_jwt": {"credentials": [{"id": credential["id"]}]}}

    changed = api.patch(path, {"client_authentication_methods": methods})
    back = api.patch(path, {"client_authentication_methods": None, "token_endpoint_auth_method": "client_secret_post"})

    assert changed.json["client_authentication_methods"] == methods
    assert back.json["token_endpoint_auth_method"] == "client_secret_post"


def test_a_client_cannot_change_over_to_keys_it_has_not(api):
    made = api.post("/api/v2/clients", {"name": "M"}).json
    methods = {"private_key_jwt": {"credentials": [{"id": "cred_unknown"}]}}

    answer = api.patch(f"/api/v2/clients/{made['client_id']}", {"client_authentication_methods": methods})

    assert answer.status == 400


@pytest.mark.parametrize(
    "pem",
    [
        "nonsense",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        pem_of(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505 - refused for it
    ],
)
def test_only_rsa_keys_of_2048_bits_and_more_are_taken(api, machine, pem):
    path = f"/api/v2/clients/{machine['client_id']}/credentials"

    assert api.post(path, {"credential_type": "public_key", "pem": pem}).status == 400


def test_a_client_has_ten_keys_at_most(api, machine, key):
    path = f"/api/v2/clients/{machine['client_id']}/credentials"
    body = {"credential_type": "public_key", "pem": pem_of(key)}

    statuses = [api.post(path, body).status for _ in range(10)]

    assert statuses == [201] * 9 + [400]
