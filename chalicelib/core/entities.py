"""What the nouns of a tenant share: the protocol of their stores, and how a patch is applied and tried again.

Owns no noun. An entity is a frozen dataclass with an id, and a `version` that counts its writes.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from chalicelib.core.documents import Document, merge
from chalicelib.core.errors import Conflict, Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalicelib.core.logs import LogEvent
    from chalicelib.core.work import Work


class Entity(Protocol):
    """A dataclass that knows which version of itself it was read as; 0 when it was never stored."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def version(self) -> int:
        """How often it was written."""


E = TypeVar("E", bound=Entity)
T = TypeVar("T")
_ATTEMPTS = 4


class EntityStore(Protocol[E]):
    """Where the entities of one kind lie. Every write carries the event that records it."""

    def find(self, tenant: str, entity_id: str) -> E | None:
        """Read one, or None."""

    def recall(self, tenant: str, entity_id: str) -> E | None:
        """Give one as it was at most seconds ago: for what decides along the way, not for what is shown."""

    def walk(self, tenant: str, start_after: str | None = None) -> Iterator[E]:
        """Read all in order of id, lazily."""

    def create(self, tenant: str, entity: E, event: LogEvent) -> None:
        """Write a new one; a conflict if its id is taken."""

    def replace(self, tenant: str, entity: E, event: LogEvent) -> None:
        """Write over exactly the version that was read; a conflict if it changed or is gone."""

    def delete(self, tenant: str, entity_id: str, event: LogEvent) -> None:
        """Remove one; not found if there is none."""

    def retire(self, tenant: str, entity: E, work: Work, event: LogEvent) -> None:
        """Remove one and note the work that it leaves, together; not found if there is none."""


def patched(entity: E, patch: Document, *, merging: frozenset[str] = frozenset()) -> E:
    """Apply a patch: what it names changes, None gives a setting its default back.

    Fields in `merging` are merged at the first level, where a null removes a key and `{}` restores the default.
    """
    known = {f.name: f for f in fields(entity)}
    changes = {}
    for name, value in patch.items():
        if value is None or (name in merging and not value):
            changes[name] = _default(known[name])
        else:
            changes[name] = merge(getattr(entity, name), value) if name in merging else value
    return replace(entity, **changes)


def retrying(attempt: Callable[[], T]) -> T:
    """Try again when another write came between reading and writing: a patch still means the same."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except Conflict as error:
            if error.code != "changed":
                raise
    return attempt()


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise Invalid(f"Payload validation error: 'Expected type string but found type null' on property {field.name}.")
