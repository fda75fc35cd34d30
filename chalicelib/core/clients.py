"""Clients: the applications that ask for tokens. Owns their settings, defaults and secrets; not what they may call.

Limits: 1,000 clients a tenant are listed at 100 a page; 10 keys of client_metadata of 255 characters each; 10,000 bytes
and 16 levels of jwt_configuration.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.core.client_keys import PRIVATE_KEY_JWT, ClientCredential, make_key
from chalicelib.core.documents import Document, check
from chalicelib.core.entities import patched, retrying
from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.handles import digest
from chalicelib.core.logs import done
from chalicelib.core.paging import cut
from chalicelib.core.work import CLIENT, Work

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.client_keys import KeyReader
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.logs import LogStore
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.work import Finisher

GRANT_TYPES = {
    "native": ("authorization_code", "refresh_token"),
    "spa": ("authorization_code", "refresh_token"),
    "regular_web": ("authorization_code", "refresh_token", "client_credentials"),
    "non_interactive": ("client_credentials",),
}
"""What a new client of each app_type may do. Implicit and password are off until they are asked for (S25)."""

RISKY = frozenset({"implicit", "password", "http://auth0.com/oauth/grant-type/password-realm"})
AUTHENTICATION = "client_authentication_methods"
MAX_JWT_CONFIGURATION_BYTES = 10_000
MAX_METADATA = 10
_MERGING = frozenset({"jwt_configuration", "refresh_token", "client_metadata"})
_ADDRESSES = ("callbacks", "allowed_logout_urls", "allowed_origins", "web_origins")
_RUN_BY_BROWSERS = ("javascript:", "data:", "vbscript:")
"""Whoever were sent to such an address would run it, with what it holds of the sign-in (RFC 9700, 4.1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientSecret:
    """The SHA-256 of a secret of 384 random bits, and until when it is good; None is for ever."""

    digest: str
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """One application."""

    client_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    secrets: tuple[ClientSecret, ...] = ()
    credentials: tuple[ClientCredential, ...] = ()
    description: str = ""
    logo_uri: str = ""
    app_type: str = "regular_web"
    callbacks: tuple[str, ...] = ()
    allowed_logout_urls: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    web_origins: tuple[str, ...] = ()
    client_aliases: tuple[str, ...] = ()
    allowed_clients: tuple[str, ...] = ()
    initiate_login_uri: str = ""
    grant_types: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "client_secret_post"  # noqa: S105 - the name of a method
    jwt_configuration: Document = field(
        default_factory=lambda: {"lifetime_in_seconds": 36000, "alg": "RS256", "scopes": {}, "secret_encoded": False}
    )
    refresh_token: Document = field(
        default_factory=lambda: {
            "rotation_type": "rotating",
            "expiration_type": "expiring",
            "token_lifetime": 2592000,
            "idle_token_lifetime": 1296000,
            "infinite_token_lifetime": False,
            "infinite_idle_token_lifetime": False,
            "leeway": 0,
        }
    )
    oidc_conformant: bool = True
    is_first_party: bool = True
    sso: bool = False
    sso_disabled: bool = False
    cross_origin_authentication: bool = False
    custom_login_page_on: bool = True
    client_metadata: Mapping[str, str] = field(default_factory=dict)
    is_global: bool = False
    version: int = 0

    @property
    def is_public(self) -> bool:
        """Whether it has nothing to prove itself by: a page or an app in the hands of its users."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 - the name of a method

    def verify_secret(self, secret: str, now: datetime) -> bool:
        """Compare in constant time with every secret that is still good."""
        presented = digest(secret)
        good = [kept for kept in self.secrets if kept.expires_at is None or kept.expires_at > now]
        return sum(hmac.compare_digest(kept.digest, presented) for kept in good) > 0


@dataclass(frozen=True, slots=True)
class Clients:
    """What can be done with clients."""

    store: EntityStore[Client]
    finisher: Finisher
    key_reader: KeyReader
    logs: LogStore
    ambient: Ambient

    def make(self, attributes: Document) -> tuple[Client, str]:
        """Make a client that is not stored yet, and its secret: shown now and never again."""
        now, secret = self.ambient.now(), self.ambient.new_secret(64)
        plain = {name: value for name, value in attributes.items() if name != AUTHENTICATION}
        given = {"grant_types": None, "token_endpoint_auth_method": None, **plain}
        blank = Client(client_id=self.ambient.new_id(32), name=attributes["name"], created_at=now, updated_at=now)
        client = self._authenticating(_patched(blank, given), attributes.get(AUTHENTICATION))
        return replace(client, secrets=(ClientSecret(digest=digest(secret)),)), secret

    def create(self, caller: Caller, attributes: Document) -> tuple[Client, str]:
        """Register an application. Gives it with its secret, which is kept only as a hash."""
        client, secret = self.make(attributes)
        self.store.create(caller.tenant, client, done(self.ambient, caller))
        self._warn(caller, client, _risky(client))
        return client, secret

    def get(self, caller: Caller, client_id: str) -> Client:
        """Give one client of the caller's tenant."""
        client = self.store.find(caller.tenant, client_id)
        if client is None:
            raise _missing()
        return client

    def list(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        app_types: frozenset[str] = frozenset(),
        is_global: bool | None = None,
        is_first_party: bool | None = None,
    ) -> Page[Client]:
        """List clients in order of id, filtered."""
        chosen = (
            client
            for client in self.store.walk(caller.tenant, request.start_after)
            if (not app_types or client.app_type in app_types)
            and is_global in {None, client.is_global}
            and is_first_party in {None, client.is_first_party}
        )
        return cut(chosen, request, "client_id")

    def update(self, caller: Caller, client_id: str, patch: Document) -> Client:
        """Change what `patch` names; a None gives a setting its default back. Nested settings merge at one level."""
        return retrying(lambda: self._update(caller, client_id, patch))

    def _update(self, caller: Caller, client_id: str, patch: Document) -> Client:
        client = self.get(caller, client_id)
        if client.is_global:
            raise Forbidden("The global client cannot be changed.", code="operation_not_supported")
        plain = {name: value for name, value in patch.items() if name != AUTHENTICATION}
        changed = self._authenticating(_patched(client, plain), patch.get(AUTHENTICATION))
        updated = replace(changed, updated_at=self.ambient.now())
        self.store.replace(caller.tenant, updated, done(self.ambient, caller))
        self._warn(caller, updated, _risky(updated) - _risky(client))
        return updated

    def _warn(self, caller: Caller, client: Client, grant_types: frozenset[str]) -> None:
        """Say in the history that grant types were turned on that OAuth 2.0 advises against (RFC 9700, 2.1.2, 2.4)."""
        if grant_types:
            event = done(self.ambient, caller, type="w")
            why = f"Grant types that are advised against were turned on: {', '.join(sorted(grant_types))}."
            named = replace(event, description=why, client_id=client.client_id, client_name=client.name)
            self.logs.record(caller.tenant, named)

    def _authenticating(self, client: Client, methods: Document | None) -> Client:
        """Set a client to prove itself by its keys, some of which may be new; by id only those it has."""
        if not methods:
            return client
        asked = methods[PRIVATE_KEY_JWT]["credentials"]
        new = tuple(make_key(self.key_reader, self.ambient, each) for each in asked if "pem" in each)
        named = {each.get("id") for each in asked if "pem" not in each}
        if named - {key.id for key in client.credentials}:
            raise Invalid("The credentials of private_key_jwt do not exist.", code="invalid_body")
        return replace(client, token_endpoint_auth_method=PRIVATE_KEY_JWT, credentials=(*client.credentials, *new))

    def rotate_secret(self, caller: Caller, client_id: str, overlap: timedelta) -> tuple[Client, str]:
        """Give the client a new secret. The old one stops at once, or after `overlap` (at most a day)."""
        client, secret, now = self.get(caller, client_id), self.ambient.new_secret(64), self.ambient.now()
        secrets = (ClientSecret(digest=digest(secret)), *_outlasting(client.secrets, now, now + overlap))
        updated = replace(client, secrets=secrets, updated_at=now)
        self.store.replace(caller.tenant, updated, done(self.ambient, caller))
        return updated, secret

    def delete(self, caller: Caller, client_id: str) -> None:
        """Remove a client with its grants and its place at connections. The global client stays."""
        client = self.get(caller, client_id)
        if client.is_global:
            raise Forbidden("The global client cannot be deleted.", code="operation_not_supported")
        work = Work.on(CLIENT, client_id, caller.tenant, self.ambient.now())
        self.store.retire(caller.tenant, client, work, done(self.ambient, caller))
        self.finisher.attempt(work)


def _risky(client: Client) -> frozenset[str]:
    return RISKY & frozenset(client.grant_types)


def _outlasting(secrets: tuple[ClientSecret, ...], now: datetime, end: datetime) -> list[ClientSecret]:
    """End the newest secret at `end`; earlier ones are dropped, so that no more than two are ever good."""
    return [replace(secrets[0], expires_at=end)] if secrets and end > now else []


def _patched(client: Client, patch: Document) -> Client:
    defaults = _defaults_of(patch.get("app_type", client.app_type) or "regular_web")
    patch = {name: defaults.get(name) if value is None else value for name, value in patch.items()}
    changed = patched(client, patch, merging=_MERGING)
    check("jwt_configuration", changed.jwt_configuration, max_bytes=MAX_JWT_CONFIGURATION_BYTES)
    if len(changed.client_metadata) > MAX_METADATA:
        raise Invalid(f"Payload validation error: 'More than {MAX_METADATA} properties' on property client_metadata.")
    for name in _ADDRESSES:
        if any(address.lower().startswith(_RUN_BY_BROWSERS) for address in getattr(changed, name)):
            raise Invalid(
                f"Payload validation error: 'An address that browsers run is not allowed' on property {name}."
            )
    return changed


def _defaults_of(app_type: str) -> Document:
    """Give the defaults that depend on the type: what a browser or a phone holds cannot be kept secret."""
    method = "none" if app_type in {"native", "spa"} else "client_secret_post"
    return {"grant_types": GRANT_TYPES[app_type], "token_endpoint_auth_method": method}


def _missing() -> NotFound:
    return NotFound("The client does not exist.", code="inexistent_client")
