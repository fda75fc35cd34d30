"""/api/v2/attack-protection: what a tenant may say, what it means for attempts, and what is refused as not kept."""

from __future__ import annotations

import pytest

from chalicelib.core.attack_protection import BREACHES, BRUTE_FORCE, DEFAULTS, THROTTLING, AttackProtection
from chalicelib.core.attempts import ANYWHERE, counters, network_of
from chalicelib.core.callers import Caller
from chalicelib.core.errors import Invalid
from chalicelib.core.tenants import DEFAULT_CONNECTION

ROOT = "/api/v2/attack-protection"
IP = "203.0.113.7"


@pytest.fixture
def counted(core):
    """What a failed attempt of a name is counted by: pairs of what and how many."""

    def of(ip=IP, **options):
        connection = core.connections.named("main", DEFAULT_CONNECTION)
        found = counters(connection, "ann", ip, core.attack_protection.recall("main"))
        kinds = {ip: "pair", ANYWHERE: "name"}
        return {kinds[each.ip] if each.name else "address": each.limit for each in found}

    return of


@pytest.mark.parametrize("section", DEFAULTS)
def test_a_tenant_begins_with_the_defaults(api, section):
    answer = api.get(f"{ROOT}/{section}")

    assert (answer.status, answer.json) == (200, DEFAULTS[section])


def test_the_defaults_are_ten_for_a_pair_and_a_hundred_for_a_name_and_for_an_address(counted):
    assert counted() == {"pair": 10, "name": 100, "address": 100}


CHANGES = [
    (BRUTE_FORCE, {"max_attempts": 5}, {"pair": 5, "name": 100, "address": 100}),
    (BRUTE_FORCE, {"max_attempts": 1}, {"pair": 1, "name": 100, "address": 100}),
    (BRUTE_FORCE, {"max_attempts": 100}, {"pair": 100, "name": 100, "address": 100}),
    (BRUTE_FORCE, {"mode": "count_per_identifier"}, {"name": 10, "address": 100}),
    (BRUTE_FORCE, {"enabled": False}, {"name": 100, "address": 100}),
    (BRUTE_FORCE, {"enabled": False, "mode": "count_per_identifier"}, {"name": 100, "address": 100}),
    (BRUTE_FORCE, {"allowlist": [IP]}, {"name": 100, "address": 100}),
    (BRUTE_FORCE, {"allowlist": ["203.0.113.0/24", "2001:db8::/32"]}, {"name": 100, "address": 100}),
    (BRUTE_FORCE, {"allowlist": ["203.0.113.8"]}, {"pair": 10, "name": 100, "address": 100}),
    (THROTTLING, {"enabled": False}, {"pair": 10, "name": 100}),
    (THROTTLING, {"allowlist": [IP]}, {"pair": 10, "name": 100}),
    (THROTTLING, {"stage": {"pre-login": {"max_attempts": 7}}}, {"pair": 10, "name": 100, "address": 7}),
]


@pytest.mark.security(8)
@pytest.mark.parametrize(("section", "patch", "limits"), CHANGES)
def test_a_setting_changes_what_is_counted_and_a_name_never_has_more_than_a_hundred(
    api, counted, section, patch, limits
):
    answer = api.patch(f"{ROOT}/{section}", patch)

    assert answer.status == 200, answer.text
    assert api.get(f"{ROOT}/{section}").json == answer.json
    assert counted() == limits


def test_an_allowlist_has_no_text_that_is_no_address(api, counted):
    api.patch(f"{ROOT}/{BRUTE_FORCE}", {"allowlist": [IP]})

    assert "pair" in counted(ip="somewhere")


def test_a_stage_leaves_the_other_alone_and_its_rate_follows(api):
    changed = api.patch(f"{ROOT}/{THROTTLING}", {"stage": {"pre-user-registration": {"max_attempts": 20}}}).json

    assert changed["stage"] == {
        "pre-login": {"max_attempts": 100, "rate": 864_000},
        "pre-user-registration": {"max_attempts": 20, "rate": 4_320_000},
    }


def test_the_settings_of_auth0_s_own_defaults_are_taken_back(api):
    for section in (BRUTE_FORCE, THROTTLING):
        shown = api.get(f"{ROOT}/{section}").json

        assert api.patch(f"{ROOT}/{section}", shown).json == shown


UNKEPT = [
    (BRUTE_FORCE, {"shields": []}, "shields"),
    (BRUTE_FORCE, {"shields": ["user_notification"]}, "shields"),
    (THROTTLING, {"shields": []}, "shields"),
    (THROTTLING, {"shields": ["block", "admin_notification"]}, "shields"),
    (THROTTLING, {"stage": {"pre-login": {"max_attempts": 10, "rate": 1_200}}}, "stage.pre-login.rate"),
    (THROTTLING, {"stage": {"pre-user-registration": {"rate": 1_200}}}, "stage.pre-user-registration.rate"),
    (BREACHES, {"shields": ["block"]}, "shields"),
    (BREACHES, {"admin_notification_frequency": ["daily"]}, "admin_notification_frequency"),
    (BREACHES, {"method": "enhanced"}, "method"),
    (BREACHES, {"stage": {"pre-change-password": {"shields": ["admin_notification"]}}}, "stage.pre-change-password"),
]


@pytest.mark.parametrize(("section", "patch", "name"), UNKEPT)
def test_a_setting_that_would_not_be_kept_is_refused_by_its_name(api, section, patch, name):
    answer = api.patch(f"{ROOT}/{section}", patch)

    assert (answer.status, answer.json["errorCode"]) == (400, "operation_not_supported")
    assert name in answer.json["message"]
    assert api.get(f"{ROOT}/{section}").json == DEFAULTS[section]


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("section", "patch"),
    [
        (BRUTE_FORCE, {"max_attempts": 0}),
        (BRUTE_FORCE, {"max_attempts": 101}),
        (BRUTE_FORCE, {"mode": "count_nothing"}),
        (BRUTE_FORCE, {"shields": ["block", "admin_notification"]}),
        (BRUTE_FORCE, {"allowlist": ["nowhere"]}),
        (BRUTE_FORCE, {"allowlist": ["192.0.2.1/33"]}),
        (BRUTE_FORCE, {"allowlist": ["192.0.2.1"] * 101}),
        (BRUTE_FORCE, {"form_submission_mode": "auto"}),
        (THROTTLING, {"stage": {"pre-login": {"max_attempts": 0}}}),
        (THROTTLING, {"stage": {"pre-login": {"max_attempts": 72_001}}}),
        (THROTTLING, {"stage": {"pre-custom-token-exchange": {"max_attempts": 10}}}),
        (THROTTLING, {"allowlist": ["192.0.2.1\n"]}),
        (BREACHES, {"enabled": None}),
        (BREACHES, {"stage": {"pre-login": {"shields": []}}}),
    ],
)
def test_a_setting_outside_its_bounds_is_refused(api, section, patch):
    answer = api.patch(f"{ROOT}/{section}", patch)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")


@pytest.mark.security(43)
def test_bounds_are_taken(api):
    most = {"allowlist": ["192.0.2.1"] * 100, "stage": {"pre-login": {"max_attempts": 72_000}}}

    assert api.patch(f"{ROOT}/{THROTTLING}", most).json["stage"]["pre-login"] == {"max_attempts": 72_000, "rate": 1_200}


def test_detection_without_a_configured_list_cannot_be_turned_on(core):
    unconfigured = AttackProtection(core.attack_protection.store, None, core.users.ambient)

    with pytest.raises(Invalid, match="GATEHOUSE_BREACHED_PASSWORDS") as refused:
        unconfigured.update(Caller(tenant="main"), BREACHES, {"enabled": True})

    assert refused.value.code == "operation_not_supported"


@pytest.mark.security(33)
def test_settings_are_each_tenants_own_and_not_among_the_tenants_settings(api, acme):
    api.patch(f"{ROOT}/{BRUTE_FORCE}", {"max_attempts": 5})

    assert acme.get(f"{ROOT}/{BRUTE_FORCE}").json["max_attempts"] == 10
    assert "attack_protection" not in api.get("/api/v2/tenants/settings").text


def test_changing_the_tenants_settings_leaves_protection_alone(api):
    api.patch(f"{ROOT}/{BRUTE_FORCE}", {"max_attempts": 5})

    api.patch("/api/v2/tenants/settings", {"friendly_name": "Acme"})

    assert api.get(f"{ROOT}/{BRUTE_FORCE}").json["max_attempts"] == 5


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_an_ipv6_address_counts_as_its_network(ip, network):
    assert network_of(ip) == network
