"""AWS KMS: seals signing keys. Botocore's client is made late, when the first key is sealed or opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import botocore.session


@dataclass(slots=True)
class KmsSealer:
    """Encrypts with one KMS key; the encryption context is in the key's audit trail, so it holds names only."""

    key_id: str
    region: str
    endpoint: str | None = None
    _client: Any = field(default=None, init=False)

    @property
    def client(self) -> Any:
        """The KMS client, made at first use: 30 ms and some memory that most requests do not need."""
        if self._client is None:
            session = botocore.session.get_session()
            self._client = session.create_client("kms", region_name=self.region, endpoint_url=self.endpoint)
        return self._client

    def seal(self, plain: bytes, context: dict[str, str]) -> bytes:
        """Encrypt up to 4,096 bytes: KMS's limit for direct encryption."""
        answer = self.client.encrypt(KeyId=self.key_id, Plaintext=plain, EncryptionContext=context)
        return bytes(answer["CiphertextBlob"])

    def open(self, sealed: bytes, context: dict[str, str]) -> bytes:
        """Decrypt what was sealed with the same context, by this key and no other."""
        answer = self.client.decrypt(KeyId=self.key_id, CiphertextBlob=sealed, EncryptionContext=context)
        return bytes(answer["Plaintext"])
