"""How an entity of which there are many becomes the text of its item: briefly, for DynamoDB charges by the kilobyte.

And attributes that can be read whatever became of them, for items that are looked at to see whether somebody changed
them.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute


def brief(entity: Any) -> str:
    """Encode a dataclass as JSON without the fields that are at their default; decoding puts them back.

    Only for entities whose defaults mean "nothing": a default that meant something could never be changed.
    """
    said = {field.name: value for field in fields(entity) if (value := getattr(entity, field.name)) != _default(field)}
    return msgspec.json.encode(said).decode()


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


class AnyText(UnicodeAttribute):
    """A text; empty where there is something else."""

    def get_value(self, value: dict[str, Any]) -> str:
        """Read what DynamoDB holds."""
        return str(value.get("S", ""))


class AnyNumber(NumberAttribute):
    """A number; nought where there is something else."""

    def get_value(self, value: dict[str, Any]) -> str:
        """Read what DynamoDB holds."""
        return str(value.get("N", "0"))
