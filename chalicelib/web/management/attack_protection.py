"""/api/v2/attack-protection: brute force, sign-ups and sign-ins in bulk, breached passwords."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.attack_protection import BREACHES, BRUTE_FORCE, DAY, THROTTLING
from chalicelib.web.decoding import given
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("attack protection")

Address = Annotated[str, Meta(min_length=1, max_length=64, description="An IP address or a CIDR range.")]
Addresses = Annotated[list[Address], Meta(max_length=100)]
Shields = list[Literal["block", "user_notification", "admin_notification"]]


class BruteForce(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How many wrong passwords a name may have. `shields` must have `block`; `user_notification` is the mail."""

    enabled: bool | UnsetType = UNSET
    shields: list[Literal["block", "user_notification"]] | UnsetType = UNSET
    allowlist: Addresses | UnsetType = UNSET
    mode: Literal["count_per_identifier_and_ip", "count_per_identifier"] | UnsetType = UNSET
    max_attempts: Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET


class Stage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How many attempts an address may have. `rate` is what follows of it: milliseconds of a day for each."""

    max_attempts: Annotated[int, Meta(ge=1, le=72_000)] | UnsetType = UNSET
    rate: Annotated[int, Meta(ge=1_200, le=DAY)] | UnsetType = UNSET


class ThrottlingStages(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Failed sign-ins, and sign-ups."""

    login: Stage | UnsetType = msgspec.field(name="pre-login", default=UNSET)
    sign_up: Stage | UnsetType = msgspec.field(name="pre-user-registration", default=UNSET)


class Throttling(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How much one address may try over all names. `shields` is `block`."""

    enabled: bool | UnsetType = UNSET
    shields: list[Literal["block", "admin_notification"]] | UnsetType = UNSET
    allowlist: Addresses | UnsetType = UNSET
    stage: ThrottlingStages | UnsetType = UNSET


class BreachStage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What happens to a password that is known from a breach: `block` refuses it."""

    shields: list[Literal["block", "admin_notification"]] | UnsetType = UNSET


class BreachStages(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """New users, and new passwords."""

    sign_up: BreachStage | UnsetType = msgspec.field(name="pre-user-registration", default=UNSET)
    change: BreachStage | UnsetType = msgspec.field(name="pre-change-password", default=UNSET)


class Breaches(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whether passwords that are known from breaches are refused. `shields`, those of signing in, must be empty."""

    enabled: bool | UnsetType = UNSET
    shields: Shields | UnsetType = UNSET
    admin_notification_frequency: list[Literal["immediately", "daily", "weekly", "monthly"]] | UnsetType = UNSET
    method: Literal["standard", "enhanced"] | UnsetType = UNSET
    stage: BreachStages | UnsetType = UNSET


@surface.endpoint(
    "GET",
    "/api/v2/attack-protection/breached-password-detection",
    summary="Get breached password detection settings",
    scopes=("read:attack_protection",),
    answer=Breaches,
)
def get_breaches(incoming: Incoming[Nothing, None]) -> Any:
    """Say whether passwords that are known from breaches are refused."""
    return incoming.core.attack_protection.get(incoming.caller, BREACHES)


@surface.endpoint(
    "PATCH",
    "/api/v2/attack-protection/breached-password-detection",
    summary="Update breached password detection settings",
    scopes=("update:attack_protection",),
    body=Breaches,
    example={"enabled": False},
    answer=Breaches,
)
def update_breaches(incoming: Incoming[Nothing, Breaches]) -> Any:
    """Refuse passwords that are known from breaches, or take them."""
    return incoming.core.attack_protection.update(incoming.caller, BREACHES, given(incoming.body))


@surface.endpoint(
    "GET",
    "/api/v2/attack-protection/brute-force-protection",
    summary="Get brute-force settings",
    scopes=("read:attack_protection",),
    answer=BruteForce,
)
def get_brute_force(incoming: Incoming[Nothing, None]) -> Any:
    """Say how many wrong passwords a name may have."""
    return incoming.core.attack_protection.get(incoming.caller, BRUTE_FORCE)


@surface.endpoint(
    "PATCH",
    "/api/v2/attack-protection/brute-force-protection",
    summary="Update brute-force settings",
    scopes=("update:attack_protection",),
    body=BruteForce,
    example={"max_attempts": 5},
    answer=BruteForce,
)
def update_brute_force(incoming: Incoming[Nothing, BruteForce]) -> Any:
    """Change how many wrong passwords a name may have."""
    return incoming.core.attack_protection.update(incoming.caller, BRUTE_FORCE, given(incoming.body))


@surface.endpoint(
    "GET",
    "/api/v2/attack-protection/suspicious-ip-throttling",
    summary="Get suspicious IP throttling settings",
    scopes=("read:attack_protection",),
    answer=Throttling,
)
def get_throttling(incoming: Incoming[Nothing, None]) -> Any:
    """Say how much one address may try."""
    return incoming.core.attack_protection.get(incoming.caller, THROTTLING)


@surface.endpoint(
    "PATCH",
    "/api/v2/attack-protection/suspicious-ip-throttling",
    summary="Update suspicious IP throttling settings",
    scopes=("update:attack_protection",),
    body=Throttling,
    example={"stage": {"pre-user-registration": {"max_attempts": 20}}},
    answer=Throttling,
)
def update_throttling(incoming: Incoming[Nothing, Throttling]) -> Any:
    """Change how much one address may try."""
    return incoming.core.attack_protection.update(incoming.caller, THROTTLING, given(incoming.body))
