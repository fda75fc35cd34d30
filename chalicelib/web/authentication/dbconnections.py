"""/dbconnections/signup and /dbconnections/change_password: what an application offers on pages of its own.

Called from other origins, and no cookie counts: CORS for all. Refusals have the several shapes Auth0 gives them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.clients import Client
from chalicelib.core.errors import Conflict
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError
from chalicelib.core.password_resets import ResetsDisabled
from chalicelib.core.passwords import PasswordError
from chalicelib.core.sign_ups import SignUpsDisabled
from chalicelib.core.users import User
from chalicelib.web.decoding import given
from chalicelib.web.schemas import HttpsUrl
from chalicelib.web.surface import OAUTH, Incoming, Nothing, Refused, Rendered, Surface

SENT = "We've just sent you an email to reset your password."

Short = Annotated[str, Meta(max_length=255)]
Email = Annotated[str, Meta(max_length=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=300)]
Part = Annotated[str, Meta(min_length=1, max_length=150)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=100)], Annotated[str, Meta(max_length=500)]], Meta(max_length=10)
]


class SignupBody(msgspec.Struct, kw_only=True):
    """A new account. What is not known is ignored, as at all of Auth0's public endpoints."""

    client_id: Short = ""
    connection: Short = ""
    email: Email | UnsetType = UNSET
    password: str | UnsetType = UNSET
    username: Annotated[str, Meta(max_length=128)] | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    given_name: Part | UnsetType = UNSET
    family_name: Part | UnsetType = UNSET
    nickname: Name | UnsetType = UNSET
    picture: HttpsUrl | UnsetType = UNSET
    user_metadata: Metadata | UnsetType = UNSET


class SignupAnswer(msgspec.Struct, kw_only=True):
    """The account that was made. `_id` is the user's id without its provider."""

    id: str = msgspec.field(name="_id")
    email: str
    email_verified: bool
    username: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    given_name: str | UnsetType = UNSET
    family_name: str | UnsetType = UNSET
    nickname: str | UnsetType = UNSET
    picture: str | UnsetType = UNSET
    user_metadata: dict[str, Any] | UnsetType = UNSET


class ChangePasswordBody(msgspec.Struct, kw_only=True):
    """Whose password is forgotten. Without `client_id` the mail is the tenant's and of no application."""

    client_id: Short = ""
    connection: Short = ""
    email: Email = ""


def refuse(refused: Refused) -> Rendered:
    """Shape a refusal as Auth0 does here: by what it is about."""
    error, status = refused.error, refused.status
    body: dict[str, Any]
    if isinstance(error, OAuthError):
        body = {"error": error.error, "error_description": error.description}
    elif isinstance(error, SignUpsDisabled | ResetsDisabled):
        status, body = HTTPStatus.BAD_REQUEST, {"error": error.message}
    elif isinstance(error, PasswordError):
        body = _password_refusal(error)
    else:
        status = HTTPStatus.BAD_REQUEST if isinstance(error, Conflict) else status
        name = status.phrase.removesuffix(" Error").replace(" ", "") + "Error"
        body = {"name": name, "code": refused.code, "description": refused.message, "statusCode": int(status)}
    return Rendered(body=body, status=status)


def _password_refusal(error: PasswordError) -> dict[str, Any]:
    policy = {"policy": error.policy} if error.policy else {}
    return {
        "name": error.name,
        "code": error.code,
        "message": error.summary,
        "description": error.description,
        **policy,
        "statusCode": int(HTTPStatus.BAD_REQUEST),
    }


surface = Surface("authentication", shape=OAUTH, refusal=refuse)


@surface.endpoint(
    "POST",
    "/dbconnections/signup",
    summary="Sign up",
    description="Makes an account at a database connection and sends the mail that verifies its address.",
    public=True,
    body=SignupBody,
    example={
        "client_id": "YOUR_CLIENT_ID",
        "connection": "Username-Password-Authentication",
        "email": "ann@example.com",
        "password": "correct Horse battery 1",
    },
    form=True,
    answer=SignupAnswer,
    cors=True,
)
def sign_up(incoming: Incoming[Nothing, SignupBody]) -> SignupAnswer:
    """Make an account for somebody."""
    core, caller, body = incoming.core, incoming.caller, incoming.body
    client = _client(incoming, body.client_id)
    connection = core.connections.database_for(caller.tenant, _named(body.connection), client)
    attributes = {name: value for name, value in given(body).items() if name not in {"client_id", "connection"}}
    return _rendered(core.sign_ups.sign_up(caller, client, connection, attributes), attributes)


@surface.endpoint(
    "POST",
    "/dbconnections/change_password",
    summary="Send a mail to change a password",
    description="The answer is the same, and takes as long, whether or not somebody has the address.",
    public=True,
    body=ChangePasswordBody,
    example={
        "client_id": "YOUR_CLIENT_ID",
        "connection": "Username-Password-Authentication",
        "email": "ann@example.com",
    },
    form=True,
    answer=str,
    produces="text/html",
    cors=True,
)
def change_password(incoming: Incoming[Nothing, ChangePasswordBody]) -> Rendered:
    """Send the link by which a new password is chosen."""
    core, caller, body = incoming.core, incoming.caller, incoming.body
    client = _client(incoming, body.client_id) if body.client_id else None
    connection = core.connections.database_for(caller.tenant, _named(body.connection), client)
    core.password_resets.request(caller, client, connection, body.email)
    return Rendered(body=SENT, content_type="text/html; charset=utf-8")


def _client(incoming: Incoming[Any, Any], client_id: str) -> Client:
    """Find the application that asks. It proves nothing: whoever reads its pages knows its id."""
    if not client_id:
        raise MalformedRequest("missing client_id parameter")
    client = incoming.core.clients.store.recall(incoming.caller.tenant, client_id)
    if client is None or client.is_global:
        raise MalformedRequest("the client was not found")
    return client


def _named(connection: str) -> str:
    if not connection:
        raise MalformedRequest("missing connection parameter")
    return connection


def _rendered(user: User, attributes: dict[str, Any]) -> SignupAnswer:
    """Show an account as Auth0 does: its id, its address, and what else was asked for."""
    shown = attributes.keys() - {"email", "password"}
    return SignupAnswer(
        id=user.main.user_id,
        email=user.email or "",
        email_verified=user.email_verified,
        **{name: getattr(user, name) for name in shown},
    )
