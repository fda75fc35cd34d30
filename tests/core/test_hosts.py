"""Which tenant a host means, and what a tenant is called in the world."""

import pytest

from chalicelib.core.hosts import Hosts

HOSTS = Hosts(base_domain="gatehouse.test", default_tenant="main")
LOCAL = Hosts(base_domain="localhost:8000", default_tenant="main")


@pytest.mark.parametrize(
    "host",
    [
        "gatehouse.test",
        "GateHouse.TEST",
        "gatehouse.test:8443",
        "localhost",
        "localhost:8000",
        "127.0.0.1:8000",
        "[::1]",
        "[::1]:8000",
        "abc123.execute-api.eu-central-1.amazonaws.com",
        "abc123.execute-api.cn-north-1.amazonaws.com.cn",
    ],
)
def test_the_bare_domain_loopback_and_the_stage_are_the_default_tenant(host):
    assert HOSTS.tenant_of(host) == "main"


@pytest.mark.parametrize("host", ["acme.gatehouse.test", "ACME.Gatehouse.Test:443", "acme.localhost:8000"])
def test_a_label_before_the_domain_is_the_tenant(host):
    assert HOSTS.tenant_of(host) == "acme"


@pytest.mark.security(43)
@pytest.mark.parametrize("label", ["abc", "a1b", "a-b", "a" * 63])
def test_a_tenants_label_has_3_to_63_characters(label):
    assert HOSTS.tenant_of(f"{label}.gatehouse.test") == label


@pytest.mark.security(43)
@pytest.mark.parametrize("label", ["ab", "a" * 64, "-ab", "ab-", "a_b", "a.b", "ä-b", "a%62c", "acme\n", ""])
def test_another_label_is_no_tenant(label):
    assert HOSTS.tenant_of(f"{label}.gatehouse.test") is None


@pytest.mark.security(33)
@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "gatehouse.test.evil.example",
        "acme.gatehouse.test.evil.example",
        "evilgatehouse.test",
        "acme.evil.gatehouse.test",
        "gatehouse.test:80:80",
        "gatehouse.test:port",
        "gatehouse.test/",
        "user@gatehouse.test",
        "localhost.evil.example",
        "execute-api.eu-central-1.amazonaws.com",
    ],
)
def test_a_host_that_is_not_ours_is_no_tenant(host):
    assert HOSTS.tenant_of(host) is None


def test_the_default_tenant_is_known_by_the_bare_domain():
    assert HOSTS.issuer("main") == "https://gatehouse.test/"
    assert HOSTS.management_audience("main") == "https://gatehouse.test/api/v2/"


def test_another_tenant_is_known_by_its_label():
    assert HOSTS.issuer("acme") == "https://acme.gatehouse.test/"
    assert HOSTS.management_audience("acme") == "https://acme.gatehouse.test/api/v2/"


def test_the_port_of_the_base_domain_belongs_to_the_issuer_and_not_to_the_name():
    assert LOCAL.issuer("acme") == "https://acme.localhost:8000/"
    assert LOCAL.tenant_of("acme.localhost:8443") == "acme"


@pytest.mark.parametrize("tenant", ["main", "acme"])
def test_the_domain_of_a_tenant_leads_back_to_it(tenant):
    assert HOSTS.tenant_of(HOSTS.domain(tenant)) == tenant
