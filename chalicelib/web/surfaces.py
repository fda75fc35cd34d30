"""All surfaces of the app, in the order the reference shows them."""

from __future__ import annotations

from chalicelib.web import reference
from chalicelib.web.authentication import discovery, token
from chalicelib.web.login import authorize, login, logout
from chalicelib.web.management import (
    client_credentials,
    client_grants,
    clients,
    connections,
    device_credentials,
    grants,
    keys,
    logs,
    refresh_tokens,
    resource_servers,
    sessions,
    tenants,
    users,
)

SURFACES = [
    module.surface
    for module in (
        users,
        connections,
        clients,
        client_credentials,
        client_grants,
        resource_servers,
        device_credentials,
        sessions,
        refresh_tokens,
        grants,
        logs,
        keys,
        tenants,
        authorize,
        login,
        token,
        logout,
        discovery,
        reference,
    )
]
