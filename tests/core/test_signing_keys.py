"""How long a key verifies, to the second; the rest of a key's life is proven over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.ambient import Ambient
from chalicelib.core.errors import Conflict
from chalicelib.core.signing_keys import SigningKey, SigningKeys

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)


def key(**known):
    blank = dict.fromkeys(("sealed", "cert", "pkcs7", "fingerprint", "thumbprint"), "")
    return SigningKey(**{"kid": "k1", "status": "previous", "jwk": {}, "created_at": NOW, **blank, **known})


@pytest.mark.parametrize(
    ("times", "verifies"),
    [
        ({}, True),
        ({"current_until": NOW}, True),
        ({"current_until": NOW - timedelta(days=30) + A_SECOND}, True),
        ({"current_until": NOW - timedelta(days=30)}, False),
        ({"revoked_at": NOW}, False),
        ({"current_until": NOW, "revoked_at": NOW - A_SECOND}, False),
    ],
)
def test_a_key_verifies_until_the_last_token_it_signed_has_ended_or_it_is_revoked(times, verifies):
    assert key(**times).verifies(NOW) == verifies


class NoKeys:
    """The store of a tenant that has no keys."""

    def recall(self, tenant):
        return []


def test_a_tenant_without_keys_signs_nothing_and_verifies_nothing():
    keys = SigningKeys(NoKeys(), None, Ambient(lambda: NOW, str, str, str))

    with pytest.raises(Conflict):
        keys.current("main")
    assert keys.verifying("main") == []
