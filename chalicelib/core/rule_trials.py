"""Trying rules out: against a user and an application that there are, without a sign-in and without effect.

What a script would write is answered as if it had been written. Requests are sent only if that
is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.documents import merge
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.profiles import profile_of
from chalicelib.core.rule_runs import Login, RuleDenied
from chalicelib.core.rules import check_text
from chalicelib.core.sandbox import Finished, OperationRefused, Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.rule_runs import Ruled, RuleRuns
    from chalicelib.core.sandbox import ConsoleLine, Outcome, Requests
    from chalicelib.core.users import User, Users

TRIED = "The script that is tried"
"""What a script is called that is no rule yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedTrial:
    """What is to be tried: a script that is no rule yet, or, without one, the rules that are enabled."""

    user_id: str
    client_id: str
    script: str = ""
    protocol: str = "oidc-basic-profile"
    query: dict[str, str] = field(default_factory=dict)
    sends_requests: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What came of it. `error` is the code of a refusal, with `description`, `rule` and `detail`; else it is empty.

    `user` and `context` are as the scripts left them; `operations` what they asked for outside, in order.
    """

    ran: tuple[str, ...]
    milliseconds: float
    console: tuple[ConsoleLine, ...]
    operations: tuple[str, ...]
    ruled: Ruled | None = None
    user: Any = None
    context: Any = None
    error: str = ""
    description: str = ""
    rule: str = ""
    detail: str = ""


@dataclass(slots=True)
class DryHost:
    """Answers scripts as a sign-in would, and changes nothing. Fits `core.sandbox.Host`."""

    caller: Caller
    users: Users
    outgoing: Requests | None
    operations: list[str] = field(default_factory=list)

    def request(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request, if that was asked for."""
        self.operations.append(f"{request.get('method', 'GET')} {request.get('url', '')}"[:500])
        if self.outgoing is None:
            raise OperationRefused("Requests are not sent while a rule is tried.", "ENOTSENT")
        return self.outgoing.request(request, seconds)

    def update_user_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Give the user as if the metadata had been merged."""
        return self._merged(user_id, "user_metadata", metadata)

    def update_app_metadata(self, user_id: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Give the user as if the metadata had been merged."""
        return self._merged(user_id, "app_metadata", metadata)

    def _merged(self, user_id: str, name: str, metadata: dict[str, Any]) -> dict[str, Any]:
        self.operations.append(f"update {name} of {user_id}"[:500])
        user = self.users.store.find(self.caller.tenant, user_id)
        if user is None:
            raise OperationRefused("The user does not exist.", "inexistent_user")
        profile = profile_of(user)
        return {**profile, name: merge(profile.get(name, {}), metadata)}


@dataclass(frozen=True, slots=True)
class RuleTrials:
    """Tries rules."""

    runs: RuleRuns
    users: Users
    clients: EntityStore[Client]
    connections: Connections
    ambient: Ambient

    def run(self, caller: Caller, wanted: WantedTrial) -> Trial:
        """Run a script, or the enabled rules, for a user at an application; Invalid if the script cannot be read."""
        login = self._login(caller, wanted)
        scripts = self._scripts(caller, wanted)
        host = DryHost(caller, self.users, self.runs.outgoing if wanted.sends_requests else None)
        outcome = self.runs.sandbox.run(self.runs.job(login, scripts, host))
        ran = tuple(script.name for script in scripts)
        return self._trial(login, outcome, ran, tuple(host.operations))

    def _scripts(self, caller: Caller, wanted: WantedTrial) -> Sequence[Script]:
        if not wanted.script:
            return [Script(rule.id, rule.name, rule.script) for rule in self.runs.rules.recall_enabled(caller.tenant)]
        check_text(wanted.script)
        if fault := self.runs.sandbox.check(wanted.script):
            where = f"line {fault.line}, column {fault.column}"
            raise Invalid(f"Payload validation error: '{fault.message} ({where})' on property script.")
        return [Script("tried", TRIED, wanted.script)]

    def _login(self, caller: Caller, wanted: WantedTrial) -> Login:
        user = self.users.store.find(caller.tenant, wanted.user_id)
        if user is None:
            raise NotFound("The user does not exist.", code="inexistent_user")
        client = self.clients.recall(caller.tenant, wanted.client_id)
        if client is None:
            raise Invalid("The client does not exist.", code="inexistent_client")
        return Login(
            caller=caller,
            client=client,
            connection=self._connection(caller.tenant, user, client),
            user=user,
            protocol=wanted.protocol,
            authenticated_at=self.ambient.now(),
            query=wanted.query,
            counted=True,
            may_redirect=True,
        )

    def _connection(self, tenant: str, user: User, client: Client) -> Connection:
        """Choose the account by which the user would enter; a trial needs no connection that is turned on."""
        enabled = {each.id: each for each in self.connections.enabled_for(tenant, client.client_id)}
        chosen = next((each for each in user.identities if each.connection_id in enabled), user.main)
        connection = enabled.get(chosen.connection_id) or self.connections.store.recall(tenant, chosen.connection_id)
        if connection is None:
            raise Invalid("The user's connection does not exist.", code="inexistent_connection")
        return connection

    def _trial(self, login: Login, outcome: Outcome, ran: tuple[str, ...], operations: tuple[str, ...]) -> Trial:
        tried = Trial(
            ran=ran,
            milliseconds=round(outcome.record.milliseconds, 1),
            console=outcome.record.console,
            operations=operations,
        )
        try:
            ruled = self.runs.judged(login, outcome, ran)
        except RuleDenied as denied:
            said = denied.description
            return replace(tried, error=denied.error, description=said, rule=denied.rule, detail=denied.detail)
        result = outcome.result if isinstance(outcome, Finished) else {}
        return replace(tried, ruled=ruled, user=result.get("user"), context=result.get("context"))
