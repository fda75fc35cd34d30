"""/api/v2/device-credentials: public keys that users give to their devices, and who may see and end them."""

from __future__ import annotations

import pytest

DEVICES = "/api/v2/device-credentials"
CREATE, DELETE = "create:current_user_device_credentials", "delete:current_user_device_credentials"
PHONE = {"device_name": "Phone", "device_id": "p1", "type": "public_key", "value": "MIIB"}


@pytest.fixture
def ann(new_user):
    return new_user(email="ann@example.com")["user_id"]


@pytest.fixture
def bob(new_user):
    return new_user(email="bob@example.com")["user_id"]


@pytest.fixture
def add(api):
    """Give a user a device, with the user's own token."""

    def post(owner, **changed):
        return api.post(DEVICES, {**PHONE, **changed}, token=api.token(CREATE, subject=owner))

    return post


def listed(api, **query):
    return [device["id"] for device in api.get(DEVICES, query=query).json]


def test_a_user_registers_a_public_key(api, ann, add):
    answer = add(ann)

    shown = api.get(DEVICES).json
    assert answer.status == 201
    assert answer.json.keys() == {"id"}
    assert shown == [
        {
            "id": answer.json["id"],
            "device_name": "Phone",
            "device_id": "p1",
            "type": "public_key",
            "user_id": ann,
            "client_id": "tests",
        }
    ]
    assert answer.json["id"].startswith("dcr_")


def test_a_key_may_be_for_another_client_than_the_tokens(api, ann, add):
    add(ann, client_id="another")

    assert api.get(DEVICES).json[0]["client_id"] == "another"


def test_a_client_cannot_register_a_key_in_its_own_name(api):
    answer = api.post(DEVICES, PHONE)

    assert (answer.status, answer.json["errorCode"]) == (403, "operation_not_supported")
    assert api.get(DEVICES).json == []


def test_a_user_that_does_not_exist_registers_nothing(api, ann, add):
    api.delete(f"/api/v2/users/{ann}")

    answer = add(ann)

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_user")
    assert api.get(DEVICES).json == []


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "refresh_token"},
        {"type": "rotating_refresh_token"},
        {"type": None},
        {"device_name": ""},
        {"device_name": "n" * 201},
        {"device_id": ""},
        {"device_id": "i" * 201},
        {"value": ""},
        {"value": "v" * 10_001},
        {"client_id": ""},
        {"client_id": "c" * 256},
        {"user_id": "auth0|another"},
        {"id": "dcr_1"},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_a_key_that_is_not_as_it_must_be_is_refused(api, ann, add, changed):
    answer = add(ann, **changed)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert api.get(DEVICES).json == []


@pytest.mark.security(43)
def test_a_key_may_be_as_long_as_the_limits(ann, add):
    answer = add(ann, device_name="n" * 200, device_id="i" * 200, value="v" * 10_000, client_id="c" * 255)

    assert answer.status == 201


@pytest.mark.security(43)
def test_a_user_has_at_most_20_public_keys(api, ann, bob, add):
    statuses = [add(ann).status for _ in range(20)]

    refused, other, deleted = add(ann), add(bob), api.delete(f"{DEVICES}/{listed(api, user_id=ann)[0]}")

    assert statuses == [201] * 20
    assert (refused.status, refused.json["errorCode"]) == (400, "operation_not_supported")
    assert [other.status, deleted.status, add(ann).status] == [201, 204, 201]


def test_devices_are_listed_by_user_client_and_type(api, ann, bob, add):
    phone, tablet = add(ann).json["id"], add(ann, client_id="another").json["id"]
    watch = add(bob).json["id"]

    assert listed(api) == sorted([phone, tablet, watch])
    assert listed(api, user_id=ann) == sorted([phone, tablet])
    assert listed(api, user_id=ann, client_id="another") == [tablet]
    assert listed(api, client_id="tests") == sorted([phone, watch])
    assert set(listed(api, type="public_key")) == {phone, tablet, watch}
    assert listed(api, type="refresh_token") == listed(api, user_id="auth0|nobody") == []


@pytest.mark.parametrize("query", [{"type": "passkey"}, {"user_id": ""}, {"client_id": ""}, {"user_id": "u" * 256}])
def test_a_filter_that_is_none_is_refused(api, query):
    answer = api.get(DEVICES, query=query)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_query_string")


def test_a_list_has_the_totals_and_fields_that_are_asked_for(api, ann, add):
    made = sorted(add(ann).json["id"] for _ in range(3))

    answer = api.get(DEVICES, query={"per_page": 2, "page": 1, "include_totals": "true", "fields": "id"}).json

    assert answer == {"start": 2, "limit": 2, "length": 1, "total": 3, "device_credentials": [{"id": made[2]}]}


def test_what_a_key_says_is_never_shown(api, ann, add):
    add(ann, value="canary-key")

    assert "canary-key" not in api.get(DEVICES).text
    assert "value" not in api.get(DEVICES, query={"fields": "value"}).text


def test_a_deleted_device_is_gone(api, ann, add):
    phone, tablet = add(ann).json["id"], add(ann).json["id"]

    deleted = api.delete(f"{DEVICES}/{phone}")

    assert (deleted.status, deleted.text) == (204, "")
    assert listed(api) == [tablet]
    assert api.delete(f"{DEVICES}/{phone}").status == 404


@pytest.mark.security(34)
def test_a_user_ends_its_own_devices_and_no_others(api, ann, bob, add):
    own, others = add(ann).json["id"], add(bob).json["id"]
    token = api.token(DELETE, subject=ann)

    refused, missing, deleted = (api.delete(f"{DEVICES}/{each}", token=token) for each in (others, "dcr_0", own))

    assert (refused.status, refused.json) == (missing.status, missing.json)
    assert refused.json["errorCode"] == "inexistent_device_credential"
    assert deleted.status == 204
    assert listed(api) == [others]


def test_devices_are_gone_with_their_user(api, ann, bob, add):
    add(ann)
    kept = add(bob).json["id"]

    api.delete(f"/api/v2/users/{ann}")

    assert listed(api) == [kept]


def test_what_is_done_with_a_device_is_in_the_history_of_its_user(api, ann, add):
    device = add(ann).json["id"]
    api.delete(f"{DEVICES}/{device}")

    events = api.get(f"/api/v2/users/{ann}/logs", query={"sort": "date:1"}).json

    assert [event["description"] for event in events][-2:] == [
        "Create a device public key credential",
        "Delete a device credential",
    ]
