"""/v2/logout and /oidc/logout: end the browser's session and go on to a registered address."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.core.oauth.logout import Leaving
from chalicelib.web import cookies
from chalicelib.web.forms import redirect, with_cookies
from chalicelib.web.login.pages import message, render_message
from chalicelib.web.login.shell import login_surface, shell_for
from chalicelib.web.surface import Incoming, Rendered

surface = login_surface()

Text = Annotated[str, Meta(max_length=2_048)]


class LogoutQuery(msgspec.Struct, kw_only=True):
    """Which application signs somebody out, and where to go on. `federated` is accepted: there is no upstream yet."""

    client_id: Text = ""
    return_to: Text = msgspec.field(name="returnTo", default="")
    federated: Text | None = None


class OidcLogoutQuery(msgspec.Struct, kw_only=True):
    """The same in OpenID Connect's words (RP-Initiated Logout 1.0, 2)."""

    id_token_hint: Annotated[str, Meta(max_length=16_384)] = ""
    client_id: Text = ""
    post_logout_redirect_uri: Text = ""
    state: Text | None = None
    logout_hint: Text = ""
    ui_locales: Text = ""


@surface.endpoint("GET", "/v2/logout", summary="Sign out", public=True, query=LogoutQuery)
def get_logout(incoming: Incoming[LogoutQuery, None]) -> Rendered:
    """Sign the browser out, as Auth0's classic address does."""
    query = incoming.query
    return _signed_out(incoming, Leaving(client_id=query.client_id), query.return_to, state=None)


@surface.endpoint("GET", "/oidc/logout", summary="Sign out with OpenID Connect", public=True, query=OidcLogoutQuery)
def get_oidc_logout(incoming: Incoming[OidcLogoutQuery, None]) -> Rendered:
    """Sign the browser out; the client is named, or read from the ID token. An impersonation's ends just that."""
    query = incoming.query
    leaving = incoming.core.logout.leaving(incoming.caller, query.client_id, query.id_token_hint)
    return _signed_out(incoming, leaving, query.post_logout_redirect_uri, state=query.state)


def _signed_out(incoming: Incoming[Any, Any], leaving: Leaving, address: str, *, state: str | None) -> Rendered:
    """Where the address is not registered nothing ends and nobody is sent anywhere (S31)."""
    target = incoming.core.logout.sign_out(
        incoming.caller, cookies.browser(incoming.http).session, leaving, address=address, state=state
    )
    gone = [] if leaving.link_id else [cookies.dropped(cookies.SESSION)]
    if target:
        return with_cookies(redirect(target), *gone)
    page = message(shell_for(incoming.core, incoming.caller, incoming.http), "signed_out")
    return with_cookies(render_message(page), *gone)
