"""What a newcomer made with the official SDK is there after the stack was stopped and started again."""

from __future__ import annotations

import signal
from dataclasses import dataclass

import pytest
from auth0.authentication import GetToken

from tests.clients.conftest import management, trusting
from tests.stacks import free_port, running

CONNECTION = "Username-Password-Authentication"


@dataclass
class Before:
    """What was made before the restart."""

    env: dict
    user_id: str
    client_id: str
    client_secret: str
    token: str
    kids: list


@pytest.fixture(scope="module", params=[signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def restarted(request, tmp_path_factory):
    """The stack after a restart, and what was made before: nothing of it had a moment to settle."""
    data, ports = tmp_path_factory.mktemp("restarted"), {"PORT": free_port(), "TLS_PORT": free_port()}
    with running(data, **ports) as first, trusting(first):
        before = make(first)
        first.end(request.param)
    with running(data, **ports) as second, trusting(second):
        yield second, before


def make(stack):
    with management(stack) as sdk:
        user = sdk.users.create(
            connection=CONNECTION, email="kept@example.com", password="correct Horse battery 1", verify_email=False
        )
        client = sdk.clients.create(name="Kept", app_type="non_interactive")
        audience = f"https://{stack.domain}/api/v2/"
        sdk.client_grants.create(client_id=client.client_id, audience=audience, scope=["read:users"])
        kids = [key.kid for key in sdk.keys.signing.list()]
        sdk.users.update(user.user_id, blocked=True, app_metadata={"plan": "gold"})
    return Before(stack.env, user.user_id, client.client_id, client.client_secret, stack.token(), kids)


def test_users_are_kept_to_the_last_change(restarted):
    stack, before = restarted

    with management(stack) as sdk:
        user = sdk.users.get(before.user_id)

    assert (user.email, user.blocked, user.app_metadata) == ("kept@example.com", True, {"plan": "gold"})


def test_history_is_kept(restarted):
    stack, before = restarted

    with management(stack) as sdk:
        events = [event.description for event in sdk.users.logs.list(before.user_id)]

    assert events == ["Update a user", "Create a user"]


def test_secrets_of_clients_stay_good(restarted):
    stack, before = restarted

    asking = GetToken(stack.domain, before.client_id, before.client_secret)

    assert asking.client_credentials(f"https://{stack.domain}/api/v2/")["scope"] == "read:users"


def test_tokens_stay_good(restarted):
    stack, before = restarted

    answer = stack.call("GET", f"/api/v2/users/{before.user_id}", headers={"Authorization": f"Bearer {before.token}"})

    assert answer.status_code == 200
    assert answer.json()["user_id"] == before.user_id


def test_signing_keys_are_the_same(restarted):
    stack, before = restarted

    with management(stack) as sdk:
        kids = [key.kid for key in sdk.keys.signing.list()]

    assert kids == before.kids


def test_the_environment_file_is_the_same(restarted):
    stack, before = restarted

    assert stack.env == before.env
