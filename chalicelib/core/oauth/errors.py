"""Refusals in the words of OAuth 2.0 (RFC 6749, section 5.2). A family of its own: another shape, other codes."""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound="OAuthError")


class OAuthError(Exception):
    """A refusal in OAuth's words. `error` is its code; `detail` is for the log alone.

    `recorded` says that whoever raised it has written the event of it.
    """

    def __init__(self, error: str, description: str, *, detail: str = "") -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.detail = detail
        self.recorded = False


def recorded(error: E) -> E:
    """Mark a refusal whose event is written."""
    error.recorded = True
    return error


class MalformedRequest(OAuthError):
    """Something required is missing, given twice, or of the wrong form."""

    def __init__(self, description: str) -> None:
        super().__init__("invalid_request", description)


class WrongPassword(OAuthError):
    """The name is unknown or the password is wrong: one answer for both (S7)."""

    DESCRIPTION = "Wrong email or password."

    def __init__(self) -> None:
        super().__init__("invalid_grant", self.DESCRIPTION)


class InvalidGrant(OAuthError):
    """A code or refresh token that gives nothing: unknown, spent, expired, or another client's."""

    def __init__(self, description: str, *, detail: str = "") -> None:
        super().__init__("invalid_grant", description, detail=detail)


class UserBlocked(OAuthError):
    """The user is who they say, and may not enter."""

    DESCRIPTION = "user is blocked"

    def __init__(self) -> None:
        super().__init__("unauthorized", self.DESCRIPTION)


class TooManyAttempts(OAuthError):
    """Too many attempts failed, for this user or from this address; even the right password is refused now."""

    DESCRIPTION = (
        "Your account has been blocked after multiple consecutive login attempts. We've sent you an email with"
        " instructions on how to unblock it."
    )

    def __init__(self) -> None:
        super().__init__("too_many_attempts", self.DESCRIPTION)


class DatabaseUnavailable(OAuthError):
    """A tenant's own database gave no answer: nobody is let in. Why is in the tenant's history alone."""

    DESCRIPTION = "The sign-in could not be checked. Try again later."

    def __init__(self) -> None:
        super().__init__("access_denied", self.DESCRIPTION)


class UnknownClient(OAuthError):
    """The client is unknown or its secret is wrong: one answer for both, in Auth0's words."""

    def __init__(self, detail: str) -> None:
        super().__init__("access_denied", "Unauthorized", detail=detail)
