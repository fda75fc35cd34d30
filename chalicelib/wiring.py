"""The only module that sees all sides: the real clock, randomness, stores and keys. Builds the core and the app."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.adapters.common_passwords import common_passwords
from chalicelib.adapters.kms import KmsSealer
from chalicelib.adapters.outgoing import Outgoing
from chalicelib.adapters.places import Places
from chalicelib.adapters.sandbox import LateSandbox
from chalicelib.adapters.ses import SesMailer
from chalicelib.core.account_page import AccountPage
from chalicelib.core.account_sign_in import AccountSignIn
from chalicelib.core.ambient import Ambient, Ticks
from chalicelib.core.attack_protection import AttackProtection
from chalicelib.core.backfill import Backfill
from chalicelib.core.client_grants import ClientGrants
from chalicelib.core.client_keys import ClientKeys
from chalicelib.core.clients import Clients
from chalicelib.core.connections import Connections
from chalicelib.core.consents import Consents
from chalicelib.core.credentials import Credentials
from chalicelib.core.custom_accounts import CustomAccounts
from chalicelib.core.custom_databases import CustomDatabases
from chalicelib.core.dashboard_client import DashboardClient
from chalicelib.core.dashboard_sign_in import DashboardSignIn
from chalicelib.core.database_scripts import DatabaseScripts
from chalicelib.core.deployment import Deployment
from chalicelib.core.device_credentials import DeviceCredentials
from chalicelib.core.ending import Ending
from chalicelib.core.gatehouse import Core
from chalicelib.core.hosts import Hosts
from chalicelib.core.impersonation_links import ImpersonationLinks
from chalicelib.core.jobs import Jobs
from chalicelib.core.links import Links
from chalicelib.core.log_seals import LogSeals
from chalicelib.core.log_verification import LogVerification
from chalicelib.core.logs import Logs
from chalicelib.core.marks import Marks
from chalicelib.core.new_places import NewPlaces
from chalicelib.core.oauth.assertions import Assertions
from chalicelib.core.oauth.authorize import Authorize
from chalicelib.core.oauth.client_authentication import ClientAuthentication
from chalicelib.core.oauth.discovery import Discovery
from chalicelib.core.oauth.grant_types.authorization_code import CodeExchange
from chalicelib.core.oauth.grant_types.client_credentials import ClientCredentials
from chalicelib.core.oauth.grant_types.password import PASSWORD, PASSWORD_REALM, PasswordGrant
from chalicelib.core.oauth.grant_types.refresh_token import Refresh
from chalicelib.core.oauth.id_tokens import IdTokens
from chalicelib.core.oauth.impersonate import Impersonate
from chalicelib.core.oauth.logout import Logout
from chalicelib.core.oauth.responses import Responses
from chalicelib.core.oauth.revocation import Revocation
from chalicelib.core.oauth.token import TokenEndpoint
from chalicelib.core.oauth.tokens import AccessTokens
from chalicelib.core.oauth.user_tokens import UserTokens
from chalicelib.core.oauth.userinfo import UserInfo
from chalicelib.core.operators import Operators
from chalicelib.core.outbox import Outbox
from chalicelib.core.password_resets import PasswordResets
from chalicelib.core.refresh_tokens import RefreshTokens
from chalicelib.core.resource_servers import ResourceServers
from chalicelib.core.rule_runs import RuleRuns
from chalicelib.core.rule_trials import RuleTrials
from chalicelib.core.rules import Rules
from chalicelib.core.rules_configs import RulesConfigs
from chalicelib.core.seals import Seals
from chalicelib.core.sessions import Sessions
from chalicelib.core.sign_ins import SignIns
from chalicelib.core.sign_ups import SignUps
from chalicelib.core.signing_keys import SigningKeys
from chalicelib.core.sweep import Sweep
from chalicelib.core.tenants import Tenants
from chalicelib.core.throttles import AUTHENTICATION, MANAGEMENT, Throttles
from chalicelib.core.tickets import Tickets
from chalicelib.core.user_blocks import UserBlocks
from chalicelib.core.user_lists import UserLists
from chalicelib.core.users import Users
from chalicelib.core.verification import Verification
from chalicelib.crypto.assertions import JwtAssertions
from chalicelib.crypto.marks import HmacMarks
from chalicelib.crypto.passwords import Argon2PasswordHasher
from chalicelib.crypto.public_keys import PemKeys
from chalicelib.crypto.seals import GcmSeals
from chalicelib.crypto.signing_keys import RsaWorkshop
from chalicelib.crypto.tokens import Rs256Tokens
from chalicelib.crypto.vault import GcmVault
from chalicelib.settings import Settings, SettingsError
from chalicelib.storage.cache import Cache
from chalicelib.storage.signing_keys import SigningKeyStore
from chalicelib.storage.stores import Stores
from chalicelib.storage.table import open_table
from chalicelib.web.journal import Journal
from chalicelib.web.management.connections import check_database_options
from chalicelib.web.surface import Gatehouse
from chalicelib.web.surfaces import SURFACES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.attack_protection import BreachedPasswords
    from chalicelib.core.marks import Marker
    from chalicelib.core.oauth.token import GrantType


def build(environment: Mapping[str, str] = os.environ) -> Gatehouse:
    """Build the app from the environment. Makes no network call: the first request does."""
    settings = Settings.read(environment)
    journal = Journal(settings.journal) if settings.journal else None
    return Gatehouse(build_core(settings, real_ambient()), SURFACES, journal)


def real_ambient() -> Ambient:
    """Give the real time, in whole milliseconds as everything shown has them, and real randomness."""
    return Ambient(now=_now, new_id=_id, new_secret=_secret, new_tick=Ticks().new)


def build_core(settings: Settings, ambient: Ambient, marks: Marker | None = None) -> Core:
    """Put the product together. History is marked with the tenants' keys, unless other `marks` are given."""
    hosts = Hosts(settings.base_domain, settings.default_tenant)
    table = open_table(
        settings.table,
        region=settings.region,
        endpoint=settings.aws_endpoint,
        now=ambient.now,
        shards=settings.shards,
    )
    cache = Cache(ambient.now)
    sealer = KmsSealer(settings.kms_key, settings.region, settings.aws_endpoint)
    workshop = RsaWorkshop(sealer, hosts, ambient)
    marks = marks or Marks(HmacMarks(workshop), SigningKeyStore(table, cache))
    stores = Stores.of(replace(table, marks=marks), cache)
    signing_keys = SigningKeys(stores.signing_keys, workshop, ambient)
    vault, outgoing = GcmVault(sealer, ambient), Outgoing()
    sandbox = LateSandbox(settings.sandbox_function, settings.region, settings.aws_endpoint)
    scripts = DatabaseScripts(sandbox, vault, stores.data_keys)
    connections = Connections(stores.connections, ambient, check_database_options, scripts)
    databases = CustomDatabases(
        stores.connections, scripts, stores.tenants, sandbox, outgoing, hosts, stores.logs, ambient
    )
    client_grants = ClientGrants(stores.client_grants, stores.clients, stores.resource_servers, ambient)
    hasher = Argon2PasswordHasher(
        memory_kib=settings.argon2_memory_kib,
        iterations=settings.argon2_iterations,
        lanes=settings.argon2_lanes,
        random_bytes=os.urandom,
    )
    seals = Seals(GcmSeals(workshop), signing_keys, ambient)
    mailer = SesMailer(settings.mail_from, settings.region, settings.aws_endpoint)
    outbox = Outbox(stores.outbox, mailer, seals, stores.tenants, ambient)
    tickets = Tickets(stores.tickets, stores.clients, hosts, ambient)
    verification = Verification(tickets, stores.users, stores.connections, databases, outbox, stores.logs, ambient)
    protection = AttackProtection(stores.tenants, _breached_passwords(settings), ambient)
    user_blocks = UserBlocks(stores.attempts, tickets, stores.users, connections, outbox, protection, ambient)
    places = NewPlaces(tickets, outbox, connections, stores.tenants)
    credentials = Credentials(hasher, common_passwords, protection)
    users = Users(stores.users, connections, credentials, outbox, verification, databases, ambient)
    accounts = CustomAccounts(databases, stores.users, hasher, ambient)
    id_tokens = IdTokens(Rs256Tokens(workshop), signing_keys, hosts, ambient)
    links = Links(stores.users, id_tokens, ambient)
    sweep = Sweep(stores.works, users, links, client_grants, connections, stores.sessions)
    configs = RulesConfigs(stores.rules_configs, vault, ambient)
    keys = PemKeys()
    limits = {
        MANAGEMENT: settings.management_requests_per_minute,
        AUTHENTICATION: settings.authentication_requests_per_minute,
    }
    clients = Clients(stores.clients, sweep, keys, stores.logs, ambient)
    resource_servers = ResourceServers(stores.resource_servers, sweep, ambient, hosts)
    dashboard_client = DashboardClient(clients, connections, hosts)
    password_resets = PasswordResets(tickets, users, connections, outbox, accounts, stores.logs, ambient)
    nouns = _Nouns(
        hosts=hosts,
        stores=stores,
        ambient=ambient,
        workshop=workshop,
        seals=seals,
        signing_keys=signing_keys,
        connections=connections,
        client_grants=client_grants,
        resource_servers=resource_servers,
        tenants=Tenants(
            stores.tenants,
            signing_keys,
            connections,
            resource_servers,
            clients,
            client_grants,
            dashboard_client,
            ambient,
        ),
        sign_ins=SignIns(
            stores.sign_ins, stores.attempts, stores.users, user_blocks, places, protection, hasher, accounts, ambient
        ),
        outbox=outbox,
        rule_runs=RuleRuns(stores.rules, configs, stores.tenants, sandbox, outgoing, users, hosts, ambient),
    )
    token_endpoint = nouns.token_endpoint()
    return Core(
        hosts=hosts,
        locator=Places(behind_cloudfront=settings.trust_cloudfront),
        throttles=Throttles(stores.throttles, ambient, limits),
        sandbox=sandbox,
        outgoing=outgoing,
        tenants=nouns.tenants,
        signing_keys=signing_keys,
        tokens=nouns.access_tokens,
        token_endpoint=token_endpoint,
        revocation=Revocation(nouns.client_authentication, stores.refresh_tokens, ambient),
        userinfo=UserInfo(nouns.user_tokens, stores.codes, stores.impersonations, ambient),
        authorize=nouns.authorize(),
        account_sign_in=AccountSignIn(connections, nouns.tenants, nouns.sessions, nouns.sign_ins, seals, ambient),
        account_page=AccountPage(
            store=stores.account_page,
            logs=stores.logs,
            users=users,
            connections=connections,
            sessions=nouns.sessions,
            sign_ins=nouns.sign_ins,
            impersonation_links=nouns.impersonation_links,
            seals=seals,
            ambient=ambient,
        ),
        dashboard_sign_in=DashboardSignIn(
            store=stores.dashboard_sessions,
            client=dashboard_client,
            tenants=nouns.tenants,
            sessions=nouns.sessions,
            token_endpoint=token_endpoint,
            tokens=nouns.token_format,
            signing_keys=signing_keys,
            seals=seals,
            ambient=ambient,
        ),
        operators=Operators(stores.operators, nouns.tenants, users, password_resets, ambient),
        logout=Logout(
            nouns.sessions,
            nouns.impersonation_links,
            stores.clients,
            nouns.tenants,
            nouns.token_format,
            signing_keys,
            hosts,
        ),
        sign_ins=nouns.sign_ins,
        sign_ups=SignUps(users, verification, nouns.tenants, stores.attempts, protection, stores.logs, ambient),
        attack_protection=protection,
        verification=verification,
        password_resets=password_resets,
        user_blocks=user_blocks,
        outbox=outbox,
        jobs=Jobs(stores.jobs),
        sessions=nouns.sessions,
        refresh_tokens=nouns.refresh_tokens,
        ending=Ending(users, nouns.sessions, nouns.refresh_tokens),
        consents=nouns.consents,
        discovery=Discovery(hosts, signing_keys),
        clients=clients,
        client_keys=ClientKeys(clients, keys, ambient),
        client_grants=client_grants,
        resource_servers=resource_servers,
        connections=connections,
        users=users,
        user_lists=UserLists(stores.user_lists, stores.users, connections, seals),
        backfill=Backfill(stores.backfill, stores.user_lists, stores.users),
        links=links,
        device_credentials=DeviceCredentials(stores.device_credentials, ambient),
        logs=Logs(stores.logs, ambient),
        impersonation_links=nouns.impersonation_links,
        impersonate=nouns.impersonate,
        rules=Rules(stores.rules, ambient, sandbox),
        rule_trials=RuleTrials(nouns.rule_runs, users, stores.clients, connections, ambient),
        rules_configs=configs,
        log_seals=LogSeals(stores.log_seals, marks, ambient),
        log_verification=LogVerification(stores.log_seals, stores.tenants, marks, ambient),
        sweep=sweep,
        deployment=Deployment(nouns.tenants, clients, hosts, sealer),
    )


def _breached_passwords(settings: Settings) -> BreachedPasswords | None:
    """Open the list of breached passwords, if one is configured; a start without the list it names fails."""
    if settings.breached_passwords is None:
        return None
    # Imported here: most deployments have none.
    from chalicelib.adapters.breached_passwords import breached_passwords  # noqa: PLC0415

    try:
        return breached_passwords(settings.breached_passwords, settings.region, settings.aws_endpoint)
    except ValueError as error:
        raise SettingsError(f"The environment is not right:\n  GATEHOUSE_BREACHED_PASSWORDS: {error}") from error


@dataclass(frozen=True, kw_only=True)
class _Nouns:
    """What signing in is made of, put together."""

    hosts: Hosts
    stores: Stores
    ambient: Ambient
    workshop: RsaWorkshop
    seals: Seals
    signing_keys: SigningKeys
    connections: Connections
    client_grants: ClientGrants
    resource_servers: ResourceServers
    tenants: Tenants
    sign_ins: SignIns
    outbox: Outbox
    rule_runs: RuleRuns

    @cached_property
    def token_format(self) -> Rs256Tokens:
        return Rs256Tokens(self.workshop)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        return AccessTokens(self.token_format, self.signing_keys, self.hosts, self.ambient)

    @cached_property
    def user_tokens(self) -> UserTokens:
        return UserTokens(self.token_format, self.seals, self.signing_keys, self.hosts, self.ambient)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.stores.sessions, self.ambient)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.stores.consents, self.ambient)

    @cached_property
    def refresh_tokens(self) -> RefreshTokens:
        return RefreshTokens(self.stores.refresh_tokens, self.ambient)

    @cached_property
    def client_authentication(self) -> ClientAuthentication:
        assertions = Assertions(JwtAssertions(), self.stores.assertions, self.hosts, self.ambient)
        return ClientAuthentication(self.stores.clients, assertions, self.ambient)

    @cached_property
    def responses(self) -> Responses:
        return Responses(self.resource_servers, self.tenants, self.user_tokens, self.hosts, self.ambient)

    @cached_property
    def impersonate(self) -> Impersonate:
        return Impersonate(
            store=self.stores.impersonations,
            clients=self.stores.clients,
            tenants=self.tenants,
            resource_servers=self.stores.resource_servers,
            responses=self.responses,
            outbox=self.outbox,
            rule_runs=self.rule_runs,
            hosts=self.hosts,
            ambient=self.ambient,
        )

    @cached_property
    def impersonation_links(self) -> ImpersonationLinks:
        return ImpersonationLinks(
            store=self.stores.impersonations,
            clients=self.stores.clients,
            connections=self.connections,
            tenants=self.tenants,
            tokens=self.user_tokens,
            hosts=self.hosts,
            ambient=self.ambient,
        )

    def authorize(self) -> Authorize:
        return Authorize(
            clients=self.stores.clients,
            connections=self.connections,
            tenants=self.tenants,
            sessions=self.sessions,
            sign_ins=self.sign_ins,
            consents=self.consents,
            responses=self.responses,
            impersonate=self.impersonate,
            rule_runs=self.rule_runs,
            seals=self.seals,
            ambient=self.ambient,
        )

    def token_endpoint(self) -> TokenEndpoint:
        password = PasswordGrant(
            sign_ins=self.sign_ins,
            connections=self.connections,
            resource_servers=self.resource_servers,
            refresh_tokens=self.refresh_tokens,
            tenants=self.tenants,
            tokens=self.user_tokens,
            rule_runs=self.rule_runs,
            logs=self.stores.logs,
            ambient=self.ambient,
        )
        exchange = CodeExchange(
            codes=self.stores.codes,
            users=self.stores.users,
            impersonations=self.stores.impersonations,
            connections=self.connections,
            resource_servers=self.resource_servers,
            refresh_tokens=self.refresh_tokens,
            tokens=self.user_tokens,
            ambient=self.ambient,
        )
        grant_types: dict[str, GrantType] = {
            "client_credentials": ClientCredentials(
                self.client_grants, self.resource_servers, self.tenants, self.access_tokens, self.stores.logs
            ),
            "authorization_code": exchange,
            "refresh_token": Refresh(
                self.refresh_tokens,
                self.connections,
                self.resource_servers,
                self.user_tokens,
                self.rule_runs,
                self.stores.logs,
                self.ambient,
            ),
            PASSWORD: password,
            PASSWORD_REALM: password,
        }
        return TokenEndpoint(self.client_authentication, self.stores.logs, self.ambient, grant_types)


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _id(size: int) -> str:
    return secrets.token_hex((size + 1) // 2)[:size]


def _secret(size: int) -> str:
    return secrets.token_urlsafe(size)[:size]
