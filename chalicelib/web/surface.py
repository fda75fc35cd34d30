"""How requests come in and answers go out: decode, authorize, call, render, render the error. Home of Chalice's quirks.

A view is declared on a `Surface` with all that is known of its endpoint: scopes, input types, answer, status. The same
declaration drives the checks, the OpenAPI document and the tests that walk the route table.
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec
from chalice.app import Blueprint, Chalice, CORSConfig, Response
from chalice.app import Request as HttpRequest

from chalicelib.core.callers import Caller
from chalicelib.core.errors import GatehouseError, Invalid, Unauthenticated
from chalicelib.core.measures import begin
from chalicelib.core.oauth.errors import OAuthError
from chalicelib.core.tenants import unknown_tenant
from chalicelib.core.throttles import AUTHENTICATION, LimitReached
from chalicelib.core.throttles import MANAGEMENT as MANAGEMENT_REQUESTS
from chalicelib.web import decoding
from chalicelib.web.errors import management_body, oauth_body, status_of
from chalicelib.web.journal import Noted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.core.gatehouse import Core
    from chalicelib.core.throttles import Allowance
    from chalicelib.web.journal import Journal

Q = TypeVar("Q")
B = TypeVar("B")

LOG = logging.getLogger("gatehouse")
MANAGEMENT = "management"
OAUTH = "oauth"
PAGE = "page"
_BODIES = {MANAGEMENT: management_body, OAUTH: oauth_body}
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer (S21); a page adds its Content-Security-Policy."""


_LEFT = ("Limit", "Remaining", "Reset")
PUBLIC_CORS = CORSConfig(
    allow_origin="*",
    allow_headers=["Authorization", "Auth0-Client", "Content-Type"],
    max_age=600,
    expose_headers=["Retry-After", "WWW-Authenticate", *(f"X-RateLimit-{name}" for name in _LEFT)],
)
"""For what pages of any origin may ask: nothing there looks at a cookie."""


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No input: any parameter is one too many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming(Generic[Q, B]):
    """What a view gets: the product, who asks, and typed input. `visitor` is what the surface's door knows of them."""

    core: Core
    caller: Caller
    query: Q
    body: B
    http: HttpRequest
    endpoints: tuple[Endpoint, ...]
    visitor: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """An answer that is not JSON, or has headers of its own."""

    body: str | bytes | dict[str, Any]
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Why a request was refused, for the surface that says so: `code` is the error's, `message` may be shown.

    `error` is None for a failure of ours. `visitor` is what the surface's door knows of who asks, if it got that far.
    """

    core: Core
    caller: Caller
    http: HttpRequest
    status: HTTPStatus
    code: str
    message: str
    error: GatehouseError | OAuthError | None = None
    endpoints: tuple[Endpoint, ...] = ()
    visitor: Any = None


class Door(Protocol):
    """Lets people in who bring no token: to every endpoint of its surface that is not public."""

    @property
    def reads(self) -> frozenset[str]:
        """Which parameters of a path are for the door alone: views do not get them."""

    def enter(self, core: Core, caller: Caller, http: HttpRequest, parameters: Mapping[str, str]) -> Any:
        """Say who asks, or refuse."""

    def acting(self, visitor: Any, caller: Caller) -> Caller:
        """Give the caller that the visitor is, with their scopes, or refuse."""

    def admit(self, core: Core, visitor: Any, http: HttpRequest, body: Any) -> None:
        """Refuse a request that would change something and that the visitor did not mean to send."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """All that is known of an endpoint. `scopes`: any one of them suffices; `public` endpoints ask for no token.

    `cors` lets pages of any origin ask. `produces` is the media type of an answer that is not refused. What is not
    `counted` has no limit of rate: it is the same for everybody and reads nothing. What
    is for `any_host` is no tenant's.
    """

    method: str
    path: str
    view: Callable[..., Any]
    summary: str
    description: str = ""
    scopes: tuple[str, ...] = ()
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    body_optional: bool = False
    example: Any = field(default=None, hash=False)  # the document of a set of endpoints is cached
    form: bool = False
    answer: Any = None
    produces: str = "application/json"
    status: int = 200
    public: bool = False
    cors: bool = False
    counted: bool = True
    any_host: bool = False
    refusal: Callable[[Refused], Rendered] | None = None
    door: Door | None = None
    shape: str = MANAGEMENT
    tag: str = ""

    @property
    def throttle(self) -> str:
        """Which kind of requests it counts among."""
        if not self.counted:
            return ""
        return AUTHENTICATION if self.public else MANAGEMENT_REQUESTS


@dataclass(frozen=True, slots=True)
class _Call:
    core: Core
    http: HttpRequest
    endpoints: tuple[Endpoint, ...]
    noted: Noted = field(default_factory=Noted)


# Chalice keeps the current request on the app, which threads of the local gateway would overwrite for each other.
_CALL: ContextVar[_Call] = ContextVar("call")


class Gatehouse(Chalice):
    """The Chalice app, with the product in it and its own refusals in our shape."""

    def __init__(self, core: Core, surfaces: list[Surface], journal: Journal | None = None) -> None:
        super().__init__("gatehouse", configure_logs=False)
        self.core = core
        self.journal = journal
        self.endpoints = tuple(endpoint for surface in surfaces for endpoint in surface.endpoints)
        for surface in surfaces:
            self.register_blueprint(surface)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one API Gateway event."""
        call, begun, asked = _Call(self.core, HttpRequest(event, context), self.endpoints), perf_counter(), begin()
        token = _CALL.set(call)
        try:
            answer = _in_our_shape(super().__call__(event, context))
        finally:
            _CALL.reset(token)
        if self.journal:
            self.journal.write(
                request_id=str(call.http.context.get("requestId", "")),
                now=self.core.logs.ambient.now(),
                took=perf_counter() - begun,
                status=answer["statusCode"],
                noted=call.noted,
                asked=asked,
            )
        return answer


def _in_our_shape(answer: dict[str, Any]) -> dict[str, Any]:
    """Rewrite what Chalice answered before a view ran, such as 405; our own answers carry our headers."""
    if "X-Content-Type-Options" in answer["headers"]:
        return answer
    status = HTTPStatus(answer["statusCode"])
    allowed = {name: value for name, value in answer["headers"].items() if name.lower() == "allow"}
    body = management_body(status, status.phrase, "")
    return {**answer, **_response(Rendered(body=body, status=status, headers=allowed)).to_dict()}


class Surface(Blueprint):
    """A Blueprint whose views are wrapped, in one place, from bytes to bytes."""

    def __init__(
        self,
        tag: str,
        *,
        shape: str = MANAGEMENT,
        refusal: Callable[[Refused], Rendered] | None = None,
        door: Door | None = None,
        counted: bool = True,
    ) -> None:
        super().__init__(__name__)
        self.tag = tag
        self.shape = shape
        self.refusal = refusal
        self.door = door
        self.counted = counted
        self.endpoints: list[Endpoint] = []

    def endpoint(self, method: str, path: str, *, summary: str, **known: Any) -> Callable[[Any], Any]:
        """Declare a view as an endpoint. `known` are the further fields of Endpoint."""

        def declare(view: Callable[..., Any]) -> Callable[..., Any]:
            declared = Endpoint(
                method=method,
                path=path,
                view=view,
                summary=summary,
                shape=self.shape,
                tag=self.tag,
                refusal=self.refusal,
                door=self.door,
                counted=self.counted,
                **known,
            )
            self.endpoints.append(declared)

            def wrapped(**parameters: str) -> Response:
                return _handle(declared, _CALL.get(), parameters)

            name = f"{self.tag}_{view.__name__}".replace(" ", "_").replace("-", "_")
            # Every content type is let through to `decoding`, which answers in our shape.
            self.route(
                path, methods=[method], name=name, content_types=["*/*"], cors=PUBLIC_CORS if declared.cors else None
            )(wrapped)
            return view

        return declare


def _handle(endpoint: Endpoint, call: _Call, parameters: dict[str, str]) -> Response:
    caller = call.noted.caller = _caller(endpoint, call)
    call.noted.operation, call.noted.surface = f"{endpoint.method} {endpoint.path}", endpoint.throttle or "other"
    visitor = None
    try:
        _demand_tenant(endpoint, call, caller)
        if endpoint.door is None or endpoint.public:
            caller = call.noted.caller = _identify(endpoint, call, caller)
        else:
            visitor = endpoint.door.enter(call.core, caller, call.http, _decoded(parameters))
            call.core.throttles.count(caller, endpoint.throttle)
            caller = call.noted.caller = endpoint.door.acting(visitor, caller)
        answer = _answer(endpoint, call, caller, parameters, visitor)
        rendered = answer if isinstance(answer, Rendered) else _json(answer, endpoint.status)
        return _response(rendered, _left(endpoint, call, caller))
    except (GatehouseError, OAuthError) as error:
        return _refusal(endpoint, call, caller, error, visitor)
    except Exception as error:  # the one place: anything else is our fault, and the caller gets an id to quote
        LOG.exception("request %s failed: %s %s", caller.request_id, endpoint.method, endpoint.path)
        call.noted.error, call.noted.detail = "internal_error", type(error).__name__
        message = f"Something went wrong on our side. Quote the request id {caller.request_id}."
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        refused = _refused(call, caller, visitor, status=status, code="internal_error", message=message)
        return _response(_rendered(endpoint, refused))


def _decoded(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: decoding.path_parameter(value) for name, value in parameters.items()}


def _answer(endpoint: Endpoint, call: _Call, caller: Caller, parameters: Mapping[str, str], visitor: Any) -> Any:
    """Check the scope, decode and call: paths, then the query, then the body, as Auth0 does."""
    caller.demand(*endpoint.scopes)
    decoded = _decoded(parameters)
    query = decoding.query(endpoint.query, call.http.query_params)
    body = None
    if endpoint.body is not None:
        body = _body(endpoint, endpoint.body, call.http)
    read_by_door = endpoint.door.reads if endpoint.door else frozenset()
    if endpoint.door is not None and not endpoint.public and endpoint.method in _CHANGING:
        endpoint.door.admit(call.core, visitor, call.http, body)
    incoming = Incoming(
        core=call.core,
        caller=caller,
        query=query,
        body=body,
        http=call.http,
        endpoints=call.endpoints,
        visitor=visitor,
    )
    return endpoint.view(incoming, **{name: value for name, value in decoded.items() if name not in read_by_door})


def _body(endpoint: Endpoint, kind: type[msgspec.Struct], http: HttpRequest) -> msgspec.Struct:
    content_type = http.headers.get("content-type", "")
    raw = http.raw_body if isinstance(http.raw_body, bytes) else http.raw_body.encode()
    if not raw and endpoint.body_optional:
        return kind()
    read = decoding.form_or_json_body if endpoint.form else decoding.json_body
    return read(kind, raw, content_type)


def _caller(endpoint: Endpoint, call: _Call) -> Caller:
    """Describe who is at the door before anything is known of them."""
    context, headers = call.http.context, call.http.headers
    host, locator = headers.get("host", ""), call.core.locator
    ip = locator.address(str(context.get("identity", {}).get("sourceIp", "")), headers)
    return Caller(
        tenant=call.core.hosts.tenant_of(host) or "",
        ip=ip,
        place=lambda: locator.locate(ip, headers),
        user_agent=headers.get("user-agent", ""),
        hostname=host[:255],
        request_id=str(context.get("requestId", "")),
        method=endpoint.method,
        path=str(call.http.to_original_event().get("path", ""))[:1024],
        operation=endpoint.summary,
    )


def _demand_tenant(endpoint: Endpoint, call: _Call, caller: Caller) -> None:
    """Find the tenant of the host. What is past a limit goes no further."""
    call.core.throttles.demand_left(caller, endpoint.throttle)
    if not endpoint.any_host and not (caller.tenant and call.core.tenants.exists(caller.tenant)):
        raise unknown_tenant()


def _identify(endpoint: Endpoint, call: _Call, caller: Caller) -> Caller:
    """Turn a token into a caller with scopes."""
    if _is_repeated("authorization", call.http):
        raise _malformed()
    if not endpoint.public:
        return call.core.authenticate(caller, bearer(call.http, Unauthenticated("Missing authentication")))
    call.core.throttles.count(caller, endpoint.throttle)
    return caller


def bearer(http: HttpRequest, missing: GatehouseError) -> str:
    """Take the token of an Authorization header."""
    header: str = http.headers.get("authorization", "")
    if not header:
        raise missing
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _malformed()
    return token.strip()


def _is_repeated(name: str, http: HttpRequest) -> bool:
    """Say whether a header came twice: we are shown the last, and who checked before us may have seen the first."""
    headers = http.to_original_event().get("multiValueHeaders") or {}
    return sum(len(values) for sent, values in headers.items() if sent.lower() == name) > 1


def _malformed() -> Invalid:
    return Invalid("Bad HTTP authentication header format", code="Bearer")


def _refused(call: _Call, caller: Caller, visitor: Any, **why: Any) -> Refused:
    return Refused(core=call.core, caller=caller, http=call.http, endpoints=call.endpoints, visitor=visitor, **why)


def _refusal(
    endpoint: Endpoint, call: _Call, caller: Caller, error: GatehouseError | OAuthError, visitor: Any
) -> Response:
    status = status_of(error)
    if isinstance(error, OAuthError):
        code, message = error.error, error.description
    else:
        code, message = error.code, error.message
        _record(endpoint, call, caller, error, status)
    call.noted.error, call.noted.detail = code, error.detail
    LOG.info("request %s refused: %s %s %s (%s)", caller.request_id, status, code, message, error.detail)
    refused = _refused(call, caller, visitor, status=status, code=code, message=message, error=error)
    # Of no other refusal: the official SDKs try a conflict again too, and wait for the reset they are told of.
    left: Mapping[str, str] = {}
    if isinstance(error, LimitReached):
        left = {**_headers_of(error.allowance), "Retry-After": str(error.allowance.wait)}
    if isinstance(error, OAuthError) and endpoint.refusal is None:
        return _response(_as_json(call.http, status, {"error": code, "error_description": message}), left)
    return _response(_rendered(endpoint, refused), left)


def _left(endpoint: Endpoint, call: _Call, caller: Caller) -> Mapping[str, str]:
    """Tell what is left of the minute, as Auth0 does; only to who brought a good token: strangers need not know."""
    known = caller.subject and endpoint.door is None
    allowance = call.core.throttles.allowance(caller.tenant, endpoint.throttle) if known else None
    return _headers_of(allowance) if allowance else {}


def _headers_of(allowance: Allowance) -> Mapping[str, str]:
    values = (allowance.limit, allowance.remaining, allowance.resets_at)
    return {f"X-RateLimit-{name}": str(value) for name, value in zip(_LEFT, values, strict=True)}


def _rendered(endpoint: Endpoint, refused: Refused) -> Rendered:
    """Shape a refusal as its surface does: a page, or a body of JSON."""
    if endpoint.refusal is not None:
        return endpoint.refusal(refused)
    return _as_json(
        refused.http, refused.status, _BODIES[endpoint.shape](refused.status, refused.message, refused.code)
    )


def _as_json(http: HttpRequest, status: HTTPStatus, body: dict[str, Any]) -> Rendered:
    headers = {"WWW-Authenticate": _challenge(http)} if status is HTTPStatus.UNAUTHORIZED else {}
    return Rendered(body=body, status=status, headers=headers)


def _challenge(http: HttpRequest) -> str:
    """Name the scheme that was tried (RFC 6749, section 5.2)."""
    tried = http.headers.get("authorization", "").partition(" ")[0].lower()
    return 'Basic realm="clients"' if tried == "basic" else "Bearer"


def _record(endpoint: Endpoint, call: _Call, caller: Caller, error: GatehouseError, status: HTTPStatus) -> None:
    """Write a refused change into history, if it is known whose it is. That must not turn a 4xx into a 500."""
    if endpoint.public or not caller.subject or endpoint.method not in _CHANGING:
        return
    try:
        call.core.logs.record_refusal(caller, error.message, int(status))
    except GatehouseError:
        LOG.exception("request %s: its refusal is not in the history", caller.request_id)


def _json(answer: Any, status: int) -> Rendered:
    if answer is None:
        return Rendered(body="", status=status)
    return Rendered(body=msgspec.json.encode(answer).decode(), status=status)


def _response(rendered: Rendered, more: Mapping[str, str] = MappingProxyType({})) -> Response:
    body = json.dumps(rendered.body) if isinstance(rendered.body, dict) else rendered.body
    headers: dict[str, str | list[str]] = {
        **SECURITY_HEADERS,
        "Content-Type": rendered.content_type,
        **rendered.headers,
        **more,
    }
    return Response(body=body, status_code=int(rendered.status), headers=headers)
