"""What tests of the Management API begin with: connections, users, and whether a password opens an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.gatehouse import Core
from chalicelib.core.identities import Identity
from chalicelib.core.logs import LogEvent, done, first_log_id
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.core.users import User
from chalicelib.storage.logs import LogItem, event_item
from tests.conftest import START, Answer, Api, Clock

PASSWORD = "Long-enough-1"
USERS = "/api/v2/users"
ROOT_ATTRIBUTES = {
    "name": "Other",
    "given_name": "O.",
    "family_name": "Ther",
    "nickname": "oth",
    "picture": "https://example.com/o.png",
}


def path(user: dict[str, Any]) -> str:
    """Give the path of a user."""
    return f"{USERS}/{user['user_id']}"


def nested(levels: int) -> dict[str, Any]:
    """Give an object of so many levels."""
    document: dict[str, Any] = {"in": "the innermost"}
    for _ in range(levels - 1):
        document = {"in": document}
    return document


@pytest.fixture
def new_connection(api: Api) -> Callable[..., dict[str, Any]]:
    """Create a connection that is enabled for a client; a database unless a strategy is given."""

    def create(name: str = "people", strategy: str = "auth0", **attributes: Any) -> dict[str, Any]:
        body = {"name": name, "strategy": strategy, "enabled_clients": ["a-client"], **attributes}
        return made(api.post("/api/v2/connections", body))

    return create


@pytest.fixture
def people(new_connection: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Create a database with a weak policy and an option that is not ours."""
    return new_connection("people", display_name="People", options={"passwordPolicy": "low", "colour": "red"})


@pytest.fixture
def post_user(api: Api) -> Callable[..., Answer]:
    """Ask for a user of the default database; an attribute that is None is left out."""
    numbers = count(1)

    def post(**attributes: Any) -> Answer:
        names = {"email": f"user-{next(numbers)}@example.com", "password": PASSWORD}
        body = {"connection": DEFAULT_CONNECTION, **names, **attributes}
        return api.post("/api/v2/users", {name: value for name, value in body.items() if value is not None})

    return post


@pytest.fixture
def new_user(post_user: Callable[..., Answer]) -> Callable[..., dict[str, Any]]:
    """Create a user and give the profile."""
    return lambda **attributes: made(post_user(**attributes))


@pytest.fixture
def outsider(core: Core, clock: Clock, new_connection: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Store a user as the first sign-in through an identity provider does; give its id and its connection."""

    def sign_in(strategy: str = "google-oauth2", identity_id: str = "117", **attributes: Any) -> dict[str, Any]:
        connection = new_connection(f"over-{strategy}", strategy, **attributes.pop("connection", {}))
        identity = Identity(
            connection=connection["name"],
            connection_id=connection["id"],
            provider=strategy,
            user_id=identity_id,
            is_social=strategy == "google-oauth2",
        )
        user = User(
            user_id=identity.full_id,
            identities=(identity,),
            created_at=clock.now() - timedelta(days=1),
            updated_at=clock.now() - timedelta(days=1),
            **{"email": "Gil@Example.com", "email_verified": True, "name": "Gil", "nickname": "gil", **attributes},
        )
        core.users.store.create("main", user, [], None, done(core.users.ambient, Caller(tenant="main")))
        return {"user_id": user.user_id, "connection": connection}

    return sign_in


@pytest.fixture
def link(api: Api) -> Callable[..., Answer]:
    """Link another user's account to a user; further fields take the place of those."""

    def link(user: dict[str, Any], secondary: dict[str, Any], **other: Any) -> Answer:
        provider, _, identity_id = secondary["user_id"].partition("|")
        return api.post(f"{path(user)}/identities", {"provider": provider, "user_id": identity_id, **other})

    return link


@pytest.fixture
def opens(core: Core) -> Callable[..., bool]:
    """Tell whether a password opens the account of this name."""

    def verify(name: str, password: str, *, connection: str = DEFAULT_CONNECTION) -> bool:
        login = core.users.store.login("main", core.connections.named("main", connection).id, name)
        assert login is not None, f"nobody signs in as {name}"
        return core.users.credentials.hasher.verify(login.password_hash, password)

    return verify


@pytest.fixture
def write_events(core: Core) -> Callable[..., None]:
    """Write events of these attributes, a millisecond apart, at once and without the changes they would record."""
    numbers = count(1)

    def event(attributes: dict[str, Any]) -> LogEvent:
        date = START + timedelta(milliseconds=next(numbers))
        known = {"date": date, "type": "s", "description": "Success Login", **attributes}
        return LogEvent(log_id=first_log_id(known["date"]) + f"{next(numbers):024x}", **known)

    def write(*all_attributes: dict[str, Any], tenant: str = "main") -> None:
        with LogItem.batch_write() as batch:
            for attributes in all_attributes:
                batch.save(event_item(core.logs.store.table, tenant, event(attributes)))

    return write


@dataclass
class Interrupted:
    """A store where somebody else's write comes between the first read and what is written after it."""

    store: Any
    meanwhile: Callable[[], object]
    happened: bool = False

    def find(self, *key: str) -> Any:
        found = self.store.find(*key)
        if not self.happened:
            self.happened = True
            self.meanwhile()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.fixture
def interrupted() -> type[Interrupted]:
    return Interrupted


def made(answer: Answer) -> dict[str, Any]:
    """Give what was created."""
    assert answer.status == 201, answer.text
    return dict(answer.json)
