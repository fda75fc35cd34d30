"""Signing in with a code: from the application through the pages to tokens."""

from __future__ import annotations

import json

from tests.flows.browsing import CALLBACK, EMAIL, answer_of, claims_of, sign_in


def test_a_user_signs_in_and_the_application_gets_tokens(browser, spa, ann):
    answer = sign_in(browser, spa)

    back = answer_of(answer)
    tokens = json.loads(spa.exchange(back["code"]).body)
    claims = claims_of(tokens["id_token"])

    assert answer.headers["Location"].startswith(CALLBACK)
    assert back["state"] == "xyz"
    assert (claims["sub"], claims["email"], claims["nonce"]) == (ann, EMAIL, "n-0S6")
