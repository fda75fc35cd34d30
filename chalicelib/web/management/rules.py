"""/api/v2/rules: the tenant's own code, run at sign-in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.rules import MAX_ORDER, MAX_SCRIPT_BYTES, Rule, SavedRule
from chalicelib.web.decoding import given
from chalicelib.web.schemas import Fields, PagedFields, choose, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("rules")

Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9]([ \-a-zA-Z0-9]*[a-zA-Z0-9])?$(?!\n)")]
Script = Annotated[
    str, Meta(min_length=1, max_length=MAX_SCRIPT_BYTES, description="A function, of at most 100,000 bytes of UTF-8.")
]
# A number, as Auth0 says and SDKs send it: 1.0 is 1.
Order = Annotated[
    float, Meta(ge=0, le=MAX_ORDER, multiple_of=1, description="Rules with lower numbers run first; each is used once.")
]


class RuleCreate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new rule. Without an order it runs after all others."""

    name: Name
    script: Script
    order: Order | None | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    stage: Literal["login_success"] | UnsetType = UNSET


class RulePatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a rule."""

    name: Name | UnsetType = UNSET
    script: Script | UnsetType = UNSET
    order: Order | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class RuleAnswer(msgspec.Struct, kw_only=True):
    """A rule. `warnings` are about a script that was just sent: nothing keeps them."""

    id: str
    name: str
    script: str
    order: int
    enabled: bool
    stage: str
    warnings: tuple[str, ...] | UnsetType = UNSET


class RulesQuery(PagedFields, kw_only=True):
    """Which rules, and what of them."""

    enabled: Annotated[bool, Meta(description="Only those that are enabled, or are not.")] | None = None


@surface.endpoint(
    "GET",
    "/api/v2/rules",
    summary="Get rules",
    scopes=("read:rules",),
    query=RulesQuery,
    answer=list[RuleAnswer],
)
def list_rules(incoming: Incoming[RulesQuery, None]) -> Any:
    """List rules in the order they run in."""
    query = incoming.query
    page = incoming.core.rules.list(incoming.caller, query.request(), enabled=query.enabled)
    return paged(page, "rules", query, rendered)


@surface.endpoint(
    "POST",
    "/api/v2/rules",
    summary="Create a rule",
    scopes=("create:rules",),
    body=RuleCreate,
    example={"name": "greet", "script": "function (user, context, callback) {\n  callback(null, user, context);\n}"},
    answer=RuleAnswer,
    status=201,
)
def create_rule(incoming: Incoming[Nothing, RuleCreate]) -> RuleAnswer:
    """Add a rule."""
    return saved(incoming.core.rules.create(incoming.caller, attributes(incoming.body)))


@surface.endpoint(
    "GET",
    "/api/v2/rules/{rule_id}",
    summary="Get a rule",
    scopes=("read:rules",),
    query=Fields,
    answer=RuleAnswer,
)
def get_rule(incoming: Incoming[Fields, None], rule_id: str) -> Any:
    """Give one rule."""
    return choose(rendered(incoming.core.rules.get(incoming.caller, rule_id)), incoming.query)


@surface.endpoint(
    "PATCH",
    "/api/v2/rules/{rule_id}",
    summary="Update a rule",
    scopes=("update:rules",),
    body=RulePatch,
    example={"order": 5, "enabled": False},
    answer=RuleAnswer,
)
def update_rule(incoming: Incoming[Nothing, RulePatch], rule_id: str) -> RuleAnswer:
    """Change a rule."""
    return saved(incoming.core.rules.update(incoming.caller, rule_id, attributes(incoming.body)))


@surface.endpoint(
    "DELETE",
    "/api/v2/rules/{rule_id}",
    summary="Delete a rule",
    scopes=("delete:rules",),
    status=204,
)
def delete_rule(incoming: Incoming[Nothing, None], rule_id: str) -> None:
    """Remove a rule."""
    incoming.core.rules.delete(incoming.caller, rule_id)


def attributes(body: RuleCreate | RulePatch) -> dict[str, Any]:
    """Give what was sent, the order as the whole number it is."""
    sent = given(body)
    return {**sent, "order": int(sent["order"])} if sent.get("order") is not None else sent


def saved(saved: SavedRule) -> RuleAnswer:
    """Show a rule that was just written, with what its author should know."""
    answer = rendered(saved.rule)
    answer.warnings = saved.warnings or UNSET
    return answer


def rendered(rule: Rule) -> RuleAnswer:
    """Show a rule."""
    return msgspec.convert(rule, RuleAnswer, from_attributes=True)
