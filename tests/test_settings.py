"""The environment: what is needed, what may be left out, and that every problem is told at once."""

from __future__ import annotations

from itertools import product

import pytest

from chalicelib.crypto.passwords import Argon2PasswordHasher
from chalicelib.settings import Settings, SettingsError

NEEDED = {
    "GATEHOUSE_TABLE": "gatehouse",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "GATEHOUSE_KMS_KEY": "alias/gatehouse",
    "GATEHOUSE_BASE_DOMAIN": "Auth.Example.com",
}
NUMBERS = {
    "GATEHOUSE_SHARDS": ("shards", 1, 16),
    "GATEHOUSE_ARGON2_MEMORY_KIB": ("argon2_memory_kib", 64, 131_072),
    "GATEHOUSE_ARGON2_ITERATIONS": ("argon2_iterations", 1, 10),
    "GATEHOUSE_ARGON2_LANES": ("argon2_lanes", 1, 8),
    "GATEHOUSE_MANAGEMENT_REQUESTS_PER_MINUTE": ("management_requests_per_minute", 0, 1_000_000),
    "GATEHOUSE_AUTHENTICATION_REQUESTS_PER_MINUTE": ("authentication_requests_per_minute", 0, 1_000_000),
}


def test_four_variables_are_enough_for_a_deployment():
    settings = Settings.read(NEEDED)

    assert (settings.table, settings.region, settings.kms_key) == ("gatehouse", "eu-central-1", "alias/gatehouse")
    assert settings.base_domain == "auth.example.com"
    assert (settings.default_tenant, settings.shards, settings.aws_endpoint) == ("main", 1, None)


@pytest.mark.security(6)
def test_without_a_word_passwords_are_hashed_as_owasp_says():
    settings = Settings.read(NEEDED)

    assert (settings.argon2_memory_kib, settings.argon2_iterations, settings.argon2_lanes) == (19_456, 2, 1)


def test_the_region_of_the_lambda_goes_before_the_default():
    settings = Settings.read({**NEEDED, "AWS_REGION": "eu-west-1"})

    assert settings.region == "eu-west-1"


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(SettingsError) as refusal:
        Settings.read({"GATEHOUSE_SHARDS": "many"})

    for name in (*NEEDED, "GATEHOUSE_SHARDS"):
        assert name in str(refusal.value)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_taken_at_its_bounds(name):
    field, lowest, highest = NUMBERS[name]

    read = [getattr(Settings.read({**NEEDED, name: str(bound)}), field) for bound in (lowest, highest)]

    assert read == [lowest, highest]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("beyond", ["lowest", "highest", "text", "signed"])
def test_a_number_past_its_bounds_is_refused(name, beyond):
    _, lowest, highest = NUMBERS[name]
    text = {"lowest": str(lowest - 1), "highest": str(highest + 1), "text": "two", "signed": f"+{lowest}"}[beyond]

    with pytest.raises(SettingsError, match=f"{name} must be a whole number from {lowest} to {highest}"):
        Settings.read({**NEEDED, name: text})


@pytest.mark.parametrize("bounds", list(product((0, 1), repeat=3)))
def test_all_bounds_of_hashing_together_can_be_hashed_with(bounds):
    names = [name for name in NUMBERS if "ARGON2" in name]
    chosen = {name: str(NUMBERS[name][1:][bound]) for name, bound in zip(names, bounds, strict=True)}

    settings = Settings.read({**NEEDED, **chosen})

    assert Argon2PasswordHasher(settings.argon2_memory_kib, settings.argon2_iterations, settings.argon2_lanes)
