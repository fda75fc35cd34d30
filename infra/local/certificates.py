"""The certificate authority that the local stack makes itself, and the certificates it signs.

The authority can only vouch for names of this machine: who trusts it is not exposed to more.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEFAULT_NAME = "localhost"
_TENANT_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,3}localhost")

_AUTHORITY_LIFE = timedelta(days=3650)
_LIFE = timedelta(days=397)
"""Apple's systems refuse server certificates that live for more than 398 days."""
_RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority in a directory: `ca.pem` for those who trust it, `ca-key.pem` for nobody else."""

    directory: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def open(cls, directory: Path) -> Authority:
        """Read the authority, or make it when there is none or it will soon expire."""
        certificate_path, key_path = directory / "ca.pem", directory / "ca-key.pem"
        try:
            if not (certificate_path.exists() and key_path.exists()) or _expires_soon(_read(certificate_path)):
                certificate, key = _make_authority()
                _write(key_path, _key_pem(key))
                _write(certificate_path, certificate.public_bytes(Encoding.PEM), mode=0o644)
            return cls(directory, _read(certificate_path), _read_key(key_path))
        except ValueError:
            raise SystemExit(
                f"{certificate_path} and {key_path.name} are not what the local stack made. "
                "Remove both to have new ones made."
            ) from None

    @property
    def path(self) -> Path:
        """The file that clients are told to trust."""
        return self.directory / "ca.pem"

    def certificate_for(self, name: str) -> Path:
        """Give a file with key and certificate for a name of this machine; for any other, the one for localhost.

        Names are served one by one: OpenSSL and Node take no wildcard directly below a top-level name, so the
        `*.localhost` in the first certificate is for other clients.
        """
        name = name if _TENANT_NAME.fullmatch(name) else DEFAULT_NAME
        path = self.directory / "certificates" / f"{name}.pem"
        if not self._vouches_for(path):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._issue(name, path)
        return path

    def _vouches_for(self, path: Path) -> bool:
        """Whether the certificate is there, is this authority's, and will be good for a while."""
        try:
            issued = _read(path)
        except (FileNotFoundError, ValueError):
            return False
        is_ours = _authority_key_id(issued) == _subject_key_id(self.certificate).digest
        return is_ours and not _expires_soon(issued)

    def _issue(self, name: str, path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, self.certificate.subject, key, _LIFE)
        for extension, critical in (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_key_usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (x509.SubjectAlternativeName(_names(name)), False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_subject_key_id(self.certificate)), False),
        ):
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(self.key, hashes.SHA256())
        _write(path, certificate.public_bytes(Encoding.PEM) + _key_pem(key))


def _make_authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    title = "Gatehouse local certificate authority"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    builder = _builder(title, subject, key, _AUTHORITY_LIFE)
    for extension in (
        x509.BasicConstraints(ca=True, path_length=0),
        _key_usage(key_cert_sign=True, crl_sign=True),
        x509.NameConstraints(_ours(), None),
    ):
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, hashes.SHA256()), key


def _builder(
    title: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title[:64])]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now - _CLOCK_SKEW + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _names(name: str) -> list[x509.GeneralName]:
    if name != DEFAULT_NAME:
        return [x509.DNSName(name)]
    addresses = [x509.IPAddress(ip_address(text)) for text in ("127.0.0.1", "::1")]
    return [x509.DNSName(DEFAULT_NAME), x509.DNSName(f"*.{DEFAULT_NAME}"), *addresses]


def _ours() -> list[x509.GeneralName]:
    networks = [x509.IPAddress(ip_network(text)) for text in ("127.0.0.0/8", "::1/128")]
    return [x509.DNSName(DEFAULT_NAME), *networks]


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject_key_id(certificate: x509.Certificate) -> x509.SubjectKeyIdentifier:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value


def _authority_key_id(certificate: x509.Certificate) -> bytes | None:
    return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _expires_soon(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_after_utc < datetime.now(UTC) + _RENEW_BEFORE


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("The key is of another kind.")  # noqa: TRY004 - of the file's content, as for a damaged one
    return key


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file whole, never readable by more than `mode` says."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.replace(path)
