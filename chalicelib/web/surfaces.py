"""All surfaces of the app, in the order the reference shows them."""

from __future__ import annotations

from chalicelib.web import health, reference
from chalicelib.web.authentication import dbconnections, discovery, token
from chalicelib.web.dashboard import entrance
from chalicelib.web.dashboard import start as dashboard_start
from chalicelib.web.dashboard import tenants as dashboard_tenants
from chalicelib.web.dashboard import users as dashboard_users
from chalicelib.web.login import (
    account_page,
    authorize,
    continue_,
    impersonate,
    login,
    logout,
    reset_password,
    signup,
    unblock,
    verify_email,
)
from chalicelib.web.management import (
    attack_protection,
    client_credentials,
    client_grants,
    clients,
    connections,
    device_credentials,
    grants,
    impersonation_links,
    jobs,
    keys,
    log_seals,
    logs,
    refresh_tokens,
    resource_servers,
    rule_trials,
    rules,
    rules_configs,
    sessions,
    tenants,
    tickets,
    user_blocks,
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
        user_blocks,
        impersonation_links,
        attack_protection,
        tickets,
        jobs,
        rules,
        rule_trials,
        rules_configs,
        logs,
        log_seals,
        keys,
        tenants,
        authorize,
        login,
        continue_,
        signup,
        reset_password,
        verify_email,
        unblock,
        impersonate,
        account_page,
        token,
        dbconnections,
        logout,
        discovery,
        entrance,
        dashboard_tenants,
        dashboard_start,
        dashboard_users,
        reference,
        health,
    )
]
