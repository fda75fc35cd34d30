"""Impersonation from end to end: a link is made, followed once, and both histories tell of it."""

from __future__ import annotations

import pytest

from tests.flows.browsing import CALLBACK, EMAIL, Browser, answer_of, claims_of
from tests.flows.impersonating import JANE, LOGIN_URI


def path_of(link: str) -> str:
    return link.removeprefix("https://gatehouse.test")


def impersonator_of(support) -> dict[str, str]:
    return {"user_id": support.jane, "email": JANE}


def test_a_classic_link_signs_in_once_as_auth0s_did(support, web, browser):
    link = support.make_classic(web, {"scope": "openid email"})

    first, second = browser.get(path_of(link)), browser.get(path_of(link))

    answer = answer_of(first)
    assert (first.status_code, answer["state"]) == (303, "xyz")
    assert first.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert second.status_code == 410
    assert support.types() == ["simp", "simpu", "fimp"]


@pytest.mark.security(38)
def test_the_tokens_of_an_impersonation_say_so_everywhere(support, web, browser):
    code = answer_of(browser.get(path_of(support.make_classic(web, {"scope": "openid email"}))))["code"]

    tokens = web.exchange(code).json_body

    marks = {"impersonated": True, "impersonator": impersonator_of(support), "act": {"sub": support.jane}}
    claims = claims_of(tokens["id_token"])
    info = Browser(support.api.app).get("/userinfo", Authorization=f"Bearer {tokens['access_token']}").json_body
    assert {name: claims.get(name) for name in marks} == marks
    assert {name: info.get(name) for name in marks} == marks
    assert (claims["sub"], claims["email"], info["sub"]) == (support.user_id, EMAIL, support.user_id)


def test_a_link_of_the_newer_form_leads_to_the_application_whose_own_request_is_answered_once(support, web, browser):
    page = browser.get(path_of(support.make(web, reason="Ticket 1")["link"]))
    action = page.body.decode().split('action="')[1].split('"')[0].replace("&amp;", "&")

    led = browser.post(action, {})
    answered = browser.get(web.address(state="own", nonce="own"))
    again = browser.get(web.address(state="own", nonce="own"))

    assert led.headers["Location"] == f"{LOGIN_URI}?iss=https%3A%2F%2Fgatehouse.test%2F"
    answer = answer_of(answered)
    assert answer["state"] == "own"
    assert claims_of(web.exchange(answer["code"]).json_body["id_token"])["nonce"] == "own"
    assert again.headers["Location"].startswith("/u/login")
