"""What speaks against an impersonation: when the link is made, and again when it is used (S36, S39)."""

from __future__ import annotations

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.conftest import Api
from tests.flows.browsing import PASSWORD
from tests.flows.impersonating import LOGIN_URI, confirm, followed, history_reasons

CLASSIC_OFF = "Links that answer an application unasked are turned off in this tenant."
NOT_HERE = "Nobody may be impersonated in this application."
NOT_THEM = "This user must not be impersonated."
NOT_ENABLED = "The user's connection is not enabled for the application."


def setting(api, **changes):
    changed = api.patch("/api/v2/tenants/settings", {"impersonation": changes})
    assert changed.status == 200, changed.text


def switch(support, web, *, on: bool):
    connection = support.api.get("/api/v2/connections", query={"name": DEFAULT_CONNECTION}).json[0]
    body = [{"client_id": web.client.client_id, "status": on}]
    assert support.api.patch(f"/api/v2/connections/{connection['id']}/clients", body).status == 204


def patch_user(support, user_id, **changes):
    assert support.api.patch(f"/api/v2/users/{user_id}", changes).status == 200


def patch_client(support, web, **changes):
    assert support.api.patch(f"/api/v2/clients/{web.client.client_id}", changes).status == 200


OBJECTIONS = {
    "the user is blocked": (lambda s, w: patch_user(s, s.user_id, blocked=True), "user is blocked"),
    "the impersonator is blocked": (lambda s, w: patch_user(s, s.jane, blocked=True), "The impersonator is blocked."),
    "the user is protected": (lambda s, w: setting(s.api, protected_users=[s.user_id]), NOT_THEM),
    "the user has a protected role": (
        lambda s, w: (
            patch_user(s, s.user_id, app_metadata={"authorization": {"roles": ["admin"]}}),
            setting(s.api, protected_roles=["admin"]),
        ),
        NOT_THEM,
    ),
    "the application is excluded": (lambda s, w: setting(s.api, excluded_clients=[w.client.client_id]), NOT_HERE),
    "the connection is off": (lambda s, w: switch(s, w, on=False), NOT_ENABLED),
    "impersonation is off": (
        lambda s, w: setting(s.api, enabled=False),
        "Impersonation is turned off in this tenant.",
    ),
}


@pytest.mark.security(39)
@pytest.mark.parametrize(("object_to", "why"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_a_link_is_not_made_and_both_histories_say_why(object_to, why, support, web):
    object_to(support, web)

    newer, classic = support.ask(web), support.ask_classic(web)

    assert (newer.status, newer.json["errorCode"], newer.json["message"]) == (403, "impersonation_refused", why)
    assert classic.status == 403
    assert support.types() == ["fimp", "fimp"]
    assert history_reasons(support) == [why, why]


LATER = {
    **OBJECTIONS,
    "the application is gone": (
        lambda s, w: s.api.delete(f"/api/v2/clients/{w.client.client_id}"),
        "The user, the impersonator or the application is gone.",
    ),
    "classic links are off": (lambda s, w: setting(s.api, classic_links=False), CLASSIC_OFF),
    "the callback is gone": (
        lambda s, w: patch_client(s, w, callbacks=["https://other.example/"]),
        "The callback is not registered any more.",
    ),
    "the program may not any more": (
        lambda s, w: s.api.patch(f"/api/v2/client-grants/{s.grant_id}", {"scope": ["delete:impersonation_links"]}),
        "Whoever had the link made may not do so any more.",
    ),
    "the program has no grant any more": (
        lambda s, w: s.api.delete(f"/api/v2/client-grants/{s.grant_id}"),
        "Whoever had the link made may not do so any more.",
    ),
    "the program is gone": (
        lambda s, w: s.api.delete(f"/api/v2/clients/{s.client_id}"),
        "Whoever had the link made may not do so any more.",
    ),
}


@pytest.mark.security(36)
@pytest.mark.parametrize(("object_to", "why"), LATER.values(), ids=LATER)
def test_a_link_that_was_made_is_checked_again_when_it_is_used(object_to, why, support, web, browser):
    link = support.make_classic(web)
    object_to(support, web)

    answer = browser.get(followed(link))

    assert answer.status_code == 410
    assert support.types() == ["simp", "fimp"]
    assert history_reasons(support)[-1] == why


@pytest.mark.security(36)
@pytest.mark.parametrize("person", ["user_id", "jane"])
def test_a_deleted_person_voids_a_link(person, support, web, browser):
    link = support.make_classic(web)
    support.api.delete(f"/api/v2/users/{getattr(support, person)}")

    answer = browser.get(followed(link))

    assert answer.status_code == 410
    other = support.jane if person == "user_id" else support.user_id
    assert [kind for kind, _ in support.history_of(other)] == ["simp", "fimp"]


@pytest.mark.security(36)
def test_a_link_dies_after_its_life(support, web, browser, clock):
    link = support.make_classic(web, expires_in=60)
    clock.advance(seconds=60)

    answer = browser.get(followed(link))

    assert answer.status_code == 410
    assert history_reasons(support)[-1] == "The link is expired."


def test_a_link_is_good_until_the_last_moment_of_its_life(support, web, browser, clock):
    link = support.make_classic(web, expires_in=60)
    clock.advance(seconds=59.999)

    assert browser.get(followed(link)).status_code == 303


@pytest.mark.security(39)
def test_nobody_impersonates_themselves(support, web):
    refused = support.ask(web, impersonator_id=support.user_id)

    assert refused.status == 403
    assert refused.json["message"] == "Nobody can impersonate themselves."


@pytest.mark.security(39)
def test_a_user_of_another_tenant_cannot_be_named(support, web, acme):
    body = {"connection": DEFAULT_CONNECTION, "email": "eve@example.com", "password": PASSWORD}
    stranger = acme.post("/api/v2/users", body).json["user_id"]

    as_impersonator = support.ask(web, impersonator_id=stranger)
    support.user_id = stranger
    as_user = support.ask(web)

    assert (as_impersonator.status, as_impersonator.json["errorCode"]) == (400, "inexistent_impersonator")
    assert (as_user.status, as_user.json["errorCode"]) == (404, "inexistent_user")


@pytest.mark.security(39)
@pytest.mark.parametrize(("tenant", "enabled"), [("main", True), ("acme", True), ("system", False)])
def test_where_the_dashboards_people_live_nobody_is_impersonated_by_default(tenant, enabled, app):
    settings = Api(app, tenant).get("/api/v2/tenants/settings").json

    assert settings["impersonation"]["enabled"] is enabled


@pytest.mark.security(39)
def test_a_setting_beside_it_does_not_turn_impersonation_on(system):
    changed = system.patch("/api/v2/tenants/settings", {"impersonation": {"notify_user": True}}).json

    assert changed["impersonation"]["enabled"] is False
    assert not system.app.core.impersonation_links.policy("system").enabled


def test_a_link_needs_the_scope(support, web, api):
    body = {"impersonator_id": support.jane, "client_id": web.client.client_id}

    refused = api.post(f"/api/v2/users/{support.user_id}/impersonation-links", body, scope="update:users")

    assert refused.status == 403


def test_the_global_client_may_make_links(support, web):
    core = support.api.app.core
    every = next(client for client in core.clients.store.walk("main") if client.is_global)
    audience = core.hosts.management_audience("main")

    grant = core.client_grants.recall("main", every.client_id, audience)

    assert "create:impersonation_links" in grant.scope


@pytest.mark.parametrize("reason", [None, "", "   "])
def test_a_tenant_may_demand_a_reason(reason, support, web):
    setting(support.api, reason_required=True)

    refused = support.ask(web, **({} if reason is None else {"reason": reason}))

    assert refused.status == 400
    assert support.ask(web, reason="Ticket 1").status == 201


@pytest.mark.security(43)
def test_a_link_lives_no_longer_than_the_tenant_allows(support, web):
    setting(support.api, max_link_lifetime=60)

    assert support.ask(web, expires_in=60).status == 201
    assert support.ask(web, expires_in=61).status == 400


@pytest.mark.security(43)
@pytest.mark.parametrize(("seconds", "status"), [(0, 400), (1, 201), (3_600, 201), (3_601, 400)])
def test_no_tenant_allows_more_than_an_hour(seconds, status, support, web):
    setting(support.api, max_link_lifetime=3_600)

    assert support.ask(web, expires_in=seconds).status == status
    assert support.api.patch("/api/v2/tenants/settings", {"impersonation": {"max_link_lifetime": 3_601}}).status == 400


@pytest.mark.security(43)
@pytest.mark.parametrize(("length", "status"), [(500, 201), (501, 400)])
def test_a_reason_has_a_longest_length(length, status, support, web):
    assert support.ask(web, reason="x" * length).status == status


@pytest.mark.parametrize("reason", ["two\nlines", "a bell \x07", "a separator \u2028"])
def test_a_reason_is_one_line(reason, support, web):
    assert support.ask(web, reason=reason).status == 400


def test_an_application_without_a_beginning_of_its_sign_in_has_classic_links_only(support, register):
    application = register(app_type="regular_web")

    newer, classic = support.ask(application), support.ask_classic(application)

    assert (newer.status, newer.json["errorCode"]) == (400, "no_initiate_login_uri")
    assert classic.status == 200


CLASSIC_WRONG = {
    "another protocol": ({}, {"protocol": "samlp"}),
    "another type of response": ({"response_type": "id_token"}, {}),
    "another mode": ({"response_mode": "web_message"}, {}),
    "a callback that is not registered": ({"callback_url": "https://evil.example/"}, {}),
    "tokens, where implicit is off": ({"response_type": "token"}, {}),
    "an unknown client": ({}, {"client_id": "nobody"}),
    "an unknown field": ({}, {"as": "root"}),
}


@pytest.mark.parametrize("address", [None, ""])
def test_an_application_that_lost_the_beginning_of_its_sign_in_is_not_entered(address, support, web, browser):
    link = support.make(web)["link"]
    support.api.patch(f"/api/v2/clients/{web.client.client_id}", {"initiate_login_uri": address})

    refused = confirm(browser, link)

    assert refused.status_code == 410
    assert history_reasons(support) == ["The application has no initiate_login_uri, where its sign-in begins."]


@pytest.mark.parametrize(("parameters", "further"), CLASSIC_WRONG.values(), ids=CLASSIC_WRONG)
def test_a_classic_link_asks_for_nothing_the_application_may_not_have(parameters, further, support, web):
    assert support.ask_classic(web, parameters, **further).status == 400


@pytest.mark.security(24)
def test_a_public_client_gets_no_code_it_did_not_ask_for(support, register):
    spa = register(initiate_login_uri=LOGIN_URI)

    refused = support.ask_classic(spa)

    assert (refused.status, refused.json["errorCode"]) == (400, "unauthorized_client")


def test_a_tenant_without_classic_links_has_no_link_that_is_spent_by_a_get(support, web):
    setting(support.api, classic_links=False)

    assert support.ask(web, confirm=False).status == 400
    assert support.ask(web, confirm=True).status == 201
    assert support.ask_classic(web).status == 403


@pytest.mark.security(20)
def test_a_link_made_before_classic_links_were_turned_off_is_spent_by_no_get_either(support, web, browser):
    link = support.make(web, confirm=False)["link"]
    setting(support.api, classic_links=False)

    refused = browser.get(followed(link))

    assert refused.status_code == 410
    assert history_reasons(support) == ["Links that are spent without a question are turned off in this tenant."]
