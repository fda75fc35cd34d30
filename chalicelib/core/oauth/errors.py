"""Refusals in the words of OAuth 2.0 (RFC 6749, section 5.2). A family of its own: another shape, other codes."""

from __future__ import annotations


class OAuthError(Exception):
    """A refusal of the token endpoint. `error` is OAuth's code; `detail` is for the log alone."""

    def __init__(self, error: str, description: str, *, detail: str = "") -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.detail = detail


class MalformedRequest(OAuthError):
    """Something required is missing, given twice, or of the wrong form."""

    def __init__(self, description: str) -> None:
        super().__init__("invalid_request", description)


class UnknownClient(OAuthError):
    """The client is unknown or its secret is wrong: one answer for both, in Auth0's words."""

    def __init__(self, detail: str) -> None:
        super().__init__("access_denied", "Unauthorized", detail=detail)
