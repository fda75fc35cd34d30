"""The stand-ins for DynamoDB that the contract of the stores runs on, and what its tests say it with.

moto runs in this process, MiniStack in one of its own, both always; DynamoDB Local where there is Java and its jars can
be fetched. A process has one table at a time, so each module opens its own and puts back what was open before.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import pytest

from chalicelib.core import identities
from chalicelib.core.ambient import Ambient
from chalicelib.core.callers import Caller
from chalicelib.core.client_grants import ClientGrant, grant_of_everything
from chalicelib.core.clients import Client
from chalicelib.core.connections import Connection
from chalicelib.core.device_credentials import DeviceCredential
from chalicelib.core.errors import GatehouseError
from chalicelib.core.gatehouse import Core
from chalicelib.core.identities import Identity, Login
from chalicelib.core.logs import LogEvent, done
from chalicelib.core.paging import Page, PageRequest
from chalicelib.core.resource_servers import ResourceServer
from chalicelib.core.resource_servers import id_of as id_of_api
from chalicelib.core.signing_keys import SigningKey
from chalicelib.core.tenants import NewTenant, Tenant
from chalicelib.core.user_walks import Source, Wanted
from chalicelib.core.users import Change, User
from chalicelib.core.work import USER, Work
from chalicelib.settings import Settings
from chalicelib.storage.stores import Stores
from chalicelib.storage.table import Item, Table
from chalicelib.storage.user_entries import remove_entries, shard_of
from chalicelib.storage.users import UserItem, profile_key
from chalicelib.wiring import build_core
from infra.dynamodb_local import DynamoDBLocal, DynamoDBLocalError
from infra.table import create_arguments
from tests.conftest import Clock, forget

NAME = "gatehouse-contract"
TENANT = "acme"


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    with ExitStack() as running:
        try:
            endpoint = running.enter_context(DynamoDBLocal())
        except DynamoDBLocalError as error:
            pytest.skip(str(error))
        yield endpoint


@pytest.fixture(scope="module", params=["moto", "ministack", "dynamodb_local"])
def stand_in(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, stand_in: str, aws: dict[str, Any], settings: Settings, ambient: Ambient
) -> Iterator[Core]:
    """The product over a table of the stand-in, whatever lies in it."""
    endpoint = None if stand_in == "moto" else request.getfixturevalue(stand_in)
    with _beside_the_open_table():
        core = build_core(replace(settings, table=NAME, aws_endpoint=endpoint), ambient, FixedMarks())
        yield core
        core.sandbox.close()


@pytest.fixture
def product(opened: Core, clock: Clock, client: Any) -> Core:
    """The product over an empty table of the stand-in."""
    clock.begin_again()
    with suppress(client.exceptions.ResourceNotFoundException):
        client.delete_table(TableName=NAME)
    # Without time to live: the clocks of the stand-ins are past ours, and they would remove what is still to be seen.
    # Without its stream: nobody follows it, and with one DynamoDB Local becomes slower with each write of a run.
    arguments = create_arguments(NAME)
    del arguments["StreamSpecification"]
    client.create_table(**arguments)
    forget(opened)
    return opened


@pytest.fixture
def client(opened: Core) -> Any:
    """The botocore client that every store of the process calls."""
    return Item._get_connection().connection.client


@pytest.fixture
def table(product: Core) -> Table:
    return product.users.store.table


@pytest.fixture
def stores(table: Table) -> Stores:
    return Stores.of(table)


@pytest.fixture
def given(stores: Stores, ambient: Ambient) -> Given:
    return Given(stores, ambient)


@pytest.fixture
def listed(product: Core) -> Callable[..., Page[User]]:
    """A page of the users of a tenant, or of a connection by its name, by creation."""

    def page(connection: str | None = None, *, tenant: str = TENANT, newest_first: bool = False, **asked: Any):
        request, wanted = PageRequest(**asked), Wanted(connection=connection)
        return product.user_lists.list(Caller(tenant=tenant), wanted, request, newest_first=newest_first)

    return page


@pytest.fixture
def seen(product: Core) -> Callable[..., list[str]]:
    """The ids of the users in a list, in its order."""

    def look(kind: str, name: str = "", *, most: int = 100, descending: bool = False, **asked: Any) -> list[str]:
        store, source = product.user_lists.store, Source(kind, name)
        found = store.look(TENANT, source, most=most, descending=descending, **asked)
        return [entry.user.user_id for entry in found.seen if entry.user]

    return look


@pytest.fixture
def backfilled(product: Core) -> Callable[[], int]:
    """Run the backfill as the schedule would, until it is done, and give how many got entries."""

    def run() -> int:
        given = 0
        for _ in range(50):
            if product.backfill.store.progress().done:
                return given
            given += product.backfill.run()
        raise AssertionError("the backfill does not end")

    return run


@pytest.fixture
def old(given: Given, table: Table) -> Callable[..., User]:
    """Make a user as a version without entries in lists made them, and give the user as they are read."""

    def make(name: str, /, *, logins_count: int = 0, **known: Any) -> User:
        user, transaction = given.user(name, **known), table.write()
        actions = [UserItem.listed_in.remove(), *([UserItem.logins_count.set(logins_count)] if logins_count else ())]
        transaction.update(UserItem.at(profile_key(TENANT, user.user_id)), actions)
        remove_entries(transaction, TENANT, user)
        transaction.commit()
        return given.stores.users.find(TENANT, user.user_id)

    return make


@pytest.fixture
def users_of(contents: Callable[[], list[dict[str, Any]]]) -> Callable[[str], list[str]]:
    """Whose entries lie in a list: B of the blocked, P of the pending, N of words."""
    return lambda letter: sorted(
        item["user_id"]["S"] for item in contents() if item["pk"]["S"].split("#")[2:3] == [letter]
    )


@pytest.fixture
def race() -> Callable[..., Outcomes]:
    return run_at_once


@pytest.fixture
def contents(client: Any) -> Callable[[], list[dict[str, Any]]]:
    """Everything that lies in the table, as DynamoDB holds it."""
    return lambda: [
        item
        for page in client.get_paginator("scan").paginate(TableName=NAME, ConsistentRead=True)
        for item in page["Items"]
    ]


@pytest.fixture
def calls(client: Any) -> Iterator[list[str]]:
    """The names of the operations DynamoDB was asked for, as they are sent."""
    names: list[str] = []

    def note(model: Any, **_: Any) -> None:
        names.append(model.name)

    client.meta.events.register("before-call.dynamodb", note)
    yield names
    client.meta.events.unregister("before-call.dynamodb", note)


@pytest.fixture
def crash(client: Any) -> Crash:
    return Crash(client)


class FixedMarks:
    """Marks history where there is no tenant, and so no key to mark it with: one key for all."""

    def mark(self, tenant: str, text: bytes, keys: Sequence[SigningKey] = ()) -> str:
        return hmac.digest(tenant.encode(), text, "sha256").hex()[:32]

    def fits(self, tenant: str, mark: str, text: bytes, at: datetime) -> bool:
        return self.mark(tenant, text) == mark


@dataclass
class Given:
    """Writes what a test begins with. Names are short; everything else is what a new one has."""

    stores: Stores
    ambient: Ambient

    @cached_property
    def database(self) -> Connection:
        return self.connection("people")

    @cached_property
    def social(self) -> Connection:
        return self.connection("google", strategy="google-oauth2")

    def event(self, user_id: str = "", **known: Any) -> LogEvent:
        return replace(done(self.ambient, Caller(tenant=TENANT, operation="Test"), user_id=user_id), **known)

    def connection(self, name: str, **known: Any) -> Connection:
        connection = self.unsaved_connection(name, **known)
        self.stores.connections.create(TENANT, connection, self.event())
        return replace(connection, version=1)

    def unsaved_connection(self, name: str, **known: Any) -> Connection:
        now = self.ambient.now()
        made = Connection(id=f"con_{name}", name=name, strategy="auth0", created_at=now, updated_at=now)
        return replace(made, **{"enabled_clients": ("app",), **known})

    def client(self, client_id: str = "app", **known: Any) -> Client:
        client = replace(self.unsaved_client(client_id), **known)
        self.stores.clients.create(TENANT, client, self.event())
        return replace(client, version=1)

    def unsaved_client(self, client_id: str) -> Client:
        now = self.ambient.now()
        return Client(client_id=client_id, name=client_id, created_at=now, updated_at=now)

    def api(self, identifier: str = "https://orders") -> ResourceServer:
        server = self.unsaved_api(identifier)
        self.stores.resource_servers.create(TENANT, server, self.event())
        return replace(server, version=1)

    def unsaved_api(self, identifier: str) -> ResourceServer:
        return ResourceServer(id=id_of_api(identifier), identifier=identifier, created_at=self.ambient.now())

    def unsaved_grant(self, grant_id: str, client_id: str = "app", audience: str = "https://orders") -> ClientGrant:
        return ClientGrant(id=grant_id, client_id=client_id, audience=audience, created_at=self.ambient.now())

    def user(self, name: str, connection: Connection | None = None, /, **known: Any) -> User:
        """Write a user of the database, or of another connection, and give what was written."""
        user = self.unsaved_user(name, connection, **known)
        self.stores.users.create(TENANT, user, self.logins(user), None, self.event(user.user_id))
        return replace(user, version=1, listed_in=shard_of(self.stores.users.table, user))

    def unsaved_user(self, name: str, connection: Connection | None = None, /, **known: Any) -> User:
        connection, now = connection or self.database, self.ambient.now()
        email = known.get("email", f"{name}@example.com")
        identity = identities.first(connection, name, (email,) if connection.is_database else ())
        made = User(user_id=identity.full_id, identities=(identity,), created_at=now, updated_at=now, email=email)
        return replace(made, **known)

    def logins(self, user: User, password_hash: str = "hash") -> list[Login]:
        return [self.login(user, name, password_hash) for name in user.main.names]

    def login(self, user: User, name: str, password_hash: str = "hash") -> Login:
        return Login(
            connection_id=user.main.connection_id,
            name=name,
            user_id=user.user_id,
            identity_id=user.main.full_id,
            password_hash=password_hash,
        )

    def renamed(self, user: User, email: str) -> Change:
        """Make the change that gives a user of the database another e-mail address."""
        after = replace(user, email=email, identities=(replace(user.main, names=(email,)), *user.identities[1:]))
        given_up = tuple(self.logins(user))
        return Change(before=user, after=after, given_up=given_up, taken=(self.login(user, email),))

    def linked(self, user: User, secondary: User) -> Change:
        """Make the change that takes the account of another user over."""
        joined = replace(secondary.main, profile={"email": secondary.email})
        return Change(before=user, after=replace(user, identities=(*user.identities, joined)))

    def unlinked(self, user: User, identity: Identity) -> tuple[Change, User]:
        """Make the change that lets an account go, and the user that it becomes."""
        now = self.ambient.now()
        rest = tuple(each for each in user.identities if each != identity)
        main = replace(identity, profile=None)
        freed = User(user_id=identity.full_id, identities=(main,), created_at=now, updated_at=now)
        return Change(before=user, after=replace(user, identities=rest)), freed

    def device(self, user_id: str, name: str, **known: Any) -> DeviceCredential:
        credential = self.unsaved_device(user_id, name, **known)
        self.stores.device_credentials.create(TENANT, credential, self.event(user_id))
        return credential

    def unsaved_device(self, user_id: str, name: str, **known: Any) -> DeviceCredential:
        made = DeviceCredential(
            id=f"dcr_{name}",
            user_id=user_id,
            client_id="app",
            device_name=name,
            type="public_key",
            created_at=self.ambient.now(),
        )
        return replace(made, **known)

    def retired(self, user: User) -> Work:
        """Delete a user and give the note of what is left."""
        work = Work.on(USER, user.user_id, TENANT, self.ambient.now())
        self.stores.users.retire(TENANT, user, [work], self.event(user.user_id, type="sdu"))
        return work

    def tenant(self, name: str) -> NewTenant:
        new = self.unsaved_tenant(name)
        self.stores.tenants.create(new, self.event())
        return new

    def unsaved_tenant(self, name: str) -> NewTenant:
        """Make everything a tenant begins with, with keys that sign nothing."""
        now, server = self.ambient.now(), self.unsaved_api(f"https://{name}/api/v2/")
        return NewTenant(
            tenant=Tenant(name=name, created_at=now, updated_at=now),
            signing_keys=[self.signing_key(f"{name}1", "current"), self.signing_key(f"{name}2", "next")],
            connection=self.unsaved_connection("people"),
            resource_server=server,
            client=self.unsaved_client("global"),
            client_secret="",
            client_grant=grant_of_everything("global", server),
        )

    def signing_key(self, kid: str, status: str = "current", **known: Any) -> SigningKey:
        """Make a key that is not stored, and that signs nothing."""
        made = SigningKey(
            kid=kid,
            status=status,
            sealed="sealed",
            jwk={"kid": kid},
            cert="",
            pkcs7="",
            fingerprint="",
            thumbprint="",
            created_at=self.ambient.now(),
        )
        return replace(made, **known)


@dataclass
class Outcomes:
    """What became of those who raced: what the winners were given, and what the others were told."""

    won: list[Any] = field(default_factory=list)
    refused: list[GatehouseError] = field(default_factory=list)

    @property
    def codes(self) -> set[str]:
        return {error.code for error in self.refused}


def ids(page: Page[User]) -> list[str]:
    return [user.user_id for user in page.items]


def run_at_once(*runners: Callable[[], Any]) -> Outcomes:
    """Let all run at the same moment, each in its own thread. What is no refusal of ours fails the test."""
    outcomes, line = Outcomes(), threading.Barrier(len(runners))

    def run(runner: Callable[[], Any]) -> None:
        line.wait()
        try:
            outcomes.won.append(runner())
        except GatehouseError as error:
            outcomes.refused.append(error)

    with ThreadPoolExecutor(len(runners)) as threads:
        for finished in [threads.submit(run, runner) for runner in runners]:
            finished.result()
    return outcomes


class ProcessEndedError(BaseException):
    """Stands for the end of the process: nothing of ours may catch it."""


@dataclass
class Crash:
    """Ends the process after a number of calls of DynamoDB: none of its later calls arrives either."""

    client: Any
    calls: int = 0
    crashed: bool = False

    @contextmanager
    def after(self, calls: int) -> Iterator[None]:
        """Run until the process ends; `crashed` says whether it did."""
        self.calls, self.crashed = 0, False

        def count(**_: Any) -> None:
            self.calls += 1
            if self.calls > calls:
                self.crashed = True
                raise ProcessEndedError

        self.client.meta.events.register("before-call.dynamodb", count)
        try:
            with suppress(ProcessEndedError):
                yield
        finally:
            self.client.meta.events.unregister("before-call.dynamodb", count)


@contextmanager
def _beside_the_open_table() -> Iterator[None]:
    """Keep what is open, for the tests of the other folders, and put it back."""
    kept = {name: getattr(Item.Meta, name) for name in ("table_name", "region", "host")}
    connection = Item._connection
    try:
        yield
    finally:
        Item._get_connection().connection.client.close()
        for name, value in kept.items():
            setattr(Item.Meta, name, value)
        Item._connection = connection
