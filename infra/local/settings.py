"""What moves the local stack: three environment variables, and what the app's own environment is here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.clients import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = "gatehouse"
LIMITS = ("GATEHOUSE_MANAGEMENT_REQUESTS_PER_MINUTE", "GATEHOUSE_AUTHENTICATION_REQUESTS_PER_MINUTE")
MOST_REQUESTS = "60000"
"""More than the one process here answers in a minute: whoever runs tests against it is not held up."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Where it listens and where it keeps its data. Port 0 takes a free one."""

    port: int
    tls_port: int
    data_dir: Path

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> LocalSettings:
        """Read PORT, TLS_PORT and DATA_DIR, or end with a sentence that says which is wrong."""
        return cls(
            port=_port(environment, "PORT", 8000),
            tls_port=_port(environment, "TLS_PORT", 8443),
            data_dir=Path(environment.get("DATA_DIR") or ".local").resolve(),
        )


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise SystemExit(f"{name} must be a port number, not {text!r}.")
    return int(text)


def set_environment(*, endpoint: str, kms_key: str, base_domain: str) -> None:
    """Set the environment that the app reads when it is imported. A person's own AWS set-up is hidden from it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for name in LIMITS:
        os.environ[name] = os.environ.get(name) or MOST_REQUESTS
    os.environ |= {
        "GATEHOUSE_TABLE": TABLE,
        "GATEHOUSE_BASE_DOMAIN": base_domain,
        "GATEHOUSE_KMS_KEY": kms_key,
        "GATEHOUSE_AWS_ENDPOINT": endpoint,
        "GATEHOUSE_MAIL_FROM": "Gatehouse <no-reply@example.com>",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost", "::1"])),
    }
