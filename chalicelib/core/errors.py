"""The one family of errors. A kind says what went wrong; only a surface knows which HTTP status that is.

`message` may be shown to the caller and says what to do; `detail` is for the log alone; `code` is stable.
"""

from __future__ import annotations


class GatehouseError(Exception):
    """A refusal the caller may be told about."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.detail = detail


class Invalid(GatehouseError):
    """What was sent cannot be accepted as it is."""

    code = "invalid_body"


class Unauthenticated(GatehouseError):
    """Nobody, or nobody provable, is asking."""

    code = "invalid_token"


class Forbidden(GatehouseError):
    """The caller is known and may not do this."""

    code = "insufficient_scope"


class NotFound(GatehouseError):
    """There is no such thing in this tenant."""

    code = "not_found"


class Conflict(GatehouseError):
    """Something that exists already, or changed meanwhile, stands in the way."""

    code = "conflict"


class Gone(GatehouseError):
    """It existed, and is spent or expired."""

    code = "gone"


class TooLarge(GatehouseError):
    """More was sent than the documented limit."""

    code = "payload_too_large"


class TooMany(GatehouseError):
    """The caller asks more often than it may."""

    code = "too_many_requests"


class Unavailable(GatehouseError):
    """Something Gatehouse depends on did not answer; trying again later may help."""

    code = "service_unavailable"
