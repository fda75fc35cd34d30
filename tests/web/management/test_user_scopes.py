"""Which fields of a user a scope may change: all, the metadata, or a user's own token its user_metadata."""

import pytest

from tests.web.management.conftest import path

FIELDS = [
    {"blocked": True},
    {"blocked": None},
    {"email": "other@example.com"},
    {"email_verified": True},
    {"password": "Another-long-1"},
    {"name": "Ann"},
    {"given_name": "Ann"},
    {"nickname": "ann"},
    {"picture": "https://example.com/a.png"},
    {"phone_number": "+1"},
    {"phone_verified": True},
    {"username": "ann"},
    {"verify_email": True},
    {"connection": "people"},
    {"client_id": "a-client"},
]
each_field = pytest.mark.parametrize("change", FIELDS, ids=lambda change: next(iter(change)))


@pytest.fixture
def ann(new_user):
    return new_user(user_metadata={"a": 1}, app_metadata={"b": 1})


def insufficient(scopes):
    """Give the answer to a token without these scopes."""
    message = f"Insufficient scope, expected any of: {scopes}"
    return {"statusCode": 403, "error": "Forbidden", "message": message, "errorCode": "insufficient_scope"}


@pytest.mark.security(34)
@pytest.mark.parametrize("kind", ["user_metadata", "app_metadata"])
def test_a_token_for_metadata_changes_both_kinds(api, ann, kind):
    answer = api.patch(path(ann), {kind: {"c": 2}}, scope="update:users_app_metadata")

    assert answer.status == 200
    assert answer.json[kind] == {**ann[kind], "c": 2}


@pytest.mark.security(34)
@each_field
def test_a_token_for_metadata_changes_nothing_else(api, ann, change):
    answer = api.patch(path(ann), {**change, "user_metadata": {"c": 2}}, scope="update:users_app_metadata")

    assert (answer.status, answer.json) == (403, insufficient("update:users"))
    assert api.get(path(ann)).json == ann


@pytest.mark.security(34)
def test_a_users_own_token_changes_its_user_metadata(api, ann):
    token = api.token("update:current_user_metadata", subject=ann["user_id"])

    answer = api.patch(path(ann), {"user_metadata": {"c": 2}}, token=token)

    assert (answer.status, answer.json["user_metadata"]) == (200, {"a": 1, "c": 2})


@pytest.mark.security(34)
@each_field
def test_a_users_own_token_changes_nothing_else_of_itself(api, ann, change):
    token = api.token("update:current_user_metadata", subject=ann["user_id"])

    answer = api.patch(path(ann), {**change, "user_metadata": {"c": 2}}, token=token)

    assert (answer.status, answer.json) == (403, insufficient("update:users"))
    assert api.get(path(ann)).json == ann


@pytest.mark.security(34)
@pytest.mark.parametrize("value", [{"plan": "gold"}, {}, None])
def test_a_users_own_token_does_not_change_its_app_metadata(api, ann, value):
    token = api.token("update:current_user_metadata read:current_user", subject=ann["user_id"])

    answer = api.patch(path(ann), {"app_metadata": value}, token=token)

    assert (answer.status, answer.json) == (403, insufficient("update:users,update:users_app_metadata"))
    assert api.get(path(ann)).json == ann


@pytest.mark.security(34)
@pytest.mark.parametrize("whose", ["somebody", "nobody"])
def test_a_users_own_token_changes_nobody_else_and_does_not_tell_who_exists(api, ann, new_user, whose):
    other = new_user() if whose == "somebody" else {"user_id": "auth0|nobody"}
    token = api.token("update:current_user_metadata", subject=ann["user_id"])

    answer = api.patch(path(other), {"user_metadata": {"c": 2}}, token=token)

    assert (answer.status, answer.json) == (403, insufficient("update:users,update:users_app_metadata"))


@pytest.mark.security(34)
@pytest.mark.parametrize("scope", ["update:current_user_metadata", "read:current_user"])
def test_a_users_own_token_neither_links_nor_unlinks_nor_deletes_by_other_scopes(api, ann, new_user, scope):
    other = new_user()["user_id"].removeprefix("auth0|")
    token = api.token(scope, subject=ann["user_id"])

    answers = [
        api.post(f"{path(ann)}/identities", {"provider": "auth0", "user_id": other}, token=token),
        api.delete(f"{path(ann)}/identities/auth0/{other}", token=token),
        api.delete(path(ann), token=token),
    ]

    assert [answer.json["errorCode"] for answer in answers] == ["insufficient_scope"] * 3
    assert api.get(path(ann)).json == ann


@pytest.mark.security(34)
@pytest.mark.parametrize("change", [{"blocked": True}, {"email_verified": True}, {"app_metadata": {"c": 2}}])
def test_update_users_changes_any_field(api, ann, change):
    assert api.patch(path(ann), change, scope="update:users").status == 200
