"""/api/v2/connections: sources of users, the clients they are enabled for, and deleting their users by e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.connections import STRATEGIES, Connection, SavedConnection
from chalicelib.core.database_scripts import MAX_KEY
from chalicelib.core.errors import Invalid
from chalicelib.web.decoding import explain, given
from chalicelib.web.schemas import CheckpointedFields, Document, Fields, Identifier, ShortText, choose, names, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("connections")

Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$(?!\n)")]
DisplayName = Annotated[str, Meta(max_length=128)]
Clients = Annotated[list[Identifier], Meta(max_length=1000)]
Realms = Annotated[list[Annotated[str, Meta(min_length=1, max_length=128)]], Meta(max_length=10)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=255)], Annotated[str, Meta(max_length=255)] | None], Meta(max_length=10)
]
Strategy = Annotated[str, Meta(pattern=rf"^({'|'.join(sorted(STRATEGIES))})$(?!\n)")]


class Switch(msgspec.Struct, kw_only=True):
    """Something that is on or off."""

    enable: bool


class PasswordHistoryOption(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How many earlier passwords a new one must differ from."""

    enable: bool
    size: Annotated[int, Meta(ge=0, le=24)] = 5


class PasswordDictionaryOption(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Refuse the 10,000 commonest passwords, and words of one's own."""

    enable: bool
    dictionary: Annotated[list[Annotated[str, Meta(max_length=50)]], Meta(max_length=200)] = []


class PasswordComplexityOption(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The shortest password, whatever the policy says."""

    min_length: Annotated[int, Meta(ge=1, le=128)] | UnsetType = UNSET


class UsernameLength(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How long user names are."""

    min: Annotated[int, Meta(ge=1, le=128)] = 1
    max: Annotated[int, Meta(ge=1, le=128)] = 15


class Validation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Rules for names."""

    username: UsernameLength | None = None


class DatabaseOptions(msgspec.Struct, kw_only=True):
    """Options of a database connection. Further ones that Auth0 knows are kept as they are."""

    passwordPolicy: Literal["none", "low", "fair", "good", "excellent"] | None | UnsetType = UNSET  # noqa: N815
    password_complexity_options: PasswordComplexityOption | None | UnsetType = UNSET
    password_history: PasswordHistoryOption | None | UnsetType = UNSET
    password_no_personal_info: Switch | None | UnsetType = UNSET
    password_dictionary: PasswordDictionaryOption | None | UnsetType = UNSET
    requires_username: bool | UnsetType = UNSET
    disable_signup: bool | UnsetType = UNSET
    disable_self_service_change_password: bool | UnsetType = UNSET
    brute_force_protection: bool | UnsetType = UNSET
    import_mode: bool | UnsetType = UNSET
    enabledDatabaseCustomization: bool | UnsetType = UNSET  # noqa: N815
    customScripts: dict[str, Annotated[str, Meta(max_length=100_000)]] | UnsetType = UNSET  # noqa: N815
    configuration: dict[Annotated[str, Meta(min_length=1, max_length=MAX_KEY)], str] | None | UnsetType = UNSET
    validation: Validation | None | UnsetType = UNSET


class ConnectionSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be set of a connection."""

    display_name: DisplayName | UnsetType = UNSET
    options: Document | None | UnsetType = UNSET
    enabled_clients: Clients | UnsetType = UNSET
    realms: Realms | UnsetType = UNSET
    is_domain_connection: bool | UnsetType = UNSET
    show_as_button: bool | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


class ConnectionCreate(ConnectionSettings, kw_only=True):
    """A new source of users."""

    name: Name
    strategy: Strategy


class ConnectionPatch(ConnectionSettings, kw_only=True):
    """Changes of a connection. `options` replace the former ones as a whole; name and strategy never change."""


class ConnectionAnswer(msgspec.Struct, kw_only=True):
    """A source of users. `warnings` are about scripts that were just sent: nothing keeps them."""

    id: str
    name: str
    strategy: str
    display_name: str | UnsetType = UNSET
    options: Document
    enabled_clients: tuple[str, ...]
    realms: tuple[str, ...]
    is_domain_connection: bool
    show_as_button: bool
    metadata: Document
    warnings: tuple[str, ...] | UnsetType = UNSET


class ClientSwitch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Turn a connection on or off for a client."""

    client_id: Identifier
    status: bool


class ConnectionsQuery(CheckpointedFields, kw_only=True):
    """Which connections, and what of them."""

    strategy: list[Annotated[str, Meta(max_length=500, description="One strategy, or several with commas.")]] = (
        msgspec.field(default_factory=list)
    )
    name: Annotated[str, Meta(max_length=128)] | None = None


class ClientsOfConnectionQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which part of a connection's clients."""

    take: Annotated[int, Meta(ge=1, le=1000)] = 50
    from_: ShortText = msgspec.field(name="from", default="")


class UserByEmail(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom to delete."""

    email: Annotated[str, Meta(min_length=1, max_length=330)]


@surface.endpoint(
    "GET",
    "/api/v2/connections",
    summary="Get all connections",
    scopes=("read:connections",),
    query=ConnectionsQuery,
    answer=list[ConnectionAnswer],
)
def list_connections(incoming: Incoming[ConnectionsQuery, None]) -> Any:
    """List connections."""
    query = incoming.query
    page = incoming.core.connections.list(
        incoming.caller, query.request(), strategies=names(",".join(query.strategy)), name=query.name
    )
    return paged(page, "connections", query, rendered)


@surface.endpoint(
    "POST",
    "/api/v2/connections",
    summary="Create a connection",
    scopes=("create:connections",),
    body=ConnectionCreate,
    example={"name": "staff", "strategy": "auth0", "enabled_clients": ["CLIENT_ID"]},
    answer=ConnectionAnswer,
    status=201,
)
def create_connection(incoming: Incoming[Nothing, ConnectionCreate]) -> ConnectionAnswer:
    """Add a source of users."""
    return saved(incoming.core.connections.create(incoming.caller, given(incoming.body)))


@surface.endpoint(
    "GET",
    "/api/v2/connections/{connection_id}",
    summary="Get a connection",
    scopes=("read:connections",),
    query=Fields,
    answer=ConnectionAnswer,
)
def get_connection(incoming: Incoming[Fields, None], connection_id: str) -> Any:
    """Give one connection."""
    return choose(rendered(incoming.core.connections.shown(incoming.caller, connection_id)), incoming.query)


@surface.endpoint(
    "PATCH",
    "/api/v2/connections/{connection_id}",
    summary="Update a connection",
    scopes=("update:connections",),
    body=ConnectionPatch,
    example={"display_name": "Staff", "options": {"passwordPolicy": "excellent"}},
    answer=ConnectionAnswer,
)
def update_connection(incoming: Incoming[Nothing, ConnectionPatch], connection_id: str) -> ConnectionAnswer:
    """Change a connection."""
    return saved(incoming.core.connections.update(incoming.caller, connection_id, given(incoming.body)))


@surface.endpoint(
    "DELETE",
    "/api/v2/connections/{connection_id}",
    summary="Delete a connection and all its users",
    scopes=("delete:connections",),
    status=204,
)
def delete_connection(incoming: Incoming[Nothing, None], connection_id: str) -> None:
    """Remove a connection; its users follow."""
    incoming.core.connections.delete(incoming.caller, connection_id)


@surface.endpoint(
    "GET",
    "/api/v2/connections/{connection_id}/clients",
    summary="Get enabled clients for a connection",
    scopes=("read:connections",),
    query=ClientsOfConnectionQuery,
)
def list_enabled_clients(incoming: Incoming[ClientsOfConnectionQuery, None], connection_id: str) -> Any:
    """List the clients a connection is enabled for."""
    connection = incoming.core.connections.get(incoming.caller, connection_id)
    query = incoming.query
    after = [client for client in sorted(connection.enabled_clients) if client > query.from_]
    clients = [{"client_id": client} for client in after[: query.take]]
    return {"clients": clients, **({"next": clients[-1]["client_id"]} if len(after) > query.take else {})}


@surface.endpoint(
    "PATCH",
    "/api/v2/connections/{connection_id}/clients",
    summary="Update enabled clients for a connection",
    scopes=("update:connections",),
    body=Annotated[list[ClientSwitch], Meta(min_length=1, max_length=50)],
    example=[{"client_id": "CLIENT_ID", "status": True}],
    status=204,
)
def switch_clients(incoming: Incoming[Nothing, list[ClientSwitch]], connection_id: str) -> None:
    """Turn a connection on or off for up to 50 clients."""
    switches = {switch.client_id: switch.status for switch in incoming.body}
    incoming.core.connections.switch_clients(incoming.caller, connection_id, switches)


@surface.endpoint(
    "DELETE",
    "/api/v2/connections/{connection_id}/users",
    summary="Delete a connection user",
    scopes=("delete:users",),
    query=UserByEmail,
    status=204,
)
def delete_user_by_email(incoming: Incoming[UserByEmail, None], connection_id: str) -> None:
    """Delete the user with this address at a database connection."""
    incoming.core.users.delete_named(incoming.caller, connection_id, incoming.query.email)


def check_database_options(options: Mapping[str, Any]) -> None:
    """Refuse options that Auth0 defines and that are of the wrong form. The core calls it, whoever brings options."""
    try:
        checked = msgspec.convert(options, DatabaseOptions)
    except msgspec.ValidationError as error:
        raise Invalid(f"Payload validation error: {explain(str(error).replace('`$.', '`$.options.'))}") from None
    length = checked.validation.username if isinstance(checked.validation, Validation) else None
    if length and length.min > length.max:
        raise Invalid("Payload validation error: 'min exceeds max' on property options.validation.username.")


def saved(saved: SavedConnection) -> ConnectionAnswer:
    """Show a connection that was just written, with what its author should know."""
    answer = rendered(saved.connection)
    answer.warnings = saved.warnings or UNSET
    return answer


def rendered(connection: Connection) -> ConnectionAnswer:
    """Show a connection."""
    answer = msgspec.convert(connection, ConnectionAnswer, from_attributes=True)
    answer.display_name = connection.display_name or UNSET
    return answer
