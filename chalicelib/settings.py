"""The environment, read once into one frozen object. Every problem is reported at once, at start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS = r"[^\s<>@,;\"]+@[^\s<>@,;\"]+"
_SENDER = re.compile(rf"{_ADDRESS}|[^\x00-\x1f\x7f<>@]* <{_ADDRESS}>")
_SWITCH = {"1": True, "true": True, "0": False, "false": False}


class SettingsError(Exception):
    """The environment is not complete, or not right; the message lists everything that is wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a deployment decides."""

    table: str
    region: str
    kms_key: str
    base_domain: str
    default_tenant: str = "main"
    shards: int = 1
    aws_endpoint: str | None = None
    argon2_memory_kib: int = 19_456
    argon2_iterations: int = 2
    argon2_lanes: int = 1
    mail_from: str | None = None
    trust_cloudfront: bool = False
    management_requests_per_minute: int = 6_000
    authentication_requests_per_minute: int = 6_000
    breached_passwords: str | None = None
    sandbox_function: str | None = None
    journal: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the variables documented in docs/settings.md, or raise SettingsError with all that is wrong."""
        reader = _Reader(environment, [])
        settings = cls(
            table=reader.required("GATEHOUSE_TABLE"),
            region=environment.get("AWS_REGION") or reader.required("AWS_DEFAULT_REGION"),
            kms_key=reader.required("GATEHOUSE_KMS_KEY"),
            base_domain=reader.required("GATEHOUSE_BASE_DOMAIN").lower(),
            default_tenant=environment.get("GATEHOUSE_DEFAULT_TENANT") or "main",
            shards=reader.number("GATEHOUSE_SHARDS", 1, 1, 16),
            aws_endpoint=environment.get("GATEHOUSE_AWS_ENDPOINT") or None,
            argon2_memory_kib=reader.number("GATEHOUSE_ARGON2_MEMORY_KIB", 19_456, 64, 131_072),
            argon2_iterations=reader.number("GATEHOUSE_ARGON2_ITERATIONS", 2, 1, 10),
            argon2_lanes=reader.number("GATEHOUSE_ARGON2_LANES", 1, 1, 8),
            mail_from=reader.sender("GATEHOUSE_MAIL_FROM"),
            trust_cloudfront=reader.switch("GATEHOUSE_TRUST_CLOUDFRONT"),
            management_requests_per_minute=reader.number(
                "GATEHOUSE_MANAGEMENT_REQUESTS_PER_MINUTE", 6_000, 0, 1_000_000
            ),
            authentication_requests_per_minute=reader.number(
                "GATEHOUSE_AUTHENTICATION_REQUESTS_PER_MINUTE", 6_000, 0, 1_000_000
            ),
            breached_passwords=environment.get("GATEHOUSE_BREACHED_PASSWORDS") or None,
            sandbox_function=environment.get("GATEHOUSE_SANDBOX_FUNCTION") or None,
            journal=environment.get("GATEHOUSE_JOURNAL") or None,
        )
        if reader.problems:
            raise SettingsError("\n".join(["The environment is not right:", *reader.problems]))
        return settings


@dataclass(frozen=True, slots=True)
class _Reader:
    environment: Mapping[str, str]
    problems: list[str]

    def required(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            self.problems.append(f"  {name} is not set")
        return value

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        text = self.environment.get(name) or str(default)
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            self.problems.append(f"  {name} must be a whole number from {lowest} to {highest}, not {text!r}")
            return default
        return int(text)

    def sender(self, name: str) -> str | None:
        text = self.environment.get(name) or None
        if text and not _SENDER.fullmatch(text):
            self.problems.append(
                f"  {name} must be like no-reply@example.com or Name <no-reply@example.com>, not {text!r}"
            )
        return text

    def switch(self, name: str) -> bool:
        text = (self.environment.get(name) or "0").lower()
        if text not in _SWITCH:
            self.problems.append(f"  {name} must be 1 or 0, not {text!r}")
        return _SWITCH.get(text, False)
