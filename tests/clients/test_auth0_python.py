"""The official Auth0 SDK for Python, unmodified, over https against a started local stack."""

from __future__ import annotations

import jwt
import pytest
from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier
from auth0.management.core.api_error import ApiError
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError

from tests.clients.conftest import CONNECTION, PASSWORD, management


def test_a_user_is_created_read_changed_blocked_and_deleted(sdk):
    created = sdk.users.create(connection=CONNECTION, email="Life@Example.com", password=PASSWORD, given_name="Ann")

    changed = sdk.users.update(created.user_id, blocked=True, user_metadata={"plan": "gold", "seats": 1.0})
    read = sdk.users.get(created.user_id)
    sdk.users.delete(created.user_id)

    assert created.email == "life@example.com"
    assert changed.blocked
    assert (read.blocked, read.given_name, read.user_metadata) == (True, "Ann", {"plan": "gold", "seats": 1.0})
    with pytest.raises(NotFoundError):
        sdk.users.get(created.user_id)


def test_users_are_listed_page_by_page(sdk):
    made = [sdk.users.create(connection=CONNECTION, email=f"page{n}@example.com", password=PASSWORD) for n in range(5)]

    found = [each.user_id for each in sdk.users.list(per_page=2, q=f'identities.connection:"{CONNECTION}"')]

    for each in made:
        sdk.users.delete(each.user_id)
    assert [user_id for user_id in found if user_id in {each.user_id for each in made}] == [
        each.user_id for each in made
    ]


def test_users_are_found_by_email(sdk, user):
    found = sdk.users.list_users_by_email(email=user.email)

    assert [each.user_id for each in found] == [user.user_id]


def test_a_second_user_with_the_address_is_a_conflict(sdk, user):
    with pytest.raises(ConflictError) as refused:
        sdk.users.create(connection=CONNECTION, email=user.email, password=PASSWORD)

    assert refused.value.body["message"] == "The user already exists."


def test_a_weak_password_is_refused_with_the_reason(sdk):
    with pytest.raises(BadRequestError) as refused:
        sdk.users.create(connection=CONNECTION, email="weak@example.com", password="abc")

    assert refused.value.body["message"] == "PasswordStrengthError: Password is too weak"


def test_identities_are_linked_and_unlinked(sdk, user):
    other = sdk.users.create(connection=CONNECTION, email="secondary@example.com", password=PASSWORD)

    provider, _, identity_id = other.user_id.partition("|")
    linked = sdk.users.identities.link(user.user_id, provider=provider, user_id=identity_id)
    remaining = sdk.users.identities.delete(user.user_id, provider, identity_id)

    assert [each.user_id for each in linked] == [user.user_id.partition("|")[2], identity_id]
    assert [each.user_id for each in remaining] == [user.user_id.partition("|")[2]]
    sdk.users.delete(other.user_id)


def test_a_users_history_says_what_was_done(sdk, user):
    sdk.users.update(user.user_id, nickname="annie")

    events = list(sdk.users.logs.list(user.user_id))

    assert {event.type for event in events} == {"sapi"}
    assert [event.description for event in events] == ["Update a user", "Create a user"]


def test_a_connection_is_created_changed_listed_and_deleted(sdk):
    made = sdk.connections.create(name="Staff", strategy="auth0", options={"passwordPolicy": "excellent"})

    sdk.connections.update(made.id, display_name="Our staff")
    read = sdk.connections.get(made.id)
    listed = [each.id for each in sdk.connections.list()]
    sdk.connections.delete(made.id)

    assert (read.name, read.display_name, read.strategy) == ("Staff", "Our staff", "auth0")
    assert made.id in listed
    with pytest.raises(NotFoundError):
        sdk.connections.get(made.id)


def test_a_connection_is_enabled_for_clients(sdk):
    made = sdk.connections.create(name="Partners", strategy="auth0")
    client = sdk.clients.create(name="Portal")

    sdk.connections.clients.update(made.id, request=[{"client_id": client.client_id, "status": True}])
    enabled = [each.client_id for each in sdk.connections.clients.get(made.id)]
    sdk.clients.delete(client.client_id)
    sdk.connections.delete(made.id)

    assert enabled == [client.client_id]


def test_a_rule_is_created_moved_listed_and_deleted(sdk):
    script = "function (user, context, callback) { callback(null, user, context); }"
    made = [
        sdk.rules.create(name=name, script=script, order=order) for name, order in (("Second", 200.0), ("First", 100))
    ]

    moved = sdk.rules.update(made[1].id, order=300, enabled=False)
    read = sdk.rules.get(made[1].id)
    listed = [each.name for each in sdk.rules.list(per_page=1)]
    enabled = [each.name for each in sdk.rules.list(enabled=True, fields="name")]
    with pytest.raises(ConflictError) as refused:
        sdk.rules.create(name="First", script=script)
    for each in made:
        sdk.rules.delete(each.id)

    assert (moved.order, read.enabled, read.script, read.stage) == (300, False, script, "login_success")
    assert [listed, enabled] == [["Second", "First"], ["Second"]]
    assert refused.value.body["errorCode"] == "rule_conflict"
    with pytest.raises(NotFoundError):
        sdk.rules.get(made[0].id)


def test_a_rules_config_is_set_listed_by_its_key_and_deleted(sdk):
    answered = sdk.rules_configs.set("API_KEY:1", value="s3cret")

    listed = sdk.rules_configs.list()
    sdk.rules_configs.delete("API_KEY:1")

    assert (answered.key, answered.value) == ("API_KEY:1", "s3cret")
    assert [each.dict() for each in listed] == [{"key": "API_KEY:1"}]
    assert sdk.rules_configs.list() == []


def test_a_client_is_registered_granted_and_gets_a_token(stack, sdk):
    api = sdk.resource_servers.create(identifier="https://api.example.com", scopes=[{"value": "read:things"}])
    client = sdk.clients.create(name="Worker", app_type="non_interactive")
    grant = sdk.client_grants.create(client_id=client.client_id, audience=api.identifier, scope=["read:things"])

    answer = GetToken(stack.domain, client.client_id, client.client_secret).client_credentials(api.identifier)
    claims = verified(stack, answer["access_token"])
    sdk.client_grants.delete(grant.id)
    sdk.clients.delete(client.client_id)
    sdk.resource_servers.delete(api.id)

    assert (answer["token_type"], answer["scope"], answer["expires_in"]) == ("Bearer", "read:things", 86400)
    assert (claims["iss"], claims["aud"]) == (f"https://{stack.domain}/", "https://api.example.com")
    assert (claims["sub"], claims["gty"]) == (f"{client.client_id}@clients", "client-credentials")


def test_a_rotated_secret_works_and_the_old_one_does_not(stack, sdk):
    audience = f"https://{stack.domain}/api/v2/"
    client = sdk.clients.create(name="Rotating", app_type="non_interactive")
    sdk.client_grants.create(client_id=client.client_id, audience=audience, scope=["read:users"])
    old = GetToken(stack.domain, client.client_id, client.client_secret)
    assert old.client_credentials(audience)["scope"] == "read:users"

    rotated = sdk.clients.rotate_secret(client.client_id)

    new = GetToken(stack.domain, client.client_id, rotated.client_secret)
    assert new.client_credentials(audience)["scope"] == "read:users"
    with pytest.raises(Auth0Error, match="Unauthorized"):
        old.client_credentials(audience)
    sdk.clients.delete(client.client_id)


def test_a_deleted_client_gets_no_token(stack, sdk):
    client = sdk.clients.create(name="Leaving", app_type="non_interactive")

    sdk.clients.delete(client.client_id)

    with pytest.raises(Auth0Error, match="Unauthorized"):
        GetToken(stack.domain, client.client_id, client.client_secret).client_credentials("https://api.example.com")


def test_clients_grants_and_apis_are_listed(sdk):
    assert "Local development" in {each.name for each in sdk.clients.list()}
    assert any(each.audience.endswith("/api/v2/") for each in sdk.client_grants.list())
    assert any(each.is_system for each in sdk.resource_servers.list())


def test_a_user_without_devices_has_an_empty_list(sdk, user):
    assert list(sdk.device_credentials.list(user_id=user.user_id)) == []


def test_the_history_of_the_tenant_names_the_user(sdk, user):
    events = [event for event in sdk.logs.list() if event.user_id == user.user_id]

    assert [event.description for event in events] == ["Create a user"]


def test_one_log_event_is_read_by_its_id(sdk, user):
    newest = next(iter(sdk.users.logs.list(user.user_id)))

    assert sdk.logs.get(newest.log_id).description == "Create a user"


def test_signing_keys_rotate_and_earlier_tokens_stay_good(stack, sdk):
    before = next(key for key in sdk.keys.signing.list() if key.current)
    earlier = stack.token()

    sdk.keys.signing.rotate()

    now = next(key for key in sdk.keys.signing.list() if key.current)
    assert now.kid != before.kid
    assert (kid_of(earlier), kid_of(stack.token())) == (before.kid, now.kid)
    assert stack.call("GET", "/api/v2/users", headers={"Authorization": f"Bearer {earlier}"}).status_code == 200
    assert verified(stack, earlier)["iss"] == f"https://{stack.domain}/"


def test_tenant_settings_are_read_and_changed(sdk):
    changed = sdk.tenants.settings.update(friendly_name="Example Inc.")

    assert changed.friendly_name == "Example Inc."
    assert sdk.tenants.settings.get().friendly_name == "Example Inc."


def test_a_wrong_secret_gets_no_token(stack):
    with pytest.raises(Auth0Error, match="Unauthorized"):
        GetToken(stack.domain, stack.env["AUTH0_CLIENT_ID"], "wrong").client_credentials(
            f"https://{stack.domain}/api/v2/"
        )


def test_a_missing_scope_is_refused_by_name(stack, sdk):
    client = sdk.clients.create(name="Reader", app_type="non_interactive")
    audience = f"https://{stack.domain}/api/v2/"
    grant = sdk.client_grants.create(client_id=client.client_id, audience=audience, scope=["read:users"])

    reader = management(stack, client_id=client.client_id, client_secret=client.client_secret)
    with reader as sdk_of_reader, pytest.raises(ApiError) as refused:
        sdk_of_reader.users.delete("auth0|nobody")

    assert (refused.value.status_code, refused.value.body["errorCode"]) == (403, "insufficient_scope")
    sdk.client_grants.delete(grant.id)
    sdk.clients.delete(client.client_id)


def verified(stack, token):
    """Check a token's signature as the SDK does, with the keys the stack publishes; give its claims."""
    return AsymmetricSignatureVerifier(f"https://{stack.domain}/.well-known/jwks.json").verify_signature(token)


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]
