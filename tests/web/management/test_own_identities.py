"""Users link and unlink their own accounts: by their own token, and an ID token of the other account."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.links import OWN_IDENTITIES
from tests.web.conftest import id_token
from tests.web.management.conftest import path

APP = "tests"
"""The client that the access tokens of these tests are of."""
REFUSED = "link_with must be an ID token of this tenant that has not expired, for the client of the access token."
INSUFFICIENT = "Insufficient scope, expected any of: update:users"


@pytest.fixture
def ann(new_user):
    return new_user(email="ann@example.com")


@pytest.fixture
def work(new_user):
    return new_user(email="ann@work.example")


@pytest.fixture
def own(api, ann):
    """The access token of Ann for her own identities."""
    return api.token(OWN_IDENTITIES, subject=ann["user_id"])


@pytest.fixture
def link_with(api, ann, own):
    def link(token: str, user: Any = ann, access_token: str = own) -> Any:
        return api.post(f"{path(user)}/identities", {"link_with": token}, token=access_token)

    return link


@pytest.fixture
def forged(api, work):
    """Sign an ID token of the other account with claims of the test's own; None takes one away."""

    def sign(**claims: Any) -> str:
        core, now = api.app.core, int(api.app.core.users.ambient.now().timestamp())
        usual = {"iss": core.hosts.issuer("main"), "sub": work["user_id"], "aud": APP, "exp": now + 60, "gen": 0}
        given = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return core.userinfo.tokens.format.sign("main", core.signing_keys.current("main"), given)

    return sign


@pytest.mark.security(34)
def test_a_user_links_an_account_that_it_can_sign_in_to(api, link_with, ann, work):
    answer = link_with(id_token(api, work["user_id"]))

    assert answer.status == 201
    assert [identity["user_id"] for identity in answer.json] == [
        user["user_id"].removeprefix("auth0|") for user in (ann, work)
    ]
    assert api.get(path(work)).status == 404


def test_the_history_says_that_the_user_did_it(api, link_with, ann, work):
    link_with(id_token(api, work["user_id"]))

    event = api.get(f"{path(ann)}/logs").json[0]
    assert event["details"]["request"]["auth"] == {"subject": ann["user_id"], "client_id": APP}
    assert event["details"]["linked"] == work["user_id"]


def test_a_program_that_may_change_all_users_may_use_an_id_token_too(api, link_with, work):
    answer = link_with(id_token(api, work["user_id"]), access_token=api.token("update:users"))

    assert answer.status == 201


@pytest.mark.security(34)
def test_a_user_unlinks_its_own_account(api, link_with, ann, work, own):
    link_with(id_token(api, work["user_id"]))
    identity_id = work["user_id"].removeprefix("auth0|")

    answer = api.delete(f"{path(ann)}/identities/auth0/{identity_id}", token=own)

    assert (answer.status, answer.json) == (200, ann["identities"])
    assert api.get(path(work)).status == 200


@pytest.mark.security(34)
def test_a_users_own_token_links_no_account_by_its_id(api, ann, work, own):
    body = {"provider": "auth0", "user_id": work["user_id"]}

    answer = api.post(f"{path(ann)}/identities", body, token=own)

    assert (answer.status, answer.json["message"]) == (403, INSUFFICIENT)
    assert api.get(path(work)).json == work


@pytest.mark.security(34)
@pytest.mark.parametrize("whose", ["somebody", "nobody"])
def test_a_users_own_token_changes_the_identities_of_nobody_else(api, link_with, link, work, new_user, own, whose):
    other = new_user() if whose == "somebody" else {"user_id": "auth0|nobody"}
    if whose == "somebody":
        link(other, work)

    linked = link_with(id_token(api, new_user()["user_id"]), other)
    unlinked = api.delete(f"{path(other)}/identities/{work['user_id'].replace('|', '/')}", token=own)

    assert (linked.status, linked.json["message"]) == (403, INSUFFICIENT)
    assert (unlinked.status, unlinked.json["message"]) == (403, INSUFFICIENT)


def test_a_token_is_good_as_long_as_it_says(link_with, forged, clock):
    token = forged()
    clock.advance(seconds=59)

    assert link_with(token).status == 201


@pytest.mark.security(29)
@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 0},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iss": "https://elsewhere.example/"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": [APP]},
        {"aud": None},
        {"sub": None},
        {"sub": 7},
        {"gen": None},
        {"gen": 1},
        {"azp": APP},
        {"scope": "openid"},
        {"act": {"sub": "auth0|an-impersonator"}},
    ],
    ids=str,
)
def test_another_token_proves_nothing(api, link_with, forged, work, claims):
    answer = link_with(forged(**claims))

    assert (answer.status, answer.json["errorCode"], answer.json["message"]) == (400, "invalid_body", REFUSED)
    assert api.get(path(work)).json == work


def test_a_token_that_has_just_expired_proves_nothing(link_with, forged, clock):
    token = forged()
    clock.advance(seconds=60)

    assert link_with(token).json["message"] == REFUSED


@pytest.mark.security(29)
def test_an_access_token_proves_nothing(api, link_with, work):
    token = api.token(OWN_IDENTITIES, subject=work["user_id"])

    assert link_with(token).json["message"] == REFUSED


def test_a_changed_token_proves_nothing(api, link_with, work):
    header, claims, signature = id_token(api, work["user_id"]).split(".")

    answer = link_with(f"{header}.{claims}.{signature[::-1]}")

    assert (answer.status, answer.json["message"]) == (400, REFUSED)


@pytest.mark.security(33)
def test_a_token_of_another_tenant_proves_nothing(acme, link_with):
    body = {"connection": "Username-Password-Authentication", "email": "a@example.com", "password": "Long-enough-1"}
    theirs = acme.post("/api/v2/users", body).json

    assert link_with(id_token(acme, theirs["user_id"])).json["message"] == REFUSED


@pytest.mark.security(18)
@pytest.mark.parametrize("ending", ["a new password", "a block", "revoked access"])
def test_a_token_from_before_the_sessions_were_ended_proves_nothing(api, link_with, work, ending):
    token = id_token(api, work["user_id"])
    if ending == "a new password":
        api.patch(path(work), {"password": "Another-long-1", "connection": work["identities"][0]["connection"]})
    elif ending == "a block":
        api.patch(path(work), {"blocked": True})
        api.patch(path(work), {"blocked": False})
    else:
        api.post(f"{path(work)}/revoke-access")

    assert link_with(token).json["message"] == REFUSED


def test_a_user_is_not_linked_to_itself_by_a_token(api, link_with, ann):
    answer = link_with(id_token(api, ann["user_id"]))

    assert (answer.status, answer.json["message"]) == (400, "Main user and the new one are the same")


def test_a_token_of_a_user_that_is_gone_links_nobody(api, link_with, work):
    token = id_token(api, work["user_id"])
    api.delete(path(work))

    assert (link_with(token).status, link_with(token).json["errorCode"]) == (404, "inexistent_user")


def test_a_blocked_account_is_not_linked_by_a_token(api, link_with, work):
    api.patch(path(work), {"blocked": True})

    answer = link_with(id_token(api, work["user_id"]))

    assert (answer.status, answer.json["message"]) == (409, "A blocked user cannot be linked. Unblock first.")
