"""/authorize: where an application sends a browser to have somebody sign in."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.web import cookies
from chalicelib.web.login.shell import go_on, login_surface
from chalicelib.web.surface import Incoming, Nothing, Rendered

surface = login_surface()

Text = Annotated[str, Meta(max_length=2_048)] | None


class AuthorizeQuery(msgspec.Struct, kw_only=True):
    """A request for authorization (RFC 6749, 4.1.1; OpenID Connect Core 1.0, 3.1.2.1). What is not known is ignored."""

    client_id: Text = None
    response_type: Text = None
    redirect_uri: Text = None
    response_mode: Text = None
    scope: Text = None
    state: Text = None
    nonce: Text = None
    audience: Text = None
    code_challenge: Text = None
    code_challenge_method: Text = None
    prompt: Text = None
    max_age: Text = None
    login_hint: Text = None
    connection: Text = None
    screen_hint: Text = None
    ui_locales: Text = None
    device: Text = None


@surface.endpoint("GET", "/authorize", summary="Authorize", public=True, query=AuthorizeQuery)
def get_authorize(incoming: Incoming[AuthorizeQuery, None]) -> Rendered:
    """Answer from the browser's session, or go on to the page that asks."""
    return _authorize(incoming, incoming.query)


@surface.endpoint("POST", "/authorize", summary="Authorize", public=True, body=AuthorizeQuery, form=True)
def post_authorize(incoming: Incoming[Nothing, AuthorizeQuery]) -> Rendered:
    """Answer a request that came as a form (OpenID Connect Core 1.0, 3.1.2.1)."""
    return _authorize(incoming, incoming.body)


def _authorize(incoming: Incoming[Any, Any], asked: AuthorizeQuery) -> Rendered:
    given = {name: [value] for name in asked.__struct_fields__ if (value := getattr(asked, name)) is not None}
    return go_on(incoming, incoming.core.authorize.begin(incoming.caller, given, cookies.browser(incoming.http)))
