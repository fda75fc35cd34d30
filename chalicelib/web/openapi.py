"""The OpenAPI 3.1 document, made from the very types that validate requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.web import decoding
from chalicelib.web.surface import MANAGEMENT, PAGE

if TYPE_CHECKING:
    from chalicelib.core.hosts import Hosts
    from chalicelib.web.surface import Endpoint

_REFERENCE = "#/components/schemas/{name}"
_ERROR = {
    MANAGEMENT: {"$ref": "#/components/schemas/Error"},
    "oauth": {"$ref": "#/components/schemas/OAuthError"},
}
_OTHER_ERROR = {"$ref": "#/components/schemas/OtherError"}
_ERROR_SCHEMAS = {
    "Error": {
        "type": "object",
        "required": ["statusCode", "error", "message"],
        "properties": {
            "statusCode": {"type": "integer"},
            "error": {"type": "string"},
            "message": {"type": "string"},
            "errorCode": {"type": "string"},
        },
    },
    "OAuthError": {
        "type": "object",
        "required": ["error", "error_description"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    },
    "OtherError": {
        "type": "object",
        "description": "Of the shape that Auth0 gives it, which depends on what was wrong.",
        "properties": {
            "error": {"type": "string"},
            "error_description": {"type": "string"},
            "name": {"type": "string"},
            "code": {"type": "string"},
            "description": {"type": ["string", "object"]},
            "statusCode": {"type": "integer"},
        },
    },
}
_PARAMETER = re.compile(r"\{([a-z_]+)\}")


def document(endpoints: list[Endpoint], hosts: Hosts, tenant: str) -> dict[str, Any]:
    """Describe the API of one tenant."""
    shown = [each for each in endpoints if each.tag != "reference" and each.shape != PAGE]
    types = [
        kind for endpoint in shown for kind in (endpoint.query, endpoint.body, endpoint.answer) if kind is not None
    ]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    described = dict(zip(map(id, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in shown:
        operation = _operation(endpoint, described, components)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    issuer = hosts.issuer(tenant)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatehouse Management API", "version": "2", "description": _DESCRIPTION},
        "servers": [{"url": issuer.rstrip("/")}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in shown)],
        "paths": paths,
        "components": {"schemas": {**components, **_ERROR_SCHEMAS}, "securitySchemes": _security(issuer, shown)},
    }


_DESCRIPTION = (
    "Users, connections, applications and their history, as in the Auth0 Management API v2. Every endpoint names the"
    " scopes that open it; any one of them suffices."
)


def _operation(endpoint: Endpoint, described: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.view.__name__,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": endpoint.description or endpoint.view.__doc__ or "",
        "parameters": [*_path_parameters(endpoint.path), *_query_parameters(described[id(endpoint.query)], components)],
        "responses": _responses(endpoint, described),
        "security": [] if endpoint.public else [{"oauth2": [scope]} for scope in endpoint.scopes],
    }
    if endpoint.body is not None:
        operation["requestBody"] = _body(endpoint, described[id(endpoint.body)])
    return operation


def _path_parameters(path: str) -> list[dict[str, Any]]:
    schema = {
        "type": "string",
        "minLength": 1,
        "maxLength": decoding.MAX_PATH_PARAMETER,
        "pattern": decoding.PATH_PARAMETER,
    }
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in _PARAMETER.findall(path)]


def _query_parameters(schema: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    fields = components[schema["$ref"].rpartition("/")[2]]
    required = fields.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(field)}
        for name, field in fields.get("properties", {}).items()
    ]


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Leave out null: a query string has none, an absent parameter is what it means."""
    options = [option for option in field.get("anyOf", []) if option != {"type": "null"}]
    return {**options[0]} if len(options) == 1 else {name: value for name, value in field.items() if value is not None}


def _body(endpoint: Endpoint, schema: dict[str, Any]) -> dict[str, Any]:
    media = {"schema": schema, "example": endpoint.example}
    content = {"application/json": media}
    if endpoint.form:
        content["application/x-www-form-urlencoded"] = media
    return {"required": not endpoint.body_optional, "content": content}


def _responses(endpoint: Endpoint, described: dict[int, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done."}
    if endpoint.answer is not None:
        good["content"] = {endpoint.produces: {"schema": _answer(endpoint, described)}}
    statuses = _statuses(endpoint)
    error = _ERROR[endpoint.shape] if endpoint.refusal is None else _OTHER_ERROR
    failure = {"application/json": {"schema": error}}
    return {
        str(endpoint.status): good,
        **{status: {"description": text, "content": failure} for status, text in statuses.items()},
    }


def _answer(endpoint: Endpoint, described: dict[int, Any]) -> dict[str, Any]:
    """Describe an answer; a list may come wrapped with totals, and `fields` may leave out what is required."""
    schema: dict[str, Any] = described[id(endpoint.answer)]
    names = {field.encode_name for field in msgspec.structs.fields(endpoint.query)}
    if not names & {"include_totals", "fields"}:
        return schema
    whole = {"type": "object", "description": "The items with start, limit, length and total, or with next."}
    if schema.get("type") == "array":
        items = {"type": "object"} if "fields" in names else schema["items"]
        return (
            {"anyOf": [{**schema, "items": items}, whole]} if "include_totals" in names else {**schema, "items": items}
        )
    return {"anyOf": [schema, {"type": "object", "description": "The properties that `fields` asked for."}]}


def _statuses(endpoint: Endpoint) -> dict[str, str]:
    statuses = {
        "400": "The request cannot be accepted as it is.",
        "401": "The token is missing, invalid or expired.",
        "403": "The token lacks the scope, or the change is not allowed.",
        "404": "There is no such thing in this tenant.",
        "409": "Something that exists stands in the way.",
        "413": "The body is larger than 1 MiB, or more than an item can hold.",
        "415": "The body is not of a type this endpoint reads.",
        "429": "Too many.",
        "503": "Try again.",
    }
    without_body = set() if endpoint.body is not None else {"409", "413", "415"}
    keep_conflict = endpoint.method != "GET"
    return {
        code: text for code, text in statuses.items() if code not in without_body or (keep_conflict and code == "409")
    }


def _security(issuer: str, endpoints: list[Endpoint]) -> dict[str, Any]:
    scopes = sorted({scope for endpoint in endpoints for scope in endpoint.scopes})
    flow = {"tokenUrl": f"{issuer}oauth/token", "scopes": dict.fromkeys(scopes, "")}
    return {"oauth2": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
