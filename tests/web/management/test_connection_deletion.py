"""Deleting a connection, whose users follow, and deleting one of its users by e-mail."""

import pytest

from chalicelib.core.callers import Caller
from chalicelib.wiring import build_core
from tests.web.management.conftest import path

PATH = "/api/v2/connections"


def test_a_deleted_connection_is_gone_and_its_name_free(api, people):
    answer = api.delete(f"{PATH}/{people['id']}")

    assert (answer.status, answer.text) == (204, "")
    assert api.get(f"{PATH}/{people['id']}").status == 404
    assert api.post(PATH, {"name": "people", "strategy": "auth0"}).status == 201


def test_deleting_an_unknown_connection_is_no_error(api):
    assert api.delete(f"{PATH}/con_0000000000000000").status == 204


def test_nobody_is_created_in_a_deleted_connection(api, people, post_user):
    post_user(connection="people")
    api.delete(f"{PATH}/{people['id']}")

    answer = post_user(connection="people")

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_connection")


def test_nobody_is_created_in_a_connection_that_another_process_deleted(settings, ambient, people, post_user):
    """This process has read the connection, and remembers it for seconds."""
    post_user(connection="people")
    build_core(settings, ambient).connections.delete(Caller(tenant="main"), people["id"])

    answer = post_user(connection="people")

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_connection")


def test_the_users_of_a_deleted_connection_are_swept(api, core, people, new_user):
    users = [new_user(connection="people") for _ in range(3)]
    other = new_user()
    api.delete(f"{PATH}/{people['id']}")

    while core.sweep.run() == 0:
        pass

    assert [api.get(path(user)).status for user in users] == [404, 404, 404]
    assert [user["user_id"] for user in api.get("/api/v2/users").json] == [other["user_id"]]


def test_the_users_of_a_deleted_connection_can_no_longer_be_changed_there(api, people, new_user):
    user = new_user(connection="people")
    api.delete(f"{PATH}/{people['id']}")

    answer = api.patch(path(user), {"password": "Another-long-1"})

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_connection")


def test_a_new_connection_of_the_same_name_has_none_of_the_old_ones_users(api, core, people, new_user, new_connection):
    old = new_user(connection="people", email="ann@example.com")
    api.delete(f"{PATH}/{people['id']}")
    new_connection("people")

    new = new_user(connection="people", email="ann@example.com")
    while core.sweep.run() == 0:
        pass

    assert api.get(path(old)).status == 404
    assert api.get(path(new)).status == 200


def test_an_account_of_a_deleted_connection_leaves_the_user_it_was_linked_to(api, core, people, new_user):
    user, linked = new_user(), new_user(connection="people")
    provider, _, identity_id = linked["user_id"].partition("|")
    api.post(f"{path(user)}/identities", {"provider": provider, "user_id": identity_id})
    api.delete(f"{PATH}/{people['id']}")

    while core.sweep.run() == 0:
        pass

    assert len(api.get(path(user)).json["identities"]) == 1
    assert api.get(path(linked)).status == 404


def test_a_user_is_deleted_by_address_in_any_case(api, people, new_user):
    user = new_user(connection="people", email="ann@example.com")

    answer = api.delete(f"{PATH}/{people['id']}/users", query={"email": "Ann@Example.com"})

    assert (answer.status, answer.text) == (204, "")
    assert api.get(path(user)).status == 404


def test_deleting_an_address_nobody_has_there_is_no_error(api, people, new_user):
    elsewhere = new_user(email="ann@example.com")

    answer = api.delete(f"{PATH}/{people['id']}/users", query={"email": "ann@example.com"})

    assert answer.status == 204
    assert api.get(path(elsewhere)).status == 200


@pytest.mark.parametrize("email", ["ann", "+491701234567", "", None])
def test_only_an_address_deletes_a_user(api, new_connection, new_user, email):
    connection = new_connection("named", options={"requires_username": True})
    user = new_user(connection="named", username="ann")

    answer = api.delete(f"{PATH}/{connection['id']}/users", query={} if email is None else {"email": email})

    assert answer.status == 400
    assert api.get(path(user)).status == 200


def test_the_address_of_a_linked_account_does_not_delete_the_user_it_is_linked_to(api, people, new_user):
    user, linked = new_user(), new_user(connection="people", email="ann@example.com")
    api.post(f"{path(user)}/identities", {"provider": "auth0", "user_id": linked["user_id"]})
    before = api.get(path(user)).json

    answer = api.delete(f"{PATH}/{people['id']}/users", query={"email": "ann@example.com"})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert api.get(path(user)).json == before


def test_the_users_of_an_unknown_connection_cannot_be_deleted(api):
    answer = api.delete(f"{PATH}/con_0000000000000000/users", query={"email": "ann@example.com"})

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_connection")
