"""DELETE /api/v2/users/{id}: gone at once, with everything that names the user."""

import json

import pytest

from tests.web.management.conftest import USERS, path


def add_key(api, user):
    """Store a public key of the user."""
    token = api.token("create:current_user_device_credentials", subject=user["user_id"])
    key = {"device_name": "Phone", "device_id": "p0", "type": "public_key", "value": "MIIB"}
    return api.post("/api/v2/device-credentials", key, token=token).json["id"]


def naming(contents, *words):
    """Give the items that name one of these, but for the history of what the tenant's administrators did."""
    items = [json.dumps(item) for item in contents.read()]
    return [item for item in items if any(word in item for word in words) and '"T#main#H#' not in item]


def test_a_deleted_user_is_gone_through_every_door(api, new_user):
    user, other = new_user(email="ann@example.com"), new_user()

    answer = api.delete(path(user))

    assert (answer.status, answer.text) == (204, "")
    assert api.get(path(user)).status == 404
    assert api.patch(path(user), {"name": "Ann"}).status == 404
    assert api.get("/api/v2/users-by-email", query={"email": "ann@example.com"}).json == []
    assert api.get(USERS).json == [other]
    assert api.get(USERS, query={"connection": user["identities"][0]["connection"]}).json == [other]


def test_nobody_signs_in_by_the_names_of_a_deleted_user(api, core, new_connection, new_user):
    connection = new_connection("named", options={"requires_username": True})
    user = new_user(connection="named", email="ann@example.com", username="ann")

    api.delete(path(user))

    assert core.users.store.login("main", connection["id"], "ann@example.com") is None
    assert core.users.store.login("main", connection["id"], "ann") is None


@pytest.mark.parametrize("unknown", ["auth0|000000000000000000000000", "nobody", "x" * 1_024])
def test_deleting_an_unknown_user_is_no_error(api, new_user, unknown):
    user = new_user()

    answer = api.delete(f"{USERS}/{unknown}")

    assert (answer.status, answer.text) == (204, "")
    assert api.get(USERS).json == [user]


def test_deleting_twice_is_no_error(api, new_user):
    user = new_user()

    assert [api.delete(path(user)).status for _ in range(2)] == [204, 204]


def test_everything_that_names_the_user_is_removed(api, contents, new_connection, new_user):
    options = {"requires_username": True, "password_history": {"enable": True, "size": 5}}
    new_connection("named", options=options)
    user = new_user(connection="named", email="ann@example.com", username="fietje", user_id="the-one")
    api.patch(path(user), {"password": "Another-long-1"})
    add_key(api, user)
    before = naming(contents, "the-one", "ann@example.com", "fietje")

    api.delete(path(user))

    assert len(before) > 5
    assert naming(contents, "the-one", "ann@example.com", "fietje") == []


def test_what_was_linked_goes_with_the_user(api, contents, new_user, people):
    user, linked = new_user(), new_user(connection="people", email="ann@work.example", user_id="linked-one")
    add_key(api, linked)
    api.post(f"{path(user)}/identities", {"provider": "auth0", "user_id": "linked-one"})

    api.delete(path(user))

    assert naming(contents, "linked-one", "ann@work.example") == []
    assert new_user(connection="people", email="ann@work.example", user_id="linked-one")


def test_an_outside_account_goes_with_its_user(api, contents, outsider):
    theirs = outsider(identity_id="117000117")

    api.delete(path(theirs))

    assert api.get(path(theirs)).status == 404
    assert naming(contents, "117000117", "Gil@Example.com") == []


def test_the_id_and_the_address_may_be_used_again_and_bring_nothing_back(api, new_user):
    attributes = {"email": "ann@example.com", "user_id": "ann"}
    user = new_user(**attributes, user_metadata={"a": 1}, blocked=True)
    add_key(api, user)
    api.delete(path(user))

    again = new_user(**attributes)

    assert again["user_id"] == user["user_id"]
    assert not {"user_metadata", "blocked"} & again.keys()
    assert api.get("/api/v2/device-credentials", query={"user_id": user["user_id"]}).json == []


@pytest.mark.security(40)
def test_the_tenants_history_still_says_who_deleted_whom(api, new_user, clock):
    user = new_user()
    clock.advance(seconds=1)

    api.delete(path(user))

    event = api.get("/api/v2/logs").json[0]
    assert (event["type"], event["user_id"], event["description"]) == ("sdu", user["user_id"], "Delete a user")
    assert event["details"]["request"]["auth"]["subject"] == "tests@clients"


@pytest.mark.security(33)
def test_another_tenant_deletes_nobody_here(api, acme, new_user):
    user = new_user()

    answer = acme.delete(path(user))

    assert answer.status == 204
    assert api.get(path(user)).json == user
