"""Authorization requests: what an application asks /authorize for, read and checked step by step.

Until the client and its redirect_uri are proven nothing is ever redirected to it (RFC 9700, 4.11); after that every
refusal goes there.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.core.errors import Invalid
from chalicelib.core.oauth.errors import OAuthError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.clients import Client
    from chalicelib.core.documents import Document

RESPONSE_TYPES = frozenset({"code", "token", "id_token"})
RESPONSE_MODES = frozenset({"query", "fragment", "form_post", "web_message"})
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LIMITS = {"redirect_uri": 2_048, "scope": 8_000, "audience": 600, "state": 4_096, "nonce": 1_024}
_LIMIT = 512


class AuthorizeError(OAuthError):
    """A refusal that goes back to the application, to its proven redirect_uri."""

    def __init__(self, error: str, description: str, request: AuthorizeRequest) -> None:
        super().__init__(error, description)
        self.request = request


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorizeRequest:
    """A request whose client and redirect_uri are proven. Texts that were not given are empty."""

    client_id: str
    redirect_uri: str
    response_type: str = "code"
    response_mode: str = "query"
    scope: str = ""
    state: str | None = None
    nonce: str = ""
    audience: str = ""
    code_challenge: str = ""
    prompt: str = ""
    max_age: int | None = None
    login_hint: str = ""
    connection: str = ""
    screen_hint: str = ""
    ui_locales: str = ""
    device: str = ""

    @property
    def wants(self) -> frozenset[str]:
        """Which of code, token and id_token are asked for."""
        return frozenset(self.response_type.split())

    @property
    def prompts(self) -> frozenset[str]:
        """What the user must be asked."""
        return frozenset(self.prompt.split())

    @property
    def origin(self) -> str:
        """The origin of the redirect_uri, for a message to the page that waits for it."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"

    def document(self) -> Document:
        """Give what is sealed into the state of a sign-in under way."""
        return asdict(self)

    @classmethod
    def of(cls, document: Document) -> AuthorizeRequest:
        """Read what `document` gave."""
        return cls(**{each.name: document[each.name] for each in fields(cls)})


def parameters(given: Mapping[str, list[str]]) -> dict[str, str]:
    """Take the parameters of a request: none twice (RFC 6749, 3.1), none longer than its limit; empty is not given."""
    taken = {}
    for name, values in given.items():
        if len(values) > 1:
            raise Invalid(f"The parameter {name[:100]} was given more than once.", code="invalid_request")
        if len(values[0]) > _LIMITS.get(name, _LIMIT) and name in _KNOWN:
            raise Invalid(f"The parameter {name} is too long.", code="invalid_request")
        if values[0]:
            taken[name] = values[0]
    return taken


_KNOWN = frozenset(each.name for each in fields(AuthorizeRequest)) | {"code_challenge_method", "display"}


def redirect_uri_for(client: Client, asked: str | None) -> str:
    """Give the address to answer to: one of the registered, byte for byte (S22); the first if none was named.

    Only the port of a loopback address may vary, and only for a native application (RFC 8252, 7.3).
    """
    if asked is None and client.callbacks:
        return client.callbacks[0]
    if asked in client.callbacks or (client.app_type == "native" and _is_loopback_of(client, asked or "")):
        return str(asked)
    raise Invalid(
        "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs.",
        code="invalid_request",
    )


def read(given: dict[str, str], client: Client, redirect_uri: str) -> AuthorizeRequest:
    """Check everything about a request that the client and its settings decide, or raise AuthorizeError."""
    request = _with(
        AuthorizeRequest(client_id=client.client_id, redirect_uri=redirect_uri),
        **{name: value for name, value in given.items() if name in _TEXTS},
        response_type=" ".join(sorted(set(given.get("response_type", "").split()))),
        response_mode=given.get("response_mode", ""),
    )
    _check_response(request, client, given)
    request = _with(request, response_mode=request.response_mode or _default_mode(request))
    _check_prompt(request)
    _check_proof_key(request, client, given.get("code_challenge_method"))
    if "id_token" in request.wants and not request.nonce:
        raise AuthorizeError("invalid_request", "Missing required parameter: nonce", request)
    return _with(request, max_age=_max_age(request, given.get("max_age")))


_TEXTS = frozenset(
    ["scope", "state", "nonce", "audience", "code_challenge", "prompt", "login_hint", "connection", "screen_hint"]
) | {"ui_locales", "device"}


def _check_response(request: AuthorizeRequest, client: Client, given: Mapping[str, str]) -> None:
    safe = _with(request, response_mode=_safe_mode(request))
    if not given.get("response_type"):
        raise AuthorizeError("invalid_request", "Missing required parameter: response_type", safe)
    if not request.wants or request.wants - RESPONSE_TYPES:
        raise AuthorizeError("unsupported_response_type", "Unsupported response type", safe)
    if request.response_mode and request.response_mode not in RESPONSE_MODES:
        raise AuthorizeError("invalid_request", "Unsupported response mode", safe)
    if request.response_mode == "query" and request.wants != {"code"}:
        raise AuthorizeError("invalid_request", "response_mode query is for code alone", safe)
    for grant_type in ("authorization_code" if "code" in request.wants else "", *_implicit(request)):
        if grant_type and grant_type not in client.grant_types:
            raise AuthorizeError("unauthorized_client", f"Grant type '{grant_type}' not allowed for the client.", safe)


def _implicit(request: AuthorizeRequest) -> tuple[str, ...]:
    return ("implicit",) if request.wants & {"token", "id_token"} else ()


def _check_prompt(request: AuthorizeRequest) -> None:
    if request.prompts - PROMPTS or ("none" in request.prompts and len(request.prompts) > 1):
        raise AuthorizeError("invalid_request", "The prompt is not one of none, login, consent", request)


def _check_proof_key(request: AuthorizeRequest, client: Client, method: str | None) -> None:
    """Demand S256 of public clients, and accept nothing weaker of others (S24)."""
    public = client.is_public
    if not request.code_challenge:
        if method is not None:
            raise AuthorizeError("invalid_request", "Missing required parameter: code_challenge", request)
        if public and "code" in request.wants:
            raise AuthorizeError(
                "invalid_request", "Parameter 'code_challenge' is required for public clients", request
            )
        return
    if method != "S256":
        raise AuthorizeError("invalid_request", "Parameter 'code_challenge_method' must be 'S256'", request)
    if not _CHALLENGE.fullmatch(request.code_challenge):
        raise AuthorizeError("invalid_request", "Parameter 'code_challenge' is not a SHA-256 in base64url", request)


def _max_age(request: AuthorizeRequest, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise AuthorizeError("invalid_request", "The max_age is not a number of seconds", request)
    return int(text)


def _default_mode(request: AuthorizeRequest) -> str:
    return "query" if request.wants == {"code"} else "fragment"


def _safe_mode(request: AuthorizeRequest) -> str:
    """Choose how to send back a refusal of the very mode or type that was asked for."""
    mode = request.response_mode if request.response_mode in RESPONSE_MODES else ""
    return mode or ("query" if request.wants <= {"code"} else "fragment")


def _is_loopback_of(client: Client, asked: str) -> bool:
    return any(_loopback(asked) == _loopback(kept) for kept in client.callbacks if _loopback(kept) is not None)


_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?(/[!-~]*)?")


def _loopback(uri: str) -> tuple[str, str] | None:
    found = _LOOPBACK.fullmatch(uri)
    return (found[1], found[2] or "") if found else None


def _with(request: AuthorizeRequest, **changes: Any) -> AuthorizeRequest:
    return AuthorizeRequest(**{**asdict(request), **changes})
