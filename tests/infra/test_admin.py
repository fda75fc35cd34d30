"""The first owner, from the command line: how they get in, and that asking twice changes nothing."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict
from chalicelib.core.roles import EDITOR, OWNER
from chalicelib.core.tenants import DEFAULT_CONNECTION, SYSTEM_TENANT
from infra.admin import appoint, main
from tests.dashboards import Desk, People
from tests.flows.browsing import PASSWORD

EMAIL = "ann@example.com"


@pytest.fixture
def people(app):
    return People(app)


@pytest.fixture
def choose(core):
    """Use the link that was printed; give the id of whose it is."""

    def use(said: str) -> str:
        link = re.search(r"https://\S+ticket\S+", said)[0]
        (ticket,) = parse_qs(urlsplit(link).query)["ticket"]
        return core.password_resets.finish(Caller(tenant=SYSTEM_TENANT), ticket, PASSWORD).user.user_id

    return use


def test_a_stranger_gets_an_account_and_a_link_and_owns_the_tenant(app, core, choose):
    said = appoint(core, EMAIL, "main")

    desk = Desk(app, choose(said), EMAIL)
    assert desk.enter().location == "/dashboard"
    assert desk.get("users").status == 200
    assert core.operators.memberships(desk.user_id).roles == {"main": OWNER}
    assert "https://system.gatehouse.test/dashboard" in said


def test_asking_twice_changes_nothing_and_gives_another_link_until_there_is_a_password(core, choose):
    appoint(core, EMAIL, "main")
    said = appoint(core, EMAIL, "main")
    user_id = choose(said)

    again = appoint(core, EMAIL, "main")

    assert "ticket" not in again
    assert core.operators.memberships(user_id).roles == {"main": OWNER}


def test_somebody_who_is_there_keeps_their_password_and_becomes_an_owner(app, core, people):
    user_id = people.person(EMAIL)
    people.let_in(user_id, EDITOR)

    said = appoint(core, EMAIL, "main")

    assert "ticket" not in said
    assert core.operators.memberships(user_id).roles == {"main": OWNER}
    assert Desk(app, user_id, EMAIL).enter().status == 303


def test_a_tenant_that_is_missing_is_made(core):
    appoint(core, EMAIL, "newco")

    assert core.tenants.get("newco")


def test_an_account_that_has_not_proven_the_address_is_not_let_in(core):
    account = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "password": PASSWORD, "verify_email": False}
    core.users.create(Caller(tenant=SYSTEM_TENANT), account)

    with pytest.raises(Conflict, match="not proven"):
        appoint(core, EMAIL, "main")


def test_the_history_of_the_tenant_says_where_the_owner_came_from(core, api):
    appoint(core, EMAIL, "main")

    event = api.get("/api/v2/logs").json[0]
    assert event["description"] == "Appoint an owner from the command line"
    assert event["details"]["request"]["auth"]["subject"] == "command line"


def test_without_settings_it_ends_with_a_sentence(monkeypatch):
    for name in ("GATEHOUSE_TABLE", "GATEHOUSE_KMS_KEY", "GATEHOUSE_BASE_DOMAIN"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SystemExit, match="GATEHOUSE_TABLE"):
        main([EMAIL])
