"""Attack protection: what a tenant decides about guessed passwords, sign-ups in bulk and breached passwords.

Owns the settings, in Auth0's words and with its defaults, and what each means here. A setting that would not be kept is
refused: nobody should believe in a shield that is not there. Counting is in `attempts`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core.entities import retrying
from chalicelib.core.errors import Invalid, Unavailable
from chalicelib.core.logs import done
from chalicelib.core.passwords import PasswordLeakedError
from chalicelib.core.tenants import unknown_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.documents import Document
    from chalicelib.core.tenants import Tenant, TenantStore

BRUTE_FORCE = "brute-force-protection"
THROTTLING = "suspicious-ip-throttling"
BREACHES = "breached-password-detection"
LOGIN, SIGN_UP, CHANGE = "pre-login", "pre-user-registration", "pre-change-password"
PER_NAME = "count_per_identifier"
DAY = 86_400_000
"""In milliseconds, as Auth0's `rate` is: here attempts come back once a day, all of them."""
MAX_ALLOWED = 100
DEFAULTS: Mapping[str, Document] = {
    BRUTE_FORCE: {
        "enabled": True,
        "shields": ["block", "user_notification"],
        "allowlist": [],
        "mode": "count_per_identifier_and_ip",
        "max_attempts": 10,
    },
    THROTTLING: {
        "enabled": True,
        "shields": ["block"],
        "allowlist": [],
        "stage": {
            LOGIN: {"max_attempts": 100, "rate": DAY // 100},
            SIGN_UP: {"max_attempts": 50, "rate": DAY // 50},
        },
    },
    BREACHES: {
        "enabled": False,
        "shields": [],
        "admin_notification_frequency": [],
        "method": "standard",
        "stage": {SIGN_UP: {"shields": ["block"]}, CHANGE: {"shields": ["block"]}},
    },
}
"""Auth0's, but that nobody mails administrators, and that detection of breaches refuses once it is turned on."""


class BreachedPasswords(Protocol):
    """The passwords that are known from breaches."""

    def has(self, password: str) -> bool:
        """Whether a password is among them; Unavailable if that cannot be told."""


@dataclass(frozen=True)
class Protection:
    """The settings of one tenant, and what they mean for an attempt from an address."""

    sections: Mapping[str, Document]

    def guards_names(self, ip: str) -> bool:
        """Whether failed attempts of a name from this address are limited by brute-force protection."""
        return bool(self._brute_force["enabled"]) and not _among(ip, self._brute_force["allowlist"])

    @property
    def per_name(self) -> bool:
        """Whether attempts of a name are counted from everywhere together, and not for each address."""
        return bool(self._brute_force["mode"] == PER_NAME)

    @property
    def attempts_of_name(self) -> int:
        """How many attempts of a name may fail in a row."""
        return int(self._brute_force["max_attempts"])

    @property
    def tells_users(self) -> bool:
        """Whether whoever is refused from now on is told by mail."""
        return "user_notification" in self._brute_force["shields"]

    def attempts_from(self, ip: str, stage: str) -> int | None:
        """How many failed sign-ins, or sign-ups, an address may have; None if it is not counted."""
        throttling = self.sections[THROTTLING]
        if not throttling["enabled"] or _among(ip, throttling["allowlist"]):
            return None
        return int(throttling["stage"][stage]["max_attempts"])

    def refuses_breached(self, stage: str) -> bool:
        """Whether a password that is known from a breach is refused."""
        breaches = self.sections[BREACHES]
        return bool(breaches["enabled"]) and "block" in breaches["stage"][stage]["shields"]

    @property
    def _brute_force(self) -> Document:
        return self.sections[BRUTE_FORCE]


@dataclass(frozen=True, slots=True)
class AttackProtection:
    """What can be done with these settings. `breaches` is what the deployment has configured, if anything."""

    store: TenantStore
    breaches: BreachedPasswords | None
    ambient: Ambient

    def get(self, caller: Caller, section: str) -> Document:
        """Give one section with defaults filled in."""
        return _filled(self._tenant(caller), section)

    def update(self, caller: Caller, section: str, patch: Document) -> Document:
        """Change what `patch` names of one section; stages are merged. Invalid if it would not be kept."""
        return retrying(lambda: self._update(caller, section, patch))

    def recall(self, tenant: str) -> Protection:
        """Give the settings of a tenant as of at most seconds ago; of one that is gone the defaults."""
        found = self.store.recall(tenant)
        return Protection({section: _filled(found, section) for section in DEFAULTS})

    def demand_unbreached(self, tenant: str, password: str, stage: str) -> None:
        """Refuse a password that is known from a breach, if the tenant wants it refused.

        Where the list that a tenant relies on is not there any more, nobody may choose a password: that is noticed.
        """
        if not self.recall(tenant).refuses_breached(stage):
            return
        if self.breaches is None:
            raise Unavailable(
                "Passwords cannot be set at the moment.", detail=f"{tenant} looks up breaches, and none are configured"
            )
        if self.breaches.has(password):
            raise PasswordLeakedError("Password is known from a data breach.")

    def _update(self, caller: Caller, section: str, patch: Document) -> Document:
        tenant = self._tenant(caller)
        wanted = {**_filled(tenant, section), **patch}
        if "stage" in patch:
            wanted["stage"] = _staged(_filled(tenant, section)["stage"], patch["stage"])
        _CHECKS[section](wanted)
        if section == BREACHES and wanted["enabled"] and self.breaches is None:
            raise _unkept("enabled", "no list of breached passwords is configured: see GATEHOUSE_BREACHED_PASSWORDS")
        kept = {**tenant.attack_protection, section: wanted}
        updated = replace(tenant, attack_protection=kept, updated_at=self.ambient.now())
        self.store.replace(updated, done(self.ambient, caller))
        return wanted

    def _tenant(self, caller: Caller) -> Tenant:
        tenant = self.store.find(caller.tenant)
        if tenant is None:
            raise unknown_tenant()
        return tenant


def _filled(tenant: Tenant | None, section: str) -> Document:
    return {**DEFAULTS[section], **(tenant.attack_protection.get(section, {}) if tenant else {})}


def _staged(before: Document, patch: Document) -> Document:
    """Merge stages. A new number of attempts brings its own rate, unless that is said too."""
    staged = dict(before)
    for stage, values in patch.items():
        implied = {"rate": DAY // values["max_attempts"]} if "max_attempts" in values else {}
        staged[stage] = {**before[stage], **implied, **values}
    return staged


def _check_brute_force(section: Document) -> None:
    _check_blocking(section)
    _check_allowlist(section["allowlist"])


def _check_throttling(section: Document) -> None:
    _check_blocking(section)
    if "admin_notification" in section["shields"]:
        raise _unkept("shields", "administrators get no mails")
    _check_allowlist(section["allowlist"])
    for stage, values in section["stage"].items():
        rate = DAY // values["max_attempts"]
        if values["rate"] != rate:
            raise _unkept(
                f"stage.{stage}.rate",
                f"attempts come back once a day, all of them; with max_attempts {values['max_attempts']} it is {rate}",
            )


def _check_breaches(section: Document) -> None:
    if section["shields"]:
        raise _unkept("shields", "passwords are looked up when they are set, not at sign-in")
    if section["admin_notification_frequency"]:
        raise _unkept("admin_notification_frequency", "administrators get no mails")
    if section["method"] != "standard":
        raise _unkept("method", "there is one list, the standard one")
    for stage, values in section["stage"].items():
        if "admin_notification" in values["shields"]:
            raise _unkept(f"stage.{stage}.shields", "administrators get no mails")


def _check_blocking(section: Document) -> None:
    if "block" not in section["shields"]:
        raise _unkept("shields", "what is over the limit is always refused; to turn it off set enabled to false")


def _check_allowlist(addresses: Sequence[str]) -> None:
    if len(addresses) > MAX_ALLOWED:
        raise Invalid(f"Payload validation error: 'More than {MAX_ALLOWED} addresses' on property allowlist.")
    for address in addresses:
        try:
            ip_network(address, strict=False)
        except ValueError:
            raise Invalid(
                f"Payload validation error: 'Expected an IP address or a CIDR range, not {address[:64]}' on property"
                " allowlist."
            ) from None


_CHECKS: Mapping[str, Any] = {
    BRUTE_FORCE: _check_brute_force,
    THROTTLING: _check_throttling,
    BREACHES: _check_breaches,
}


def _unkept(name: str, why: str) -> Invalid:
    """Refuse a setting of Auth0's that would not be kept here."""
    return Invalid(f"This value of {name} is not supported: {why}.", code="operation_not_supported")


def _among(ip: str, allowed: Sequence[str]) -> bool:
    """Whether an address is one of these, or in one of these ranges; text that is no address is in none."""
    if not allowed:
        return False
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in ip_network(each, strict=False) for each in allowed)
