"""Marks of history: of one tenant and one text, by the key that signed at the time, and by no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.adapters.kms import KmsSealer
from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict
from chalicelib.core.hosts import Hosts
from chalicelib.core.marks import Marks
from chalicelib.crypto.marks import HmacMarks
from chalicelib.crypto.signing_keys import RsaWorkshop
from tests.conftest import BASE_DOMAIN, START

pytestmark = pytest.mark.security(40)
CALLER = Caller(tenant="main")


@pytest.fixture
def new_marks(core, settings, ambient):
    """Make what marks in a process that has opened no key yet."""

    def make():
        workshop = RsaWorkshop(KmsSealer(settings.kms_key, settings.region), Hosts(BASE_DOMAIN, "main"), ambient)
        return Marks(HmacMarks(workshop), core.signing_keys.store)

    return make


@pytest.fixture
def marks(new_marks):
    return new_marks()


def test_a_mark_is_128_bits_and_the_same_in_every_process(marks, new_marks):
    mark = marks.mark("main", b"text")

    assert len(bytes.fromhex(mark)) == 16
    assert new_marks().mark("main", b"text") == mark
    assert new_marks().fits("main", mark, b"text", START)


@pytest.mark.parametrize(("tenant", "text"), [("main", b"text "), ("main", b""), ("acme", b"text")])
def test_a_mark_fits_no_other_text_and_no_other_tenant(marks, tenant, text):
    mark = marks.mark("main", b"text")

    assert not marks.fits(tenant, mark, text, START)


@pytest.mark.parametrize("mark", ["", "0" * 32, "x", "é" * 32])
def test_what_is_no_mark_fits_nothing(marks, mark):
    assert not marks.fits("main", mark, b"text", START)


@pytest.mark.security(33)
def test_a_mark_says_nothing_of_what_is_sealed_or_signed(marks, core):
    key = core.signing_keys.current("main")
    workshop = marks.format.workshop

    secrets = {workshop.derive("main", key, purpose) for purpose in ("gatehouse history", "gatehouse seal mail")}

    assert len(secrets) == 2


@pytest.mark.parametrize(
    ("minutes", "old", "new"),
    [(-10, True, False), (-1, True, True), (0, True, True), (1, True, True), (2, False, True)],
)
def test_a_key_marks_for_the_time_in_which_it_signs_and_no_other(core, marks, clock, minutes, old, new):
    clock.advance(hours=1)
    before = marks.mark("main", b"text")
    core.signing_keys.rotate(CALLER)
    after = marks.mark("main", b"text")
    at = clock.now() + timedelta(minutes=minutes)

    assert (marks.fits("main", before, b"text", at), marks.fits("main", after, b"text", at)) == (old, new)


@pytest.mark.parametrize(("hours", "fits"), [(48, True), (50, False)])
def test_a_revoked_key_is_kept_as_long_as_history_that_it_marked(core, marks, clock, hours, fits):
    mark, kid = marks.mark("main", b"text"), core.signing_keys.current("main").kid
    core.signing_keys.rotate(CALLER)
    core.signing_keys.revoke(CALLER, kid)

    clock.advance(hours=hours)
    core.signing_keys.rotate(CALLER)

    assert marks.fits("main", mark, b"text", START) == fits


def test_nothing_is_marked_for_a_tenant_that_there_is_not(marks):
    with pytest.raises(Conflict):
        marks.mark("nobody", b"text")
