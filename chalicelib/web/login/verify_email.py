"""/u/verify-email: where the link leads by which somebody proves an address."""

from __future__ import annotations

from chalicelib.web.forms import demand_same_origin
from chalicelib.web.login.links import TicketForm, TicketQuery, ask, go_on_from
from chalicelib.web.login.shell import login_surface
from chalicelib.web.surface import Incoming, Rendered

surface = login_surface()

_PATH = "/u/verify-email"
_SAID = "Your email was verified. You can continue using the application."


@surface.endpoint("GET", _PATH, summary="Ask to verify an address", public=True, query=TicketQuery)
def get_verify_email(incoming: Incoming[TicketQuery, None]) -> Rendered:
    """Ask whether the address is theirs."""
    opened = incoming.core.verification.open(incoming.caller, incoming.query.ticket)
    return ask(incoming, opened, "verify_email", _PATH)


@surface.endpoint(
    "POST",
    _PATH,
    summary="Verify an address",
    public=True,
    query=TicketQuery,
    body=TicketForm,
    body_optional=True,
    form=True,
)
def post_verify_email(incoming: Incoming[TicketQuery, TicketForm]) -> Rendered:
    """Verify the address."""
    demand_same_origin(incoming.http)
    opened = incoming.core.verification.confirm(incoming.caller, incoming.query.ticket)
    return go_on_from(incoming, opened, "email_verified", _SAID)
