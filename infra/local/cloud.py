"""What the local stack needs in the emulated AWS: the table, and the key that seals signing keys."""

from __future__ import annotations

from typing import Any

from infra.clients import client
from infra.local.settings import TABLE
from infra.table import create_table

_ALIAS = "alias/gatehouse"


def prepare(endpoint: str) -> str:
    """Create the table and the key unless an earlier run did; give the key's id."""
    create_table(client("dynamodb", endpoint), TABLE)
    return sealing_key(client("kms", endpoint))


def sealing_key(kms: Any) -> str:
    """Find the key by its alias, or create both."""
    try:
        found: str = kms.describe_key(KeyId=_ALIAS)["KeyMetadata"]["KeyId"]
    except kms.exceptions.NotFoundException:
        found = kms.create_key(Description="Seals signing keys")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=_ALIAS, TargetKeyId=found)
    return found
