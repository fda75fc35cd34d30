"""/api/v2/user-blocks: names that are refused after too many failed attempts. Not users who were blocked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.web.surface import Incoming, Nothing, Surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.attempts import Blocked

surface = Surface("user blocks")

Enforced = Annotated[bool, Meta(description="true leaves out what no connection holds against anybody any more.")]


class EnforcedQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which blocks."""

    consider_brute_force_enablement: Enforced = False


class NamedQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose blocks: an e-mail address, a user name or a phone number."""

    identifier: Annotated[str, Meta(min_length=1, max_length=1000)]


class NamedEnforcedQuery(NamedQuery, kw_only=True):
    """Whose blocks, and which of them."""

    consider_brute_force_enablement: Enforced = False


class BlockAnswer(msgspec.Struct, kw_only=True):
    """A name, and the address from which it is refused; without one, from everywhere."""

    identifier: str
    ip: str | UnsetType = UNSET
    connection: str


class BlocksAnswer(msgspec.Struct, kw_only=True):
    """From where somebody is refused."""

    blocked_for: list[BlockAnswer]


@surface.endpoint(
    "GET",
    "/api/v2/user-blocks",
    summary="Get blocks by identifier",
    scopes=("read:users",),
    query=NamedEnforcedQuery,
    answer=BlocksAnswer,
)
def list_blocks_of_name(incoming: Incoming[NamedEnforcedQuery, None]) -> BlocksAnswer:
    """List from where a name is refused."""
    query = incoming.query
    blocks = incoming.core.user_blocks.named(
        incoming.caller, query.identifier, enforced=query.consider_brute_force_enablement
    )
    return rendered(blocks)


@surface.endpoint(
    "DELETE",
    "/api/v2/user-blocks",
    summary="Unblock by identifier",
    scopes=("update:users",),
    query=NamedQuery,
    status=204,
)
def unblock_name(incoming: Incoming[NamedQuery, None]) -> None:
    """Forget the failed attempts of whoever has a name."""
    incoming.core.user_blocks.release_named(incoming.caller, incoming.query.identifier)


@surface.endpoint(
    "GET",
    "/api/v2/user-blocks/{user_id}",
    summary="Get a user's blocks",
    scopes=("read:users",),
    query=EnforcedQuery,
    answer=BlocksAnswer,
)
def list_blocks_of_user(incoming: Incoming[EnforcedQuery, None], user_id: str) -> BlocksAnswer:
    """List from where the names of a user are refused."""
    enforced = incoming.query.consider_brute_force_enablement
    return rendered(incoming.core.user_blocks.of_user(incoming.caller, user_id, enforced=enforced))


@surface.endpoint(
    "DELETE", "/api/v2/user-blocks/{user_id}", summary="Unblock a user", scopes=("update:users",), status=204
)
def unblock_user(incoming: Incoming[Nothing, None], user_id: str) -> None:
    """Forget the failed attempts of every name of a user."""
    incoming.core.user_blocks.release_user(incoming.caller, user_id)


def rendered(blocks: Sequence[Blocked]) -> BlocksAnswer:
    """Show blocks."""
    return BlocksAnswer(
        blocked_for=[
            BlockAnswer(
                identifier=block.name, ip=UNSET if block.everywhere else block.ip, connection=block.connection_id
            )
            for block in blocks
        ]
    )
