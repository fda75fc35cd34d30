"""Public keys of clients, read from PEM: RSA, as a key or in a certificate."""

from __future__ import annotations

import base64
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from chalicelib.core.client_keys import PublicKey
from chalicelib.core.errors import Invalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes

SMALLEST = 2_048
"""Bits of an RSA key (NIST SP 800-57 Part 1, table 2: 112 bits of security)."""


class PemKeys:
    """Reads PEM; fits `core.client_keys.KeyReader`."""

    def read(self, pem: str) -> PublicKey:
        """Read a key or a certificate."""
        key, expires_at = _loaded(pem.encode())
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST:
            raise _refused(f"The key must be RSA of {SMALLEST} bits or more")
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        text = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        kid = base64.urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()
        return PublicKey(pem=text, kid=kid, expires_at=expires_at)


def _loaded(pem: bytes) -> tuple[PublicKeyTypes | CertificatePublicKeyTypes, datetime | None]:
    try:
        if b"BEGIN CERTIFICATE" in pem:
            certificate = x509.load_pem_x509_certificate(pem)
            return certificate.public_key(), certificate.not_valid_after_utc
        return load_pem_public_key(pem), None
    except Exception as error:
        raise _refused("Not a public key or certificate in PEM") from error


def _refused(why: str) -> Invalid:
    return Invalid(f"Payload validation error: '{why}' on property pem.")
