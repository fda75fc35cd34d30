"""The lines of the account page: sessions and devices as people know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.browsers import browser_parts
from chalicelib.core.impersonation import USED
from chalicelib.web.login.pages import DeviceRow, ImpersonationRow, SessionRow
from chalicelib.web.login.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.core.account_page import Device
    from chalicelib.core.impersonation import ImpersonationLink
    from chalicelib.core.places import Locator
    from chalicelib.core.sessions import Session
    from chalicelib.web.login.texts import Said

    Called = Callable[[str], Said]
    """Gives the name of the client that has an id."""


def session_row(session: Session, locator: Locator, called: Called, *, own: bool) -> SessionRow:
    """Make the line of a session: from where and by what it was used last."""
    place = locator.locate(session.last_ip, {})
    return SessionRow(
        id=session.id,
        own=own,
        browser=browser_name(session.last_user_agent),
        place=place.name if place else "",
        ip=session.last_ip,
        began_at=session.created_at,
        used_at=session.touched_at,
        applications=tuple(called(client_id) for client_id in session.clients),
    )


def device_row(device: Device, called: Called) -> DeviceRow:
    """Make the line of a device."""
    credential = device.credential
    return DeviceRow(
        id=credential.id,
        application=called(credential.client_id),
        device=credential.device_name,
        made_at=credential.created_at,
        used_at=credential.last_used,
    )


def impersonation_row(link: ImpersonationLink, called: Called, now: datetime) -> ImpersonationRow:
    """Make the line of a link that was used: who acted as the user, from when to when."""
    over = link.state_at(now) != USED
    return ImpersonationRow(
        id=link.id,
        who=link.impersonator_email,
        reason=link.reason,
        application=called(link.client_id),
        began_at=link.used_at or link.created_at,
        ended_at=(link.ended_at or link.ends_at) if over else None,
    )


def browser_name(user_agent: str) -> Said:
    """Call a browser what people call it."""
    program, system = browser_parts(user_agent)
    if program and system:
        return Text("browser.on_system", {"browser": program, "system": system})
    return program or system or Text("browser.unknown")
