"""The lines of the account page: sessions and devices as people know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.browsers import browser_parts
from chalicelib.web.login.pages import DeviceRow, SessionRow
from chalicelib.web.login.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.account_page import Device
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


def browser_name(user_agent: str) -> Said:
    """Call a browser what people call it."""
    program, system = browser_parts(user_agent)
    if program and system:
        return Text("browser.on_system", {"browser": program, "system": system})
    return program or system or Text("browser.unknown")
