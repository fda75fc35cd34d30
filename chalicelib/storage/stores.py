"""All stores over one table, sharing one cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.connections import Connection
from chalicelib.storage.account_page import AccountPageStore
from chalicelib.storage.assertions import AssertionStore
from chalicelib.storage.attempts import AttemptStore
from chalicelib.storage.backfill import BackfillStore
from chalicelib.storage.cache import Cache
from chalicelib.storage.client_grants import ClientGrantStore
from chalicelib.storage.clients import client_store
from chalicelib.storage.codes import CodeStore
from chalicelib.storage.connections import ConnectionStore
from chalicelib.storage.consents import ConsentStore
from chalicelib.storage.dashboard_sessions import DashboardSessionStore
from chalicelib.storage.data_keys import DataKeyStore, data_key_store
from chalicelib.storage.device_credentials import DeviceCredentialStore
from chalicelib.storage.impersonation import ImpersonationStore
from chalicelib.storage.jobs import JobStore
from chalicelib.storage.log_seals import LogSealStore
from chalicelib.storage.logs import LogStore
from chalicelib.storage.operators import OperatorStore
from chalicelib.storage.outbox import OutboxStore
from chalicelib.storage.refresh_tokens import RefreshTokenStore
from chalicelib.storage.resource_servers import resource_server_store
from chalicelib.storage.rules import RuleStore
from chalicelib.storage.rules_configs import RuleConfigStore
from chalicelib.storage.sessions import SessionStore
from chalicelib.storage.sign_ins import SignInStore
from chalicelib.storage.signing_keys import SigningKeyStore
from chalicelib.storage.tenants import TenantStore
from chalicelib.storage.throttles import ThrottleStore
from chalicelib.storage.tickets import TicketStore
from chalicelib.storage.user_lists import UserListStore
from chalicelib.storage.users import UserStore
from chalicelib.storage.work import WorkStore

if TYPE_CHECKING:
    from chalicelib.core.clients import Client
    from chalicelib.core.resource_servers import ResourceServer
    from chalicelib.storage.documents import Documents
    from chalicelib.storage.table import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """One store per noun."""

    tenants: TenantStore
    signing_keys: SigningKeyStore
    clients: Documents[Client]
    client_grants: ClientGrantStore
    resource_servers: Documents[ResourceServer]
    connections: ConnectionStore
    users: UserStore
    user_lists: UserListStore
    backfill: BackfillStore
    device_credentials: DeviceCredentialStore
    logs: LogStore
    log_seals: LogSealStore
    works: WorkStore
    sessions: SessionStore
    refresh_tokens: RefreshTokenStore
    codes: CodeStore
    attempts: AttemptStore
    sign_ins: SignInStore
    consents: ConsentStore
    assertions: AssertionStore
    tickets: TicketStore
    outbox: OutboxStore
    impersonations: ImpersonationStore
    throttles: ThrottleStore
    rules: RuleStore
    rules_configs: RuleConfigStore
    data_keys: DataKeyStore
    jobs: JobStore
    account_page: AccountPageStore
    operators: OperatorStore
    dashboard_sessions: DashboardSessionStore

    @classmethod
    def of(cls, table: Table, cache: Cache | None = None) -> Stores:
        """Make the stores of a table, with a cache that is theirs unless it is given."""
        cache = cache or Cache(table.now)
        clients, servers = client_store(table, cache), resource_server_store(table, cache)
        connections = ConnectionStore(table, cache, Connection)
        signing_keys, users = SigningKeyStore(table, cache), UserStore(table)
        data_keys = data_key_store(table, cache)
        operators = OperatorStore(table, cache)
        grants = ClientGrantStore(table=table, cache=cache, clients=clients, resource_servers=servers)
        return cls(
            tenants=TenantStore(table, cache, connections, signing_keys, servers, clients, grants, operators.documents),
            signing_keys=signing_keys,
            clients=clients,
            client_grants=grants,
            resource_servers=servers,
            connections=connections,
            users=users,
            user_lists=UserListStore(table),
            backfill=BackfillStore(table),
            device_credentials=DeviceCredentialStore(table),
            logs=LogStore(table),
            log_seals=LogSealStore(table),
            works=WorkStore(table),
            sessions=SessionStore(table),
            refresh_tokens=RefreshTokenStore(table),
            codes=CodeStore(table),
            attempts=AttemptStore(table),
            sign_ins=SignInStore(table),
            consents=ConsentStore(table),
            assertions=AssertionStore(table),
            tickets=TicketStore(table, users),
            outbox=OutboxStore(table),
            impersonations=ImpersonationStore(table, clients, grants, connections),
            throttles=ThrottleStore(table),
            rules=RuleStore(table, cache),
            rules_configs=RuleConfigStore(table, data_keys),
            data_keys=DataKeyStore(data_keys),
            jobs=JobStore(table),
            account_page=AccountPageStore(table, users),
            operators=operators,
            dashboard_sessions=DashboardSessionStore(table),
        )
