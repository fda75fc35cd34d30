"""/u/unblock: where the link leads by which somebody is let in again after too many failed attempts."""

from __future__ import annotations

from chalicelib.web.forms import demand_same_origin
from chalicelib.web.login.links import TicketForm, TicketQuery, ask, go_on_from
from chalicelib.web.login.shell import login_surface
from chalicelib.web.surface import Incoming, Rendered

surface = login_surface()

_PATH = "/u/unblock"
_SAID = "Your account was unblocked. You can continue using the application."


@surface.endpoint("GET", _PATH, summary="Ask to unblock", public=True, query=TicketQuery)
def get_unblock(incoming: Incoming[TicketQuery, None]) -> Rendered:
    """Ask whether it was them."""
    opened = incoming.core.user_blocks.open(incoming.caller, incoming.query.ticket)
    return ask(incoming, opened, "unblock", _PATH)


@surface.endpoint(
    "POST", _PATH, summary="Unblock", public=True, query=TicketQuery, body=TicketForm, body_optional=True, form=True
)
def post_unblock(incoming: Incoming[TicketQuery, TicketForm]) -> Rendered:
    """Forget the failed attempts."""
    demand_same_origin(incoming.http)
    opened = incoming.core.user_blocks.release(incoming.caller, incoming.query.ticket)
    return go_on_from(incoming, opened, "unblocked", _SAID)
