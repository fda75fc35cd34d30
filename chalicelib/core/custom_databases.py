"""Custom databases: asking a tenant's own database, by the scripts of a connection.

Owns how a script is run and what its answer means; not what becomes of users. A script that fails says nothing in
anybody's favour: whatever was asked is refused, and the history has the script's name and its words (S35). Those words
are for the tenant alone: errors of databases tell of hosts and tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core.errors import Conflict, Invalid, Unavailable
from chalicelib.core.logs import happened
from chalicelib.core.outside_profiles import OutsideProfile, Unusable, named
from chalicelib.core.sandbox import Finished, Job, OperationRefused, Refused, Script
from chalicelib.core.sign_ins import placed
from chalicelib.core.tenants import script_limits
from chalicelib.core.users import taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.connections import Connection
    from chalicelib.core.documents import Document
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.logs import LogEvent, LogStore
    from chalicelib.core.sandbox import Requests, Sandbox
    from chalicelib.core.tenants import TenantStore
    from chalicelib.core.users import User

_KEPT_CONSOLE = 4_000
"""Characters of what a failed script wrote to the console that are kept with its event."""
_MISSING = "The connection has no such script."
_NO_PROFILE = "What was called back is no profile."


class ScriptFailed(Unavailable):
    """A script gave no answer that counts. `why` is for the history."""

    def __init__(self, script: str, why: str, *, counts: bool = False, console: tuple[str, ...] = ()) -> None:
        super().__init__("The user's database did not answer.", code="auth0_idp_error", detail=f"{script}: {why}")
        self.script, self.why, self.counts, self.console = script, why, counts, console

    def told(self, event: LogEvent) -> LogEvent:
        """Say in an event which script failed, and what it wrote."""
        said = {"script": self.script, **({"console": list(self.console)} if self.console else {})}
        return replace(event, description=self.why, details={**event.details, **said})


class WrongCredentials(Exception):
    """The tenant's own database knows nobody by this name and password."""


class ScriptStore(Protocol):
    """Where scripts lie."""

    def recall_script(self, tenant: str, connection_id: str, name: str) -> str | None:
        """Give a script, as it was at most seconds ago."""


class Secrets(Protocol):
    """What only scripts may know."""

    def opened(self, tenant: str, connection: Connection) -> dict[str, str]:
        """Decrypt the values of a connection."""


@dataclass(frozen=True, slots=True)
class CustomDatabases:
    """Asks the databases that tenants have of their own."""

    scripts: ScriptStore
    secrets: Secrets
    tenants: TenantStore
    sandbox: Sandbox
    outgoing: Requests
    hosts: Hosts
    logs: LogStore
    ambient: Ambient

    def login(self, caller: Caller, connection: Connection, name: str, password: str) -> OutsideProfile:
        """Ask who has a name and a password; WrongCredentials if nobody, ScriptFailed if there is no answer.

        A script that calls back an error of its own may mean a wrong password, so it counts as an attempt (S8).
        """
        outcome = self._outcome(caller, connection, "login", name, password)
        if isinstance(outcome, Refused):
            if outcome.kind == "wrong_credentials":
                raise WrongCredentials
            raise _failure("login", outcome)
        if not outcome.result:
            raise WrongCredentials
        return _profile("login", outcome.result)

    def get_user(self, caller: Caller, connection: Connection, name: str, kind: str) -> OutsideProfile | None:
        """Ask whether somebody has a name. `kind` is the event of a failure; without the script nobody is known."""
        if "get_user" not in connection.scripts:
            return None
        found = self._ask(caller, connection, "get_user", kind, name)
        try:
            return _profile("get_user", found) if found else None
        except ScriptFailed as error:
            raise self._refused(caller, connection, error, kind, name) from error

    def admit(self, caller: Caller, connection: Connection, user: User, password: str, *, known: bool) -> User:
        """Have a new user made where the tenant keeps users, and give them as they are known there.

        A conflict if somebody has a name of theirs, here (`known`) or there: it is asked in both cases, so that a
        database that does not answer gives nobody away (S7).
        """
        name = user.main.names[0]
        found = [self.get_user(caller, connection, each, "fs") for each in user.main.names]
        if known or any(each is not None for each in found):
            raise taken()
        if connection.asks_once:
            return user
        if "create" not in connection.scripts:
            raise Invalid("The connection has no create script.", code="operation_not_supported")
        client = {"tenant": caller.tenant, "client_id": caller.client_id, "connection": connection.name}
        self._ask(caller, connection, "create", "fs", {**named(user), "password": password, **client})
        try:
            profile = self.login(caller, connection, name, password).unless_said(user)
            made = profile.new_user(connection, profile.id or user.main.user_id, name, user.created_at)
        except (WrongCredentials, Unusable) as error:
            failed = ScriptFailed("login", f"After create: {error or 'wrong password'}")
            raise self._refused(caller, connection, failed, "fs", name) from error
        except ScriptFailed as error:
            raise self._refused(caller, connection, error, "fs", name) from error
        return replace(
            made,
            blocked=user.blocked,
            email_verified=made.email_verified or user.email_verified,
            user_metadata={**made.user_metadata, **user.user_metadata},
            app_metadata={**made.app_metadata, **user.app_metadata},
        )

    def change_password(self, caller: Caller, connection: Connection, user: User, password: str) -> None:
        """Have a password changed where it is kept."""
        self._confirm(caller, connection, "change_password", "fcp", _name(user, connection), password)

    def verify(self, caller: Caller, connection: Connection, email: str) -> None:
        """Tell that an address is proven."""
        if connection.asks_always and "verify" in connection.scripts:
            self._confirm(caller, connection, "verify", "fv", email)

    def rename(self, caller: Caller, connection: Connection, before: User, after: User) -> None:
        """Tell of another address or user name."""
        if not connection.asks_always:
            return
        if "change_email" in connection.scripts and (before.email, before.email_verified) != (
            after.email,
            after.email_verified,
        ):
            said = (before.email or "", after.email or "", after.email_verified)
            self._confirm(caller, connection, "change_email", "fapi", *said)
        if "change_username" in connection.scripts and before.username != after.username:
            said_too = (before.username or "", after.username or "")
            self._confirm(caller, connection, "change_username", "fapi", *said_too)

    def delete(self, caller: Caller, connection: Connection, identity_id: str) -> None:
        """Have an account deleted where it is kept."""
        if connection.asks_always and "delete" in connection.scripts:
            self._ask(caller, connection, "delete", "fapi", identity_id)

    def _confirm(self, caller: Caller, connection: Connection, script: str, kind: str, *arguments: Any) -> None:
        """Ask for something to be done; a false answer means that it was not."""
        if self._ask(caller, connection, script, kind, *arguments) is False:
            failed = ScriptFailed(script, "The script called back false.")
            raise self._refused(caller, connection, failed, kind, _whom(arguments))

    def _ask(self, caller: Caller, connection: Connection, script: str, kind: str, *arguments: Any) -> Any:
        """Run a script and give what it called back; a failure is in the history as `kind`."""
        outcome = self._outcome(caller, connection, script, *arguments)
        if isinstance(outcome, Finished):
            return outcome.result
        if outcome.kind == "invalid":
            raise _invalid(outcome)
        raise self._refused(caller, connection, _failure(script, outcome), kind, _whom(arguments))

    def _refused(
        self, caller: Caller, connection: Connection, failed: ScriptFailed, kind: str, whom: str
    ) -> ScriptFailed:
        """Write that a script failed, with its name."""
        event = placed(happened(self.ambient, caller, kind, user_name=whom), None, connection)
        self.logs.record(caller.tenant, failed.told(event))
        return failed

    def _outcome(self, caller: Caller, connection: Connection, script: str, *arguments: Any) -> Finished | Refused:
        tenant = caller.tenant
        text = self.scripts.recall_script(tenant, connection.id, script) if script in connection.scripts else None
        if text is None:
            return Refused("crash", _MISSING, script)
        return self.sandbox.run(
            Job(
                kind="database",
                scripts=(Script(script, script, text),),
                inputs={"arguments": list(arguments)},
                host=_DatabaseHost(self.outgoing),
                configuration=self.secrets.opened(tenant, connection),
                auth0={"domain": self.hosts.domain(tenant)},
                limits=script_limits(self.tenants.recall(tenant)),
            )
        )


@dataclass(frozen=True, slots=True)
class _DatabaseHost:
    """What the scripts of a database reach: HTTP, as far as it is allowed, and no user. Fits `core.sandbox.Host`."""

    outgoing: Requests

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send an HTTP request."""
        return self.outgoing.request(request, seconds)

    def update_user_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Refuse: while a database is asked nobody has signed in yet."""
        raise OperationRefused("Scripts of a database change no users.", "NOT_SUPPORTED")

    def update_app_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Refuse, likewise."""
        raise OperationRefused("Scripts of a database change no users.", "NOT_SUPPORTED")


def _failure(script: str, refused: Refused) -> ScriptFailed:
    """Make the failure of a run. Only what a script itself called back may be about the password that was tried."""
    own = refused.kind in {"error", "unauthorized", "invalid"}
    console, left = [], _KEPT_CONSOLE
    for line in refused.record.console:
        console.append(f"{line.level}: {line.text}"[: max(left, 0)])
        left -= len(console[-1])
    said = tuple(each for each in console if each)
    return ScriptFailed(script, refused.message or refused.kind, counts=own, console=said)


def _invalid(refused: Refused) -> Invalid | Conflict:
    """Put a ValidationError into our words: `user_exists` is a name that is taken, the rest is the script's own."""
    if refused.code == "user_exists":
        return taken()
    return Invalid(refused.message, code=refused.code or None)


def _profile(script: str, result: Mapping[str, Any] | Document | object) -> OutsideProfile:
    if not isinstance(result, dict):
        raise ScriptFailed(script, _NO_PROFILE)
    try:
        return OutsideProfile.of(result)
    except Unusable as error:
        raise ScriptFailed(script, str(error)) from error


def _whom(arguments: tuple[Any, ...]) -> str:
    """Name in an event whom a script was asked about: never more than a name."""
    first = arguments[0]
    return str(first.get("email") or first.get("username") or "" if isinstance(first, dict) else first)[:320]


def _name(user: User, connection: Connection) -> str:
    """Give the name by which scripts know a user: the address, else what the account signs in by."""
    account = user.identity_at(connection.name)
    names = account.names if account else ()
    return next((name for name in names if "@" in name), names[0] if names else user.email or "")
