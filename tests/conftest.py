"""What every test may hold: a moved clock, an emulated AWS in this process, and the product on top of it.

Three tenants exist in every test: `main` (the default), `acme` and `system`. Making their RSA keys takes a second, so
it is done once; each test starts from the same table.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from html import unescape
from threading import RLock
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import botocore.session
import pytest
from chalice.test import Client as ChaliceClient
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.model_instances import reset_model_data
from moto.dynamodb.models import dynamodb_backends
from moto.ses.models import ses_backends

from chalicelib import tasks
from chalicelib.core.ambient import Ambient, Ticks
from chalicelib.core.callers import Caller
from chalicelib.core.gatehouse import Core
from chalicelib.core.management_scopes import MANAGEMENT_SCOPES, SYSTEM_SCOPES
from chalicelib.settings import Settings
from chalicelib.web.surface import Gatehouse
from chalicelib.web.surfaces import SURFACES
from chalicelib.wiring import build_core, real_ambient
from infra.ministack import MiniStack
from infra.table import create_table

REGION = "eu-central-1"
BASE_DOMAIN = "gatehouse.test"
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SENDER = "no-reply@gatehouse.test"
BREACHED = "leaked Horse battery 1"
EVERY_SCOPE = " ".join([*MANAGEMENT_SCOPES, *SYSTEM_SCOPES])


@dataclass
class Clock:
    """Time that only moves when a test says so."""

    time: datetime = START
    ticks: Ticks = field(default_factory=Ticks)

    def now(self) -> datetime:
        return self.time

    def new_tick(self, now: datetime) -> str:
        return self.ticks.new(now)

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)

    def begin_again(self) -> None:
        """Go back to where nothing has happened yet."""
        self.time, self.ticks = START, Ticks()


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Api:
    """Speaks HTTP to the app as API Gateway would, as a client of one tenant that holds every scope."""

    app: Gatehouse
    tenant: str = "main"

    def token(self, scope: str = EVERY_SCOPE, *, subject: str = "tests@clients", lifetime: int = 3600) -> str:
        core = self.app.core
        audience = core.hosts.management_audience(self.tenant)
        issued = core.tokens.issue(
            self.tenant,
            subject=subject,
            client_id="tests",
            audience=audience,
            scope=scope,
            lifetime=lifetime,
            grant_type="client-credentials",
        )
        return issued.value

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | list[tuple[str, Any]] | None = None,
        scope: str = EVERY_SCOPE,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {
            "Host": self.app.core.hosts.domain(self.tenant),
            "Authorization": f"Bearer {token or self.token(scope)}",
        }
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        whole = f"{path}?{urlencode(query, doseq=True)}" if query else path
        with ChaliceClient(self.app) as client:
            answer = client.http.request(method, whole, {k: v for k, v in sent.items() if v}, raw)
        return Answer(answer.status_code, answer.headers, answer.body.decode())

    def get(self, path: str, **known: Any) -> Answer:
        return self.call("GET", path, **known)

    def post(self, path: str, body: Any = None, **known: Any) -> Answer:
        return self.call("POST", path, body, **known)

    def patch(self, path: str, body: Any = None, **known: Any) -> Answer:
        return self.call("PATCH", path, body, **known)

    def put(self, path: str, body: Any = None, **known: Any) -> Answer:
        return self.call("PUT", path, body, **known)

    def delete(self, path: str, **known: Any) -> Answer:
        return self.call("DELETE", path, **known)


@dataclass(frozen=True)
class Contents:
    """All items of the table, read and written in moto's memory: a hundred times as fast as by requests."""

    table: str

    @property
    def _kept(self) -> Any:
        return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[self.table]

    def read(self) -> list[dict[str, Any]]:
        """Give every item, in order of its key."""
        items = [item.to_json()["Attributes"] for item in self._kept.all_items()]
        return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def restore(self, items: list[dict[str, Any]]) -> None:
        """Let the table hold these items and no others.

        Moto copies the table with each write of a transaction, its stream too, and keeps every copy for ever: without
        forgetting them a run takes gigabytes.
        """
        reset_model_data()
        self._kept.stream_shard = None
        self._kept.items.clear()
        for item in items:
            self._kept.put_item(item)


@dataclass(frozen=True)
class Received:
    """A mail that SES took."""

    to: str
    subject: str
    html: str

    @property
    def link(self) -> str:
        """The path of its link, which is at the host of the tenant."""
        address = unescape(re.search(r'href="([^"]+)"', self.html)[1])
        return urlunsplit(("", "", *urlsplit(address)[2:]))


@dataclass(frozen=True)
class Mailbox:
    """The mails that the emulated SES took. Looking into it does first what the schedule does each minute."""

    core: Core

    @property
    def mails(self) -> list[Received]:
        tasks.sweep(self.core)
        taken = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        return [Received(mail.destinations["ToAddresses"][0], mail.subject, mail.body) for mail in taken]

    def to(self, address: str) -> list[Received]:
        """Give the mails to one address, the newest last."""
        return [mail for mail in self.mails if mail.to == address]


def one_at_a_time(answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Let moto answer one request at a time, so that threads may race over it.

    It locks nothing itself, and a transaction that it refuses puts the whole table back as it was.
    """
    lock = RLock()

    def answered(stubber: Any, request: Any) -> Any:
        with lock:
            return answer(stubber, request)

    return answered


def begin_again(core: Core, contents: Contents, clock: Clock, items: list[dict[str, Any]]) -> None:
    """Set back what a test may have moved: the time, the table, and what was kept of it in memory."""
    clock.begin_again()
    contents.restore(items)
    forget(core)


def forget(core: Core) -> None:
    """Let the product be as in a new process: nothing cached, nothing counted."""
    core.clients.store.cache.entries.clear()
    core.throttles.tallies.clear()


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, Any]]:
    """An emulated AWS in this process: clients for DynamoDB and KMS, and a KMS key."""
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(BotocoreStubber, "process_request", one_at_a_time(BotocoreStubber.process_request))
        session = botocore.session.get_session()
        clients = {name: session.create_client(name, region_name=REGION) for name in ("dynamodb", "kms")}
        key = clients["kms"].create_key()["KeyMetadata"]["KeyId"]
        yield {**clients, "key": key}


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """The address of an emulated AWS in a process of its own, which forgets everything when the tests end."""
    with MiniStack() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def breached_passwords(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A list of passwords from breaches with one in it, which no tenant looks into until it is told to."""
    path = tmp_path_factory.mktemp("breaches") / "pwned.txt"
    digest = sha1(BREACHED.encode(), usedforsecurity=False).hexdigest().upper()
    path.write_text(f"{digest}:3\n")
    return str(path)


@pytest.fixture(scope="session")
def settings(aws: dict[str, Any], breached_passwords: str) -> Settings:
    return Settings(
        table="gatehouse",
        region=REGION,
        kms_key=aws["key"],
        base_domain=BASE_DOMAIN,
        argon2_memory_kib=8,
        argon2_iterations=1,
        mail_from=f"Gatehouse <{SENDER}>",
        breached_passwords=breached_passwords,
    )


@pytest.fixture(scope="session")
def ambient(clock: Clock) -> Ambient:
    real = real_ambient()
    return Ambient(now=clock.now, new_id=real.new_id, new_secret=real.new_secret, new_tick=clock.new_tick)


@pytest.fixture(scope="session")
def contents(aws: dict[str, Any], settings: Settings) -> Contents:
    create_table(aws["dynamodb"], settings.table)
    table = Contents(settings.table)
    # Moto copies a table with all its stream's records for each transaction, and keeps the copies: gigabytes in a run.
    table._kept.stream_shard = None
    return table


@pytest.fixture(scope="session")
def beginnings(
    contents: Contents, settings: Settings, ambient: Ambient, clock: Clock
) -> Iterator[tuple[Core, list[dict[str, Any]]]]:
    """The product, and the items of a table with three tenants, made before any test's time."""
    clock.begin_again()  # whatever ran before and needed none of this may have moved it
    core = build_core(settings, ambient)
    for name in ("main", "acme", "system"):
        core.tenants.create(Caller(tenant=name, operation="Create a tenant"), name)
    yield core, contents.read()
    core.sandbox.close()


@pytest.fixture
def core(contents: Contents, clock: Clock, beginnings: tuple[Core, list[dict[str, Any]]]) -> Core:
    """The product over a table that holds three tenants and nothing else."""
    product, items = beginnings
    begin_again(product, contents, clock, items)
    return product


@pytest.fixture(scope="session")
def only_app(beginnings: tuple[Core, list[dict[str, Any]]]) -> Gatehouse:
    """The app, made once: registering a Blueprint empties it, so that a second app in a process would lack methods."""
    return Gatehouse(beginnings[0], SURFACES)


@pytest.fixture
def app(core: Core, only_app: Gatehouse) -> Gatehouse:
    return only_app


@pytest.fixture
def api(app: Gatehouse) -> Api:
    return Api(app)


@pytest.fixture
def mailbox(core: Core) -> Iterator[Mailbox]:
    """An empty mailbox, at an SES that has verified our address."""
    core.outbox.mailer.client.verify_email_identity(EmailAddress=SENDER)
    yield Mailbox(core)
    ses_backends[DEFAULT_ACCOUNT_ID].reset()  # ses_backends.reset() would empty every service


@pytest.fixture
def acme(app: Gatehouse) -> Api:
    return Api(app, "acme")


@pytest.fixture
def system(app: Gatehouse) -> Api:
    return Api(app, "system")
