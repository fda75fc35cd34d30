"""RSA keys of tenants: made here, sealed by the key service, opened once per process. The private part stays inside."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from chalicelib.core.signing_keys import SigningKey

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.hosts import Hosts

_DER = serialization.Encoding.DER
_PEM = serialization.Encoding.PEM
_MOST_OPEN = 500
"""Private keys kept open; a process that serves more tenants starts anew."""


class Sealer(Protocol):
    """Encrypts small secrets for one purpose; the context must be the same to open them again."""

    def seal(self, plain: bytes, context: dict[str, str]) -> bytes:
        """Encrypt up to 4,096 bytes."""

    def open(self, sealed: bytes, context: dict[str, str]) -> bytes:
        """Decrypt what was sealed with the same context."""


@dataclass(frozen=True, slots=True)
class RsaWorkshop:
    """Makes and opens keys."""

    sealer: Sealer
    hosts: Hosts
    ambient: Ambient
    _open: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)

    def make(self, tenant: str, status: str) -> SigningKey:
        """Make an RSA 2048 key pair with a self-signed certificate of ten years, sealed for this tenant and key."""
        kid, now = self.ambient.new_secret(21), self.ambient.now()
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self._certify(private, tenant)
        plain = private.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._remember(kid, private)
        return SigningKey(
            kid=kid,
            status=status,
            sealed=base64.b64encode(self.sealer.seal(plain, _context(tenant, kid))).decode(),
            jwk=_jwk(private.public_key(), certificate, kid),
            cert=certificate.public_bytes(_PEM).decode(),
            pkcs7=pkcs7.serialize_certificates([certificate], _PEM).decode(),
            fingerprint=certificate.fingerprint(hashes.SHA1()).hex(":").upper(),  # noqa: S303 - what X.509 tools print
            thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 - x5t is SHA-1 (RFC 7517)
            created_at=now,
        )

    def private_key(self, tenant: str, key: SigningKey) -> rsa.RSAPrivateKey:
        """Open a private key, once per process."""
        private = self._open.get(key.kid)
        if private is None:
            plain = self.sealer.open(base64.b64decode(key.sealed), _context(tenant, key.kid))
            private = cast("rsa.RSAPrivateKey", serialization.load_der_private_key(plain, None))
            self._remember(key.kid, private)
        return private

    def derive(self, tenant: str, key: SigningKey, purpose: str) -> bytes:
        """Give a secret of 256 bits that follows from the private key, another one for each purpose (RFC 5869)."""
        private = self.private_key(tenant, key)
        plain = private.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(plain)

    def _remember(self, kid: str, private: rsa.RSAPrivateKey) -> None:
        if len(self._open) >= _MOST_OPEN:
            self._open.clear()
        self._open[kid] = private

    def _certify(self, private: rsa.RSAPrivateKey, tenant: str) -> x509.Certificate:
        host = self.hosts.domain(tenant).partition(":")[0]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
        now = self.ambient.now()
        builder = x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=3650))
        return builder.sign(private, hashes.SHA256())


def _context(tenant: str, kid: str) -> dict[str, str]:
    """Bind a sealed key to its tenant: another tenant's item, copied over, cannot be opened."""
    return {"tenant": tenant, "kid": kid}


def _jwk(public: rsa.RSAPublicKey, certificate: x509.Certificate, kid: str) -> dict[str, object]:
    numbers = public.public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": _base64url(numbers.n),
        "e": _base64url(numbers.e),
        "x5t": base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA1())).rstrip(b"=").decode(),  # noqa: S303
        "x5c": [base64.b64encode(certificate.public_bytes(_DER)).decode()],
    }


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
