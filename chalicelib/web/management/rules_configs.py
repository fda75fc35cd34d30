"""/api/v2/rules-configs: values that rules know and nobody may read."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("rules-configs")


class RuleConfigSet(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What rules are to find under a key."""

    value: Annotated[str, Meta(max_length=4_096)]


class RuleConfigKey(msgspec.Struct, kw_only=True):
    """A key that has a value."""

    key: str


class RuleConfigAnswer(msgspec.Struct, kw_only=True):
    """What was just set. This is the only time that the value is shown, to whoever sent it, as Auth0 does."""

    key: str
    value: str


@surface.endpoint(
    "GET",
    "/api/v2/rules-configs",
    summary="Retrieve config variable keys for rules",
    scopes=("read:rules_configs",),
    answer=list[RuleConfigKey],
)
def list_rules_configs(incoming: Incoming[Nothing, None]) -> list[RuleConfigKey]:
    """List the keys."""
    return [RuleConfigKey(key=key) for key in incoming.core.rules_configs.keys(incoming.caller)]


@surface.endpoint(
    "PUT",
    "/api/v2/rules-configs/{config_key}",
    summary="Set rules config for a given key",
    scopes=("update:rules_configs",),
    body=RuleConfigSet,
    example={"value": "a-key-of-another-service"},
    answer=RuleConfigAnswer,
)
def set_rules_config(incoming: Incoming[Nothing, RuleConfigSet], config_key: str) -> RuleConfigAnswer:
    """Set a value, whether or not there was one."""
    incoming.core.rules_configs.set(incoming.caller, config_key, incoming.body.value)
    return RuleConfigAnswer(key=config_key, value=incoming.body.value)


@surface.endpoint(
    "DELETE",
    "/api/v2/rules-configs/{config_key}",
    summary="Delete rules config for a given key",
    scopes=("delete:rules_configs",),
    status=204,
)
def delete_rules_config(incoming: Incoming[Nothing, None], config_key: str) -> None:
    """Remove a value."""
    incoming.core.rules_configs.delete(incoming.caller, config_key)
