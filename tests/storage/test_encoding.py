"""Items that there are many of are kept brief, and lose nothing by it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from chalicelib.core.logs import LogEvent
from chalicelib.core.users import User
from chalicelib.storage.encoding import brief

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLAIN = User(user_id="auth0|1", identities=(), created_at=NOW, updated_at=NOW)
FULL = User(
    user_id="auth0|1",
    identities=(),
    created_at=NOW,
    updated_at=NOW,
    email_verified=True,
    blocked=True,
    name="",
    user_metadata={"empty": "", "none": None, "zero": 0, "false": False},
)
EVENT = LogEvent(log_id="1", date=NOW, type="sapi", description="", details={"request": {}})


@pytest.mark.parametrize("entity", [PLAIN, FULL, EVENT])
def test_what_is_kept_brief_comes_back_as_it_was(entity):
    kept = brief(entity)

    assert msgspec.json.decode(kept, type=type(entity)) == entity


def test_what_says_nothing_is_not_kept():
    kept = msgspec.json.decode(brief(PLAIN))

    assert kept.keys() == {"user_id", "identities", "created_at", "updated_at"}


def test_what_is_false_or_empty_but_not_the_default_is_kept():
    kept = msgspec.json.decode(brief(FULL))

    assert kept["name"] == ""
    assert kept["user_metadata"] == {"empty": "", "none": None, "zero": 0, "false": False}
