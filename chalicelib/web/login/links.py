"""What the pages behind links from mails share. Opening a link shows a page and changes nothing (S20, S41)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from chalicelib.web.forms import redirect
from chalicelib.web.login.pages import ConfirmationPage, Link, message, render_confirmation, render_message
from chalicelib.web.login.shell import shell_for
from chalicelib.web.login.texts import text

if TYPE_CHECKING:
    from chalicelib.core.tickets import Opened
    from chalicelib.web.login.pages import Shell
    from chalicelib.web.login.texts import ConfirmationName, MessageName
    from chalicelib.web.surface import Incoming, Rendered


class TicketQuery(msgspec.Struct, kw_only=True):
    """The link. What mail programs add to an address is ignored."""

    ticket: str = ""


class TicketForm(msgspec.Struct, kw_only=True):
    """What a page behind a link posts: that somebody pressed the button."""


def address(path: str, ticket: str) -> str:
    """Give the address a page behind a link posts to: its own."""
    return f"{path}?{urlencode({'ticket': ticket})}"


def shell_behind(incoming: Incoming[Any, Any], opened: Opened) -> Shell:
    """Frame a page behind a link: for the application that the link goes on to."""
    shell = shell_for(incoming.core, incoming.caller, incoming.http, opened.client)
    result_url = opened.ticket.result_url
    return replace(shell, form_targets=(result_url,)) if result_url else shell


def ask(incoming: Incoming[TicketQuery, Any], opened: Opened, name: ConfirmationName, path: str) -> Rendered:
    """Ask whether to go on."""
    return render_confirmation(
        ConfirmationPage(
            shell=shell_behind(incoming, opened),
            action=address(path, incoming.query.ticket),
            state="",
            name=name,
            email=opened.ticket.email,
        )
    )


def go_on_from(incoming: Incoming[Any, Any], opened: Opened, name: MessageName, said: str) -> Rendered:
    """Say that a link did what it was for: where its maker wanted it said, with Auth0's parameters, or here."""
    ticket, client = opened.ticket, opened.client
    if ticket.result_url:
        email = {"email": ticket.email} if ticket.email_in_redirect else {}
        return redirect(
            _with_query(ticket.result_url, {**email, "success": "true", "code": "success", "message": said})
        )
    shell = shell_behind(incoming, opened)
    back = text(shell.language, "page.back_to_login")
    link = Link(text=back, address=client.initiate_login_uri) if client and client.initiate_login_uri else None
    return render_message(message(shell, name, link=link))


def _with_query(target: str, given: dict[str, str]) -> str:
    """Add parameters to an address that may have some."""
    parts = urlsplit(target)
    query = "&".join(part for part in (parts.query, urlencode(given)) if part)
    return urlunsplit(parts._replace(query=query))
