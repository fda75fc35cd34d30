"""Tickets: how soon a stranger may have the next one made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.core.tickets import CHANGE_PASSWORD, Ticket
from tests.conftest import START


@pytest.mark.security(43)
@pytest.mark.parametrize(("in_a_row", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1_000, 60)])
def test_the_pause_before_the_next_link_doubles_up_to_an_hour(in_a_row, minutes):
    ticket = made(in_a_row=in_a_row, lives=timedelta(days=1))

    pause = timedelta(minutes=minutes)

    assert not ticket.may_follow(START + pause - timedelta(milliseconds=1))
    assert ticket.may_follow(START + pause)


def test_there_is_no_pause_after_a_link_that_has_expired():
    ticket = made(in_a_row=7, lives=timedelta(minutes=5))

    assert not ticket.may_follow(START + timedelta(minutes=4))
    assert ticket.may_follow(START + timedelta(minutes=5))


def made(*, in_a_row, lives):
    return Ticket(
        kind=CHANGE_PASSWORD,
        user_id="auth0|1",
        digest="",
        email="ann@example.com",
        account="auth0|1",
        connection_id="con_1",
        created_at=START,
        expires_at=START + lives,
        in_a_row=in_a_row,
    )
