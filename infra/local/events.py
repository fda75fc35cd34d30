"""Turning a request into the event that API Gateway hands to Lambda, and Lambda's result into an answer."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from infra.local.messages import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Container

    from infra.local.routes import Match

STAGE = "local"


def make_event(request: Request, match: Match, request_id: str, binary_types: Container[str]) -> dict[str, Any]:
    """Make the event of a REST API's proxy integration. A name that is repeated has its last value in `headers`."""
    headers = _headers(request)
    query = parse_qs(request.query, keep_blank_values=True)
    body, is_base64 = _encode_body(request, binary_types)
    return {
        "resource": match.route,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": match.captured or None,
        "stageVariables": None,
        "requestContext": _request_context(request, match, request_id),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _request_context(request: Request, match: Match, request_id: str) -> dict[str, Any]:
    return {
        "requestId": request_id,
        "stage": STAGE,
        "resourcePath": match.route,
        "httpMethod": request.method,
        "path": request.path,
        "protocol": "HTTP/1.1",
        "domainName": re.sub(r":\d*$", "", request.header("host")),
        "identity": {"sourceIp": request.peer, "userAgent": request.header("user-agent") or None},
    }


def _headers(request: Request) -> dict[str, list[str]]:
    """Collect the headers by the name that was sent first, with those that API Gateway sets itself."""
    collected: dict[str, tuple[str, list[str]]] = {}
    for name, value in request.headers:
        collected.setdefault(name.lower(), (name, []))[1].append(value)
    forwarded = [*collected.get("x-forwarded-for", ("", []))[1], request.peer]
    collected["x-forwarded-for"] = ("X-Forwarded-For", [", ".join(forwarded)])
    collected["x-forwarded-port"] = ("X-Forwarded-Port", [str(request.port)])
    collected["x-forwarded-proto"] = ("X-Forwarded-Proto", ["https" if request.secure else "http"])
    return dict(collected.values())


def _encode_body(request: Request, binary_types: Container[str]) -> tuple[str | None, bool]:
    """Give the body as text, or in base64 when its type is binary, or when it is no text at all."""
    if not request.body:
        return None, False
    if request.header("content-type").partition(";")[0].strip().lower() not in binary_types:
        try:
            return request.body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode("ascii"), True


def make_answer(result: dict[str, Any]) -> Answer:
    """Make the answer from what the function returned; raise ValueError when HTTP cannot carry it."""
    headers = [(name, str(value)) for name, value in (result.get("headers") or {}).items()]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers += [(name, str(value)) for value in values]
    for name, value in headers:
        if not f"{name}{value}".isprintable() or not name:
            raise ValueError(f"The header {name!r} has a value that HTTP cannot carry.")
        f"{name}{value}".encode("latin-1")
    body = result.get("body") or ""
    content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode("utf-8")
    return Answer(int(result["statusCode"]), headers, content)
