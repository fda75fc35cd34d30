"""Connections: the sources of users. Owns their settings and which clients they are enabled for; not the users.

Strategy `auth0` is Gatehouse's own database. The other strategies are kept and validated.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.database_scripts import Customized
from chalicelib.core.documents import Document, check
from chalicelib.core.entities import EntityStore, patched, retrying
from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.logs import done
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError
from chalicelib.core.paging import cut
from chalicelib.core.work import CONNECTION, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.database_scripts import DatabaseScripts
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.paging import Page, PageRequest

DATABASE = "auth0"
PASSWORDLESS = frozenset({"sms", "email"})
SOCIAL = frozenset(
    [
        "amazon",
        "apple",
        "asana",
        "atlassian",
        "baidu",
        "bitbucket",
        "bitly",
        "box",
        "cloudflare-mcp",
        "daccount",
        "dropbox",
        "dwolla",
        "evernote",
        "evernote-sandbox",
        "exact",
        "facebook",
        "fitbit",
        "flickr",
        "github",
        "gitlab",
        "google-oauth2",
        "hubspot-mcp",
        "instagram",
        "line",
        "linear-mcp",
        "linkedin",
        "notion-mcp",
        "oauth1",
        "oauth2",
        "paypal",
        "paypal-sandbox",
        "planningcenter",
        "salesforce",
        "salesforce-community",
        "salesforce-sandbox",
        "sentry-mcp",
        "shop",
        "shopify",
        "slack",
        "soundcloud",
        "spotify",
        "thirtysevensignals",
        "twitter",
        "untappd",
        "vkontakte",
        "weibo",
        "windowslive",
        "wordpress",
        "yahoo",
        "yandex",
    ]
)
ENTERPRISE = frozenset(
    [
        "ad",
        "adfs",
        "auth0-oidc",
        "custom",
        "google-apps",
        "ip",
        "office365",
        "oidc",
        "okta",
        "pingfederate",
        "samlp",
        "sharepoint",
        "waad",
    ]
)
STRATEGIES = frozenset({DATABASE}) | PASSWORDLESS | SOCIAL | ENTERPRISE

MAX_OPTIONS_BYTES = 100_000
MAX_ENABLED_CLIENTS = 1_000
MAX_BYTES = 6_000_000
"""Of all connections of a tenant together: whoever signs in has a process read all of them, each five seconds (S42)."""

DATABASE_DEFAULTS: Document = {
    "passwordPolicy": "good",
    "password_dictionary": {"enable": True, "dictionary": []},
    "strategy_version": 2,
    "brute_force_protection": True,
    "mfa": {"active": True, "return_enroll_settings": True},
}
"""What a new database demands unless told otherwise: at least 8 characters (S1) and nothing well known (S5)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """One source of users. `realms` are the names it answers to at sign-in: its own unless others are given."""

    id: str
    name: str
    strategy: str
    created_at: datetime
    updated_at: datetime
    display_name: str = ""
    options: Document = field(default_factory=dict)
    enabled_clients: tuple[str, ...] = ()
    realms: tuple[str, ...] = ()
    is_domain_connection: bool = False
    show_as_button: bool = False
    metadata: Document = field(default_factory=dict)
    scripts: dict[str, int] = field(default_factory=dict)
    """Which scripts a custom database has, and the bytes of each; the texts lie beside it."""
    version: int = 0
    size: int = field(default=0, compare=False)
    """Bytes that it takes as it was read; 0 when it was never stored."""

    @property
    def is_database(self) -> bool:
        """Whether its users have passwords here."""
        return self.strategy == DATABASE

    @property
    def is_social(self) -> bool:
        """Whether Auth0 counts it as social."""
        return self.strategy in SOCIAL

    @property
    def requires_username(self) -> bool:
        """Whether its users have a user name beside their e-mail address."""
        return bool(self.options.get("requires_username"))

    @property
    def protects_names(self) -> bool:
        """Whether a name is refused from an address after too many failed attempts from there."""
        return bool(self.options.get("brute_force_protection", True))

    @property
    def takes_sign_ups(self) -> bool:
        """Whether people may make their own account here."""
        unable = self.asks_always and "create" not in self.scripts
        return self.is_database and not self.options.get("disable_signup") and not unable

    @property
    def is_custom(self) -> bool:
        """Whether a tenant's own database stands behind it, to which the tenant's scripts speak."""
        return self.is_database and bool(self.options.get("enabledDatabaseCustomization"))

    @property
    def asks_once(self) -> bool:
        """Whether users move here from the tenant's own database, each at the first sign-in."""
        return self.is_custom and bool(self.options.get("import_mode"))

    @property
    def asks_always(self) -> bool:
        """Whether passwords stay in the tenant's own database, which is asked at each sign-in."""
        return self.is_custom and not self.options.get("import_mode")

    @property
    def changes_passwords(self) -> bool:
        """Whether a password can be another one at all: where a tenant's own database keeps it, by a script."""
        unable = self.asks_always and "change_password" not in self.scripts
        return self.is_database and not unable

    @property
    def resets_passwords(self) -> bool:
        """Whether people may have a link to choose a new password."""
        return self.changes_passwords and not self.options.get("disable_self_service_change_password")

    @property
    def attributes_writable(self) -> bool:
        """Whether a user's name and picture may be patched here: not while each sign-in brings them anew."""
        return self.is_database or self.options.get("set_user_root_attributes") in {"on_first_login", "never_on_login"}


class ConnectionStore(EntityStore[Connection], Protocol):
    """Where connections lie; their names are unique in a tenant."""

    def recall_named(self, tenant: str, name: str) -> Connection | None:
        """Find by name, as it was at most seconds ago."""

    def recall_all(self, tenant: str) -> Sequence[Connection]:
        """Give all of a tenant as they were at most seconds ago."""

    def create(
        self, tenant: str, entity: Connection, event: LogEvent, texts: Mapping[str, str | None] | None = None
    ) -> None:
        """Write a new one with its scripts; a conflict if its id or name is taken."""

    def replace(
        self, tenant: str, entity: Connection, event: LogEvent, texts: Mapping[str, str | None] | None = None
    ) -> None:
        """Write over exactly the version that was read; of `texts` each script is written, or removed where None."""

    def scripts(self, tenant: str, connections: Sequence[Connection]) -> Mapping[str, Mapping[str, str]]:
        """Read the scripts of connections, by their ids."""

    def recall_script(self, tenant: str, connection_id: str, name: str) -> str | None:
        """Give a script, as it was at most seconds ago."""


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """A connection that was written, as it is shown, and what its author should know of its scripts."""

    connection: Connection
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connections:
    """What can be done with connections."""

    store: ConnectionStore
    ambient: Ambient
    check_database_options: Callable[[Document], None]
    """Raises Invalid where an option of a database that Auth0 defines is of the wrong form."""
    custom: DatabaseScripts

    def make(self, attributes: Document) -> Connection:
        """Make a connection that is not stored yet."""
        now = self.ambient.now()
        blank = Connection(
            id=f"con_{self.ambient.new_id(16)}",
            name=attributes["name"],
            strategy=attributes["strategy"],
            created_at=now,
            updated_at=now,
        )
        self._check_options(attributes, is_database=blank.is_database)
        defaults = DATABASE_DEFAULTS if blank.is_database else {}
        options = {**defaults, **(attributes.get("options") or {})}
        return _valid(patched(blank, {**attributes, "options": options}))

    def create(self, caller: Caller, attributes: Document) -> SavedConnection:
        """Add a source of users; a conflict if the name is taken."""
        is_database = attributes["strategy"] == DATABASE
        custom = self._customized(caller.tenant, attributes["name"], attributes, None, is_database=is_database)
        connection = self.make(custom.attributes)
        self.store.create(caller.tenant, connection, done(self.ambient, caller), custom.texts)
        return SavedConnection(_with_scripts(connection, custom.texts), custom.warnings)

    def shown(self, caller: Caller, connection_id: str) -> Connection:
        """Give one connection with the scripts in its options."""
        return self._shown(caller.tenant, [self.get(caller, connection_id)])[0]

    def get(self, caller: Caller, connection_id: str) -> Connection:
        """Give one connection."""
        connection = self.store.find(caller.tenant, connection_id)
        if connection is None:
            raise _missing()
        return connection

    def demand_enabled(self, tenant: str, connection_id: str, client_id: str) -> Connection:
        """Give a connection that is there and turned on for a client, as of at most seconds ago, or refuse."""
        connection = self.store.recall(tenant, connection_id)
        if connection is None or client_id not in connection.enabled_clients:
            raise OAuthError("unauthorized_client", "The connection is not enabled for the client.")
        return connection

    def answering_to(self, tenant: str, realm: str) -> Connection | None:
        """Find the connection that a sign-in names, by its name or one of its realms."""
        named = self.store.recall_named(tenant, realm)
        return named or next((each for each in self.store.recall_all(tenant) if realm in each.realms), None)

    def databases(self, tenant: str) -> Sequence[Connection]:
        """Give every database of a tenant, as of at most seconds ago."""
        return [each for each in self.store.recall_all(tenant) if each.is_database]

    def database_for(self, tenant: str, name: str, client: Client | None) -> Connection:
        """Find the database that a public request names, and demand that it is turned on for its client, if any."""
        connection = self.answering_to(tenant, name)
        if connection is None or not connection.is_database:
            raise MalformedRequest("the connection was not found")
        if client is not None and client.client_id not in connection.enabled_clients:
            raise MalformedRequest("the connection was disabled")
        return connection

    def enabled_for(self, tenant: str, client_id: str) -> Sequence[Connection]:
        """Give the connections that are turned on for a client, in order of id."""
        return [each for each in self.store.recall_all(tenant) if client_id in each.enabled_clients]

    def named(self, tenant: str, name: str) -> Connection:
        """Find the connection a request names in its body; a 400 if there is none, as Auth0 answers."""
        connection = self.store.recall_named(tenant, name)
        if connection is None:
            raise no_connection()
        return connection

    def list(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        strategies: frozenset[str] = frozenset(),
        name: str | None = None,
    ) -> Page[Connection]:
        """List connections in order of id."""
        chosen = (
            connection
            for connection in self.store.walk(caller.tenant, request.start_after)
            if (not strategies or connection.strategy in strategies) and name in {None, connection.name}
        )
        page = cut(chosen, request, "id")
        return replace(page, items=self._shown(caller.tenant, page.items))

    def update(self, caller: Caller, connection_id: str, patch: Document) -> SavedConnection:
        """Change what `patch` names. `options` are replaced as a whole, as Auth0 does; name and strategy stay."""
        saved = retrying(lambda: self._change(caller, connection_id, lambda _: patch))
        return replace(saved, connection=self._shown(caller.tenant, [saved.connection])[0])

    def switch_clients(self, caller: Caller, connection_id: str, switches: Document) -> None:
        """Turn the connection on or off for clients: `{client_id: bool}`."""
        retrying(lambda: self._change(caller, connection_id, lambda connection: _switched(connection, switches)))

    def forget_client(self, caller: Caller, client_id: str) -> None:
        """Turn every connection off for a client that is gone."""
        enabled = [each for each in self.store.walk(caller.tenant) if client_id in each.enabled_clients]
        for connection in enabled:
            self.switch_clients(caller, connection.id, {client_id: False})

    def delete(self, caller: Caller, connection_id: str) -> None:
        """Remove a connection. Nobody signs in through it from now on; its users are deleted by the work it leaves.

        Deleting what does not exist is no error, as with Auth0.
        """
        retrying(lambda: self._delete(caller, connection_id))

    def _delete(self, caller: Caller, connection_id: str) -> None:
        connection = self.store.find(caller.tenant, connection_id)
        if connection is None:
            return
        work = Work.on(CONNECTION, connection.id, caller.tenant, self.ambient.now())
        self.store.retire(caller.tenant, connection, work, done(self.ambient, caller))

    def _change(
        self, caller: Caller, connection_id: str, patch_for: Callable[[Connection], Document]
    ) -> SavedConnection:
        connection = self.get(caller, connection_id)
        patch = patch_for(connection)
        custom = self._customized(caller.tenant, connection.name, patch, connection, is_database=connection.is_database)
        changed = patched(connection, custom.attributes)
        updated = _valid(replace(changed, updated_at=self.ambient.now()))
        self.store.replace(caller.tenant, updated, done(self.ambient, caller), custom.texts)
        return SavedConnection(updated, custom.warnings)

    def _customized(
        self, tenant: str, name: str, attributes: Document, former: Connection | None, *, is_database: bool
    ) -> Customized:
        """Check options that are sent, and take out what is kept beside them or encrypted."""
        self._check_options(attributes, is_database=is_database)
        if not is_database or "options" not in attributes:
            return Customized(attributes=attributes)
        return self.custom.prepared(tenant, name, attributes, former)

    def _check_options(self, attributes: Document, *, is_database: bool) -> None:
        if is_database and attributes.get("options"):
            self.check_database_options(attributes["options"])

    def _shown(self, tenant: str, connections: Sequence[Connection]) -> Sequence[Connection]:
        """Give connections as they are shown. What has no scripts costs nothing."""
        texts = self.store.scripts(tenant, connections)
        return [_with_scripts(each, texts[each.id]) for each in connections]


def _with_scripts(connection: Connection, texts: Mapping[str, str | None]) -> Connection:
    scripts = {name: texts[name] for name in connection.scripts if texts.get(name) is not None}
    if not scripts:
        return connection
    return replace(connection, options={**connection.options, "customScripts": scripts})


def database_among(enabled: Sequence[Connection], wanted: str, default: str) -> Connection | None:
    """Choose where people have their password: the database that is wanted, else the default one, else the first.

    None where there is no database, or none of the name that is wanted.
    """
    databases = [each for each in enabled if each.is_database]
    named = [each for each in databases if (wanted or default) in {each.name, *each.realms}]
    return next(iter(named if wanted else (*named, *databases)), None)


def _switched(connection: Connection, switches: Document) -> Document:
    kept = [client for client in connection.enabled_clients if switches.get(client, True)]
    added = [client for client, status in switches.items() if status and client not in kept]
    return {"enabled_clients": (*kept, *added)}


def _valid(connection: Connection) -> Connection:
    check("options", connection.options, max_bytes=MAX_OPTIONS_BYTES)
    if len(set(connection.enabled_clients)) > MAX_ENABLED_CLIENTS:
        raise Invalid(
            f"Payload validation error: 'More than {MAX_ENABLED_CLIENTS} clients' on property enabled_clients."
        )
    clients = tuple(dict.fromkeys(connection.enabled_clients))
    return replace(connection, enabled_clients=clients, realms=connection.realms or (connection.name,))


def too_many() -> Forbidden:
    """Say that a tenant has as many connections as there may be, in Auth0's words."""
    return Forbidden("You reached the limit of entities of this type for this tenant.", code="too_many_entities")


def no_connection() -> Invalid:
    """Say that a request names a connection there is not."""
    return Invalid("The connection does not exist.", code="inexistent_connection")


def _missing() -> NotFound:
    return NotFound("The connection does not exist.", code="inexistent_connection")
