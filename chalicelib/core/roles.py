"""Roles: what somebody may do in a tenant through the dashboard. A role is a set of scopes of the Management API.

Beside those are scopes that only roles have: no token is ever given one.
"""

from __future__ import annotations

from types import MappingProxyType

from chalicelib.core.management_scopes import MANAGEMENT_SCOPES

OWNER, EDITOR, SUPPORT, VIEWER = "owner", "editor", "support", "viewer"

READ_MEMBERS, UPDATE_MEMBERS = "read:members", "update:members"
BLOCK_USERS = "block:users"
"""Block and unblock, and change nothing else of a user."""
CREATE_TENANTS = "create:tenants"
"""Of whoever owns a tenant: to make another."""

_READING = frozenset(
    {
        "read:users",
        "read:clients",
        "read:connections",
        "read:client_grants",
        "read:resource_servers",
        "read:device_credentials",
        "read:attack_protection",
        "read:sessions",
        "read:refresh_tokens",
        "read:grants",
        "read:impersonation_links",
        "read:rules",
        "read:rules_configs",
        "read:logs",
        "read:logs_users",
        "read:tenant_settings",
        "read:signing_keys",
        READ_MEMBERS,
    }
)
_SUPPORTING = frozenset({BLOCK_USERS, "create:impersonation_links", "delete:impersonation_links"})
_EDITING = frozenset(
    {
        "create:users",
        "update:users",
        "update:users_app_metadata",
        "delete:users",
        "create:user_tickets",
        "delete:device_credentials",
        "delete:sessions",
        "delete:refresh_tokens",
        "delete:grants",
    }
)
_EVERYTHING = frozenset(scope for scope in MANAGEMENT_SCOPES if "current_user" not in scope)

ROLES = MappingProxyType(
    {
        OWNER: _EVERYTHING | {READ_MEMBERS, UPDATE_MEMBERS, BLOCK_USERS},
        EDITOR: _READING | _SUPPORTING | _EDITING,
        SUPPORT: _READING | _SUPPORTING,
        VIEWER: _READING,
    }
)
"""The scopes of each role, the most powerful first. What a token of a user may do with itself is no role's."""

ABOUT = MappingProxyType(
    {
        OWNER: "Everything, members and new tenants",
        EDITOR: "Create, change and delete users",
        SUPPORT: "Look, block users, and sign in as a user where that is allowed",
        VIEWER: "Look, and change nothing",
    }
)
"""What each role means, in words for people."""
