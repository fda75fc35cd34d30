"""A tenant made over the API can be managed with nothing but what that answered."""

import pytest

from tests.conftest import Api


@pytest.fixture
def initech(app, system):
    """What the making of a tenant answered, and the tenant's own host."""
    return system.post("/api/v2/tenants", {"name": "initech"}).json, Api(app, "initech")


def test_the_client_a_tenant_begins_with_may_manage_it(initech):
    made, host = initech
    known = {name: made[name] for name in ("client_id", "client_secret")}
    audience = f"https://{made['domain']}/api/v2/"

    token = host.post("/oauth/token", {"grant_type": "client_credentials", "audience": audience, **known}).json
    found = host.get("/api/v2/users", token=token["access_token"])

    assert (found.status, found.json) == (200, [])


def test_the_client_a_tenant_begins_with_may_manage_no_other(initech, acme):
    made, _ = initech
    known = {name: made[name] for name in ("client_id", "client_secret")}
    audience = acme.app.core.hosts.management_audience("acme")

    refused = acme.post("/oauth/token", {"grant_type": "client_credentials", "audience": audience, **known})

    assert (refused.status, refused.json["error"]) == (401, "access_denied")
