"""Each endpoint opens to its own scopes and to no others; what the endpoints are is pinned here."""

from __future__ import annotations

import pytest

from chalicelib.core.management_scopes import MANAGEMENT_SCOPES, SYSTEM_SCOPES
from tests.conftest import EVERY_SCOPE
from tests.web.conftest import DASHBOARD, ENDPOINTS, MANAGEMENT, each_endpoint, named

ROUTES = """
GET /api/v2/users: read:users
POST /api/v2/users: create:users
GET /api/v2/users-by-email: read:users
GET /api/v2/users/{user_id}: read:users, read:current_user
PATCH /api/v2/users/{user_id}: update:users, update:users_app_metadata, update:current_user_metadata
DELETE /api/v2/users/{user_id}: delete:users
GET /api/v2/users/{user_id}/logs: read:logs, read:logs_users
POST /api/v2/users/{user_id}/identities: update:users, update:current_user_identities
DELETE /api/v2/users/{user_id}/identities/{provider}/{identity_id}: update:users, update:current_user_identities
GET /api/v2/connections: read:connections
POST /api/v2/connections: create:connections
GET /api/v2/connections/{connection_id}: read:connections
PATCH /api/v2/connections/{connection_id}: update:connections
DELETE /api/v2/connections/{connection_id}: delete:connections
GET /api/v2/connections/{connection_id}/clients: read:connections
PATCH /api/v2/connections/{connection_id}/clients: update:connections
DELETE /api/v2/connections/{connection_id}/users: delete:users
GET /api/v2/clients: read:clients, read:client_keys
POST /api/v2/clients: create:clients
GET /api/v2/clients/{client_id}: read:clients, read:client_keys
PATCH /api/v2/clients/{client_id}: update:clients
DELETE /api/v2/clients/{client_id}: delete:clients
POST /api/v2/clients/{client_id}/rotate-secret: update:client_keys
GET /api/v2/clients/{client_id}/credentials: read:client_credentials
POST /api/v2/clients/{client_id}/credentials: create:client_credentials
GET /api/v2/clients/{client_id}/credentials/{key_id}: read:client_credentials
PATCH /api/v2/clients/{client_id}/credentials/{key_id}: update:client_credentials
DELETE /api/v2/clients/{client_id}/credentials/{key_id}: delete:client_credentials
GET /api/v2/client-grants: read:client_grants
POST /api/v2/client-grants: create:client_grants
GET /api/v2/client-grants/{grant_id}: read:client_grants
PATCH /api/v2/client-grants/{grant_id}: update:client_grants
DELETE /api/v2/client-grants/{grant_id}: delete:client_grants
GET /api/v2/resource-servers: read:resource_servers
POST /api/v2/resource-servers: create:resource_servers
GET /api/v2/resource-servers/{server_id}: read:resource_servers
PATCH /api/v2/resource-servers/{server_id}: update:resource_servers
DELETE /api/v2/resource-servers/{server_id}: delete:resource_servers
GET /api/v2/device-credentials: read:device_credentials
POST /api/v2/device-credentials: create:current_user_device_credentials
DELETE /api/v2/device-credentials/{credential_id}: delete:device_credentials, delete:current_user_device_credentials
GET /api/v2/users/{user_id}/sessions: read:sessions
DELETE /api/v2/users/{user_id}/sessions: delete:sessions
POST /api/v2/users/{user_id}/revoke-access: delete:sessions, delete:refresh_tokens
GET /api/v2/sessions/{session_id}: read:sessions
DELETE /api/v2/sessions/{session_id}: delete:sessions
POST /api/v2/sessions/{session_id}/revoke: delete:sessions, delete:refresh_tokens
GET /api/v2/users/{user_id}/refresh-tokens: read:refresh_tokens
DELETE /api/v2/users/{user_id}/refresh-tokens: delete:refresh_tokens
GET /api/v2/refresh-tokens/{token_id}: read:refresh_tokens
DELETE /api/v2/refresh-tokens/{token_id}: delete:refresh_tokens
GET /api/v2/grants: read:grants
DELETE /api/v2/grants: delete:grants
DELETE /api/v2/grants/{consent_id}: delete:grants
GET /api/v2/user-blocks: read:users
DELETE /api/v2/user-blocks: update:users
GET /api/v2/user-blocks/{user_id}: read:users
DELETE /api/v2/user-blocks/{user_id}: update:users
POST /users/{user_id}/impersonate: create:impersonation_links
POST /impersonation/stop: open to all
GET /api/v2/users/{user_id}/impersonation-links: read:impersonation_links
POST /api/v2/users/{user_id}/impersonation-links: create:impersonation_links
DELETE /api/v2/users/{user_id}/impersonation-links/{link_id}: delete:impersonation_links
GET /api/v2/attack-protection/breached-password-detection: read:attack_protection
PATCH /api/v2/attack-protection/breached-password-detection: update:attack_protection
GET /api/v2/attack-protection/brute-force-protection: read:attack_protection
PATCH /api/v2/attack-protection/brute-force-protection: update:attack_protection
GET /api/v2/attack-protection/suspicious-ip-throttling: read:attack_protection
PATCH /api/v2/attack-protection/suspicious-ip-throttling: update:attack_protection
POST /api/v2/tickets/email-verification: create:user_tickets
POST /api/v2/tickets/password-change: create:user_tickets
POST /api/v2/jobs/verification-email: update:users
GET /api/v2/jobs/{job_id}: read:users, create:users
GET /api/v2/rules: read:rules
POST /api/v2/rules: create:rules
GET /api/v2/rules/{rule_id}: read:rules
PATCH /api/v2/rules/{rule_id}: update:rules
DELETE /api/v2/rules/{rule_id}: delete:rules
POST /api/v2/rule-trials: update:rules
GET /api/v2/rules-configs: read:rules_configs
PUT /api/v2/rules-configs/{config_key}: update:rules_configs
DELETE /api/v2/rules-configs/{config_key}: delete:rules_configs
GET /api/v2/logs: read:logs
GET /api/v2/logs/{log_id}: read:logs
GET /api/v2/log-seals: read:logs
GET /api/v2/log-seals/{seal_id}: read:logs
GET /api/v2/keys/signing: read:signing_keys
GET /api/v2/keys/signing/{kid}: read:signing_keys
POST /api/v2/keys/signing/rotate: create:signing_keys, update:signing_keys
PUT /api/v2/keys/signing/{kid}/revoke: update:signing_keys
GET /api/v2/tenants/settings: read:tenant_settings
PATCH /api/v2/tenants/settings: update:tenant_settings
GET /api/v2/tenants: read:tenants
POST /api/v2/tenants: create:tenants
GET /authorize: open to all
POST /authorize: open to all
GET /u/login: open to all
POST /u/login: open to all
GET /u/consent: open to all
POST /u/consent: open to all
GET /continue: open to all
POST /continue: open to all
GET /u/signup: open to all
POST /u/signup: open to all
GET /u/reset-password: open to all
POST /u/reset-password: open to all
GET /u/verify-email: open to all
POST /u/verify-email: open to all
GET /u/unblock: open to all
POST /u/unblock: open to all
GET /u/impersonate: open to all
POST /u/impersonate: open to all
GET /users/{user_id}/impersonate: open to all
GET /u/account: open to all
POST /u/account/sessions: open to all
POST /u/account/devices: open to all
POST /u/account/impersonations: open to all
GET /u/account/others: open to all
POST /u/account/others: open to all
POST /u/account/password: open to all
POST /oauth/token: open to all
POST /oauth/revoke: open to all
GET /userinfo: open to all
POST /userinfo: open to all
POST /dbconnections/signup: open to all
POST /dbconnections/change_password: open to all
GET /v2/logout: open to all
GET /oidc/logout: open to all
GET /.well-known/openid-configuration: open to all
GET /.well-known/jwks.json: open to all
GET /api/v2/openapi.json: open to all
GET /docs: open to all
GET /static/{fingerprint}/{name}: open to all
GET /health: open to all
""".strip().splitlines()


def test_the_endpoints_and_the_scopes_that_open_them_are_these():
    """Those of the dashboard are pinned by docs/dashboard.md, which has to name each with its scopes."""
    others = [each for each in ENDPOINTS if each not in DASHBOARD]

    shown = [f"{named(each)}: {'open to all' if each.public else ', '.join(each.scopes)}" for each in others]

    assert shown == ROUTES


def test_no_endpoint_of_the_management_api_is_open_to_any_token():
    assert [named(endpoint) for endpoint in MANAGEMENT if not endpoint.scopes] == []


def test_chalice_serves_these_endpoints_and_no_others(app):
    served = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}

    assert served == {named(endpoint) for endpoint in ENDPOINTS}


def test_the_management_api_knows_the_scopes_that_open_something_and_no_others():
    opening = {scope for endpoint in MANAGEMENT for scope in endpoint.scopes}

    assert opening == MANAGEMENT_SCOPES.keys() | SYSTEM_SCOPES.keys()
    assert MANAGEMENT_SCOPES.keys().isdisjoint(SYSTEM_SCOPES)


def test_each_tenants_management_api_lists_its_scopes(acme, system):
    ordinary, special = (
        [scope["value"] for scope in api.get("/api/v2/resource-servers").json[0]["scopes"]] for api in (acme, system)
    )

    assert ordinary == list(MANAGEMENT_SCOPES)
    assert special == [*MANAGEMENT_SCOPES, *SYSTEM_SCOPES]


@pytest.mark.security(34)
@each_endpoint
def test_a_request_without_a_token_is_refused(furnished, endpoint):
    answer = furnished.send(endpoint, headers={"Authorization": ""})

    assert answer.status == 401
    assert answer.json == {
        "statusCode": 401,
        "error": "Unauthorized",
        "message": "Missing authentication",
        "errorCode": "invalid_token",
    }
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.security(34)
@pytest.mark.parametrize(
    ("opened", "scope"),
    [pytest.param(each, scope, id=f"{scope} {named(each)}") for each in MANAGEMENT for scope in each.scopes],
)
def test_each_scope_alone_opens_its_endpoint(furnished, opened, scope):
    answer = furnished.send(opened, scope=scope, own="current_user" in scope)

    assert answer.status == opened.status, answer.text


@pytest.mark.security(34)
@each_endpoint
def test_all_other_scopes_together_do_not_open_it(furnished, endpoint):
    others = " ".join(scope for scope in EVERY_SCOPE.split() if scope not in endpoint.scopes)

    answer = furnished.send(endpoint, scope=others)

    assert answer.status == 403
    assert answer.json == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": f"Insufficient scope, expected any of: {','.join(endpoint.scopes)}",
        "errorCode": "insufficient_scope",
    }


@pytest.mark.security(34)
@pytest.mark.parametrize(
    "scope", ["", " ", "read:user", "READ:USERS", "read:users,read:clients", "read:users\x00", "*"]
)
def test_a_scope_that_is_nearly_the_right_one_opens_nothing(api, scope):
    answer = api.get("/api/v2/users", scope=scope)

    assert answer.status == 403
    assert answer.json["message"] == "Insufficient scope, expected any of: read:users"


@pytest.mark.security(34)
@pytest.mark.parametrize("endpoint", [each for each in MANAGEMENT if each.path == "/api/v2/tenants"], ids=named)
def test_tenants_are_made_and_listed_on_the_system_tenants_host_only(furnished, endpoint):
    answer = furnished.send(endpoint, tenant="acme")

    assert answer.status == 404
    assert answer.json["errorCode"] == "inexistent_tenant"
