"""The only module that sees all sides: the real clock, randomness, stores and keys. Builds the core and the app."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.adapters.common_passwords import common_passwords
from chalicelib.adapters.kms import KmsSealer
from chalicelib.core.ambient import Ambient, Ticks
from chalicelib.core.client_grants import ClientGrants
from chalicelib.core.clients import Clients
from chalicelib.core.connections import Connections
from chalicelib.core.credentials import Credentials
from chalicelib.core.device_credentials import DeviceCredentials
from chalicelib.core.gatehouse import Core
from chalicelib.core.hosts import Hosts
from chalicelib.core.links import Links
from chalicelib.core.logs import Logs
from chalicelib.core.oauth.discovery import Discovery
from chalicelib.core.oauth.token import TokenEndpoint
from chalicelib.core.oauth.tokens import AccessTokens
from chalicelib.core.resource_servers import ResourceServers
from chalicelib.core.signing_keys import SigningKeys
from chalicelib.core.sweep import Sweep
from chalicelib.core.tenants import Tenants
from chalicelib.core.users import Users
from chalicelib.crypto.passwords import Argon2PasswordHasher
from chalicelib.crypto.signing_keys import RsaWorkshop
from chalicelib.crypto.tokens import Rs256Tokens
from chalicelib.settings import Settings
from chalicelib.storage.stores import Stores
from chalicelib.storage.table import open_table
from chalicelib.web.surface import Gatehouse
from chalicelib.web.surfaces import SURFACES

if TYPE_CHECKING:
    from collections.abc import Mapping


def build(environment: Mapping[str, str] = os.environ) -> Gatehouse:
    """Build the app from the environment. Makes no network call: the first request does."""
    return Gatehouse(build_core(Settings.read(environment), real_ambient()), SURFACES)


def real_ambient() -> Ambient:
    """Give the real time, in whole milliseconds as everything shown has them, and real randomness."""
    return Ambient(now=_now, new_id=_id, new_secret=_secret, new_tick=Ticks().new)


def build_core(settings: Settings, ambient: Ambient) -> Core:
    """Put the product together."""
    hosts = Hosts(settings.base_domain, settings.default_tenant)
    table = open_table(
        settings.table,
        region=settings.region,
        endpoint=settings.aws_endpoint,
        now=ambient.now,
        shards=settings.shards,
    )
    stores = Stores.of(table)
    workshop = RsaWorkshop(KmsSealer(settings.kms_key, settings.region, settings.aws_endpoint), hosts, ambient)
    signing_keys = SigningKeys(stores.signing_keys, workshop, ambient)
    connections = Connections(stores.connections, ambient)
    client_grants = ClientGrants(stores.client_grants, stores.clients, stores.resource_servers, ambient)
    tokens = AccessTokens(Rs256Tokens(workshop), signing_keys, hosts, ambient)
    hasher = Argon2PasswordHasher(
        memory_kib=settings.argon2_memory_kib,
        iterations=settings.argon2_iterations,
        lanes=settings.argon2_lanes,
        random_bytes=os.urandom,
    )
    users = Users(stores.users, connections, Credentials(hasher, common_passwords), ambient)
    links = Links(stores.users, ambient)
    sweep = Sweep(stores.works, users, links, client_grants, connections)
    clients = Clients(stores.clients, sweep, ambient)
    resource_servers = ResourceServers(stores.resource_servers, sweep, ambient, hosts)
    return Core(
        hosts=hosts,
        tenants=Tenants(stores.tenants, signing_keys, connections, resource_servers, clients, client_grants, ambient),
        signing_keys=signing_keys,
        tokens=tokens,
        token_endpoint=TokenEndpoint(
            stores.clients, client_grants, resource_servers, stores.tenants, tokens, stores.logs, ambient
        ),
        discovery=Discovery(hosts, signing_keys),
        clients=clients,
        client_grants=client_grants,
        resource_servers=resource_servers,
        connections=connections,
        users=users,
        links=links,
        device_credentials=DeviceCredentials(stores.device_credentials, ambient),
        logs=Logs(stores.logs, ambient),
        sweep=sweep,
    )


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _id(size: int) -> str:
    return secrets.token_hex((size + 1) // 2)[:size]


def _secret(size: int) -> str:
    return secrets.token_urlsafe(size)[:size]
