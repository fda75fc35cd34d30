"""Races at the door, with real threads: one code, one refresh token, one user who is being blocked, one guesser.

Judged by MiniStack and DynamoDB Local, as in test_races.py.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.gatehouse import Core
from chalicelib.core.oauth.authorize import Browser
from chalicelib.core.oauth.client_authentication import ClientProof
from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.oauth.token import TokenRequest
from chalicelib.core.paging import PageRequest
from chalicelib.core.users import User

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

TENANT, MANY = "acme", 50
EMAIL, PASSWORD = "ann@example.com", "correct Horse 7 battery"
CALLBACK, VERIFIER = "https://app.example.com/callback", "v" * 43
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REALM = "http://auth0.com/oauth/grant-type/password-realm"
CALLER = Caller(tenant=TENANT, ip="203.0.113.7", scopes=frozenset({"update:users", "read:users", "create:users"}))


@dataclass
class Door:
    """A tenant with a user and an application, and the steps of signing in to it."""

    core: Core
    client_id: str
    user_id: str

    def code(self, scope: str = "openid") -> str:
        core, browser = self.core, Browser(flow="flow")
        asked = {
            "client_id": [self.client_id],
            "response_type": ["code"],
            "scope": [scope],
            "code_challenge": [CHALLENGE],
            "code_challenge_method": ["S256"],
        }
        under_way = core.authorize.under_way(CALLER, core.authorize.begin(CALLER, asked, browser).state, browser)
        connection = core.authorize.connection_for(CALLER, under_way)
        proven = core.sign_ins.with_password(CALLER, under_way.client, connection, EMAIL, PASSWORD)
        return core.authorize.finish(CALLER, under_way, proven, browser).outcome.parameters["code"]

    def token(self, grant_type: str, caller: Caller = CALLER, **form: str) -> Any:
        """Ask for tokens; a refusal is what is given, so that threads can be compared."""
        request = TokenRequest(grant_type=grant_type, proof=ClientProof(client_id=self.client_id), **form)
        try:
            return self.core.token_endpoint.issue(caller, request)
        except OAuthError as error:
            return error.error

    def exchange(self, code: str) -> Any:
        return self.token("authorization_code", code=code, code_verifier=VERIFIER)

    def refresh(self, token: str) -> Any:
        return self.token("refresh_token", refresh_token=token)

    def sign_in(self, password: str = PASSWORD, caller: Caller = CALLER) -> Any:
        form = {"username": EMAIL, "password": password, "scope": "offline_access"}
        return self.token(REALM, caller, realm="Username-Password-Authentication", **form)

    def sign_in_with(self, user_agent: str) -> Any:
        return self.sign_in(caller=replace(CALLER, user_agent=user_agent, scopes=frozenset()))

    @property
    def letters(self) -> int:
        """How many mails wait."""
        return len(self.core.outbox.store.due(self.core.outbox.ambient.now(), 100))


@pytest.fixture
def door(product, aws):
    # Keys are sealed by the KMS of this process, whatever the table lies on.
    product.authorize.seals.format.workshop.sealer._client = aws["kms"]
    connection = product.tenants.create(CALLER, TENANT).connection
    settings = {"name": "App", "app_type": "spa", "callbacks": (CALLBACK,)}
    grant_types = ("authorization_code", "refresh_token", REALM)
    client, _ = product.clients.create(CALLER, {**settings, "grant_types": grant_types})
    product.connections.switch_clients(CALLER, connection.id, {client.client_id: True})
    known = {"email": EMAIL, "email_verified": True, "password": PASSWORD}
    user = product.users.create(CALLER, {"connection": connection.name, **known})
    return Door(product, client.client_id, user.user_id)


@pytest.mark.security(23)
def test_one_code_at_once_gives_one_token_set_and_ends_it(door, race):
    code = door.code("openid offline_access")

    answers = race(*[partial(door.exchange, code)] * MANY).won

    given = [answer for answer in answers if not isinstance(answer, str)]
    assert len(given) == 1
    assert set(answers) - set(given) == {"invalid_grant"}
    assert door.refresh(given[0].refresh_token) == "invalid_grant"


@pytest.mark.security(26)
def test_two_refreshes_at_once_have_one_winner(door, race):
    token = door.exchange(door.code("openid offline_access")).refresh_token

    answers = race(*[partial(door.refresh, token)] * 2).won

    given = [answer for answer in answers if not isinstance(answer, str)]
    assert len(given) == 1
    assert door.refresh(given[0].refresh_token) == "invalid_grant"


def test_within_the_leeway_two_refreshes_at_once_both_win(door, race):
    door.core.clients.update(CALLER, door.client_id, {"refresh_token": {"leeway": 30}})
    token = door.exchange(door.code("openid offline_access")).refresh_token

    answers = race(*[partial(door.refresh, token)] * 2).won

    assert [door.refresh(answer.refresh_token).scope for answer in answers] == ["openid offline_access"] * 2


@pytest.mark.security(18)
def test_whoever_signs_in_while_being_blocked_is_out(door, race):
    for _ in range(5):
        door.core.users.update(CALLER, door.user_id, {"blocked": False})

        block = partial(door.core.users.update, CALLER, door.user_id, {"blocked": True})
        answers = race(door.sign_in, block).won

        signed_in = next(answer for answer in answers if not isinstance(answer, User))
        after = signed_in if isinstance(signed_in, str) else door.refresh(signed_in.refresh_token)
        assert after == "unauthorized"


@pytest.mark.security(8)
def test_of_many_guesses_at_once_ten_are_answered(door, race):
    answers = race(*[partial(door.sign_in, f"guess {n}") for n in range(MANY)]).won

    assert sorted(answers) == ["invalid_grant"] * 10 + ["too_many_attempts"] * (MANY - 10)
    assert door.sign_in() == "too_many_attempts"


@pytest.mark.security(8)
def test_no_failure_of_many_at_once_is_lost(door, race, clock):
    door.core.connections.update(
        CALLER,
        door.core.connections.named(TENANT, "Username-Password-Authentication").id,
        {"options": {"brute_force_protection": False}},
    )

    race(*[partial(door.sign_in, f"guess {n}") for n in range(MANY)])
    race(*[partial(door.sign_in, f"guess {n}") for n in range(MANY)])

    assert door.sign_in() == "too_many_attempts"


def test_sign_ins_of_one_user_at_once_all_succeed_and_are_all_counted(door, race):
    answers = race(*[door.sign_in] * 8).won

    events = door.core.logs.list_for_user(replace(CALLER), door.user_id, PageRequest(per_page=100)).items
    assert not [answer for answer in answers if isinstance(answer, str)]
    assert door.core.users.get(CALLER, door.user_id).logins_count == 8
    assert sum(event.type == "sepft" for event in events) == 8


@pytest.mark.security(14)
def test_many_sign_ins_at_once_from_one_new_place_are_told_of_once(door, race):
    door.sign_in()

    answers = race(*[partial(door.sign_in_with, "Firefox/140.0 (Linux)")] * 8).won

    assert not [answer for answer in answers if isinstance(answer, str)]
    assert door.letters == 1


@pytest.mark.security(14)
def test_sign_ins_at_once_from_several_new_places_are_all_told_of_and_all_known_afterwards(door, race):
    agents = [f"{browser} ({system})" for browser in ("Firefox/1", "Chrome/1") for system in ("Android", "Windows")]
    door.sign_in()

    race(*[partial(door.sign_in_with, agent) for agent in agents])
    told = door.letters
    race(*[partial(door.sign_in_with, agent) for agent in agents])

    assert (told, door.letters) == (4, 4)


@pytest.mark.security(8)
def test_of_many_sign_ups_at_once_from_one_address_as_many_as_allowed_are_taken(door, race, clock):
    admit = partial(door.core.sign_ups.attempts.admit, TENANT, "203.0.113.7", 10, clock.now())

    outcomes = race(*[admit] * MANY)

    assert (len(outcomes.won), len(outcomes.refused)) == (10, MANY - 10)
    assert outcomes.codes == {"too_many_requests"}
