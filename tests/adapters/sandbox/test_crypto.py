"""Hashes, randomness, signatures and tokens of our own JavaScript, against Python's libraries."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

HASHES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
LENGTHS = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000]
FORMS = {
    "pkcs8": ("private", serialization.PrivateFormat.PKCS8),
    "pkcs1": ("private", serialization.PrivateFormat.TraditionalOpenSSL),
    "spki": ("public", serialization.PublicFormat.SubjectPublicKeyInfo),
    "pkcs1 public": ("public", serialization.PublicFormat.PKCS1),
}


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pems(key):
    """The key in every form of PEM, and a certificate of it."""
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    made = {
        name: (
            key.private_bytes(pem, form, none) if kind == "private" else key.public_key().public_bytes(pem, form)
        ).decode()
        for name, (kind, form) in FORMS.items()
    }
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gatehouse.test")])
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 7, *_years()).sign(key, hashes.SHA256())
    return {**made, "certificate": certificate.public_bytes(pem).decode()}


def _years():
    from datetime import UTC, datetime

    return datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", HASHES)
def test_a_hash_is_the_one_that_everybody_has(runner, name):
    messages = [bytes(n % 251 for n in range(length)) for length in LENGTHS]

    said = runner.database(
        f"(list, cb) => cb(null, list.map((m) => require('crypto').createHash('{name}').update(m, 'base64').digest('hex')))",
        [base64.b64encode(message).decode() for message in messages],
    )

    assert said.result == [hashlib.new(name, message).hexdigest() for message in messages]


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("key", ["", "key", "k" * 64, "k" * 65, "k" * 200, "ключ"])
def test_an_hmac_is_the_one_that_everybody_has(runner, name, key):
    said = runner.database(
        f"(key, cb) => cb(null, require('crypto').createHmac('{name}', key).update('a').update('ß').digest('base64'))",
        key,
    )

    assert base64.b64decode(said.result) == hmac.digest(key.encode(), "aß".encode(), name)


def test_pbkdf2_is_the_one_that_everybody_has(runner):
    said = runner.value("require('crypto').pbkdf2Sync('secret', 'salt', 20, 40, 'sha512').toString('hex')")
    later = runner.value(
        "require('util').promisify(require('crypto').pbkdf2)('secret', 'salt', 20, 40, 'sha256').then((b) => b.toString('hex'))"
    )

    assert said == hashlib.pbkdf2_hmac("sha512", b"secret", b"salt", 20, 40).hex()
    assert later == hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 20, 40).hex()


def test_randomness_differs_from_run_to_run_and_within_one(runner):
    expression = (
        "[require('crypto').randomBytes(40).toString('hex'), require('uuid').v4(), Math.random(), crypto.randomUUID()]"
    )

    first, second = runner.value(expression), runner.value(expression)

    assert not set(map(str, first)) & set(map(str, second))
    assert all(uuid.UUID(value).version == 4 for value in (first[1], first[3]))
    assert 0 <= first[2] < 1


def test_random_numbers_are_spread(runner):
    numbers = runner.value(
        "Array.from({ length: 2000 }, Math.random).concat(Array.from({ length: 50 }, () => require('crypto').randomInt(3)))"
    )

    assert 0.45 < sum(numbers[:2000]) / 2000 < 0.55
    assert set(numbers[2000:]) == {0, 1, 2}


def test_named_and_timed_uuids(runner):
    said = runner.value(
        "[require('uuid').v5('a', require('uuid').v5.DNS), require('uuid').v3('a', require('uuid').v3.URL), require('uuid').v1(), require('uuid')(), uuid.v4()]"
    )

    assert said[:2] == [str(uuid.uuid5(uuid.NAMESPACE_DNS, "a")), str(uuid.uuid3(uuid.NAMESPACE_URL, "a"))]
    assert [uuid.UUID(value).version for value in said[2:]] == [1, 4, 4]
    assert abs((uuid.UUID(said[2]).time - 0x01B21DD213814000) / 1e7 - time.time()) < 60


def test_a_hash_says_when_it_is_none_or_over(runner):
    assert (
        runner.database("(cb) => require('crypto').createHash('sha3')").message == "Digest method not supported: sha3"
    )
    assert (
        runner.database("(cb) => { const h = require('crypto').createHash('md5'); h.digest(); h.digest(); }").code
        == "ERR_CRYPTO_HASH_FINALIZED"
    )


def test_ciphers_are_said_not_to_be_there(runner):
    assert (
        runner.database("(cb) => require('crypto').createCipheriv('aes', '', '')").message
        == "crypto.createCipheriv is not available here"
    )


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_tokens_with_a_secret_are_read_by_others_and_the_other_way_round(runner, algorithm):
    secret = "s" * 64
    made = runner.value(
        f"require('jsonwebtoken').sign({{ a: 'ß' }}, '{secret}', {{ algorithm: '{algorithm}', expiresIn: '1h', audience: 'x', issuer: 'me', subject: 'you', keyid: 'k' }})"
    )

    claims = jwt.decode(made, secret, algorithms=[algorithm], audience="x", issuer="me")
    back = runner.value(f"jwt.verify('{jwt.encode({'b': [1]}, secret, algorithm)}', Buffer.from('{secret}'))")

    assert (claims["a"], claims["sub"], claims["exp"] - claims["iat"]) == ("ß", "you", 3600)
    assert jwt.get_unverified_header(made) == {"alg": algorithm, "typ": "JWT", "kid": "k"}
    assert back == {"b": [1]}


@pytest.mark.parametrize("form", ["pkcs8", "pkcs1"])
@pytest.mark.parametrize("algorithm", ["RS256", "RS512"])
def test_tokens_with_a_private_key_are_read_by_others(runner, key, pems, form, algorithm):
    made = runner.database(
        f"(pem, cb) => cb(null, jwt.sign({{ a: 1 }}, pem, {{ algorithm: '{algorithm}' }}))", pems[form]
    )

    assert jwt.decode(made.result, key.public_key(), algorithms=[algorithm])["a"] == 1


@pytest.mark.parametrize("form", ["spki", "pkcs1 public", "certificate", "pkcs8"])
def test_tokens_of_others_are_read_with_a_public_key(runner, key, pems, form):
    token = jwt.encode({"a": 1}, key, "RS256")

    assert runner.database("(token, pem, cb) => jwt.verify(token, pem, cb)", token, pems[form]).result == {"a": 1}


def test_signatures_without_a_token(runner, key, pems):
    made = runner.database(
        "(pem, cb) => cb(null, require('crypto').createSign('RSA-SHA256').update('a').sign(pem, 'base64'))",
        pems["pkcs8"],
    )
    good = runner.database(
        "(pem, s, cb) => cb(null, ['a', 'b'].map((m) => require('crypto').createVerify('sha256').update(m).verify(pem, s, 'base64')))",
        pems["spki"],
        made.result,
    )

    key.public_key().verify(base64.b64decode(made.result), b"a", padding.PKCS1v15(), hashes.SHA256())
    assert good.result == [True, False]


@pytest.mark.parametrize(
    ("claims", "options", "message"),
    [
        ({"exp": 1}, "{}", "jwt expired"),
        ({"nbf": 99999999999}, "{}", "jwt not active"),
        ({"aud": "a"}, "{ audience: 'b' }", "jwt audience invalid. expected: b"),
        ({"aud": ["a"]}, "{ audience: /^b/ }", "jwt audience invalid. expected: /^b/"),
        ({"iss": "a"}, "{ issuer: ['b'] }", "jwt issuer invalid. expected: b"),
        ({"sub": "a"}, "{ subject: 'b' }", "jwt subject invalid. expected: b"),
        ({"iat": 1}, "{ maxAge: '1d' }", "maxAge exceeded"),
        ({}, "{ maxAge: '1d' }", "iat required when maxAge is specified"),
        ({}, "{ algorithms: ['HS512'] }", "invalid algorithm"),
        ({}, "{ algorithms: ['none'] }", "invalid algorithm"),
    ],
)
def test_a_token_that_is_not_good_is_refused(runner, claims, options, message):
    token = jwt.encode(claims, "s" * 32, "HS256")

    refused = runner.database(f"(token, cb) => cb(null, jwt.verify(token, '{'s' * 32}', {options}))", token)

    assert refused.message == message


def test_a_token_is_refused_with_another_secret_or_changed(runner):
    token = jwt.encode({"a": 1}, "s" * 32, "HS256")
    changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BA")

    for given, secret in [(token, "other"), (changed, "s" * 32), ("a.b", "x"), ("", "x")]:
        refused = runner.database("(token, secret, cb) => cb(null, jwt.verify(token, secret))", given, secret)
        assert refused.message in ("invalid signature", "jwt malformed", "jwt must be provided")


@pytest.mark.security(35)
def test_a_public_key_is_never_taken_for_a_secret(runner, pems):
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT"}, {"a": 1})
    )
    signature = base64.urlsafe_b64encode(hmac.digest(pems["spki"].encode(), head + b"." + body, "sha256")).rstrip(b"=")
    forged = b".".join([head, body, signature]).decode()

    for options in ("{}", "{ algorithms: ['HS256', 'RS256'] }"):
        assert (
            runner.database(f"(t, pem, cb) => cb(null, jwt.verify(t, pem, {options}))", forged, pems["spki"]).message
            == "invalid algorithm"
        )


@pytest.mark.security(35)
def test_a_token_without_a_signature_is_none(runner):
    token = jwt.encode({"a": 1}, None, "none")

    assert (
        runner.database("(t, cb) => cb(null, jwt.verify(t, 'secret', { algorithms: ['none'] }))", token).message
        == "invalid algorithm"
    )
    assert (
        runner.database("(cb) => cb(null, jwt.sign({}, 'secret', { algorithm: 'none' }))").message
        == "invalid algorithm"
    )


def test_a_key_can_be_looked_for_later(runner):
    token = jwt.encode({"a": 1}, "s" * 32, "HS256", headers={"kid": "k1"})

    said = runner.database(
        "(t, cb) => jwt.verify(t, (header, found) => found(header.kid === 'k1' ? null : 'no', 's'.repeat(32)), {}, cb)",
        token,
    )

    assert said.result == {"a": 1}


def test_rule_utilities_redirect_with_a_token_that_comes_back(runner):
    redirecting = """function (user, context, callback) {
      const { Auth0RedirectRuleUtilities } = require('@auth0/rule-utilities@0.2.0');
      const utilities = new Auth0RedirectRuleUtilities(user, context, configuration);
      if (utilities.canRedirect && !utilities.isRedirectCallback) utilities.doRedirect('https://form.example/?a=1', { asked: 1 });
      if (utilities.isRedirectCallback) user.back = utilities.validateSessionToken();
      callback(null, user, context);
    }"""
    settings = {"configuration": {"SESSION_TOKEN_SECRET": "s" * 32}}

    sent = runner.rules(redirecting, **settings).result["context"]
    token = re.search("session_token=(.*)", sent["redirect"]["url"])[1]
    back = {
        **sent,
        "redirect": None,
        "protocol": "redirect-callback",
        "request": {**sent["request"], "query": {"session_token": token}},
    }
    claims = runner.rules(redirecting, context=back, **settings).result["user"]["back"]

    assert sent["redirect"]["url"].startswith("https://form.example/?a=1&session_token=")
    assert (claims["asked"], claims["sub"], claims["iss"], claims["ip"]) == (
        1,
        "auth0|1",
        "https://login.example.com/",
        "203.0.113.7",
    )
