"""The TLS side of the https listener: one context per name that clients ask for."""

from __future__ import annotations

import ssl
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from infra.local.certificates import DEFAULT_NAME

if TYPE_CHECKING:
    from infra.local.certificates import Authority

_MAX_NAMES = 256


def server_context(authority: Authority) -> ssl.SSLContext:
    """Make a context that shows each client a certificate for the name it asks for."""
    lock = Lock()

    @lru_cache(_MAX_NAMES)
    def context_for(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(authority.certificate_for(name))
        return context

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        with lock:
            connection.context = context_for((name or DEFAULT_NAME).lower())

    first = context_for(DEFAULT_NAME)
    first.sni_callback = choose
    return first
