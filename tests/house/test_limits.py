"""Every limit of docs/limits.md is a number of the code: a constant, or what a type says in the OpenAPI document."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters import outgoing
from chalicelib.adapters.sandbox import outcomes
from chalicelib.core import (
    account_page,
    accounts,
    attack_protection,
    attempts,
    backfill,
    client_keys,
    clients,
    connections,
    database_scripts,
    device_credentials,
    documents,
    identities,
    impersonation,
    impersonation_links,
    log_seals,
    log_search,
    log_verification,
    logs,
    mail,
    new_places,
    operators,
    outbox,
    paging,
    rules,
    rules_configs,
    sandbox,
    signing_keys,
    throttles,
    tickets,
    user_lists,
    user_walks,
    user_words,
    users,
)
from chalicelib.core.hosts import Hosts
from chalicelib.core.oauth import assertions, authorize, codes, tokens, user_tokens
from chalicelib.core.tenants import DEFAULT_SETTINGS, MAX_SCRIPT_SECONDS
from chalicelib.settings import Settings
from chalicelib.storage import cache
from chalicelib.web import decoding, openapi
from infra import package, template
from tests.conftest import BASE_DOMAIN
from tests.documents import table, text
from tests.web.conftest import ENDPOINTS

IMPERSONATION = DEFAULT_SETTINGS["impersonation"]
DOCUMENT = openapi.document(ENDPOINTS, Hosts(BASE_DOMAIN, "main"), "main")


DEFAULTS = {field.name: field.default for field in fields(Settings)}


def said(kind: str, *steps: str) -> int:
    """Look up what a type says, such as ("UserCreate", "name", "maxLength"). A "null" beside a type is passed over."""
    found: Any = DOCUMENT["components"]["schemas"][kind]["properties"]
    for step in steps:
        found = next((option for option in found.get("anyOf", ()) if option != {"type": "null"}), found)
        found = found[step]
    return int(found)


def asked(path: str, parameter: str, what: str) -> int:
    """Look up what a list says of a parameter."""
    parameters = DOCUMENT["paths"][path]["get"]["parameters"]
    schema = next(each["schema"] for each in parameters if each["name"] == parameter)
    return int(next(option for option in schema.get("anyOf", [schema]) if what in option)[what])


def switched() -> int:
    """Look up how many clients one request may turn a connection on or off for."""
    operation = DOCUMENT["paths"]["/api/v2/connections/{connection_id}/clients"]["patch"]
    return int(operation["requestBody"]["content"]["application/json"]["schema"]["maxItems"])


def allowed(stage: str) -> int:
    """Look up what an address may try unless a tenant says otherwise."""
    return int(attack_protection.DEFAULTS[attack_protection.THROTTLING]["stage"][stage]["max_attempts"])


def spelled(time: timedelta) -> str:
    return {timedelta(days=2): "two days", timedelta(minutes=1): "a minute", timedelta(hours=1): "an hour"}[time]


def hours(time: timedelta) -> str:
    return f"{time // timedelta(hours=1)} hour"


PARAMETERS = template.read()["Parameters"]
ADDRESSES = ("callbacks", "allowed_logout_urls", "allowed_origins", "web_origins")
LIMITS: dict[str, list[int | str]] = {
    "request body": [decoding.MAX_BODY],
    "requests of a tenant": [
        f"{DEFAULTS['management_requests_per_minute']:,} [in a minute]",
        f"{DEFAULTS['authentication_requests_per_minute']:,} to sign in",
    ],
    "requests that one process may let in past that": [throttles.LEAST_STEP],
    "path parameter": [decoding.MAX_PATH_PARAMETER],
    "query parameter": [decoding.MAX_QUERY_VALUE],
    "bearer token": [tokens.MAX_TOKEN],
    "items of a page": [paging.MAX_PER_PAGE],
    "offset into users or logs": [paging.MAX_OFFSET_RESULTS],
    "search of users": [asked("/api/v2/users", "q", "maxLength")],
    "from of a list of users": [asked("/api/v2/users", "from", "maxLength")],
    "users looked at for a page that an index alone does not answer": [user_walks.MAX_LOOKED_AT],
    "a place in a list of users that is searched or gone through": [hours(user_lists.CURSORS_LIVE)],
    "words by which a user is found": [len(user_words.FIELDS) + 1, user_words.MAX_WORD],
    "users without [entries](table.md#entries-of-users) that a run of the sweep looks at": [backfill.USERS_PER_RUN],
    "from of a list of log events": [logs.LOG_ID_LENGTH],
    "e-mail address": [accounts.MAX_LOCAL_PART, accounts.MAX_DOMAIN],
    "user name": [said("UserCreate", "username", "maxLength")],
    "user id": [users.MAX_USER_ID],
    "phone number": [int(digits) for digits in re.findall(r"\d+", accounts._PHONE.pattern.partition("{")[2])],
    "name, nickname": [said("UserCreate", "name", "maxLength"), said("UserCreate", "nickname", "maxLength")],
    "given name, family name": [said("UserCreate", name, "maxLength") for name in ("given_name", "family_name")],
    "picture": [said("UserCreate", "picture", "maxLength")],
    "password": [],
    "metadata": [documents.MAX_LEVELS],
    "profile": [users.MAX_BYTES],
    "identities of a user": [identities.MAX_IDENTITIES],
    "public keys of a user": [device_credentials.MAX_PUBLIC_KEYS],
    "options of a connection": [connections.MAX_OPTIONS_BYTES, documents.MAX_LEVELS],
    "script of a custom database": [sandbox.MAX_SCRIPT_BYTES],
    "key of a custom database's configuration": [database_scripts.MAX_KEY],
    "connections of a tenant": [connections.MAX_BYTES],
    "name of a connection": [said("ConnectionCreate", "name", limit) for limit in ("minLength", "maxLength")],
    "display name of a connection": [said("ConnectionCreate", "display_name", "maxLength")],
    "realms of a connection": [
        said("ConnectionCreate", "realms", "maxItems"),
        said("ConnectionCreate", "realms", "items", "maxLength"),
    ],
    "metadata of a connection": [
        said("ConnectionCreate", "metadata", "maxProperties"),
        said("ConnectionCreate", "metadata", "propertyNames", "maxLength"),
    ],
    "enabled clients of a connection": [connections.MAX_ENABLED_CLIENTS, switched()],
    "scopes of an API, of a client grant": [
        said("ResourceServerCreate", "scopes", "maxItems"),
        said("ClientGrantCreate", "scope", "maxItems"),
    ],
    "client metadata": [clients.MAX_METADATA, said("ClientCreate", "client_metadata", "propertyNames", "maxLength")],
    "friendly name of a tenant": [said("TenantSettings", "friendly_name", "maxLength")],
    "subject of a mail": [mail.MAX_SUBJECT],
    "jwt_configuration of a client": [clients.MAX_JWT_CONFIGURATION_BYTES, documents.MAX_LEVELS],
    "callbacks and other addresses of a client": [said("ClientCreate", name, "maxItems") for name in ADDRESSES],
    "public keys of a client": [client_keys.MAX_KEYS, said("CredentialCreate", "pem", "maxLength")],
    "assertion of a client": [f"{assertions.LONGEST // timedelta(minutes=1)} minutes"],
    "overlap of a rotated client secret": [said("Rotation", "overlap_seconds", "maximum")],
    "name of a rule": [said("RuleCreate", "name", limit) for limit in ("minLength", "maxLength")],
    "order of a rule": [said("RuleCreate", "order", "minimum"), rules.MAX_ORDER],
    "script of a rule": [said("RuleCreate", "script", "minLength"), rules.MAX_SCRIPT_BYTES],
    "rules of a tenant": [rules.MAX_RULES, rules.MAX_SCRIPTS_BYTES],
    "rules config": [rules_configs.MAX_KEY, said("RuleConfigSet", "value", "maxLength")],
    "rules configs of a tenant": [rules_configs.MAX_CONFIGS],
    "previous signing keys in use": [signing_keys.MAX_PREVIOUS, signing_keys.MAX_KEPT],
    "life of a token": [said("ResourceServerCreate", "token_lifetime", "maximum")],
    "life of an opaque access token": [hours(user_tokens.OPAQUE_LIFE)],
    "life of a code": [f"{codes.LIVES // timedelta(seconds=1)} seconds"],
    "a sign-in under way": [hours(authorize.UNDER_WAY)],
    "browsers, devices on the [account page](account-page.md)": [account_page.SHOWN],
    "lines of activity on the account page": [account_page.ACTIVITY],
    "buttons of the account page": [hours(account_page.BUTTONS_LIVE)],
    "failed sign-ins": [
        f"{attack_protection.DEFAULTS[attack_protection.BRUTE_FORCE]['max_attempts']} in a row",
        f"{attempts.NAME_LIMIT} for a name",
        f"{allowed(attack_protection.LOGIN)} from an address",
        hours(attempts.LIFE),
    ],
    "failed sign-ins of a name, as a tenant says": [
        said("BruteForce", "max_attempts", "minimum"),
        said("BruteForce", "max_attempts", "maximum"),
    ],
    "sign-ups": [f"{allowed(attack_protection.SIGN_UP)} a day"],
    "failed sign-ins or sign-ups from an address, as a tenant says": [
        said("Stage", "max_attempts", "minimum"),
        said("Stage", "max_attempts", "maximum"),
    ],
    "allowlist of attack protection": [attack_protection.MAX_ALLOWED, said("BruteForce", "allowlist", "maxItems")],
    "tenants of an operator": [operators.MAX_TENANTS],
    "history": [spelled(logs.KEPT_FOR)],
    "newest history that a checkpoint does not give yet": [f"{logs.HELD_BACK // timedelta(seconds=1)} seconds"],
    "search of history": [log_search.MAX_LENGTH, log_search.MAX_TERMS, log_search.MAX_LEVELS],
    "events a [search of history](log-search.md) looks at": [logs.MAX_SEARCHED],
    "events that are sorted by anything but their date": [logs.MAX_SEARCHED],
    "events of a log seal": [log_seals.MOST_SEALED],
    "events that are verified at once": [log_verification.MOST_VERIFIED],
    "life of a link of the Management API": [
        said("PasswordChange", "ttl_sec", "minimum"),
        f"({tickets.DEFAULT_LIFETIME.days} days)",
        said("PasswordChange", "ttl_sec", "maximum"),
    ],
    "life of a link to choose a new password, from a mail": [hours(tickets.RESET_LIFETIME)],
    "life of a link that lifts a block": [hours(attempts.LIFE)],
    "mails with a link to choose a new password": [spelled(tickets._SHORTEST_PAUSE), spelled(tickets._LONGEST_PAUSE)],
    "life of an impersonation link": [
        said("LinkCreate", "expires_in", "minimum"),
        said("LinkCreate", "expires_in", "maximum"),
        IMPERSONATION["max_link_lifetime"],
    ],
    "life of what an impersonation link gives": [
        said("Impersonation", "token_lifetime", "minimum"),
        said("Impersonation", "token_lifetime", "maximum"),
        IMPERSONATION["token_lifetime"],
    ],
    "from an impersonation link to the application's request": [impersonation.ANSWERED_WITHIN // timedelta(minutes=1)],
    "reason of an impersonation": [impersonation_links.MAX_REASON],
    "protected users, excluded clients, policies by client of impersonation": [
        said("Impersonation", "protected_users", "maxItems"),
        said("Impersonation", "protected_roles", "maxItems"),
    ],
    "expired impersonation links in a run of the sweep": [impersonation_links.LINKS_PER_RUN],
    "places a user is known from": [new_places.MAX_PLACES, f"{new_places.KEPT_FOR.days} days"],
    "sending a mail": [hours(outbox.TRIED_FOR), outbox.PER_RUN],
    "metadata of a sign-up": [
        said("SignupBody", "user_metadata", "maxProperties"),
        said("SignupBody", "user_metadata", "additionalProperties", "maxLength"),
        said("SignupBody", "user_metadata", "propertyNames", "maxLength"),
    ],
    "configuration kept in a Lambda": [int(cache.SECONDS)],
    "a script": [sandbox.MAX_SCRIPT_BYTES],
    "time of a sign-in's rules, and of a script of a database": [
        f"{DEFAULT_SETTINGS['script_time_limit']:g} seconds for all",
        f"1 to {MAX_SCRIPT_SECONDS};",
        f"{sandbox.AFTER_CALLBACK} seconds",
    ],
    "memory of a sign-in's scripts": [f"{sandbox.Limits().memory_mb} MB"],
    "what a sign-in's scripts are given": [sandbox.MAX_INPUT_BYTES],
    "what they give back": [sandbox.MAX_RESULT_BYTES, f"{sandbox.MAX_LEVELS} levels"],
    "what they write to the console": [sandbox.Limits().console_bytes, outcomes.MAX_LINES],
    "what they may ask for outside": [sandbox.Limits().operations],
    "a script's HTTP request": [
        f"{sandbox.Limits().request_seconds:g} seconds",
        f"{outgoing.MAX_REDIRECTS} redirects",
        outgoing.MAX_URL,
        outgoing.MAX_HEADERS,
        outgoing.MAX_HEADER,
    ],
    "its body and that of the response": [outgoing.MAX_BYTES],
    "message of a script's refusal": [sandbox.MAX_MESSAGE],
    "checking a script": [f"{outcomes.checking('').limits.seconds:g} second"],
    "requests of all tenants of a deployment": [
        PARAMETERS["RequestsPerSecond"]["Default"],
        PARAMETERS["RequestsAtOnce"]["Default"],
    ],
    "a request": [json.loads(text(".chalice/config.json"))["lambda_timeout"]],
    "the functions' package": [package.MAX_BYTES],
}
"""What the code says of each limit, in the order of the page. Texts stand for numbers that are written out."""


def documented() -> dict[str, str]:
    return {row["what"]: row["limit"] for row in table("docs/limits.md", "what", "limit")}


def test_every_limit_is_known_here_and_every_known_one_is_documented():
    assert list(documented()) == list(LIMITS)


@pytest.mark.security(43)
@pytest.mark.parametrize("what", LIMITS)
def test_a_documented_limit_is_the_one_of_the_code(what):
    text = documented()[what]

    for limit in LIMITS[what]:
        wanted = f"{limit:,}" if isinstance(limit, int) else limit
        assert re.search(rf"(?<![\d,]){re.escape(wanted)}(?![\d,]*\d)", text), (wanted, text)
