"""The scopes of the Management API: what a token may do, in Auth0's words. A test keeps it equal to the routes."""

from __future__ import annotations

MANAGEMENT_SCOPES = {
    "read:users": "Read users",
    "update:users": "Update users",
    "delete:users": "Delete users",
    "create:users": "Create users",
    "update:users_app_metadata": "Update a user's app_metadata",
    "read:current_user": "Read the current user",
    "update:current_user_metadata": "Update the current user's user_metadata",
    "create:current_user_device_credentials": "Create the current user's device credentials",
    "delete:current_user_device_credentials": "Delete the current user's device credentials",
    "read:clients": "Read clients",
    "update:clients": "Update clients",
    "delete:clients": "Delete clients",
    "create:clients": "Create clients",
    "read:client_keys": "Read clients' keys",
    "update:client_keys": "Rotate clients' secrets",
    "read:client_grants": "Read client grants",
    "update:client_grants": "Update client grants",
    "delete:client_grants": "Delete client grants",
    "create:client_grants": "Create client grants",
    "read:connections": "Read connections",
    "update:connections": "Update connections",
    "delete:connections": "Delete connections",
    "create:connections": "Create connections",
    "read:resource_servers": "Read resource servers",
    "update:resource_servers": "Update resource servers",
    "delete:resource_servers": "Delete resource servers",
    "create:resource_servers": "Create resource servers",
    "read:device_credentials": "Read device credentials",
    "delete:device_credentials": "Delete device credentials",
    "read:sessions": "Read users' sessions",
    "delete:sessions": "End users' sessions",
    "read:refresh_tokens": "Read users' refresh tokens",
    "delete:refresh_tokens": "End users' refresh tokens",
    "read:grants": "Read what users allowed",
    "delete:grants": "Take back what users allowed",
    "read:logs": "Read history",
    "read:logs_users": "Read users' history",
    "read:tenant_settings": "Read the tenant's settings",
    "update:tenant_settings": "Update the tenant's settings",
    "read:signing_keys": "Read signing keys",
    "create:signing_keys": "Rotate signing keys",
    "update:signing_keys": "Revoke signing keys",
}

SYSTEM_SCOPES = {
    "read:tenants": "List tenants",
    "create:tenants": "Create tenants",
}
"""What only the system tenant's Management API knows."""
