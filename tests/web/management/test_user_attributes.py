"""What an identity provider brings is read-only here, through every door."""

import pytest

from tests.web.management.conftest import ROOT_ATTRIBUTES, path


@pytest.fixture
def gil(api, outsider):
    return api.get(path(outsider(attributes={"locale": "de"}))).json


@pytest.mark.parametrize("name", ROOT_ATTRIBUTES)
@pytest.mark.parametrize("value", ["new", None])
def test_an_attribute_that_each_sign_in_brings_cannot_be_changed(api, gil, name, value):
    answer = api.patch(path(gil), {name: ROOT_ATTRIBUTES[name] if value else None})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == (
        f"The following user attributes cannot be updated: {name}. The connection (over-google-oauth2)"
        " should have disabled user profile attribute synchronization."
    )
    assert api.get(path(gil)).json == gil


@pytest.mark.parametrize("strategy", ["google-oauth2", "samlp", "waad", "oidc", "github"])
def test_this_holds_for_every_identity_provider(api, outsider, strategy):
    theirs = outsider(strategy)

    answer = api.patch(path(theirs), {"name": "Other", "user_metadata": {"a": 1}})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert "user_metadata" not in api.get(path(theirs)).json


@pytest.mark.parametrize("when", ["on_first_login", "never_on_login"])
def test_attributes_can_be_changed_where_no_later_sign_in_brings_them(api, outsider, when):
    theirs = outsider(connection={"options": {"set_user_root_attributes": when}})

    answer = api.patch(path(theirs), ROOT_ATTRIBUTES)

    assert answer.status == 200
    assert ROOT_ATTRIBUTES.items() <= answer.json.items()


@pytest.mark.parametrize("when", ["on_each_login", None, "sometimes"])
def test_attributes_cannot_be_changed_where_it_is_said_otherwise(api, outsider, when):
    theirs = outsider(connection={"options": {"set_user_root_attributes": when}})

    assert api.patch(path(theirs), {"name": "Other"}).status == 400


@pytest.mark.parametrize(
    "change",
    [
        {"email": "other@example.com"},
        {"phone_number": "+491701234567"},
        {"phone_verified": True},
        {"username": "gil"},
        {"password": "Long-enough-1"},
        {"password": "Long-enough-1", "connection": "over-google-oauth2"},
    ],
)
@pytest.mark.parametrize("when", ["on_each_login", "never_on_login"])
def test_names_and_passwords_of_an_identity_provider_are_never_ours(api, outsider, change, when):
    theirs = outsider(connection={"options": {"set_user_root_attributes": when}})
    before = api.get(path(theirs)).json

    answer = api.patch(path(theirs), change)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert api.get(path(theirs)).json == before


@pytest.mark.parametrize("strategy", ["samlp", "waad", "oidc"])
def test_an_enterprise_address_cannot_be_verified_here_as_with_auth0(api, outsider, strategy):
    theirs = outsider(strategy)

    answer = api.patch(path(theirs), {"email_verified": False})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert api.get(path(theirs)).json["email_verified"] is True


def test_a_social_address_can_be_verified_here_as_with_auth0(api, outsider):
    theirs = outsider(email_verified=False)

    assert api.patch(path(theirs), {"email_verified": True}).json["email_verified"] is True


@pytest.mark.parametrize("name", ["locale", "hd", "identities", "attributes", "profileData"])
def test_what_else_the_provider_brought_has_no_door_at_all(api, gil, name):
    answer = api.patch(path(gil), {name: "x"})

    assert answer.status == 400
    assert f"Additional properties not allowed: {name}" in answer.json["message"]


def test_what_is_ours_can_be_changed_for_anybody(api, gil):
    ours = {"blocked": True, "user_metadata": {"a": 1}, "app_metadata": {"b": 2}}

    changed = api.patch(path(gil), ours).json

    assert changed == {**gil, **ours, "updated_at": changed["updated_at"]}


def test_a_linked_database_account_opens_no_door_to_them(api, gil, new_user, link):
    own = new_user(email="gil@home.example")
    link(gil, own)
    connection = own["identities"][0]["connection"]

    answers = [
        api.patch(path(gil), {"name": "Other", "connection": connection}),
        api.patch(path(gil), {"name": "Other", "password": "Another-long-1", "connection": connection}),
        api.patch(path(gil), {"email": "other@example.com", "connection": connection}),
    ]

    assert [(answer.status, answer.json["errorCode"]) for answer in answers] == [(400, "operation_not_supported")] * 3
    after = api.get(path(gil)).json
    assert (after["name"], after["email"]) == ("Gil", "Gil@Example.com")


def test_an_account_that_is_linked_is_read_only_where_it_is_linked_to(api, gil, new_user, link):
    own = new_user(email="gil@home.example")
    link(own, gil)

    answer = api.patch(path(own), {"email": "other@example.com", "connection": "over-google-oauth2"})

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert api.get(path(own)).json["email"] == "gil@home.example"
