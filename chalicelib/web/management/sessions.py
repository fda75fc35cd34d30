"""/api/v2/sessions and /api/v2/users/{id}/sessions: browsers' sign-ins; and ending all that lets a user in."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.core.sessions import Session
from chalicelib.web.schemas import Continued, Identifier, moment, paged
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("sessions")


class SessionDevice(msgspec.Struct, kw_only=True):
    """From where a session began, and was used last."""

    initial_user_agent: str
    initial_ip: str
    last_user_agent: str
    last_ip: str


class SessionClient(msgspec.Struct, kw_only=True):
    """An application that the session let somebody into."""

    client_id: str


class AuthenticationMethod(msgspec.Struct, kw_only=True):
    """How somebody proved who they are, and when."""

    name: str
    timestamp: str


class Authentication(msgspec.Struct, kw_only=True):
    """How a session began."""

    methods: list[AuthenticationMethod]


class SessionAnswer(msgspec.Struct, kw_only=True):
    """A browser's sign-in, never its secret."""

    id: str
    user_id: str
    created_at: str
    updated_at: str
    authenticated_at: str
    idle_expires_at: str
    expires_at: str
    last_interacted_at: str
    device: SessionDevice
    clients: list[SessionClient]
    authentication: Authentication


class RevokeAccess(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to end: one session or all; its refresh tokens too, unless they are to be preserved."""

    session_id: Identifier | UnsetType = UNSET
    preserve_refresh_tokens: bool = False


@surface.endpoint(
    "GET",
    "/api/v2/users/{user_id}/sessions",
    summary="Get sessions for user",
    scopes=("read:sessions",),
    query=Continued,
)
def list_user_sessions(incoming: Incoming[Continued, None], user_id: str) -> Any:
    """List the sessions of a user that are not over."""
    query = incoming.query
    page = incoming.core.sessions.list_for_user(incoming.caller, user_id, query.request())
    return paged(page, "sessions", query, rendered)


@surface.endpoint(
    "DELETE",
    "/api/v2/users/{user_id}/sessions",
    summary="Delete sessions for user",
    scopes=("delete:sessions",),
    status=202,
)
def delete_user_sessions(incoming: Incoming[Nothing, None], user_id: str) -> None:
    """End every session of a user; refresh tokens stay."""
    incoming.core.sessions.delete_for_user(incoming.caller, user_id)


@surface.endpoint(
    "POST",
    "/api/v2/users/{user_id}/revoke-access",
    summary="Revokes selected resources from a user",
    scopes=("delete:sessions", "delete:refresh_tokens"),
    body=RevokeAccess,
    example={"session_id": "SESSION_ID", "preserve_refresh_tokens": False},
    body_optional=True,
    status=204,
)
def revoke_access(incoming: Incoming[Nothing, RevokeAccess], user_id: str) -> None:
    """End sessions and refresh tokens of a user: everything, or what one session led to."""
    core, body = incoming.core, incoming.body
    session_id = None if body.session_id is UNSET else body.session_id
    core.ending.end(incoming.caller, user_id, session_id=session_id, with_tokens=not body.preserve_refresh_tokens)


@surface.endpoint(
    "GET",
    "/api/v2/sessions/{session_id}",
    summary="Get session",
    scopes=("read:sessions",),
    answer=SessionAnswer,
)
def get_session(incoming: Incoming[Nothing, None], session_id: str) -> SessionAnswer:
    """Give one session."""
    return rendered(incoming.core.sessions.get(incoming.caller, session_id))


@surface.endpoint(
    "DELETE",
    "/api/v2/sessions/{session_id}",
    summary="Delete session",
    scopes=("delete:sessions",),
    status=202,
)
def delete_session(incoming: Incoming[Nothing, None], session_id: str) -> None:
    """End one session."""
    incoming.core.sessions.delete(incoming.caller, session_id)


@surface.endpoint(
    "POST",
    "/api/v2/sessions/{session_id}/revoke",
    summary="Revokes a session",
    scopes=("delete:sessions", "delete:refresh_tokens"),
    status=202,
)
def revoke_session(incoming: Incoming[Nothing, None], session_id: str) -> None:
    """End one session with the refresh tokens that came of it."""
    session = incoming.core.sessions.get(incoming.caller, session_id)
    incoming.core.ending.end(incoming.caller, session.user_id, session_id=session_id, with_tokens=True)


def rendered(session: Session) -> SessionAnswer:
    """Show a session."""
    at = moment(session.authenticated_at)
    methods = [AuthenticationMethod(name=name, timestamp=at) for name in session.methods]
    return SessionAnswer(
        id=session.id,
        user_id=session.user_id,
        created_at=moment(session.created_at),
        updated_at=moment(session.touched_at),
        authenticated_at=at,
        idle_expires_at=moment(session.idle_expires_at),
        expires_at=moment(session.expires_at),
        last_interacted_at=moment(session.touched_at),
        device=SessionDevice(
            initial_user_agent=session.user_agent,
            initial_ip=session.ip,
            last_user_agent=session.last_user_agent,
            last_ip=session.last_ip,
        ),
        clients=[SessionClient(client_id=client_id) for client_id in session.clients],
        authentication=Authentication(methods=methods),
    )
