"""The authority: made once, kept to its owner, renewed in time, and good for names of this machine only."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.local import certificates
from infra.local.certificates import Authority


@pytest.fixture
def authority(tmp_path):
    return Authority.open(tmp_path)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def read(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def names_in(path):
    return (
        read(path)
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value.get_values_for_type(x509.DNSName)
    )


def test_what_is_secret_is_its_owners_alone(authority, tmp_path):
    issued = authority.certificate_for("acme.localhost")

    assert mode(tmp_path / "ca-key.pem") == 0o600
    assert (mode(issued), mode(issued.parent)) == (0o600, 0o700)
    assert mode(tmp_path / "ca.pem") == 0o644
    assert b"PRIVATE" not in authority.path.read_bytes()


def test_it_may_vouch_for_names_of_this_machine_only(authority):
    extension = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints)

    assert extension.critical
    assert extension.value.excluded_subtrees is None
    assert extension.value.permitted_subtrees == [
        x509.DNSName("localhost"),
        x509.IPAddress(ip_network("127.0.0.0/8")),
        x509.IPAddress(ip_network("::1/128")),
    ]


def test_it_cannot_make_further_authorities(authority):
    constraints = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)


def test_it_is_the_same_when_opened_again(authority, tmp_path):
    issued = authority.certificate_for("acme.localhost").read_bytes()

    again = Authority.open(tmp_path)

    assert again.certificate == authority.certificate
    assert again.certificate_for("acme.localhost").read_bytes() == issued


@pytest.mark.parametrize("name", ["acme.localhost", "a.localhost", "app.acme.localhost", f"{'a' * 63}.localhost"])
def test_each_name_of_this_machine_has_a_certificate_of_its_own(authority, name):
    assert names_in(authority.certificate_for(name)) == [name]


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "example.com",
        "localhost.example.com",
        "acmelocalhost",
        "acme.localhost.",
        ".localhost",
        "-a.localhost",
        "a-.localhost",
        "a_b.localhost",
        "../../x.localhost",
        "*.localhost",
        "a.b.c.d.localhost",
        f"{'a' * 64}.localhost",
        "",
    ],
)
def test_any_other_name_gets_the_certificate_of_localhost(authority, name):
    issued = authority.certificate_for(name)

    assert issued.name == "localhost.pem"
    assert names_in(issued) == ["localhost", "*.localhost"]


def test_certificates_live_no_longer_than_systems_take(authority):
    issued = read(authority.certificate_for("acme.localhost"))

    assert issued.not_valid_after_utc - issued.not_valid_before_utc <= timedelta(days=398)
    assert issued.not_valid_before_utc < datetime.now(UTC) - timedelta(hours=23)


def test_a_certificate_is_renewed_a_month_before_its_end(authority, monkeypatch):
    monkeypatch.setattr(certificates, "_LIFE", timedelta(days=30))
    old = authority.certificate_for("acme.localhost").read_bytes()
    monkeypatch.undo()

    new = authority.certificate_for("acme.localhost")

    assert new.read_bytes() != old
    assert read(new).not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


def test_the_authority_is_renewed_with_what_it_signed(tmp_path, monkeypatch):
    monkeypatch.setattr(certificates, "_AUTHORITY_LIFE", timedelta(days=30))
    old = Authority.open(tmp_path)
    signed_by_old = old.certificate_for("acme.localhost").read_bytes()
    monkeypatch.undo()

    new = Authority.open(tmp_path)

    assert new.certificate != old.certificate
    assert new.certificate_for("acme.localhost").read_bytes() != signed_by_old
    read(new.certificate_for("acme.localhost")).verify_directly_issued_by(new.certificate)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_damaged_certificate_is_made_anew(authority, content):
    path = authority.certificate_for("acme.localhost")
    path.write_bytes(content)

    assert names_in(authority.certificate_for("acme.localhost")) == ["acme.localhost"]


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_a_damaged_authority_is_told_in_a_sentence(authority, tmp_path, name):
    (tmp_path / name).write_bytes(b"damaged")

    with pytest.raises(SystemExit, match=r"ca\.pem and ca-key\.pem are not what .* Remove both"):
        Authority.open(tmp_path)


def test_a_key_of_another_kind_is_told_in_a_sentence(authority, tmp_path):
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ca-key.pem").write_bytes(pem)

    with pytest.raises(SystemExit, match="Remove both"):
        Authority.open(tmp_path)


@pytest.mark.parametrize("lost", ["ca.pem", "ca-key.pem"])
def test_half_an_authority_is_made_anew(authority, tmp_path, lost):
    (tmp_path / lost).unlink()

    again = Authority.open(tmp_path)

    assert again.certificate != authority.certificate
    assert again.key.public_key() == again.certificate.public_key()
