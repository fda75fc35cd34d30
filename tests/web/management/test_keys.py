"""/api/v2/keys/signing: the keys that sign tokens are rotated without breaking a token, and revoked to break them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography import x509

KEYS = "/api/v2/keys/signing"
JWKS = "/.well-known/jwks.json"


def by_state(api):
    """Give the kids by the state of their key."""
    keys = api.get(KEYS).json
    return {state: [key["kid"] for key in keys if key[state]] for state in ("current", "next", "previous", "revoked")}


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


def published(api):
    return {key["kid"] for key in api.get(JWKS).json["keys"]}


def works(api, token):
    return api.get("/api/v2/clients", token=token).status == 200


def test_a_tenant_begins_with_a_key_that_signs_and_the_next(api):
    states = by_state(api)

    assert {state: len(kids) for state, kids in states.items()} == {
        "current": 1,
        "next": 1,
        "previous": 0,
        "revoked": 0,
    }
    assert kid_of(api.token()) == states["current"][0]


def test_a_key_shows_its_certificate_and_its_state(api):
    listed = next(key for key in api.get(KEYS).json if key["current"])

    key = api.get(f"{KEYS}/{listed['kid']}").json

    certificate = x509.load_pem_x509_certificate(key["cert"].encode())
    assert key == listed
    assert key.keys() == {
        *("kid", "cert", "pkcs7", "fingerprint", "thumbprint"),
        *("current", "next", "previous", "revoked", "current_since"),
    }
    assert key["pkcs7"].startswith("-----BEGIN PKCS7-----")
    assert re.fullmatch(r"([0-9A-F]{2}:){19}[0-9A-F]{2}", key["fingerprint"])
    assert key["fingerprint"].replace(":", "") == key["thumbprint"]
    assert certificate.subject.rfc4514_string() == "CN=gatehouse.test"


@pytest.mark.security(28)
def test_no_answer_shows_a_private_key(api, contents):
    answers = api.get(KEYS).text + api.get(JWKS).text + api.post(f"{KEYS}/rotate").text

    assert "PRIVATE" not in answers
    assert "sealed" not in answers
    assert "BEGIN PRIVATE KEY" not in str(contents.read())


def test_a_rotation_lets_the_next_key_sign_and_keeps_the_one_before(api, clock):
    before = by_state(api)
    clock.advance(hours=1)

    rotated = api.post(f"{KEYS}/rotate")

    after = by_state(api)
    assert rotated.status == 201
    assert rotated.json["kid"] == kid_of(api.token()) == after["current"][0] == before["next"][0]
    assert after["previous"] == before["current"]
    assert after["next"] not in ([], before["next"], before["current"])
    assert api.get(f"{KEYS}/{after['previous'][0]}").json["current_until"] == "2026-03-01T13:00:00.000Z"


@pytest.mark.security(28)
def test_rotations_break_no_token_and_no_verifier_that_knew_the_keys(api):
    token, known = api.token("read:clients"), published(api)

    for _ in range(2):
        api.post(f"{KEYS}/rotate")
        newest = api.token("read:clients")
        assert works(api, token)
        assert works(api, newest)
        assert kid_of(newest) in known
        known = published(api)

    assert kid_of(token) in known


@pytest.mark.security(28)
def test_a_revocation_breaks_the_tokens_of_that_key_and_no_others(api):
    old = api.token("read:clients")
    api.post(f"{KEYS}/rotate")
    new = api.token("read:clients")

    revoked = api.put(f"{KEYS}/{kid_of(old)}/revoke")

    assert revoked.status == 200
    assert revoked.json.keys() == {"kid", "cert", "revoked_at"}
    assert [works(api, old), works(api, new)] == [False, True]
    assert kid_of(old) not in published(api)


def test_a_revoked_key_stays_revoked_since_the_first_time(api, clock):
    old = by_state(api)["current"][0]
    api.post(f"{KEYS}/rotate")
    first = api.put(f"{KEYS}/{old}/revoke").json
    clock.advance(hours=1)

    second = api.put(f"{KEYS}/{old}/revoke")

    key = api.get(f"{KEYS}/{old}").json
    assert (second.status, second.json) == (200, first)
    assert (key["revoked"], key["revoked_at"]) == (True, first["revoked_at"])


@pytest.mark.parametrize("state", ["current", "next"])
def test_a_key_that_signs_or_will_sign_cannot_be_revoked(api, state):
    kid = by_state(api)[state][0]

    answer = api.put(f"{KEYS}/{kid}/revoke")

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == f"The {state} signing key cannot be revoked. Rotate first."
    assert kid in published(api)


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("PUT", "/revoke")])
def test_a_key_that_does_not_exist_is_not_found(api, method, suffix):
    answer = api.call(method, f"{KEYS}/nothing{suffix}")

    assert answer.status == 404
    assert answer.json["message"] == "The signing key does not exist."
    assert answer.json["errorCode"] == "inexistent_signing_key"


@pytest.mark.security(43)
def test_ten_previous_keys_may_be_in_use_and_no_more(api):
    statuses = [api.post(f"{KEYS}/rotate").status for _ in range(11)]

    assert statuses == [201] * 10 + [429]
    api.put(f"{KEYS}/{by_state(api)['previous'][0]}/revoke")
    assert api.post(f"{KEYS}/rotate").status == 201


@pytest.mark.security(43)
def test_thirty_keys_are_kept_with_those_revoked_in_the_last_two_days(api, clock):
    statuses = []
    for _ in range(31):
        statuses.append(api.post(f"{KEYS}/rotate").status)
        for kid in by_state(api)["previous"]:
            api.put(f"{KEYS}/{kid}/revoke")

    clock.advance(days=2, hours=1)

    assert statuses == [201] * 30 + [429]
    assert api.post(f"{KEYS}/rotate").status == 201
    assert len(api.get(KEYS).json) == 3


def test_a_previous_key_is_published_until_its_last_token_has_ended_and_then_dropped(api, clock):
    old = by_state(api)["current"][0]
    api.post(f"{KEYS}/rotate")

    clock.advance(days=30, seconds=-1)
    to_the_end = old in published(api)
    clock.advance(seconds=6)

    assert to_the_end
    assert old not in published(api)
    api.post(f"{KEYS}/rotate")
    assert api.get(f"{KEYS}/{old}").status == 404


def test_rotations_at_the_same_time_leave_one_current_and_one_next_key(api):
    with ThreadPoolExecutor(3) as pool:
        statuses = list(pool.map(lambda _: api.post(f"{KEYS}/rotate").status, range(3)))

    states = by_state(api)
    assert set(statuses) <= {201, 409}
    assert len(states["previous"]) == statuses.count(201) > 0
    assert [len(states["current"]), len(states["next"])] == [1, 1]


@pytest.mark.security(33)
def test_keys_of_one_tenant_are_not_those_of_another(api, acme):
    theirs = acme.get(KEYS).json[0]["kid"]

    acme.post(f"{KEYS}/rotate")

    assert api.get(f"{KEYS}/{theirs}").status == 404
    assert by_state(api)["previous"] == []
