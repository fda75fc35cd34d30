"""Races on the account page, with real threads: one password, one session that is ended, one that outlives the others.

Judged by MiniStack and DynamoDB Local, as in test_races.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from chalicelib.core.account_page import NewPassword, SignedOut
from chalicelib.core.callers import Caller
from chalicelib.core.gatehouse import Core
from chalicelib.core.oauth.authorize import Browser
from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.paging import PageRequest

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

TENANT, MANY = "acme", 20
EMAIL, PASSWORD = "ann@example.com", "correct Horse 7 battery"
CALLER = Caller(tenant=TENANT, ip="203.0.113.7", scopes=frozenset({"read:users"}))


@dataclass
class Home:
    """A user's account page, seen from any number of browsers."""

    core: Core
    connection: Any
    user_id: str

    def enter(self) -> str:
        """Sign in at the page, and give the cookie."""
        proven = self.core.sign_ins.with_password(CALLER, None, self.connection, EMAIL, PASSWORD)
        return str(self.core.account_sign_in.finish(CALLER, proven, Browser())[1])

    def state(self, cookie: str) -> str:
        return self.core.account_page.state(CALLER, self.core.account_page.owner(CALLER, cookie))

    def changes(self, cookie: str, password: str, *, ends_others: bool = True) -> Callable[[], str]:
        """Prepare a change of the password; it gives the id of the renewed session, or "" when it is refused.

        Whoever comes too late has no session any more, or the wrong password.
        """
        chosen = NewPassword(current=PASSWORD, password=password, ends_others=ends_others)
        change = partial(self.core.account_page.change_password, CALLER, cookie, self.state(cookie), chosen)
        return partial(_unless_refused, change)

    def ends_others(self, cookie: str) -> Callable[[], str]:
        end = partial(self.core.account_page.end_others, CALLER, cookie, self.state(cookie))
        return partial(_unless_refused, end)

    def sessions(self) -> list[str]:
        """Give the ids of the sessions that let the user in."""
        return [each.id for each in self.core.sessions.list_for_user(CALLER, self.user_id, PageRequest()).items]

    def types(self) -> list[str]:
        events = self.core.logs.list_for_user(CALLER, self.user_id, PageRequest(per_page=100)).items
        return [event.type for event in events]


def _unless_refused(renew: Callable[[], Any]) -> str:
    try:
        return renew()[0].id
    except (SignedOut, OAuthError):
        return ""


@pytest.fixture
def home(product, aws):
    # Keys are sealed by the KMS of this process, whatever the table lies on.
    product.authorize.seals.format.workshop.sealer._client = aws["kms"]
    connection = product.tenants.create(CALLER, TENANT).connection
    user = product.users.create(CALLER, {"connection": connection.name, "email": EMAIL, "password": PASSWORD})
    return Home(product, product.connections.get(CALLER, connection.id), user.user_id)


@pytest.mark.security(9)
def test_of_many_changes_of_a_password_by_one_browser_one_wins(home, race):
    cookie = home.enter()

    outcomes = race(*[home.changes(cookie, f"number {n} Horse battery") for n in range(MANY)])

    (winner,) = filter(None, outcomes.won)
    assert home.sessions() == [winner]
    assert home.types().count("scp") == 1


@pytest.mark.security(9)
def test_of_changes_by_several_browsers_one_wins_and_only_its_session_stays(home, race):
    cookies = [home.enter() for _ in range(5)]

    outcomes = race(*[home.changes(cookie, f"number {n} Horse battery") for n, cookie in enumerate(cookies)])

    (winner,) = filter(None, outcomes.won)
    assert home.sessions() == [winner]


@pytest.mark.security(9)
def test_of_changes_that_end_no_others_one_wins_too(home, race):
    cookies = [home.enter() for _ in range(5)]
    changes = [home.changes(cookie, f"number {n} Horse battery", ends_others=False) for n, cookie in enumerate(cookies)]

    outcomes = race(*changes)

    (winner,) = filter(None, outcomes.won)
    assert winner in home.sessions()
    assert len(home.sessions()) == len(cookies)
    assert home.types().count("scp") == 1


@pytest.mark.security(19)
def test_of_several_browsers_that_end_all_others_one_stays(home, race):
    cookies = [home.enter() for _ in range(5)]

    outcomes = race(*[home.ends_others(cookie) for cookie in cookies])

    (winner,) = filter(None, outcomes.won)
    assert home.sessions() == [winner]


@pytest.mark.security(19)
def test_a_session_that_many_end_at_once_ends_once_and_is_an_error_for_nobody(home, race):
    here, there = home.enter(), home.enter()
    gone = there.split(".")[1]
    end = partial(home.core.account_page.end_session, CALLER, here, home.state(here), session_id=gone, confirmed=True)

    outcomes = race(*[end] * MANY)

    assert len(outcomes.won) == MANY
    assert home.types().count("slo") == 1
    assert gone not in home.sessions()


@pytest.mark.security(18)
def test_whoever_changes_the_password_while_being_blocked_is_out(home, race):
    cookie = home.enter()
    administrator = Caller(tenant=TENANT, scopes=frozenset({"update:users"}))
    block = partial(home.core.users.update, administrator, home.user_id, {"blocked": True})

    race(home.changes(cookie, "another Horse 8 battery"), block)

    assert home.core.users.get(CALLER, home.user_id).blocked
    assert home.sessions() == []
