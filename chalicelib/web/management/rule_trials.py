"""/api/v2/rule-trials: rules tried on a user and an application, without effect. Ours; Auth0's dashboard did it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.rule_trials import Trial, WantedTrial
from chalicelib.web.management.rules import Script
from chalicelib.web.schemas import Identifier
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("rule trials")

Protocol = Literal[
    "oidc-basic-profile",
    "oidc-implicit-profile",
    "oidc-hybrid-profile",
    "oauth2-password",
    "oauth2-refresh-token",
    "redirect-callback",
]


class TrialCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom to try on, and what: a script that is no rule yet, or else the enabled rules."""

    user_id: Identifier
    client_id: Identifier
    script: Script | UnsetType = UNSET
    protocol: Protocol = "oidc-basic-profile"
    query: Annotated[
        dict[Annotated[str, Meta(max_length=100)], Annotated[str, Meta(max_length=2_000)]],
        Meta(max_length=50, description="What `context.request.query` has."),
    ] = {}
    requests: Annotated[bool, Meta(description="Whether HTTP requests are really sent.")] = False


class ConsoleLineAnswer(msgspec.Struct, kw_only=True):
    """What a script wrote to the console."""

    level: str
    text: str


class Refusal(msgspec.Struct, kw_only=True):
    """Why nobody would have been let in. `detail` is for the author: the cause, and where in the script."""

    error: str
    description: str
    rule: str
    detail: str


class TrialAnswer(msgspec.Struct, kw_only=True):
    """What came of it. `id_token` and `access_token` are the claims that would be in the tokens."""

    allowed: bool
    ran: list[str]
    milliseconds: float
    console: list[ConsoleLineAnswer]
    operations: list[str]
    refusal: Refusal | UnsetType = UNSET
    id_token: dict[str, Any] | UnsetType = UNSET
    access_token: dict[str, Any] | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    redirect: str | UnsetType = UNSET
    user: Any = UNSET
    context: Any = UNSET


@surface.endpoint(
    "POST",
    "/api/v2/rule-trials",
    summary="Try rules",
    description="Nothing is written. The answer shows the user, as a rule sees everybody who signs in.",
    scopes=("update:rules",),
    body=TrialCreate,
    example={
        "user_id": "USER_ID",
        "client_id": "CLIENT_ID",
        "script": "function (user, context, callback) { callback(null, user, context); }",
    },
    answer=TrialAnswer,
)
def try_rules(incoming: Incoming[Nothing, TrialCreate]) -> TrialAnswer:
    """Run rules without a sign-in."""
    body = incoming.body
    wanted = WantedTrial(
        user_id=body.user_id,
        client_id=body.client_id,
        script="" if body.script is UNSET else body.script,
        protocol=body.protocol,
        query=body.query,
        sends_requests=body.requests,
    )
    return _shown(incoming.core.rule_trials.run(incoming.caller, wanted))


def _shown(trial: Trial) -> TrialAnswer:
    ruled = trial.ruled
    refusal = Refusal(error=trial.error, description=trial.description, rule=trial.rule, detail=trial.detail)
    return TrialAnswer(
        allowed=ruled is not None,
        ran=list(trial.ran),
        milliseconds=trial.milliseconds,
        console=[ConsoleLineAnswer(level=line.level, text=line.text) for line in trial.console],
        operations=list(trial.operations),
        refusal=UNSET if ruled else refusal,
        id_token={**ruled.claims.profile, **ruled.claims.id_token} if ruled else UNSET,
        access_token=dict(ruled.claims.access_token) if ruled else UNSET,
        scope=ruled.scope if ruled and ruled.scope is not None else UNSET,
        redirect=ruled.redirect if ruled and ruled.redirect else UNSET,
        user=trial.user if ruled else UNSET,
        context=trial.context if ruled else UNSET,
    )
