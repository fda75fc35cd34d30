"""/api/v2/tickets: one-time links that a program brings to its users itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.errors import Invalid
from chalicelib.core.tickets import DEFAULT_LIFETIME, LONGEST_LIFETIME, AccountName, Terms
from chalicelib.web.schemas import Identifier, Url
from chalicelib.web.surface import Incoming, Nothing, Surface

if TYPE_CHECKING:
    from typing import Any

surface = Surface("tickets")

Email = Annotated[str, Meta(min_length=1, max_length=1000)]
Lifetime = Annotated[
    int,
    Meta(
        ge=0,
        le=int(LONGEST_LIFETIME.total_seconds()),
        description="Seconds the link is good for, at most 30 days; 0 is 5 days.",
    ),
]


class AccountNamed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which account of the user, where it is not the main one. `user_id` is without its provider."""

    user_id: Identifier
    provider: Annotated[str, Meta(min_length=1, max_length=50)]
    connection_id: Identifier | UnsetType = UNSET

    @property
    def name(self) -> AccountName:
        """The account by its full id."""
        connection_id = "" if self.connection_id is UNSET else self.connection_id
        return AccountName(full_id=f"{self.provider}|{self.user_id}", connection_id=connection_id)


class TicketFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What both kinds of links take. After the link was used it goes on to `result_url`, or to the client."""

    result_url: Url | UnsetType = UNSET
    client_id: Identifier | UnsetType = UNSET
    ttl_sec: Lifetime = 0
    email_in_redirect: bool = msgspec.field(name="includeEmailInRedirect", default=False)
    identity: AccountNamed | UnsetType = UNSET

    @property
    def account(self) -> AccountName | None:
        """The account that is named, if one is."""
        return None if self.identity is UNSET else self.identity.name

    def terms(self, **further: Any) -> Terms:
        """Say what the link may do."""
        return Terms(
            lifetime=timedelta(seconds=self.ttl_sec) or DEFAULT_LIFETIME,
            client_id="" if self.client_id is UNSET else self.client_id,
            result_url="" if self.result_url is UNSET else self.result_url,
            email_in_redirect=self.email_in_redirect,
            **further,
        )


class EmailVerification(TicketFields, kw_only=True):
    """A link that proves an address."""

    user_id: Identifier


class PasswordChange(TicketFields, kw_only=True):
    """A link that sets a password: of a user by id, or by address at a connection."""

    user_id: Identifier | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    connection_id: Identifier | UnsetType = UNSET
    mark_email_as_verified: bool = False


class TicketAnswer(msgspec.Struct, kw_only=True):
    """The link."""

    ticket: str


@surface.endpoint(
    "POST",
    "/api/v2/tickets/email-verification",
    summary="Create an email verification ticket",
    scopes=("create:user_tickets",),
    body=EmailVerification,
    example={"user_id": "USER_ID", "result_url": "https://app.example.com/welcome", "ttl_sec": 86_400},
    answer=TicketAnswer,
    status=201,
)
def verify_email_ticket(incoming: Incoming[Nothing, EmailVerification]) -> TicketAnswer:
    """Make a link that proves an address. No mail is sent."""
    body = incoming.body
    if body.client_id is not UNSET and body.result_url is not UNSET:
        raise _both("result_url", "client_id")
    link = incoming.core.verification.ticket(incoming.caller, body.user_id, body.account, body.terms())
    return TicketAnswer(ticket=link)


@surface.endpoint(
    "POST",
    "/api/v2/tickets/password-change",
    summary="Create a password change ticket",
    scopes=("create:user_tickets",),
    body=PasswordChange,
    example={"user_id": "USER_ID", "result_url": "https://app.example.com/welcome", "ttl_sec": 86_400},
    answer=TicketAnswer,
    status=201,
)
def change_password_ticket(incoming: Incoming[Nothing, PasswordChange]) -> TicketAnswer:
    """Make a link that sets a password. No mail is sent."""
    caller, body, resets = incoming.caller, incoming.body, incoming.core.password_resets
    terms = body.terms(marks_verified=body.mark_email_as_verified)
    if body.user_id is not UNSET:
        if body.connection_id is not UNSET or body.email is not UNSET:
            raise _both("user_id", "connection_id" if body.connection_id is not UNSET else "email")
        return TicketAnswer(ticket=resets.ticket(caller, body.user_id, body.account, terms))
    if body.identity is not UNSET or (body.email is UNSET and body.connection_id is UNSET):
        raise _missing("user_id")
    if body.email is UNSET or body.connection_id is UNSET:
        raise _missing("email" if body.email is UNSET else "connection_id")
    return TicketAnswer(ticket=resets.ticket_for_address(caller, body.connection_id, body.email, terms))


def _missing(name: str) -> Invalid:
    return Invalid(f"Payload validation error: 'Missing required property: {name}'.")


def _both(one: str, other: str) -> Invalid:
    return Invalid(f"Payload validation error: 'Cannot specify both {one} and {other}'.")
