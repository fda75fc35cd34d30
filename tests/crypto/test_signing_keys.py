"""How RSA keys are made, sealed for their tenant and opened again."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from chalicelib.adapters.kms import KmsSealer
from chalicelib.core.hosts import Hosts
from chalicelib.crypto.signing_keys import RsaWorkshop
from tests.conftest import BASE_DOMAIN, START


@pytest.fixture(scope="session")
def sealer(settings):
    return KmsSealer(settings.kms_key, settings.region)


@pytest.fixture
def new_workshop(sealer, ambient):
    """Make a workshop that has opened no key yet, as a new process has."""
    return lambda **known: RsaWorkshop(
        **{"sealer": sealer, "hosts": Hosts(BASE_DOMAIN, "main"), "ambient": ambient, **known}
    )


@pytest.fixture
def workshop(new_workshop, clock):
    clock.time = START
    return new_workshop()


def public_of(private):
    return private.public_key().public_numbers()


def test_a_key_is_rsa_of_2048_bits_and_its_public_side_is_that_of_the_private(workshop):
    key = workshop.make("main", "next")

    private = workshop.private_key("main", key)
    modulus = int.from_bytes(base64.urlsafe_b64decode(key.jwk["n"] + "=="), "big")
    assert (private.key_size, key.jwk["e"], key.status) == (2048, "AQAB", "next")
    assert modulus == public_of(private).n


def test_every_key_is_another(workshop):
    first, second = workshop.make("main", "current"), workshop.make("main", "current")

    assert first.kid != second.kid
    assert first.jwk["n"] != second.jwk["n"]
    assert first.sealed != second.sealed
    assert len(first.kid) == 21


def test_a_certificate_is_of_the_tenants_host_for_ten_years_and_signed_by_its_key(workshop):
    key = workshop.make("acme", "current")

    certificate = x509.load_pem_x509_certificate(key.cert.encode())
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == "CN=acme.gatehouse.test"
    assert certificate.not_valid_before_utc == START
    assert certificate.not_valid_after_utc - START == timedelta(days=3650)
    assert public_of(workshop.private_key("acme", key)) == certificate.public_key().public_numbers()


def test_all_forms_of_a_certificate_are_of_the_same(workshop):
    key = workshop.make("main", "current")
    certificate = x509.load_pem_x509_certificate(key.cert.encode())

    digest = certificate.fingerprint(hashes.SHA1())  # noqa: S303 - what X.509 tools print, and x5t (RFC 7517)

    assert key.fingerprint == digest.hex(":").upper()
    assert key.thumbprint == digest.hex().upper()
    assert base64.urlsafe_b64decode(key.jwk["x5t"] + "=") == digest
    assert base64.b64decode(key.jwk["x5c"][0]) == certificate.public_bytes(serialization.Encoding.DER)
    assert "PKCS7" in key.pkcs7


def test_a_host_longer_than_a_certificate_can_name_is_cut(new_workshop):
    long = Hosts("a-base-domain-that-is-rather-long.example.com:8443", "main")

    key = new_workshop(hosts=long).make("t" * 63, "current")

    name = x509.load_pem_x509_certificate(key.cert.encode()).subject.rfc4514_string()
    assert len(name.removeprefix("CN=")) == 64


def test_another_process_opens_the_same_key(new_workshop):
    made_by = new_workshop()
    key = made_by.make("main", "current")

    opened = new_workshop().private_key("main", key)

    assert public_of(opened) == public_of(made_by.private_key("main", key))


@pytest.mark.security(28, 33)
def test_a_key_that_is_copied_to_another_tenant_or_under_another_name_cannot_be_opened(new_workshop):
    key = new_workshop().make("main", "current")

    for tenant, copied in (("acme", key), ("main", replace(key, kid="another"))):
        with pytest.raises(ClientError) as refused:
            new_workshop().private_key(tenant, copied)
        assert refused.value.response["Error"]["Code"] == "InvalidCiphertextException"


def test_what_is_sealed_is_not_the_key_itself(workshop):
    key = workshop.make("main", "current")
    plain = workshop.private_key("main", key).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    assert plain not in base64.b64decode(key.sealed)
    assert len(plain) < 4_096  # what KMS encrypts at most


class Counting:
    """A sealer that counts how often something is opened."""

    def __init__(self, sealer):
        self.sealer, self.opened = sealer, 0

    def seal(self, plain, context):
        return self.sealer.seal(plain, context)

    def open(self, sealed, context):
        self.opened += 1
        return self.sealer.open(sealed, context)


def test_a_process_opens_a_key_once_and_one_it_made_never(new_workshop, sealer):
    making, other = Counting(sealer), Counting(sealer)
    workshop, another = new_workshop(sealer=making), new_workshop(sealer=other)

    key = workshop.make("main", "current")
    for _ in range(3):
        workshop.private_key("main", key)
        another.private_key("main", key)

    assert (making.opened, other.opened) == (0, 1)


def test_the_keys_kept_open_are_bounded(new_workshop, sealer, monkeypatch):
    monkeypatch.setattr("chalicelib.crypto.signing_keys._MOST_OPEN", 2)
    counting = Counting(sealer)
    keys = [new_workshop().make("main", "current") for _ in range(3)]
    workshop = new_workshop(sealer=counting)

    for key in [*keys, keys[0]]:
        workshop.private_key("main", key)

    assert counting.opened == 4
