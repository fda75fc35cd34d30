"""What is not a Management API token of this tenant, signed by this tenant and good now, opens nothing (S28, S29)."""

from __future__ import annotations

import base64
import hmac
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.local.gateway import Gateway
from infra.local.messages import Request
from tests.conftest import START, Api

USERS = "/api/v2/users"
NOW = int(START.timestamp())
INVALID = {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token", "errorCode": "invalid_token"}
EXPIRED = {**INVALID, "message": "Expired token received for JSON Web Token validation"}
MALFORMED = {
    "statusCode": 400,
    "error": "Bad Request",
    "message": "Bad HTTP authentication header format",
    "errorCode": "Bearer",
}


@dataclass
class Forge:
    """Signs whatever it is told to, with a tenant's real key or another one."""

    api: Api

    @property
    def claims(self) -> dict[str, Any]:
        """Claims that are good for the tenant's Management API."""
        hosts, tenant = self.api.app.core.hosts, self.api.tenant
        audience = hosts.management_audience(tenant)
        times = {"iat": NOW, "exp": NOW + 3600}
        return {"iss": hosts.issuer(tenant), "sub": "tests@clients", "aud": audience, "scope": "read:users", **times}

    def private_key(self, tenant: str | None = None) -> tuple[str, rsa.RSAPrivateKey]:
        keys = self.api.app.core.signing_keys
        current = keys.current(tenant or self.api.tenant)
        return current.kid, keys.workshop.private_key(tenant or self.api.tenant, current)

    def sign(self, payload: Any = None, key: rsa.RSAPrivateKey | None = None, **headers: Any) -> str:
        """Make a token; a header that is None is left out."""
        kid, private = self.private_key()
        payload = self.claims if payload is None else payload
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        header = {"alg": "RS256", "typ": "JWT", "kid": kid, **headers}
        signed = _part({name: value for name, value in header.items() if value is not None}) + "." + _encoded(raw)
        return f"{signed}.{_encoded(jwt.get_algorithm_by_name('RS256').sign(signed.encode(), key or private))}"


@pytest.fixture
def forge(api) -> Forge:
    return Forge(api)


@pytest.fixture(scope="session")
def foreign_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _part(content: Any) -> str:
    return _encoded(json.dumps(content).encode())


def test_the_forge_makes_a_token_that_is_good(api, forge):
    assert api.get(USERS, token=forge.sign()).status == 200


@pytest.mark.security(28)
@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, "RS512", "PS256", "ES256", "HS256", ["RS256"]])
def test_an_algorithm_other_than_rs256_is_refused(api, forge, algorithm):
    signed, unsigned = forge.sign(alg=algorithm), forge.sign(alg=algorithm).rpartition(".")[0] + "."

    for token in (signed, unsigned):
        assert api.get(USERS, token=token).json == INVALID


def _public_pem(key: Any) -> bytes:
    public = jwt.PyJWK.from_dict(dict(key.jwk)).key
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _modulus(key: Any) -> bytes:
    return base64.urlsafe_b64decode(key.jwk["n"] + "==")


@pytest.mark.security(28)
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(lambda key: key.cert.encode(), id="the certificate"),
        pytest.param(lambda key: key.cert.strip().encode(), id="the certificate without its last line break"),
        pytest.param(_public_pem, id="the public key"),
        pytest.param(_modulus, id="the modulus"),
        pytest.param(lambda key: key.jwk["n"].encode(), id="the modulus as text"),
        pytest.param(lambda key: json.dumps(key.jwk).encode(), id="the JWK"),
        pytest.param(lambda key: b"", id="nothing"),
    ],
)
def test_a_token_signed_with_what_is_public_as_a_shared_secret_is_refused(api, forge, secret: Callable[[Any], bytes]):
    key = api.app.core.signing_keys.current("main")
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': key.kid})}.{_part(forge.claims)}"
    signature = hmac.digest(secret(key), signed.encode(), "sha256")

    answer = api.get(USERS, token=f"{signed}.{_encoded(signature)}")

    assert answer.json == INVALID


@pytest.mark.security(28)
@pytest.mark.parametrize(
    "kid",
    ["", None, "unknown", 7, ["a"], {"a": 1}, "../../../dev/null", "' OR 1=1 --", "https://evil.example/k", "\x00"],
)
def test_a_kid_that_is_none_of_the_tenants_keys_is_refused(api, forge, kid):
    assert api.get(USERS, token=forge.sign(kid=kid)).json == INVALID


@pytest.mark.security(28)
def test_a_signature_by_another_key_under_the_tenants_kid_is_refused(api, forge, foreign_key):
    assert api.get(USERS, token=forge.sign(key=foreign_key)).json == INVALID


@pytest.mark.security(28)
@pytest.mark.parametrize("kid", ["the tenant's", "another"])
def test_a_key_that_a_token_brings_with_it_is_not_believed(api, forge, foreign_key, kid):
    brought = jwt.get_algorithm_by_name("RS256").to_jwk(foreign_key.public_key(), as_dict=True)
    known = {} if kid == "the tenant's" else {"kid": "another"}

    for header in ({"jwk": brought}, {"jwk": {**brought, "kid": "another"}}, {"x5c": ["MIIB"]}, {"x5t": "abc"}):
        assert api.get(USERS, token=forge.sign(key=foreign_key, **header, **known)).json == INVALID


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that somebody may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.setblocking(False)
        yield opened


@pytest.mark.security(28)
@pytest.mark.parametrize("header", ["jku", "x5u", "kid"])
def test_an_address_of_keys_in_a_token_is_not_visited(api, forge, foreign_key, listener, header):
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/keys.json"

    answer = api.get(USERS, token=forge.sign(key=foreign_key, **{header: address}))

    assert answer.json == INVALID
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.security(28)
@pytest.mark.parametrize("critical", [["exp"], ["b64"], [], "exp", {"exp": 1}], ids=str)
def test_a_token_with_critical_headers_is_refused(api, forge, critical):
    assert api.get(USERS, token=forge.sign(crit=critical, exp=NOW)).json == INVALID


@pytest.mark.security(28, 29)
@pytest.mark.parametrize("kind", ["id_token", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "jwt ", 7, ["JWT"]])
def test_a_token_of_another_type_is_refused(api, forge, kind):
    assert api.get(USERS, token=forge.sign(typ=kind)).json == INVALID


@pytest.mark.security(28)
@pytest.mark.parametrize("kind", ["JWT", "at+jwt", None])
def test_a_token_of_the_type_of_access_tokens_is_good(api, forge, kind):
    assert api.get(USERS, token=forge.sign(typ=kind)).status == 200


@pytest.mark.security(28)
@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example/"},
        {"iss": "https://gatehouse.test"},
        {"iss": "http://gatehouse.test/"},
        {"iss": "https://acme.gatehouse.test/"},
        {"iss": "https://GATEHOUSE.test/"},
        {"iss": None},
        {"iss": ["https://gatehouse.test/"]},
        {"aud": "https://evil.example/"},
        {"aud": "https://acme.gatehouse.test/api/v2/"},
        {"aud": "https://gatehouse.test/api/v2"},
        {"aud": "https://gatehouse.test/userinfo"},
        {"aud": ""},
        {"aud": None},
        {"aud": []},
        {"aud": {"https://gatehouse.test/api/v2/": True}},
        {"aud": [["https://gatehouse.test/api/v2/"]]},
        {"sub": None},
        {"sub": 7},
        {"sub": ["tests@clients"]},
        {"sub": {"id": "tests@clients"}},
        {"sub": True},
        {"exp": None},
        {"exp": str(NOW + 3600)},
        {"exp": NOW + 3600.5},
        {"exp": True},
        {"exp": "never"},
        {"exp": [NOW + 3600]},
        {"iat": None},
        {"iat": NOW + 60},
        {"iat": str(NOW)},
        {"iat": "yesterday"},
        {"nbf": NOW + 60},
        {"nbf": str(NOW)},
        {"nbf": None},
    ],
    ids=str,
)
def test_a_claim_that_is_missing_or_not_as_it_must_be_is_refused(api, forge, changed):
    answer = api.get(USERS, token=forge.sign({**forge.claims, **changed}))

    assert answer.json == INVALID


@pytest.mark.security(28)
@pytest.mark.parametrize("name", ["iss", "sub", "aud", "iat", "exp"])
def test_a_claim_that_is_left_out_is_refused(api, forge, name):
    claims = {known: value for known, value in forge.claims.items() if known != name}

    assert api.get(USERS, token=forge.sign(claims)).json == INVALID


@pytest.mark.security(28)
@pytest.mark.parametrize("expires", [NOW, NOW - 1, 0, -1, -(2**63)])
def test_a_token_that_has_expired_is_refused(api, forge, expires):
    answer = api.get(USERS, token=forge.sign({**forge.claims, "exp": expires}))

    assert answer.status == 401
    assert answer.json == EXPIRED


@pytest.mark.security(28)
def test_a_token_is_good_to_its_last_second_and_not_after(api, clock):
    token = api.token(lifetime=3600)

    clock.advance(seconds=3599)
    assert api.get(USERS, token=token).status == 200
    clock.advance(seconds=1)
    assert api.get(USERS, token=token).json == EXPIRED


@pytest.mark.security(28)
@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_may_begin_a_second_ahead_and_no_more(api, forge, name):
    ahead, too_far = (forge.sign({**forge.claims, name: NOW + seconds}) for seconds in (1, 2))

    assert api.get(USERS, token=ahead).status == 200
    assert api.get(USERS, token=too_far).json == INVALID


@pytest.mark.security(28)
def test_a_token_may_be_for_several_audiences_if_this_is_one(api, forge):
    audience = forge.claims["aud"]

    assert api.get(USERS, token=forge.sign({**forge.claims, "aud": ["https://other.example", audience]})).status == 200
    assert api.get(USERS, token=forge.sign({**forge.claims, "aud": ["https://other.example"]})).json == INVALID


@pytest.mark.security(29)
def test_an_id_token_is_refused(api, forge):
    client_id = api.post("/api/v2/clients", {"name": "Shop"}).json["client_id"]
    id_token = {**forge.claims, "aud": client_id, "sub": "auth0|1", "email": "ann@example.com", "auth_time": NOW}

    assert api.get(USERS, token=forge.sign(id_token)).json == INVALID


@pytest.mark.security(29)
def test_a_token_for_another_api_is_refused(api):
    issued = api.app.core.tokens.issue(
        "main",
        subject="tests@clients",
        client_id="tests",
        audience="https://orders.example",
        scope="read:users",
        lifetime=3600,
        grant_type="client-credentials",
    )

    assert api.get(USERS, token=issued.value).json == INVALID


@pytest.mark.security(28)
@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"text"', b"7", b"{", b"\xff", b"[" * 10_000], ids=repr)
def test_a_payload_that_is_not_an_object_is_refused(api, forge, payload):
    assert api.get(USERS, token=forge.sign(payload[:2_000])).json == INVALID


@pytest.mark.security(28)
@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "9" * 5_000])
def test_a_time_that_is_no_number_is_refused(api, forge, number):
    payload = json.dumps({**forge.claims, "exp": "now"}).replace('"now"', number).encode()

    assert api.get(USERS, token=forge.sign(payload)).json == INVALID


@pytest.mark.security(28, 33)
def test_a_token_signed_by_another_tenant_for_this_one_is_refused(api, forge):
    kid, private = forge.private_key("acme")

    assert api.get(USERS, token=forge.sign(key=private)).json == INVALID
    assert api.get(USERS, token=forge.sign(key=private, kid=kid)).json == INVALID


@pytest.mark.security(28)
def test_a_key_that_is_not_in_use_yet_is_believed_and_a_revoked_one_is_not(api, forge):
    kid, private = forge.private_key()
    api.post("/api/v2/keys/signing/rotate")
    before = api.get(USERS, token=forge.sign(key=private, kid=kid)).status

    api.put(f"/api/v2/keys/signing/{kid}/revoke")

    assert before == 200
    assert api.get(USERS, token=forge.sign(key=private, kid=kid)).json == INVALID


@pytest.mark.security(28)
def test_a_token_that_was_cut_or_changed_anywhere_is_refused(api, forge):
    token = forge.sign()
    header, payload, signature = token.split(".")
    wider = _part({**forge.claims, "scope": "read:users delete:users"})

    for changed in (
        token[:-1],
        token[:-50],
        token[1:],
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f"{header}..{signature}",
        f".{payload}.{signature}",
        "..",
        header,
        f"{token}.{signature}",
        f"{header}.{wider}.{signature}",
        f"{header}.{payload}.{'A' * len(signature)}",
    ):
        assert api.get(USERS, token=changed).json == INVALID, changed


@pytest.mark.security(28)
@pytest.mark.parametrize(
    "token",
    [
        pytest.param("a" * 16_384, id="16,384 characters"),
        pytest.param("a" * 16_385, id="16,385 characters"),
        pytest.param("a.b.c" * 100_000, id="500,000 characters"),
        pytest.param("\x00", id="NUL"),
        pytest.param("a.b\x00.c", id="NUL inside"),
        pytest.param("\N{GRINNING FACE}.\N{GRINNING FACE}.\N{GRINNING FACE}", id="emoji"),
        pytest.param("\udcff.a.b", id="a lone surrogate"),
        pytest.param("null", id="null"),
        pytest.param("undefined", id="undefined"),
        pytest.param(f"{_encoded(b'[' * 100_000)}.a.b"[:16_000], id="a header nested deeply"),
        pytest.param(f"{_part([])}.{_part({})}.a", id="a header that is a list"),
    ],
)
def test_what_is_not_a_token_at_all_is_refused(api, token):
    answer = api.get(USERS, token=token)

    assert answer.status == 401
    assert answer.json == INVALID


@pytest.mark.security(28)
def test_a_token_of_the_longest_length_is_looked_at_and_a_longer_one_is_not(api, forge):
    longest, longer = _as_long_as(forge, 16_384), _as_long_as(forge, 16_385)

    assert (len(longest), len(longer)) == (16_384, 16_385)
    assert api.get(USERS, token=longest).status == 200
    assert api.get(USERS, token=longer).json == INVALID


def _as_long_as(forge: Forge, length: int) -> str:
    """Make a good token of a length. Base64 grows in steps, so the header makes up for what the payload cannot give."""
    missing = (length - len(forge.sign({**forge.claims, "more": ""}, more=""))) * 3 // 4
    made = (
        forge.sign({**forge.claims, "more": "x" * (missing - less)}, more="y" * header)
        for less in range(6)
        for header in range(4)
    )
    return next(token for token in made if len(token) == length)


@pytest.mark.security(28)
@pytest.mark.parametrize(
    "header",
    ["Basic dGVzdHM6c2VjcmV0", "Bearer", "Bearer ", "Digest username=a", "{token}", "Token {token}", "Bearer{token}"],
)
def test_a_header_of_another_form_is_refused(api, header):
    answer = api.get(USERS, headers={"Authorization": header.format(token=api.token())})

    assert answer.status == 400
    assert answer.json == MALFORMED


@pytest.mark.security(28)
def test_the_word_bearer_may_be_in_any_case(api):
    for word in ("Bearer", "bearer", "BEARER"):
        assert api.get(USERS, headers={"Authorization": f"{word} {api.token()}"}).status == 200


@pytest.mark.security(28)
@pytest.mark.parametrize("order", [("good", "bad"), ("bad", "good"), ("good", "good")])
def test_two_authorization_headers_are_refused_whatever_they_say(api, order):
    headers = {"good": f"Bearer {api.token()}", "bad": "Bearer a.b.c"}
    sent = [("Host", "gatehouse.test"), *(("Authorization", headers[each]) for each in order)]

    answer = Gateway(api.app).answer(Request("GET", USERS, sent))

    assert json.loads(answer.body) == MALFORMED


@pytest.mark.security(28)
@pytest.mark.parametrize("place", ["query", "body", "cookie"])
def test_a_token_anywhere_but_in_the_header_is_no_token(api, place):
    token = api.token()
    query = {"access_token": token} if place == "query" else None
    headers = {"Authorization": "", "Cookie": f"access_token={token}" if place == "cookie" else ""}
    body = {"access_token": token} if place == "body" else None

    answer = api.get(USERS, query=query, headers=headers, body=body)

    assert answer.status == 401
    assert answer.json["message"] == "Missing authentication"


@pytest.mark.security(28, 40)
def test_a_refused_token_is_neither_answered_nor_logged(api, forge, caplog):
    caplog.set_level("DEBUG", "gatehouse")
    token = forge.sign({**forge.claims, "aud": "https://canary.example", "sub": "canary"})

    answer = api.get(USERS, token=token)

    shown = answer.text + str(dict(answer.headers)) + caplog.text
    assert answer.status == 401
    assert "refused" in caplog.text
    assert [secret for secret in ("canary", *token.split(".")) if secret in shown] == []


@pytest.mark.security(28)
def test_why_a_token_is_refused_is_for_the_log_alone(api, forge, caplog):
    caplog.set_level("INFO", "gatehouse")

    answers = [api.get(USERS, token=token).text for token in (forge.sign(kid="x"), forge.sign(typ="x"), "a.b.c")]

    assert len(set(answers)) == 1
    assert "unknown kid" in caplog.text
