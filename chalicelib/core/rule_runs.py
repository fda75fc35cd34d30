"""Running a tenant's rules: what they are told of a sign-in, and what becomes of what they say.

They run after somebody was authenticated and before there are tokens, all enabled ones in order. Whatever goes wrong
refuses the sign-in: a script that fails, that takes too long, or whose outcome is no outcome (S35).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.core.documents import Document
from chalicelib.core.logs import happened
from chalicelib.core.oauth.claims import CLAIMS, iso
from chalicelib.core.oauth.custom_claims import NO_CLAIMS, CustomClaims, allowed, fits
from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.profiles import profile_of
from chalicelib.core.rule_host import RuleHost
from chalicelib.core.sandbox import Finished, Job, Record, Refused, Script
from chalicelib.core.sign_ins import name_of, placed
from chalicelib.core.tenants import script_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.impersonation import Impersonation
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.rules import RuleStore
    from chalicelib.core.rules_configs import RulesConfigs
    from chalicelib.core.sandbox import Host, Outcome, Requests, Sandbox
    from chalicelib.core.tenants import TenantStore
    from chalicelib.core.users import User, Users

REDIRECTED = "redirect-callback"
_NO_SECOND_FACTOR = "A rule asks for a second factor, which is not available."
_SCOPE = re.compile(r"[!#-\[\]-~]{1,300}")
"""One scope (RFC 6749, 3.3)."""
_KEPT_CONSOLE = 4_000
"""Characters of what rules wrote to the console that are kept with the event of the sign-in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """One sign-in, as rules are told of it. `protocol` is Auth0's word for the way it came.

    `query` and `body` are what was asked for. `may_redirect` says that there is a browser that can be sent elsewhere.
    """

    caller: Caller
    client: Client
    connection: Connection
    user: User
    protocol: str
    authenticated_at: datetime
    methods: tuple[str, ...] = ("pwd",)
    session_id: str = ""
    clients: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    counted: bool = False
    may_redirect: bool = False
    original_protocol: str = ""
    impersonation: Impersonation | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruled:
    """What rules came to. `scope` replaces the granted one if it is given; `redirect` is where the browser must go."""

    claims: CustomClaims = NO_CLAIMS
    scope: str | None = None
    redirect: str = ""
    record: Document = field(default_factory=dict)

    def told(self, event: LogEvent) -> LogEvent:
        """Say in the event of a sign-in which rules ran, for how long, and what they wrote to the console."""
        return replace(event, details={**event.details, "rules": self.record}) if self.record else event


UNRULED = Ruled()


class RuleDenied(OAuthError):
    """A rule does not let the user in. `rule` is its name, "" if it was none of them."""

    def __init__(self, error: str, description: str, *, rule: str, detail: str = "") -> None:
        super().__init__(error, description, detail=detail)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class RuleRuns:
    """Runs rules."""

    rules: RuleStore
    configs: RulesConfigs
    tenants: TenantStore
    sandbox: Sandbox
    outgoing: Requests
    users: Users
    hosts: Hosts
    ambient: Ambient

    def run(self, login: Login) -> Ruled:
        """Run the enabled rules of the tenant, or raise RuleDenied. Without rules it costs nothing."""
        rules = self.rules.recall_enabled(login.caller.tenant)
        if not rules:
            return UNRULED
        scripts = [Script(rule.id, rule.name, rule.script) for rule in rules]
        host = RuleHost(self.users, self.outgoing, login.caller)
        outcome = self.sandbox.run(self.job(login, scripts, host))
        return self.judged(login, outcome, [rule.name for rule in rules])

    def denial(self, login: Login, denied: RuleDenied) -> LogEvent:
        """Make the event of a sign-in that a rule refused."""
        event = happened(self.ambient, login.caller, "f", user_id=login.user.user_id, user_name=name_of(login.user))
        described = replace(placed(event, login.client, login.connection), description=denied.description)
        return replace(described, details={**described.details, "rule": denied.rule})

    def job(self, login: Login, scripts: Sequence[Script], host: Host) -> Job:
        """Make what the sandbox is given for a sign-in."""
        tenant = login.caller.tenant
        issuer = self.hosts.issuer(tenant)
        return Job(
            kind="rules",
            scripts=tuple(scripts),
            inputs={"user": _user(login), "context": _context(login)},
            host=host,
            configuration=self.configs.opened(tenant),
            auth0={"domain": self.hosts.domain(tenant), "baseUrl": f"{issuer}api/v2"},
            limits=script_limits(self.tenants.recall(tenant)),
        )

    def judged(self, login: Login, outcome: Outcome, ran: Sequence[str]) -> Ruled:
        """Say what a run came to, or raise RuleDenied."""
        if isinstance(outcome, Refused):
            raise _denied(outcome)
        return self._ruled(login, outcome, _record(ran, outcome.record))

    def _ruled(self, login: Login, outcome: Finished, record: Document) -> Ruled:
        """Take what counts out of what the scripts left. The sandbox has checked its size, not its shape."""
        context = _mapping(_mapping(outcome.result).get("context"))
        if context.get("multifactor"):
            raise RuleDenied("access_denied", _NO_SECOND_FACTOR, rule="")
        id_token, access_token = (_mapping(context.get(name)) for name in ("idToken", "accessToken"))
        scope = access_token.get("scope")
        claims = CustomClaims(
            id_token=allowed(id_token, of_profile=True),
            access_token=allowed(access_token, of_profile=False),
            profile=_changed(login.user, _mapping(_mapping(outcome.result).get("user"))),
        )
        if not fits(claims.id_token, claims.access_token, claims.profile):
            raise RuleDenied("access_denied", "The rules put too much into the tokens.", rule="")
        return Ruled(
            claims=claims,
            scope=_scope(scope),
            redirect=_redirect(context) if login.may_redirect and login.protocol != REDIRECTED else "",
            record=record,
        )


def _denied(refused: Refused) -> RuleDenied:
    error = "unauthorized" if refused.kind == "unauthorized" else "access_denied"
    return RuleDenied(error, refused.message, rule=refused.script, detail=f"{refused.kind} {refused.detail}")


def _user(login: Login) -> dict[str, Any]:
    """Show a user to rules: the profile at this sign-in, and whose hand it is."""
    shown = profile_of(login.user)
    if login.counted:
        shown["logins_count"] = login.user.logins_count + 1
    if login.impersonation is not None:
        claims = login.impersonation.claims()
        shown |= {name: claims[name] for name in ("impersonated", "impersonator")}
    return shown


def _context(login: Login) -> dict[str, Any]:
    """Describe a sign-in in Auth0's words."""
    client, connection, caller = login.client, login.connection, login.caller
    place = caller.place()
    methods = [{"name": name, "timestamp": iso(login.authenticated_at)} for name in login.methods]
    return {
        "tenant": caller.tenant,
        "clientID": client.client_id,
        "clientName": client.name,
        "clientMetadata": dict(client.client_metadata),
        "connection": connection.name,
        "connectionID": connection.id,
        "connectionStrategy": connection.strategy,
        "connectionMetadata": dict(connection.metadata),
        "samlConfiguration": {},
        "protocol": login.protocol,
        **({"original_protocol": login.original_protocol} if login.original_protocol else {}),
        "request": {
            "userAgent": caller.user_agent,
            "ip": caller.ip,
            "hostname": caller.hostname,
            "query": dict(login.query),
            "body": dict(login.body),
            "geoip": place.document() if place else {},
        },
        "stats": {"loginsCount": login.user.logins_count + int(login.counted)},
        "sso": {
            "with_auth0": bool(login.clients),
            "with_dbconn": connection.is_database,
            "current_clients": list(login.clients),
        },
        **({"sessionID": login.session_id} if login.session_id else {}),
        "authentication": {"methods": methods},
        "authorization": {"roles": []},
        "primaryUser": login.user.user_id,
        "idToken": {},
        "accessToken": {},
    }


def _changed(user: User, ruled: Mapping[str, Any]) -> dict[str, Any]:
    """Give the claims of the profile that rules changed for this sign-in; of another type than theirs none counts."""
    changed: dict[str, Any] = {}
    for claim in CLAIMS:
        name = {"phone_number_verified": "phone_verified"}.get(claim, claim)
        kind = bool if claim.endswith("_verified") else str
        value = ruled.get(name)
        if claim not in {"sub", "updated_at"} and isinstance(value, kind) and value != getattr(user, name):
            changed[claim] = value
    return changed


def _scope(value: object) -> str | None:
    """Read `context.accessToken.scope`: a list of names, or the same with spaces between."""
    names = value.split() if isinstance(value, str) else value
    if not isinstance(names, list):
        return None
    return " ".join(dict.fromkeys(name for name in names if isinstance(name, str) and _SCOPE.fullmatch(name)))


def _redirect(context: Mapping[str, Any]) -> str:
    """Read where a rule sends the browser: an absolute https address, or one on this machine."""
    url = _mapping(context.get("redirect")).get("url")
    parts = urlsplit(url) if isinstance(url, str) and len(url) <= 2_048 and url.isprintable() else None
    if parts is None or not parts.hostname:
        return ""
    local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    return str(url) if parts.scheme == "https" or local else ""


def _record(names: Sequence[str], record: Record) -> Document:
    """Say for the history how rules ran: which, for how long, and the beginning of what they wrote."""
    console, left = [], _KEPT_CONSOLE
    for line in record.console:
        console.append(f"{line.level}: {line.text}"[:left])
        left -= len(console[-1])
        if left <= 0:
            break
    return {
        "ran": list(names),
        "milliseconds": round(record.milliseconds, 1),
        **({"console": console} if console else {}),
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
