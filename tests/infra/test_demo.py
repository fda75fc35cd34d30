"""The demo data: there after the first start, untouched by later ones, and working whatever was lost or moved."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.logs import done
from chalicelib.core.management_scopes import MANAGEMENT_SCOPES, SYSTEM_SCOPES
from chalicelib.core.paging import PageRequest
from chalicelib.core.roles import OWNER
from chalicelib.core.tenants import DEFAULT_CONNECTION
from chalicelib.wiring import build_core
from infra.local import demo
from tests.conftest import Api

ADDRESS = "https://gatehouse.test"
MOVED = "https://moved.test"


@pytest.fixture
def seed(app):
    return lambda existing=None, address=ADDRESS: demo.seed(SimpleNamespace(app=app), [address], existing or {})


@pytest.fixture
def moved(app, core, settings, ambient):
    """Another address over the same table while this is entered, as after a start with another TLS_PORT."""

    @contextmanager
    def moved():
        app.core = build_core(replace(settings, base_domain="moved.test"), ambient)
        try:
            yield
        finally:
            app.core = core

    return moved


def token_of(api, client_id, secret):
    """Ask for a token as a machine does; give what the answer says."""
    audience = api.app.core.hosts.management_audience(api.tenant)
    known = {"client_id": client_id, "client_secret": secret, "audience": audience}
    return api.post("/oauth/token", {"grant_type": "client_credentials", **known}).json


def machine_of(api, env, prefix="AUTH0_CLIENT"):
    return token_of(api, env[f"{prefix}_ID"], env[f"{prefix}_SECRET"])


def signs_in(core, tenant, email, password):
    connection = core.connections.named(tenant, DEFAULT_CONNECTION)
    login = core.users.store.login(tenant, connection.id, email)
    return core.users.credentials.hasher.verify(login.password_hash, password)


def test_the_client_may_do_everything_in_the_default_tenant(seed, api):
    env = seed()

    token = machine_of(api, env)

    assert set(token["scope"].split()) == set(MANAGEMENT_SCOPES)
    assert api.get("/api/v2/users", token=token["access_token"]).status == 200


def test_the_client_of_the_system_tenant_may_make_tenants(seed, system):
    env = seed()

    token = machine_of(system, env, "GATEHOUSE_SYSTEM_CLIENT")

    assert set(token["scope"].split()) == {*MANAGEMENT_SCOPES, *SYSTEM_SCOPES}
    assert system.post("/api/v2/tenants", {"name": "initech"}, token=token["access_token"]).status == 201


def test_the_users_have_the_passwords_that_the_file_says(seed, core):
    env = seed()

    assert signs_in(core, "main", env["GATEHOUSE_DEMO_EMAIL"], env["GATEHOUSE_DEMO_PASSWORD"])
    assert signs_in(core, "main", env["GATEHOUSE_SUPPORT_EMAIL"], env["GATEHOUSE_SUPPORT_PASSWORD"])
    assert signs_in(core, "system", env["GATEHOUSE_ADMIN_EMAIL"], env["GATEHOUSE_ADMIN_PASSWORD"])


def test_the_administrator_owns_the_default_tenant_at_the_dashboard(seed, core):
    env = seed()
    again = seed(env)

    assert core.operators.memberships(env["GATEHOUSE_ADMIN_USER_ID"]).roles == {"main": OWNER}
    assert again == env


def test_the_users_have_the_ids_that_the_file_says(seed, api):
    env = seed()

    named = {api.get(f"/api/v2/users/{env[f'GATEHOUSE_{who}_USER_ID']}").json["name"] for who in ("DEMO", "SUPPORT")}

    assert named == {"Demo User", "Jane from support"}


def application_of(core, name=demo.APPLICATION):
    clients = core.clients.list(Caller(tenant="main"), PageRequest()).items
    return next(client for client in clients if client.name == name)


def test_the_shop_may_sign_people_in_and_be_entered_by_a_link(seed, core):
    env = seed()

    shop, address = application_of(core, demo.SHOP), env["GATEHOUSE_SHOP_URL"]
    assert (shop.callbacks, shop.allowed_logout_urls) == ((f"{address}/callback",), (f"{address}/",))
    assert shop.initiate_login_uri == f"{address}/login"
    assert shop.client_id == env["GATEHOUSE_SHOP_CLIENT_ID"]
    assert shop.client_id in core.connections.named("main", DEFAULT_CONNECTION).enabled_clients


def test_data_of_an_older_version_learns_the_shop_and_its_support(seed, core, api):
    newer = seed()
    api.delete(f"/api/v2/clients/{newer['GATEHOUSE_SHOP_CLIENT_ID']}")
    api.delete(f"/api/v2/users/{newer['GATEHOUSE_SUPPORT_USER_ID']}")
    older = {name: value for name, value in newer.items() if "_SHOP_" not in name and "_SUPPORT_" not in name}

    env = seed(older)

    assert older.items() <= env.items()
    assert application_of(core, demo.SHOP).client_id == env["GATEHOUSE_SHOP_CLIENT_ID"]
    assert signs_in(core, "main", env["GATEHOUSE_SUPPORT_EMAIL"], env["GATEHOUSE_SUPPORT_PASSWORD"])


def test_where_a_person_moved_the_shop_it_stays(seed, core, api):
    env = seed()
    moved = {"initiate_login_uri": "http://localhost:4000/login", "callbacks": ["http://localhost:4000/callback"]}
    api.patch(f"/api/v2/clients/{env['GATEHOUSE_SHOP_CLIENT_ID']}", moved)

    seed(env)

    shop = application_of(core, demo.SHOP)
    assert (shop.initiate_login_uri, list(shop.callbacks)) == tuple(moved.values())


def test_the_application_may_use_the_default_connection(seed, core):
    env = seed()

    application = application_of(core)
    assert application.client_id == env["GATEHOUSE_DEMO_CLIENT_ID"]
    assert application.client_id in core.connections.named("main", DEFAULT_CONNECTION).enabled_clients


def test_the_application_may_lead_back_to_the_demo_page_and_to_a_newcomers_own(seed, core):
    seed()

    application = application_of(core)
    assert application.callbacks == application.allowed_logout_urls
    assert {f"{ADDRESS}/demo", f"{ADDRESS}/callback", "http://localhost:3000"} <= set(application.callbacks)


def test_the_application_of_an_older_version_learns_the_demo_page_and_keeps_its_own(seed, core, api):
    client_id = seed()["GATEHOUSE_DEMO_CLIENT_ID"]
    older = {"callbacks": [ADDRESS, "https://mine.example"], "allowed_logout_urls": []}
    api.patch(f"/api/v2/clients/{client_id}", older)

    seed()

    application = application_of(core)
    assert {f"{ADDRESS}/demo", "https://mine.example"} <= set(application.callbacks)
    assert f"{ADDRESS}/demo" in application.allowed_logout_urls


def test_a_password_is_strong_enough_whatever_chance_made(monkeypatch):
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size: "a" * 24)

    made = demo.new_password()

    kinds = [str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum()]
    assert all(any(map(kind, made)) for kind in kinds)


def test_two_passwords_are_never_the_same():
    assert len({demo.new_password() for _ in range(100)}) == 100


def test_a_second_start_changes_nothing(seed, contents):
    env = seed()
    before = contents.read()

    again = seed(env)

    assert again == env
    assert contents.read() == before


def test_a_lost_file_means_new_secrets_that_work_and_old_ones_that_do_not(seed, api, core, contents):
    lost = seed()
    users = {item["sk"]["S"] + item["pk"]["S"] for item in contents.read() if item["sk"]["S"] == "PROFILE"}

    env = seed()

    assert env["AUTH0_CLIENT_ID"] == lost["AUTH0_CLIENT_ID"]
    assert "access_token" in machine_of(api, env)
    assert machine_of(api, lost)["error"] == "access_denied"
    assert signs_in(core, "main", env["GATEHOUSE_DEMO_EMAIL"], env["GATEHOUSE_DEMO_PASSWORD"])
    assert not signs_in(core, "main", lost["GATEHOUSE_DEMO_EMAIL"], lost["GATEHOUSE_DEMO_PASSWORD"])
    assert {item["sk"]["S"] + item["pk"]["S"] for item in contents.read() if item["sk"]["S"] == "PROFILE"} == users


def test_a_secret_in_the_file_that_was_rotated_is_replaced_by_one_that_works(seed, api):
    env = seed()
    api.post(f"/api/v2/clients/{env['AUTH0_CLIENT_ID']}/rotate-secret")

    mended = seed(env)

    assert mended["AUTH0_CLIENT_SECRET"] != env["AUTH0_CLIENT_SECRET"]
    assert "access_token" in machine_of(api, mended)


def test_a_file_that_outlived_its_data_is_replaced_by_one_that_works(seed, api, core):
    names = ("AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "GATEHOUSE_DEMO_PASSWORD", "GATEHOUSE_ADMIN_PASSWORD")

    env = seed(dict.fromkeys(names, "of another table"))

    assert "access_token" in machine_of(api, env)
    assert signs_in(core, "main", env["GATEHOUSE_DEMO_EMAIL"], env["GATEHOUSE_DEMO_PASSWORD"])


def test_a_start_that_was_interrupted_is_finished_by_the_next(seed, core, api, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(type(core.users), "create", None)
        with pytest.raises(TypeError):
            seed()

    env = seed()

    assert "access_token" in machine_of(api, env)
    assert signs_in(core, "main", env["GATEHOUSE_DEMO_EMAIL"], env["GATEHOUSE_DEMO_PASSWORD"])


def test_what_a_person_changed_stays(seed, core, api):
    env = seed()
    (user,) = api.get("/api/v2/users-by-email", query={"email": env["GATEHOUSE_DEMO_EMAIL"]}).json
    api.patch(f"/api/v2/users/{user['user_id']}", {"name": "Renamed", "blocked": True})

    seed(env)

    (after,) = api.get("/api/v2/users-by-email", query={"email": env["GATEHOUSE_DEMO_EMAIL"]}).json
    assert (after["name"], after["blocked"]) == ("Renamed", True)


def test_another_port_makes_another_address_that_works(seed, api, moved):
    env = seed()

    with moved():
        again = seed(env, MOVED)
        answer = api.get("/api/v2/users", token=machine_of(api, env)["access_token"])

    assert again == env
    assert answer.status == 200


def test_another_port_moves_every_tenant(seed, system, app, moved):
    made = system.post("/api/v2/tenants", {"name": "initech"}).json
    initech = Api(app, "initech")

    with moved():
        seed({}, MOVED)
        token = token_of(initech, made["client_id"], made["client_secret"])
        answer = initech.get("/api/v2/users", token=token["access_token"])

    assert answer.status == 200


def test_another_port_and_back_again_leaves_the_first_address_working(seed, api, moved):
    env = seed()
    with moved():
        seed(env, MOVED)

    again = seed(env)

    assert again == env
    assert "access_token" in machine_of(api, env)


def test_the_application_may_call_back_to_every_address_it_had(seed, core, moved):
    env = seed()

    with moved():
        seed(env, MOVED)

    assert {f"{ADDRESS}/callback", f"{MOVED}/callback"} <= set(application_of(core).callbacks)


def test_scopes_of_a_newer_version_are_granted(seed, core, api):
    env = seed()
    server = core.resource_servers.recall("main", core.hosts.management_audience("main"))
    older = replace(server, scopes=server.scopes[1:])
    core.resource_servers.store.replace("main", older, event_of(core))
    grant = core.client_grants.recall("main", env["AUTH0_CLIENT_ID"], server.identifier)
    core.client_grants.store.replace("main", replace(grant, scope=grant.scope[1:]), event_of(core))

    seed(env)

    assert set(machine_of(api, env)["scope"].split()) == set(MANAGEMENT_SCOPES)


def event_of(core):
    return done(core.clients.ambient, Caller(tenant="main", operation="Pretend to be older"))
