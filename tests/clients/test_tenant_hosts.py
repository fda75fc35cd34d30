"""A tenant made on the system tenant's host is served under its own, with a certificate, and sees no others' users."""

from __future__ import annotations

import socket
import ssl

import pytest
from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error
from auth0.management.core.api_error import ApiError

from tests.clients.conftest import management

CONNECTION = "Username-Password-Authentication"
PASSWORD = "correct Horse battery 1"


@pytest.fixture(autouse=True, scope="module")
def resolving():
    """Resolve names below localhost to this machine, as RFC 6761 says and browsers do; not every resolver does."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *arguments, **known):
        return resolve("localhost" if str(host).endswith(".localhost") else host, *arguments, **known)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


@pytest.fixture(scope="module")
def acme(stack):
    """What the making of the tenant acme answered: its domain, and the client that may manage it."""
    host = f"system.{stack.domain}"
    token = stack.token(stack.env["GATEHOUSE_SYSTEM_CLIENT_ID"], stack.env["GATEHOUSE_SYSTEM_CLIENT_SECRET"], host)
    made = stack.call(
        "POST", "/api/v2/tenants", host=host, headers={"Authorization": f"Bearer {token}"}, json={"name": "acme"}
    )
    return made.raise_for_status().json()


@pytest.fixture(scope="module")
def sdk_of_acme(stack, acme):
    with management(stack, **{name: acme[name] for name in ("domain", "client_id", "client_secret")}) as client:
        yield client


def test_a_tenant_has_the_host_of_its_name(stack, acme):
    assert acme["domain"] == f"acme.{stack.domain}"


def test_its_certificate_is_its_own_and_trusted_with_the_authority_alone(stack, acme):
    trusting = ssl.create_default_context(cafile=stack.env["SSL_CERT_FILE"])
    host, _, port = acme["domain"].partition(":")

    with socket.create_connection((host, int(port))) as line, trusting.wrap_socket(line, server_hostname=host) as tls:
        shown = tls.getpeercert()

    assert shown["subjectAltName"] == (("DNS", "acme.localhost"),)


def test_it_says_of_itself_what_its_host_is(stack, acme):
    said = stack.call("GET", "/.well-known/openid-configuration", host=acme["domain"]).json()

    assert said["issuer"] == f"https://{acme['domain']}/"
    assert said["jwks_uri"] == f"https://{acme['domain']}/.well-known/jwks.json"


def test_its_client_sees_its_own_users_only(sdk, sdk_of_acme):
    theirs = sdk.users.create(connection=CONNECTION, email="both@example.com", password=PASSWORD)
    ours = sdk_of_acme.users.create(connection=CONNECTION, email="both@example.com", password=PASSWORD)

    seen = [user.user_id for user in sdk_of_acme.users.list()]
    found = [user.user_id for user in sdk_of_acme.users.list_users_by_email(email="both@example.com")]

    assert (seen, found) == ([ours.user_id], [ours.user_id])
    assert ours.user_id not in {user.user_id for user in sdk.users.list()}
    with pytest.raises(ApiError) as refused:
        sdk_of_acme.users.get(theirs.user_id)
    assert refused.value.status_code == 404
    sdk.users.delete(theirs.user_id)


def test_its_token_is_good_at_its_own_host_only(stack, acme):
    token = stack.token(acme["client_id"], acme["client_secret"], acme["domain"])
    bearer = {"Authorization": f"Bearer {token}"}

    assert stack.call("GET", "/api/v2/users", host=acme["domain"], headers=bearer).status_code == 200
    assert stack.call("GET", "/api/v2/users", headers=bearer).status_code == 401
    assert stack.call("GET", "/api/v2/users", host=f"system.{stack.domain}", headers=bearer).status_code == 401


def test_its_client_is_unknown_to_every_other_tenant(stack, acme):
    with pytest.raises(Auth0Error, match="Unauthorized"):
        GetToken(stack.domain, acme["client_id"], acme["client_secret"]).client_credentials(
            f"https://{stack.domain}/api/v2/"
        )


def test_a_host_that_names_no_tenant_is_not_found(stack):
    answer = stack.call("GET", "/.well-known/openid-configuration", host=f"nobody.{stack.domain}")

    assert (answer.status_code, "The tenant does not exist." in answer.text) == (404, True)


def test_a_tenant_is_made_on_the_system_tenants_host_only(stack):
    bearer = {"Authorization": f"Bearer {stack.token()}"}

    answer = stack.call("POST", "/api/v2/tenants", headers=bearer, json={"name": "elsewhere"})

    assert answer.status_code == 403
