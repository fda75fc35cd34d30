"""AWS KMS: seals signing keys."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own name

from chalicelib.adapters.late_client import LateClient
from chalicelib.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
"""Both attempts together are well within the 29 seconds that API Gateway waits for a function."""
_PASSING = frozenset({"DependencyTimeoutException", "KMSInternalException", "ThrottlingException"})


@dataclass(slots=True)
class KmsSealer(LateClient):
    """Encrypts with one KMS key; the encryption context is in the key's audit trail, so it holds names only."""

    service = "kms"
    patience = _PATIENCE
    key_id: str
    region: str
    endpoint: str | None = None
    _client: Any = field(default=None, init=False)

    def seal(self, plain: bytes, context: dict[str, str]) -> bytes:
        """Encrypt up to 4,096 bytes: KMS's limit for direct encryption."""
        with _translated():
            answer = self.client.encrypt(KeyId=self.key_id, Plaintext=plain, EncryptionContext=context)
        return bytes(answer["CiphertextBlob"])

    def open(self, sealed: bytes, context: dict[str, str]) -> bytes:
        """Decrypt what was sealed with the same context, by this key and no other."""
        with _translated():
            answer = self.client.decrypt(KeyId=self.key_id, CiphertextBlob=sealed, EncryptionContext=context)
        return bytes(answer["Plaintext"])


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what KMS cannot do right now into an error of ours; what it refuses is a mistake of the deployment."""
    try:
        yield
    except (ConnectionError, HTTPClientError) as error:
        raise Unavailable("The key service does not answer. Try again.", detail=str(error)) from error
    except ClientError as error:
        if error.response["Error"]["Code"] not in _PASSING:
            raise
        raise Unavailable("The key service is busy. Try again.", detail=str(error)) from error
