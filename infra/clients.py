"""Clients of an emulated AWS on this machine, with credentials that are nobody's. Never talks to AWS itself."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCESS_KEY = "local"
SECRET_KEY = "local"  # noqa: S105 - emulators take any

_CONFIG = Config(connect_timeout=3, read_timeout=30, retries={"total_max_attempts": 3}, proxies={})


def client(service: str, endpoint_url: str) -> Any:
    """Make a client of one service at the emulator's address."""
    return botocore.session.get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=_CONFIG,
    )
