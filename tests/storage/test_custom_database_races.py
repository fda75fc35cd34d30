"""One person many times at once, at a tenant's own database. Judged as in test_races.py."""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.oauth.client_authentication import ClientProof
from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.oauth.token import TokenRequest
from tests.flows.databases import EMAIL, NAME, PASSWORD, answering, saying
from tests.storage import test_account_page_races as pages

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

REALM = "http://auth0.com/oauth/grant-type/password-realm"
CALLER = Caller(tenant="acme", ip="203.0.113.7")
FEW = 6


@pytest.fixture
def tenant(product, aws):
    product.authorize.seals.format.workshop.sealer._client = aws["kms"]
    yield product.tenants.create(CALLER, "acme")
    product.connections.custom.checker.opened.close()


@pytest.fixture
def enter(product, tenant):
    """Sign in at a database of the tenant's own, with or without import mode."""
    client, _ = product.clients.create(CALLER, {"name": "App", "app_type": "spa", "grant_types": (REALM,)})

    def prepared(*, imports: bool):
        options = {
            "enabledDatabaseCustomization": True,
            "import_mode": imports,
            "customScripts": {"login": answering()},
        }
        body = {"name": NAME, "strategy": "auth0", "options": options, "enabled_clients": (client.client_id,)}
        product.connections.create(CALLER, body)

        def tried() -> str:
            proof = ClientProof(client_id=client.client_id)
            request = TokenRequest(grant_type=REALM, proof=proof, realm=NAME, username=EMAIL, password=PASSWORD)
            try:
                product.token_endpoint.issue(CALLER, request)
            except OAuthError as error:
                return error.error
            return "entered"

        return tried

    return prepared


@pytest.fixture
def home(product, tenant):
    """The account page of somebody whose password is kept elsewhere."""
    scripts = {
        "login": answering(email=pages.EMAIL, typed=pages.EMAIL, password=pages.PASSWORD),
        "change_password": saying("callback(null, true)"),
    }
    options = {"enabledDatabaseCustomization": True, "customScripts": scripts}
    body = {"name": NAME, "strategy": "auth0", "options": options, "enabled_clients": ("any",)}
    return pages.Home(product, product.connections.create(CALLER, body).connection, "auth0|7")


@pytest.mark.parametrize("imports", [True, False], ids=["importing", "asking"])
def test_first_sign_ins_of_one_person_at_once_all_enter_as_one_user(imports, enter, product, race):
    tried = enter(imports=imports)

    answers = race(*[partial(tried)] * FEW).won

    assert answers == ["entered"] * FEW
    assert product.users.store.find("acme", "auth0|7").logins_count == FEW


def test_changes_of_a_password_there_by_several_browsers_at_once_are_each_made(home, race):
    cookies = [home.enter() for _ in range(3)]
    changes = [home.changes(cookie, f"number {n} Horse battery", ends_others=False) for n, cookie in enumerate(cookies)]

    renewed = race(*changes).won

    assert sorted(renewed) == sorted(home.sessions())
    assert home.types().count("scp") == 3
