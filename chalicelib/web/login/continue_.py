"""/continue: where a browser comes back from where a rule had led it, by GET or by a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from chalicelib.core.oauth.authorize import Resumed
from chalicelib.web.cookies import browser
from chalicelib.web.login.shell import go_on, login_surface
from chalicelib.web.surface import Incoming, Rendered

if TYPE_CHECKING:
    from collections.abc import Mapping

surface = login_surface()


class ContinueState(msgspec.Struct, kw_only=True):
    """Which sign-in goes on. What else is sent is for the rules alone."""

    state: Annotated[str, Meta(max_length=16_384)] = ""


@surface.endpoint("GET", "/continue", summary="Go on with a sign-in", public=True, query=ContinueState)
def get_continue(incoming: Incoming[ContinueState, None]) -> Rendered:
    """Run the rules once more, and answer the application."""
    return _continue(incoming, incoming.query.state, {})


@surface.endpoint(
    "POST",
    "/continue",
    summary="Go on with a sign-in by a form",
    public=True,
    query=ContinueState,
    body=ContinueState,
    form=True,
)
def post_continue(incoming: Incoming[ContinueState, ContinueState]) -> Rendered:
    """Go on with what a form brought, which rules see as the body of the request."""
    raw = incoming.http.raw_body
    sent = dict(parse_qsl(raw.decode() if isinstance(raw, bytes) else raw, keep_blank_values=True))
    return _continue(incoming, incoming.body.state or incoming.query.state, sent)


def _continue(incoming: Incoming[Any, Any], state: str, body: Mapping[str, str]) -> Rendered:
    resumed = Resumed(query=dict(incoming.http.query_params or {}), body=body)
    return go_on(incoming, incoming.core.authorize.resume(incoming.caller, state, browser(incoming.http), resumed))
