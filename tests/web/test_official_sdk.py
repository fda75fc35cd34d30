"""What the official SDK for Python can send to our endpoints, and what of it we do not take yet.

Nothing is sent here: its methods and our types are held against each other. `tests/clients` sends requests with it.
"""

from __future__ import annotations

import inspect

import msgspec
import pytest
from auth0.management.client_grants.raw_client import RawClientGrantsClient
from auth0.management.clients.raw_client import RawClientsClient
from auth0.management.connections.clients.raw_client import RawClientsClient as RawClientsOfConnectionClient
from auth0.management.connections.raw_client import RawConnectionsClient
from auth0.management.connections.users.raw_client import RawUsersClient as RawUsersOfConnectionClient
from auth0.management.device_credentials.raw_client import RawDeviceCredentialsClient
from auth0.management.logs.raw_client import RawLogsClient
from auth0.management.resource_servers.raw_client import RawResourceServersClient
from auth0.management.tenants.settings.raw_client import RawSettingsClient
from auth0.management.users.identities.raw_client import RawIdentitiesClient
from auth0.management.users.logs.raw_client import RawLogsClient as RawLogsOfUserClient
from auth0.management.users.raw_client import RawUsersClient

from tests.web.conftest import MANAGEMENT, named

METHODS = {
    "GET /api/v2/users": RawUsersClient.list,
    "POST /api/v2/users": RawUsersClient.create,
    "GET /api/v2/users-by-email": RawUsersClient.list_users_by_email,
    "GET /api/v2/users/{user_id}": RawUsersClient.get,
    "PATCH /api/v2/users/{user_id}": RawUsersClient.update,
    "GET /api/v2/users/{user_id}/logs": RawLogsOfUserClient.list,
    "POST /api/v2/users/{user_id}/identities": RawIdentitiesClient.link,
    "GET /api/v2/connections": RawConnectionsClient.list,
    "POST /api/v2/connections": RawConnectionsClient.create,
    "GET /api/v2/connections/{connection_id}": RawConnectionsClient.get,
    "PATCH /api/v2/connections/{connection_id}": RawConnectionsClient.update,
    "GET /api/v2/connections/{connection_id}/clients": RawClientsOfConnectionClient.get,
    "DELETE /api/v2/connections/{connection_id}/users": RawUsersOfConnectionClient.delete_by_email,
    "GET /api/v2/clients": RawClientsClient.list,
    "POST /api/v2/clients": RawClientsClient.create,
    "GET /api/v2/clients/{client_id}": RawClientsClient.get,
    "PATCH /api/v2/clients/{client_id}": RawClientsClient.update,
    "GET /api/v2/client-grants": RawClientGrantsClient.list,
    "POST /api/v2/client-grants": RawClientGrantsClient.create,
    "PATCH /api/v2/client-grants/{grant_id}": RawClientGrantsClient.update,
    "GET /api/v2/resource-servers": RawResourceServersClient.list,
    "POST /api/v2/resource-servers": RawResourceServersClient.create,
    "GET /api/v2/resource-servers/{server_id}": RawResourceServersClient.get,
    "PATCH /api/v2/resource-servers/{server_id}": RawResourceServersClient.update,
    "GET /api/v2/device-credentials": RawDeviceCredentialsClient.list,
    "POST /api/v2/device-credentials": RawDeviceCredentialsClient.create_public_key,
    "GET /api/v2/logs": RawLogsClient.list,
    "GET /api/v2/tenants/settings": RawSettingsClient.get,
    "PATCH /api/v2/tenants/settings": RawSettingsClient.update,
}

_CLIENT = """
addons anonymous_sessions async_approval_notification_channels b_2_b_integration_configuration
compliance_level cross_origin_loc custom_login_page custom_login_page_preview
default_organization encryption_key enforce_anon_session_transfer_network_binding express_configuration fedcm_login
form_template identity_assertion_authorization_grant is_token_endpoint_ip_header_trusted mobile
my_organization_configuration native_social_login oidc_backchannel_logout oidc_logout oidc_support
organization_discovery_methods organization_require_behavior organization_usage par_request_expiry redirection_policy
require_proof_of_possession require_pushed_authorization_requests session_transfer signed_request_object
skip_non_verifiable_callback_uri_confirmation_prompt third_party_security_mode token_exchange token_quota
token_vault_privileged_access
"""
_CONNECTION = "authentication connected_accounts cross_app_access_requesting_app cross_app_access_resource_app"
_GRANT = "allow_all_scopes allow_any_organization authorization_details_types organization_usage"
_SERVER = """
access_token allow_online_access allow_online_access_with_ephemeral_sessions authorization_details authorization_policy
consent_policy proof_of_possession require_consent_non_repudiation signing_secret subject_type_authorization
token_encryption token_lifetime_for_anonymous_access_tokens
"""
NOT_TAKEN = {
    "POST /api/v2/connections": _CONNECTION,
    "PATCH /api/v2/connections/{connection_id}": _CONNECTION,
    "GET /api/v2/clients": "external_client_id q",
    "POST /api/v2/clients": f"{_CLIENT} resource_server_identifier",
    "PATCH /api/v2/clients/{client_id}": f"{_CLIENT} client_secret",
    "GET /api/v2/client-grants": "allow_any_organization default_for",
    "POST /api/v2/client-grants": f"{_GRANT} default_for",
    "PATCH /api/v2/client-grants/{grant_id}": _GRANT,
    "POST /api/v2/resource-servers": _SERVER,
    "PATCH /api/v2/resource-servers/{server_id}": _SERVER,
    "PATCH /api/v2/tenants/settings": """
        access_token acr_values_supported allow_organization_name_in_authentication_api
        authorization_response_iss_parameter_supported change_password
        client_id_metadata_document_dynamic_registration_supported client_id_metadata_document_supported country_codes
        customize_mfa_in_postlogin_action default_token_quota device_flow dpop_strict_refresh_token_binding
        dynamic_client_registration_security_mode enable_ai_guide ephemeral_session_lifetime
        ephemeral_session_lifetime_in_minutes error_page guardian_mfa_page idle_ephemeral_session_lifetime
        idle_ephemeral_session_lifetime_in_minutes idle_session_lifetime_in_minutes
        include_session_metadata_in_tenant_logs legacy_sandbox_version mtls oidc_logout phone_consolidated_experience
        pushed_authorization_requests_supported resource_parameter_profile security_headers
        session_lifetime_in_minutes sessions skip_non_verifiable_callback_uri_confirmation_prompt
    """,
}
"""Settings of what Gatehouse does not have. To take one that has no effect would promise something that is not done."""


@pytest.mark.parametrize("endpoint", [each for each in MANAGEMENT if named(each) in METHODS], ids=named)
def test_all_that_the_sdk_can_send_is_taken_but_for_what_is_listed_here(endpoint):
    parameters = inspect.signature(METHODS[named(endpoint)]).parameters.keys() - {"self", "id", "request_options"}
    sent = {"from" if name == "from_" else name for name in parameters}
    taken = {field.encode_name for field in msgspec.structs.fields(endpoint.body or endpoint.query)}

    assert sent - taken == set(NOT_TAKEN.get(named(endpoint), "").split())


def test_every_method_of_the_sdk_in_the_table_has_its_endpoint():
    assert METHODS.keys() | NOT_TAKEN.keys() <= {named(endpoint) for endpoint in MANAGEMENT}
