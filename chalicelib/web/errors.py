"""Errors as each surface shows them. One table says which HTTP status a kind is; `except Exception` is in `surface`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from chalicelib.core import errors
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError, TooManyAttempts, UnknownClient

STATUS: dict[type[errors.GatehouseError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Gone: HTTPStatus.GONE,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_OAUTH_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid_request",
    HTTPStatus.UNAUTHORIZED: "access_denied",
    HTTPStatus.TOO_MANY_REQUESTS: "too_many_requests",
    HTTPStatus.SERVICE_UNAVAILABLE: "temporarily_unavailable",
    HTTPStatus.INTERNAL_SERVER_ERROR: "server_error",
}


class UnsupportedMediaType(errors.GatehouseError):
    """The body is of a type this endpoint does not read. Only the web knows such a thing."""

    code = "unsupported_media_type"


def status_of(error: errors.GatehouseError | OAuthError) -> HTTPStatus:
    """Choose the HTTP status of an error by its kind."""
    if isinstance(error, OAuthError):
        return _oauth_status(error)
    if isinstance(error, UnsupportedMediaType):
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def _oauth_status(error: OAuthError) -> HTTPStatus:
    """Auth0 answers 403 where RFC 6749 says 400: for a grant it refuses. SDKs read the body, not the number."""
    if isinstance(error, MalformedRequest):
        return HTTPStatus.BAD_REQUEST
    if isinstance(error, TooManyAttempts):
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.UNAUTHORIZED if isinstance(error, UnknownClient) else HTTPStatus.FORBIDDEN


def management_body(status: HTTPStatus, message: str, code: str) -> dict[str, Any]:
    """Shape an error as the Management API does."""
    body = {"statusCode": int(status), "error": _PHRASES.get(status, status.phrase), "message": message}
    return {**body, "errorCode": code} if code else body


_PHRASES = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Payload Too Large"}


def oauth_body(status: HTTPStatus, message: str, code: str) -> dict[str, Any]:
    """Shape an error as RFC 6749, section 5.2 does."""
    return {"error": _OAUTH_CODES.get(status, code) or "server_error", "error_description": message}
