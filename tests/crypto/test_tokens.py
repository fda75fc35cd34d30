"""Tokens are signed by one key of a tenant and verified with the public side of those given, RS256 and nothing else.

What the Management API refuses of them is proven over HTTP; here is what each key is good for.
"""

from __future__ import annotations

import base64
import json

import jwt
import pytest

from chalicelib.core.errors import Unauthenticated

CLAIMS = {"sub": "tests@clients", "exp": 1, "nbf": 2**40, "iat": 2**40, "aud": ["a", "b"], "number": 1.5, "text": "ü"}


@pytest.fixture
def keys(core):
    return core.signing_keys.verifying("main")


@pytest.fixture
def tokens(core):
    return core.tokens.format


def test_claims_come_back_as_they_were_signed_and_times_are_left_to_the_caller(tokens, keys):
    token = tokens.sign("main", keys[0], CLAIMS)

    assert tokens.verify(token, keys) == CLAIMS


def test_a_token_names_its_key_and_is_of_one_algorithm(tokens, keys):
    token = tokens.sign("main", keys[0], CLAIMS)

    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": keys[0].kid}


def test_any_library_verifies_it_with_the_public_key(tokens, keys):
    token = tokens.sign("main", keys[0], {"sub": "tests@clients"})

    public = jwt.PyJWK.from_dict(dict(keys[0].jwk))

    assert jwt.decode(token, public, algorithms=["RS256"]) == {"sub": "tests@clients"}


@pytest.mark.security(28)
def test_a_token_of_a_key_that_is_not_given_is_refused(tokens, keys):
    token = tokens.sign("main", keys[0], CLAIMS)

    for others in ([keys[1]], []):
        with pytest.raises(Unauthenticated) as refused:
            tokens.verify(token, others)
        assert refused.value.detail == "unknown kid"


@pytest.mark.security(28)
def test_every_key_that_is_given_verifies_its_own_tokens_only(tokens, keys):
    first, second = (tokens.sign("main", key, CLAIMS) for key in keys)
    header, _, _ = first.partition(".")
    swapped = f"{header}.{second.partition('.')[2]}"

    assert tokens.verify(first, keys) == tokens.verify(second, keys) == CLAIMS
    with pytest.raises(Unauthenticated):
        tokens.verify(swapped, keys)


@pytest.mark.security(28)
def test_a_signature_covers_header_and_payload(tokens, keys):
    header, payload, signature = tokens.sign("main", keys[0], CLAIMS).split(".")
    other = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "root"}).encode()).rstrip(b"=").decode()
    typed = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "kid": keys[0].kid}).encode()).rstrip(b"=").decode()

    for token in (f"{header}.{other}.{signature}", f"{typed}.{payload}.{signature}"):
        with pytest.raises(Unauthenticated):
            tokens.verify(token, keys)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\x00", "\udc80", "ü.ü.ü", "." * 1_000])
def test_whatever_is_no_token_is_refused_with_one_error(tokens, keys, token):
    with pytest.raises(Unauthenticated) as refused:
        tokens.verify(token, keys)

    assert refused.value.message == "Invalid token"
    assert refused.value.detail
