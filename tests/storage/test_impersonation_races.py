"""Races for an impersonation link, with real threads: followed, revoked, expired and answered at once.

Judged by MiniStack and DynamoDB Local, as in test_races.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.gatehouse import Core
from chalicelib.core.impersonation_links import ClassicAnswer, WantedLink
from chalicelib.core.oauth.authorize import Browser
from chalicelib.core.oauth.client_authentication import ClientProof
from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.oauth.token import TokenRequest
from chalicelib.core.paging import PageRequest

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

TENANT, MANY = "acme", 200
CALLBACK, LOGIN_URI = "https://app.example.com/callback", "https://app.example.com/login"
PASSWORD = "correct Horse 7 battery"
SCOPES = frozenset({"update:users", "read:users", "create:users"})


@dataclass
class Desk:
    """A tenant with a user, a support person and an application, and what is done with a link."""

    core: Core
    caller: Caller
    client_id: str
    secret: str
    user_id: str
    jane: str

    def link(self, *, classic: bool = True) -> str:
        """Make a link and give its secret."""
        wanted = WantedLink(
            user_id=self.user_id,
            impersonator_id=self.jane,
            client_id=self.client_id,
            answer=ClassicAnswer() if classic else None,
        )
        _, address = self.core.impersonation_links.make(self.caller, wanted)
        return parse_qs(urlsplit(address).query)["link"][0]

    def follow(self, secret: str) -> object:
        return self.core.impersonate.spend(self.caller, self.core.impersonate.open(self.caller, secret))

    def exchange(self, code: str) -> str:
        """Ask for the tokens of a code, and give the refusal."""
        proof = ClientProof(client_id=self.client_id, client_secret=self.secret)
        request = TokenRequest(
            grant_type="authorization_code", proof=proof, code=code, redirect_uri=CALLBACK, code_verifier=None
        )
        try:
            return self.core.token_endpoint.issue(self.caller, request).scope
        except OAuthError as error:
            return error.error

    def revoke(self, secret: str) -> None:
        link = self.core.impersonate.open(self.caller, secret)
        self.core.impersonation_links.end(self.caller, self.user_id, link.id)

    def events(self, person: str) -> Counter[str]:
        """Count what a person's history says of impersonation."""
        found: Counter[str] = Counter()
        for page in range(5):
            request = PageRequest(page=page, per_page=100)
            listed = self.core.logs.store.list_for_user(TENANT, person, request, newest_first=False)
            found.update(event.type for event in listed.items if "imp" in event.type)
        return found


@pytest.fixture
def desk(product, aws):
    # Keys are sealed by the KMS of this process, whatever the table lies on.
    product.authorize.seals.format.workshop.sealer._client = aws["kms"]
    caller = Caller(tenant=TENANT, ip="203.0.113.7", scopes=SCOPES)
    new = product.tenants.create(caller, TENANT)
    settings = {"name": "App", "app_type": "regular_web", "callbacks": (CALLBACK,), "initiate_login_uri": LOGIN_URI}
    client, secret = product.clients.create(caller, settings)
    product.connections.switch_clients(caller, new.connection.id, {client.client_id: True})
    people = [
        product.users.create(caller, {"connection": new.connection.name, "email": email, "password": PASSWORD}).user_id
        for email in ("ann@example.com", "jane@example.com")
    ]
    as_the_global_client = Caller(tenant=TENANT, ip="203.0.113.7", scopes=SCOPES, client_id=new.client.client_id)
    return Desk(product, as_the_global_client, client.client_id, secret, *people)


@pytest.mark.security(36)
def test_of_200_who_follow_a_link_at_once_one_gets_a_code(desk, race):
    secret = desk.link()

    outcomes = race(*[partial(desk.follow, secret)] * MANY)

    assert [sorted(answer.parameters) for answer in outcomes.won] == [["code", "iss"]]
    assert (len(outcomes.refused), outcomes.codes) == (MANY - 1, {"unusable_link"})
    told = Counter({"fimp": MANY - 1, "simp": 1, "simpu": 1})
    assert (desk.events(desk.user_id), desk.events(desk.jane)) == (told, told)


@pytest.mark.security(36)
def test_of_many_who_were_led_to_the_application_by_one_link_one_is_answered(desk, race):
    led = desk.follow(desk.link(classic=False))
    asked = {"client_id": [desk.client_id], "response_type": ["code"], "state": ["own"]}

    def ask() -> bool:
        answer = desk.core.authorize.begin(desk.caller, asked, Browser(impersonation=led.held))
        return "code" in getattr(getattr(answer, "answer", None), "parameters", {})

    outcomes = race(*[ask] * 50)

    assert sum(outcomes.won) == 1
    assert desk.events(desk.user_id)["simpa"] == 1


@pytest.mark.security(36)
def test_a_link_is_used_or_expires_and_history_says_which(desk, race, clock):
    for _ in range(5):
        before = desk.events(desk.user_id)
        secret = desk.link()
        link = desk.core.impersonate.open(desk.caller, secret)
        clock.advance(minutes=5)
        due = desk.core.impersonation_links.store.due(clock.now(), 25)
        clock.advance(minutes=-5)  # the clocks of two Lambdas differ: one still believes the link is good

        outcomes = race(
            partial(desk.core.impersonate.spend, desk.caller, link),
            partial(desk.core.impersonation_links._expire, due),
        )

        told = desk.events(desk.user_id) - before
        assert told["simpu"] + told["simpe"] == 1
        assert len([answer for answer in outcomes.won if hasattr(answer, "parameters")]) == told["simpu"]


@pytest.mark.security(36)
def test_two_sweeps_at_once_write_each_expiry_once(desk, race, clock):
    for _ in range(30):
        desk.link()
    clock.advance(minutes=5)

    race(*[desk.core.impersonation_links.expire] * 4)

    assert desk.events(desk.user_id) == desk.events(desk.jane) == Counter({"simp": 30, "simpe": 30})
    assert desk.core.impersonation_links.store.due(clock.now(), 25) == []


@pytest.mark.security(36)
def test_a_link_that_is_followed_while_it_is_revoked_gives_nothing_that_lasts(desk, race):
    for _ in range(5):
        before = desk.events(desk.user_id)
        secret = desk.link()

        race(partial(desk.follow, secret), partial(desk.revoke, secret))

        told = desk.events(desk.user_id) - before
        assert told["simpr"] + told["simps"] == 1
        assert told["simps"] == told["simpu"]
        assert desk.core.impersonate.open(desk.caller, secret).state in {"revoked", "ended"}


@pytest.mark.security(36)
@pytest.mark.parametrize(("person", "refusal"), [("user_id", "unauthorized"), ("jane", "invalid_grant")])
def test_whoever_is_blocked_while_a_link_is_followed_is_out(person, refusal, desk, race):
    person_id = getattr(desk, person)
    for _ in range(5):
        desk.core.users.update(desk.caller, person_id, {"blocked": False})
        secret = desk.link()

        outcomes = race(
            partial(desk.follow, secret), partial(desk.core.users.update, desk.caller, person_id, {"blocked": True})
        )

        codes = [answer.parameters["code"] for answer in outcomes.won if hasattr(answer, "parameters")]
        assert [desk.exchange(code) for code in codes] in ([], [refusal])
