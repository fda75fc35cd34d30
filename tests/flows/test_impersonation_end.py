"""How an impersonation ends: stopped, revoked, with either person, or in time; and what it may not do."""

from __future__ import annotations

import json
import re

import pytest

from chalicelib import tasks
from chalicelib.core import impersonation_links
from tests.flows.browsing import EMAIL, Browser, answer_of, sign_in, state_of
from tests.flows.impersonating import JANE, confirm, followed


@pytest.fixture
def acting(support, web, browser):
    """Jane acts as Ann: an access token."""
    answer = answer_of(browser.get(followed(support.make_classic(web, {"scope": "openid email"}))))
    return web.exchange(answer["code"]).json_body["access_token"]


def info(support, token):
    return Browser(support.api.app).get("/userinfo", Authorization=f"Bearer {token}").status_code


def stop(support, token):
    return Browser(support.api.app).post("/impersonation/stop", {}, Authorization=f"Bearer {token}")


def end(support):
    link_id = support.links()[0]["id"]
    return support.api.delete(f"/api/v2/users/{support.user_id}/impersonation-links/{link_id}", token=support.token)


ENDS = {
    "the user is blocked": lambda s: s.api.patch(f"/api/v2/users/{s.user_id}", {"blocked": True}),
    "the impersonator is blocked": lambda s: s.api.patch(f"/api/v2/users/{s.jane}", {"blocked": True}),
    "the user is deleted": lambda s: s.api.delete(f"/api/v2/users/{s.user_id}"),
    "the impersonator is deleted": lambda s: s.api.delete(f"/api/v2/users/{s.jane}"),
    "the link is revoked": end,
    "the user's sessions are ended": lambda s: s.api.post(f"/api/v2/users/{s.user_id}/revoke-access"),
    "the impersonator's sessions are ended": lambda s: s.api.post(f"/api/v2/users/{s.jane}/revoke-access"),
    "the user has a new password": lambda s: s.api.patch(
        f"/api/v2/users/{s.user_id}", {"password": "another Horse battery 2"}
    ),
}


@pytest.mark.security(36, 39)
@pytest.mark.parametrize("finish", ENDS.values(), ids=ENDS)
def test_what_a_link_gave_ends_with_it_and_with_either_person(finish, support, acting):
    assert info(support, acting) == 200

    assert finish(support).status in {200, 204}

    assert info(support, acting) in {401, 403}


@pytest.mark.security(36)
@pytest.mark.parametrize("finish", ENDS.values(), ids=ENDS)
def test_a_code_of_a_link_ends_with_it_and_with_either_person(finish, support, web, browser):
    code = answer_of(browser.get(followed(support.make_classic(web))))["code"]

    finish(support)

    assert web.exchange(code).status_code == 403


def test_whoever_acts_as_somebody_stops_with_the_token_alone(support, acting):
    stopped, again = stop(support, acting), stop(support, acting)

    assert (stopped.status_code, again.status_code) == (204, 204)
    assert info(support, acting) == 401
    assert support.types() == ["simp", "simpu", "simps"]


def test_signing_out_of_the_application_ends_the_impersonation_and_nothing_else(support, web, app):
    jane = Browser(app)
    sign_in(jane, web, email=JANE)
    tokens = web.exchange(answer_of(jane.get(followed(support.make_classic(web))))["code"]).json_body

    answer = jane.get(f"/oidc/logout?id_token_hint={tokens['id_token']}")

    assert answer.status_code == 200
    assert info(support, tokens["access_token"]) == 401
    assert "code" in answer_of(jane.get(web.address(prompt="none")))
    assert support.types() == ["simp", "simpu", "simps"]


def test_an_ordinary_token_stops_nothing(support, web, browser):
    token = web.exchange(answer_of(sign_in(browser, web))["code"]).json_body["access_token"]

    assert stop(support, token).status_code == 403
    assert info(support, token) == 200


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_stopping_needs_a_token_of_ours(token, support):
    assert stop(support, token).status_code in {400, 401}


@pytest.mark.security(19)
def test_the_user_sees_who_acted_as_them_and_why_and_ends_it(support, web, browser, app):
    code = answer_of(browser.get(followed(support.make_classic(web, reason="Ticket 1"))))["code"]
    token = web.exchange(code).json_body["access_token"]
    ann = Browser(app)
    sign_in(ann, web)
    page = ann.get("/u/account")
    link_id = re.search(r'name="link_id" value="([^"]+)"', page.body.decode())[1]

    ended = ann.post("/u/account/impersonations", {"state": state_of(page), "link_id": link_id})

    assert f"{JANE}: Ticket 1" in page.body.decode()
    assert f"{JANE} used a link to sign in as you." in page.body.decode()
    shown = ann.get(ended.headers["Location"]).body.decode()
    assert "Nobody acts as you through it any more." in shown
    assert 'name="link_id"' not in shown
    assert info(support, token) == 401
    assert support.types() == ["simp", "simpu", "simps"]


@pytest.mark.security(19)
def test_nobody_ends_an_impersonation_of_somebody_else(support, web, browser, app, acting):
    jane = Browser(app)
    sign_in(jane, web, email=JANE)
    form = {"state": state_of(jane.get("/u/account")), "link_id": support.links()[0]["id"]}

    jane.post("/u/account/impersonations", form)

    assert info(support, acting) == 200


def test_a_link_is_revoked_once_and_never_works(support, web, browser):
    link = support.make_classic(web)

    first, second = end(support), end(support)

    assert (first.status, second.status) == (204, 204)
    assert browser.get(followed(link)).status_code == 410
    assert support.types() == ["simp", "simpr", "fimp"]
    assert support.links()[0]["status"] == "revoked"


def test_only_a_link_of_this_user_is_revoked(support, web, browser):
    link, link_id = support.make_classic(web), support.links()[0]["id"]

    refused = support.api.delete(f"/api/v2/users/{support.jane}/impersonation-links/{link_id}")

    assert (refused.status, refused.json["errorCode"]) == (404, "inexistent_impersonation_link")
    assert browser.get(followed(link)).status_code == 303


def test_a_link_that_waits_for_the_applications_request_can_be_ended(support, web, browser):
    confirm(browser, support.make(web)["link"])

    end(support)

    assert browser.get(web.address()).headers["Location"].startswith("/u/login")
    assert support.types() == ["simp", "simpu", "simps"]


NOT_AS_SOMEBODY_ELSE = {
    "read the profile": ("GET", "/api/v2/users/{id}", None),
    "change the password": ("PATCH", "/api/v2/users/{id}", {"password": "another Horse battery 2"}),
    "change the address": ("PATCH", "/api/v2/users/{id}", {"email": "eve@example.com"}),
    "unlink a device": ("DELETE", "/api/v2/device-credentials/dcr_1", None),
    "take back a grant": ("DELETE", "/api/v2/grants/g1", None),
    "delete the user": ("DELETE", "/api/v2/users/{id}", None),
    "end the sessions": ("DELETE", "/api/v2/users/{id}/sessions", None),
    "impersonate on": ("POST", "/users/{id}/impersonate", {"protocol": "oauth2"}),
    "impersonate on, by the newer form": ("POST", "/api/v2/users/{id}/impersonation-links", {}),
}


@pytest.mark.security(39)
@pytest.mark.parametrize(("method", "path", "body"), NOT_AS_SOMEBODY_ELSE.values(), ids=NOT_AS_SOMEBODY_ELSE)
def test_whoever_acts_as_somebody_may_do_nothing_of_this(method, path, body, support, acting):
    refused = support.api.call(method, path.replace("{id}", support.user_id), body, token=acting)

    assert (refused.status, refused.json["errorCode"]) == (403, "impersonated")
    assert support.types() == ["simp", "simpu", "fimp"]


@pytest.mark.security(38)
def test_what_is_done_as_somebody_names_the_impersonator_in_both_histories(support, acting):
    exchanged = [
        next(event for event in support.api.get(f"/api/v2/users/{person}/logs").json if event["type"] == "seacft")
        for person in (support.user_id, support.jane)
    ]

    told = [event["details"]["impersonation"]["impersonator"] for event in exchanged]
    assert told == [{"user_id": support.jane, "email": JANE}] * 2


@pytest.mark.security(23, 38)
def test_a_code_used_twice_ends_what_the_first_use_gave(support, web, browser):
    code = answer_of(browser.get(followed(support.make_classic(web))))["code"]
    token = web.exchange(code).json_body["access_token"]

    assert web.exchange(code).status_code == 403
    assert info(support, token) == 401


def test_an_event_says_who_whom_where_and_why(support, web, browser):
    browser.ip = "198.51.100.9"
    browser.get(followed(support.make_classic(web, reason="Ticket 1")), **{"User-Agent": "A browser"})

    used = next(event for event in support.api.get("/api/v2/logs").json if event["type"] == "simpu")

    assert (used["user_id"], used["client_id"], used["ip"]) == (support.user_id, web.client.client_id, "198.51.100.9")
    assert (used["client_name"], used["user_agent"]) == (web.client.name, "A browser")
    assert used["details"]["impersonation"]["reason"] == "Ticket 1"
    assert used["details"]["impersonation"]["impersonator"]["user_id"] == support.jane


def test_the_tenants_history_has_each_event_once(support, web, browser):
    browser.get(followed(support.make_classic(web)))

    kinds = [event["type"] for event in support.api.get("/api/v2/logs").json]

    assert (kinds.count("simp"), kinds.count("simpu")) == (1, 1)


def test_links_are_listed_the_newest_first_without_their_secret(support, web, browser, clock):
    first = support.make(web, reason="one")
    clock.advance(seconds=1)
    second = support.make(web, reason="two")
    confirm(browser, first["link"])

    listed = support.links()

    assert [(each["reason"], each["status"]) for each in listed] == [("two", "pending"), ("one", "used")]
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    assert not any("link" in each for each in listed)


def test_links_are_listed_page_by_page(support, web, clock):
    for number in range(5):
        clock.advance(seconds=1)
        support.make(web, reason=str(number))
    path = f"/api/v2/users/{support.user_id}/impersonation-links"

    first = support.api.get(path, query={"take": 3}).json
    second = support.api.get(path, query={"take": 3, "from": first["next"]}).json

    reasons = [[each["reason"] for each in page["impersonation_links"]] for page in (first, second)]
    assert reasons == [["4", "3", "2"], ["1", "0"]]
    assert "next" not in second


def test_a_past_link_is_listed_for_two_days(support, web, clock):
    support.make(web)
    clock.advance(days=2, minutes=4, seconds=59)
    assert [each["status"] for each in support.links()] == ["expired"]

    clock.advance(seconds=2)

    assert support.links() == []


def test_the_sweep_writes_into_both_histories_what_was_never_used(support, web, app, clock):
    support.make(web)
    clock.advance(minutes=5)

    tasks.sweep(app.core)
    tasks.sweep(app.core)

    assert support.types() == ["simp", "simpe"]
    assert support.links()[0]["status"] == "expired"


def test_the_sweep_leaves_what_is_still_good(support, web, app, browser, clock):
    support.make(web, expires_in=60)
    good = support.make_classic(web, expires_in=120)
    clock.advance(seconds=60)

    assert app.core.impersonation_links.expire() == 1

    assert browser.get(followed(good)).status_code == 303


def test_a_link_that_was_used_does_not_expire(support, web, app, browser, clock):
    browser.get(followed(support.make_classic(web)))
    clock.advance(hours=1)

    assert app.core.impersonation_links.expire() == 0
    assert support.types() == ["simp", "simpu"]


@pytest.mark.security(43)
def test_a_run_of_the_sweep_is_bounded_and_the_next_goes_on(support, web, app, clock, monkeypatch):
    monkeypatch.setattr(impersonation_links, "LINKS_PER_RUN", 50)
    for _ in range(53):
        support.make(web)
    clock.advance(minutes=5)

    runs = [app.core.impersonation_links.expire() for _ in range(3)]

    assert runs == [50, 3, 0]


def test_a_user_is_told_by_mail_if_the_tenant_says_so(support, web, browser, mailbox):
    support.api.patch("/api/v2/tenants/settings", {"impersonation": {"notify_user": True}})

    confirm(browser, support.make(web)["link"])
    browser.get(web.address())

    assert [mail.subject for mail in mailbox.to(EMAIL)] == ["Somebody looked at your account at main"]


@pytest.mark.security(40)
def test_the_secret_of_a_link_is_nowhere_but_in_the_link(support, web, browser, aws, settings, caplog):
    with caplog.at_level(0):
        link = support.make(web)["link"]
        secret = link.split("link=")[1]
        confirm(browser, link)
        browser.get(followed(link))
        support.links()
    held = browser.cookies["__Host-gatehouse-as"].split(".")[1]

    everything = json.dumps(aws["dynamodb"].scan(TableName=settings.table)["Items"], default=str) + caplog.text

    assert len(secret) == 43
    assert secret not in everything
    assert held not in everything
