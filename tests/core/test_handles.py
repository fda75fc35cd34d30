"""Handles: what is given comes back, whoever's it is, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from chalicelib.core.handles import Handle, parse
from chalicelib.core.users import MAX_USER_ID

SECRET = "s" * 43
TAKEN = str(Handle("auth0|1", "ses_1", SECRET))


@pytest.mark.parametrize("user_id", ["auth0|1", "a.b", "é", "auth0|" + "😀" * (MAX_USER_ID - 6)])
def test_a_handle_comes_back_whatever_the_users_id_is(user_id):
    handle = Handle(user_id, "dcr_0123456789abcdef01234567", SECRET)

    assert parse(str(handle)) == handle


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", f"{TAKEN}.x", TAKEN[1:], f" {TAKEN}", "é.b.c", "!.b.c", "_w.b.c", f"{TAKEN}{'x' * 2_000}"],
)
def test_what_is_no_handle_is_none(text):
    assert parse(text) is None


@pytest.mark.security(15)
def test_a_handle_proves_itself_by_its_secret_alone():
    handle = Handle("auth0|1", "ses_1", SECRET)

    assert handle.proves(Handle("auth0|2", "ses_2", SECRET).digest)
    assert not handle.proves(Handle("auth0|1", "ses_1", SECRET[:-1] + "t").digest)
    assert SECRET not in handle.digest
