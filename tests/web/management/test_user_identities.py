"""Linking: two accounts become one user, and one becomes two again."""

import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from tests.web.management.conftest import USERS, path


@pytest.fixture
def unlink(api):
    def unlink(user, secondary):
        return api.delete(f"{path(user)}/identities/{secondary['user_id'].replace('|', '/')}")

    return unlink


@pytest.fixture
def ann(new_user):
    return new_user(email="ann@example.com", name="Ann", user_metadata={"colour": "red"})


@pytest.fixture
def work(new_user, people):
    """Create a user at another connection."""
    return new_user(
        connection="people",
        email="ann@work.example",
        email_verified=True,
        name="Ann at work",
        user_metadata={"colour": "blue"},
        app_metadata={"plan": "gold"},
    )


# Linking


def test_a_linked_account_stands_in_the_identities_with_what_it_knew(api, link, ann, work):
    answer = link(ann, work)

    main, linked = answer.json
    assert answer.status == 201
    assert main == ann["identities"][0]
    assert linked == {
        **work["identities"][0],
        "profileData": {name: work[name] for name in ("email", "email_verified", "name", "nickname", "picture")},
    }
    assert api.get(path(ann)).json == {**ann, "identities": answer.json}


def test_the_linked_user_is_no_user_any_more(api, link, ann, work):
    link(ann, work)

    assert api.get(path(work)).status == 404
    assert api.get("/api/v2/users-by-email", query={"email": "ann@work.example"}).json == []
    assert [user["user_id"] for user in api.get(USERS).json] == [ann["user_id"]]


def test_metadata_of_the_linked_user_is_dropped_as_with_auth0(api, link, ann, work):
    link(ann, work)

    user = api.get(path(ann)).json
    assert user["user_metadata"] == {"colour": "red"}
    assert "app_metadata" not in user


def test_who_signs_in_by_a_linked_name_is_the_user(core, link, ann, work, people, opens):
    link(ann, work)

    login = core.users.store.login("main", people["id"], "ann@work.example")
    assert login.user_id == ann["user_id"]
    assert opens("ann@work.example", "Long-enough-1", connection="people")


def test_a_user_is_listed_at_the_connection_of_a_linked_account(api, link, ann, work):
    link(ann, work)

    listed = api.get(USERS, query={"connection": "people"}).json
    assert [user["user_id"] for user in listed] == [ann["user_id"]]


@pytest.mark.parametrize("form", ["{id}", "{provider}|{id}"])
def test_the_account_is_named_with_or_without_its_provider(api, ann, work, form):
    provider, _, identity_id = work["user_id"].partition("|")
    body = {"provider": provider, "user_id": form.format(provider=provider, id=identity_id)}

    answer = api.post(f"{path(ann)}/identities", body)

    assert (answer.status, len(answer.json)) == (201, 2)


def test_an_account_of_an_identity_provider_brings_its_attributes_flat(link, ann, outsider):
    theirs = outsider(attributes={"locale": "de", "hd": {"domain": "example.com"}})

    linked = link(ann, theirs, user_id=117).json[1]

    assert (linked["provider"], linked["user_id"], linked["isSocial"]) == ("google-oauth2", "117", True)
    assert linked["profileData"]["locale"] == "de"
    assert linked["profileData"]["hd"] == {"domain": "example.com"}
    assert (linked["profileData"]["email"], linked["profileData"]["name"]) == ("Gil@Example.com", "Gil")


def test_the_connection_of_the_account_may_be_said(link, ann, work, people):
    assert link(ann, work, connection_id=people["id"]).status == 201


def test_an_account_of_another_connection_than_was_said_is_not_linked(api, link, ann, work, new_connection):
    other = new_connection("other")

    answer = link(ann, work, connection_id=other["id"])

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")
    assert api.get(path(work)).json == work


def test_a_user_is_not_linked_to_itself(link, ann):
    answer = link(ann, ann)

    assert answer.status == 400
    assert answer.json["message"] == "Main user and the new one are the same"


@pytest.mark.parametrize("missing", ["main", "secondary"])
def test_both_users_must_exist(link, ann, missing):
    nobody = {"user_id": "auth0|nobody"}

    answer = link(nobody, ann) if missing == "main" else link(ann, nobody)

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")


def test_an_account_is_linked_once(link, new_user, ann, work):
    link(ann, work)

    again, elsewhere = link(ann, work), link(new_user(), work)

    assert (again.status, elsewhere.status) == (404, 404)


def test_a_user_with_linked_accounts_is_not_linked(api, link, ann, work, new_user):
    link(work, new_user())
    before = api.get(path(work)).json

    answer = link(ann, work)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == "The secondary user has linked identities. Unlink them first."
    assert api.get(path(work)).json == before


@pytest.mark.security(34)
def test_a_blocked_user_is_not_linked_away_from_the_block(api, link, ann, work):
    api.patch(path(work), {"blocked": True})

    answer = link(ann, work)

    assert (answer.status, answer.json["message"]) == (409, "A blocked user cannot be linked. Unblock first.")
    assert api.get(path(work)).json["blocked"] is True


@pytest.mark.security(43)
def test_a_user_has_20_identities_and_no_more(api, link, ann, new_user):
    linked = [link(ann, new_user()) for _ in range(19)]

    one_more = link(ann, new_user())

    assert {answer.status for answer in linked} == {201}
    assert len(api.get(path(ann)).json["identities"]) == 20
    assert (one_more.status, one_more.json["message"]) == (400, "A user has at most 20 identities.")


def test_a_user_with_20_identities_can_be_deleted(api, link, ann, new_user):
    others = [new_user() for _ in range(19)]
    for other in others:
        link(ann, other)

    api.delete(path(ann))

    assert [api.get(path(user)).status for user in (ann, *others)] == [404] * 20
    assert new_user(email=others[18]["email"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "auth0"},
        {"user_id": "x"},
        {"provider": "", "user_id": "x"},
        {"provider": "auth0", "user_id": ""},
        {"provider": "auth0", "user_id": None},
        {"provider": "auth0", "user_id": "x" * 256},
        {"link_with": "a.b.c"},
        {"link_with": ""},
        {"link_with": None},
        {"link_with": "x" * 16_385},
        {"provider": "auth0", "user_id": "x", "link_with": "a.b.c"},
        {"connection_id": "con_0123456789abcdef", "link_with": "a.b.c"},
    ],
)
def test_another_body_is_refused(api, ann, body):
    answer = api.post(f"{path(ann)}/identities", body)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


@pytest.mark.security(33)
def test_a_user_of_another_tenant_is_not_linked(api, acme, link, ann):
    body = {"connection": DEFAULT_CONNECTION, "email": "bob@example.com", "password": "Long-enough-1"}
    theirs = acme.post(USERS, body).json

    answer = link(ann, theirs)

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")
    assert acme.get(path(theirs)).json == theirs


def test_the_names_and_the_id_of_a_linked_account_stay_taken(link, post_user, ann, work):
    link(ann, work)

    same_name = post_user(connection="people", email="ann@work.example")
    same_id = post_user(user_id=work["user_id"].removeprefix("auth0|"))

    assert (same_name.status, same_id.status) == (409, 409)


@pytest.mark.security(40)
def test_the_history_says_which_account_was_linked(api, link, unlink, ann, work):
    link(ann, work)
    unlink(ann, work)

    details = [event["details"] for event in api.get(f"{path(ann)}/logs").json]
    assert [event["unlinked"] for event in details if "unlinked" in event] == [work["user_id"]]
    assert [event["linked"] for event in details if "linked" in event] == [work["user_id"]]


# Unlinking


def test_an_unlinked_account_is_a_user_again_without_metadata(api, link, unlink, ann, work, clock):
    link(ann, work)
    clock.advance(minutes=1)

    answer = unlink(ann, work)

    now = "2026-03-01T12:01:00.000Z"
    without = {name: value for name, value in work.items() if not name.endswith("_metadata")}
    assert (answer.status, answer.json) == (200, ann["identities"])
    assert api.get(path(ann)).json == {**ann, "updated_at": now}
    assert api.get(path(work)).json == {**without, "created_at": now, "updated_at": now}


def test_an_unlinked_account_signs_in_as_itself_and_is_found(api, core, link, unlink, ann, work, people, opens):
    link(ann, work)

    unlink(ann, work)

    login = core.users.store.login("main", people["id"], "ann@work.example")
    found = api.get("/api/v2/users-by-email", query={"email": "ann@work.example"}).json
    assert login.user_id == work["user_id"]
    assert [user["user_id"] for user in found] == [work["user_id"]]
    assert opens("ann@work.example", "Long-enough-1", connection="people")


def test_an_unlinked_outside_account_has_what_its_provider_brought(api, link, unlink, ann, outsider):
    theirs = outsider(attributes={"locale": "de"})
    before = api.get(path(theirs)).json
    link(ann, theirs)

    unlink(ann, theirs)

    after = api.get(path(theirs)).json
    assert after == {**before, "created_at": after["created_at"], "updated_at": after["updated_at"]}


@pytest.mark.security(34)
def test_an_account_unlinked_from_a_blocked_user_is_blocked(api, link, unlink, ann, work):
    link(ann, work)
    api.patch(path(ann), {"blocked": True})

    unlink(ann, work)

    assert api.get(path(work)).json["blocked"] is True


def test_an_account_may_be_linked_and_unlinked_again(api, link, unlink, ann, work):
    for _ in range(2):
        assert link(ann, work).status == 201
        assert unlink(ann, work).status == 200

    assert len(api.get(USERS).json) == 2


def test_the_identity_a_user_began_with_is_not_unlinked(unlink, ann):
    answer = unlink(ann, ann)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert answer.json["message"] == "Main identity can't be unlinked"


def test_an_account_of_somebody_else_is_not_unlinked(api, unlink, ann, work):
    answer = unlink(ann, work)

    assert (answer.status, answer.json["errorCode"]) == (400, "inexistent_identity")
    assert api.get(path(work)).json == work


def test_an_unknown_user_has_nothing_to_unlink(unlink, work):
    answer = unlink({"user_id": "auth0|nobody"}, work)

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")
