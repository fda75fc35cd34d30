"""Races around signing in, with real threads: one address, one link, one block, one mail.

Judged by MiniStack and DynamoDB Local, as in test_races.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from chalicelib.adapters.ses import SesMailer
from chalicelib.core.callers import Caller
from chalicelib.core.errors import Gone
from chalicelib.core.gatehouse import Core
from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.paging import PageRequest
from chalicelib.core.tickets import Terms
from chalicelib.core.user_blocks import WHY
from chalicelib.core.user_walks import Wanted
from tests.conftest import REGION, SENDER

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

TENANT, MANY = "acme", 50
EMAIL, PASSWORD = "ann@example.com", "correct Horse 7 battery"
CALLER = Caller(tenant=TENANT, ip="203.0.113.7", scopes=frozenset({"read:users"}))


@dataclass
class Place:
    """A tenant with an application, and the steps around signing in to it."""

    core: Core
    client: Any
    connection: Any

    def sign_up(self, email: str = EMAIL) -> Any:
        given = {"email": email, "password": PASSWORD}
        return self.core.sign_ups.sign_up(CALLER, self.client, self.connection, given)

    def guess(self, password: str) -> str:
        try:
            self.core.sign_ins.with_password(CALLER, self.client, self.connection, EMAIL, password)
        except OAuthError as error:
            return error.error
        return "in"

    def types(self, user_id: str) -> list[str]:
        events = self.core.logs.list_for_user(CALLER, user_id, PageRequest(per_page=100)).items
        return [event.type for event in events]

    def everybody(self) -> list[str]:
        return [user.email for user in self.core.user_lists.list(CALLER, Wanted(), PageRequest()).items]


def ticket(link: str) -> str:
    return parse_qs(urlsplit(link).query)["ticket"][0]


def sent() -> list[Any]:
    return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages


@pytest.fixture
def place(product, aws):
    # Keys are sealed by the KMS of this process, whatever the table lies on.
    product.authorize.seals.format.workshop.sealer._client = aws["kms"]
    connection = product.tenants.create(CALLER, TENANT).connection
    client, _ = product.clients.create(CALLER, {"name": "App", "app_type": "spa"})
    product.connections.switch_clients(CALLER, connection.id, {client.client_id: True})
    return Place(product, client, product.connections.get(CALLER, connection.id))


@pytest.fixture
def outbox(place):
    """The outbox with the SES of this process."""
    mailer = SesMailer(SENDER, REGION)
    mailer.client.verify_email_identity(EmailAddress=SENDER)
    yield replace(place.core.outbox, mailer=mailer)
    ses_backends[DEFAULT_ACCOUNT_ID].reset()


def test_of_many_sign_ups_of_one_address_one_makes_a_user(place, race):
    outcomes = race(*[place.sign_up] * MANY)

    assert len(outcomes.won) == 1
    assert outcomes.codes == {"invalid_signup"}
    assert place.everybody() == [EMAIL]


@pytest.mark.security(11)
def test_of_many_uses_of_a_reset_link_one_sets_its_password(place, race):
    user = place.sign_up()
    link = ticket(place.core.password_resets.ticket(CALLER, user.user_id, None, Terms()))
    passwords = [f"number {n} Horse battery" for n in range(MANY)]

    outcomes = race(*[partial(place.core.password_resets.finish, CALLER, link, password) for password in passwords])

    assert len(outcomes.won) == 1
    assert {type(error) for error in outcomes.refused} == {Gone}
    assert place.types(user.user_id).count("scp") == 1


@pytest.mark.security(11)
def test_of_many_uses_of_a_verification_link_one_verifies(place, race):
    user = place.sign_up()
    link = ticket(place.core.verification.ticket(CALLER, user.user_id, None, Terms()))

    outcomes = race(*[partial(place.core.verification.confirm, CALLER, link)] * MANY)

    assert len(outcomes.won) == 1
    assert outcomes.codes == {"expired_ticket"}
    assert place.types(user.user_id).count("sv") == 1


def test_of_many_guesses_at_once_one_is_told_of_the_block(place, race):
    user = place.sign_up()

    answers = race(*[partial(place.guess, f"guess {n}") for n in range(MANY)]).won

    events = place.core.logs.list_for_user(CALLER, user.user_id, PageRequest(per_page=100)).items
    assert answers.count("invalid_grant") == 10
    assert [event.description for event in events if event.type == "limit_wc"].count(WHY) == 1


def test_a_mail_that_many_try_to_send_at_once_goes_once(place, outbox, race):
    place.sign_up()

    removed = race(*[outbox.run] * 20).won

    assert sum(removed) == 1
    assert [mail.destinations["ToAddresses"] for mail in sent()] == [[EMAIL]]
