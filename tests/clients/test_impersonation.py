"""An impersonation link over the wire: through the gateway of the local stack, as a browser and as many at once."""

from __future__ import annotations

import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.clients.conftest import CONNECTION, PASSWORD, given_back

CALLBACK = "https://app.example.com/callback"
MANY = 200


@pytest.fixture
def jane(sdk):
    created = sdk.users.create(
        connection=CONNECTION, email="jane@support.example", password=PASSWORD, verify_email=False
    )
    yield created
    sdk.users.delete(created.user_id)


@pytest.fixture
def link(stack, user, jane, register):
    """A link made in Auth0's words by the client of the environment file."""
    application = register(app_type="regular_web", callbacks=[CALLBACK])
    body = {
        "protocol": "oauth2",
        "impersonator_id": jane.user_id,
        "client_id": application.client_id,
        "additionalParameters": {"response_type": "code", "state": "xyz", "scope": "openid"},
    }
    bearer = {"Authorization": f"Bearer {stack.token()}"}
    made = stack.call("POST", f"/users/{user.user_id}/impersonate", json=body, headers=bearer)
    assert made.status_code == 200, made.text
    return made.text


def test_a_link_of_auth0s_form_is_followed_once(link):
    first, second = httpx.get(link), httpx.get(link)

    assert given_back(first)["state"] == "xyz"
    assert second.status_code == 410


def test_a_gateway_that_answers_head_itself_spends_nothing(link):
    assert httpx.head(link).status_code in {403, 405}

    assert given_back(httpx.get(link))["code"]


@pytest.mark.security(36)
def test_of_200_browsers_that_follow_a_link_at_once_one_is_let_in(stack, sdk, user, link):
    trusting, line = ssl.create_default_context(cafile=stack.env["SSL_CERT_FILE"]), threading.Barrier(MANY)

    def follow(_: int) -> int:
        with httpx.Client(verify=trusting, timeout=120) as browser:
            line.wait()
            return browser.get(link).status_code

    with ThreadPoolExecutor(MANY) as threads:
        answers = sorted(threads.map(follow, range(MANY)))

    used = [event for event in sdk.users.logs.list(user.user_id, per_page=100) if event.type == "simpu"]
    assert answers == [303] + [410] * (MANY - 1)
    assert len(used) == 1
