"""From bytes to typed input: paths, queries, JSON and form bodies. Everything refused here is a 4xx in Auth0's words.

Limits: a body of 1 MiB, a path parameter of 1,024 characters, a query value of 2,048.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, get_origin
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from chalicelib.core.errors import Invalid, TooLarge
from chalicelib.web.errors import UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice.app import MultiDict

S = TypeVar("S", bound=msgspec.Struct)

MAX_BODY = 1_048_576
MAX_PATH_PARAMETER = 1_024
PATH_PARAMETER = r"^[^\x00-\x1f\x7f]+$(?!\n)"
MAX_QUERY_VALUE = 2_048
MAX_FIELDS = 50
"""Of a form."""
MAX_TICKED = 1_000
"""Beyond these, of a form with boxes to tick."""

_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at (?:`key` in )?`(?P<where>[^`]*)`)?$", re.DOTALL)
_TYPE = re.compile(r"^Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.+)`$", re.DOTALL)


def path_parameter(raw: str) -> str:
    """Decode a path parameter once: the one place that does. Control characters name nothing of ours."""
    try:
        value = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise Invalid("Path validation error: 'The path is not valid UTF-8'.", code="invalid_uri") from None
    if len(value) > MAX_PATH_PARAMETER:
        raise Invalid(
            f"Path validation error: 'String is too long ({len(value)} chars), maximum {MAX_PATH_PARAMETER}'.",
            code="invalid_uri",
        )
    if not re.fullmatch(PATH_PARAMETER, value):
        raise Invalid("Path validation error: 'The path has a control character or an empty part'.", code="invalid_uri")
    return value


def query(kind: type[S], parameters: MultiDict | None) -> S:
    """Read a query string: every parameter known and of its type, and given once unless it is a list."""
    lists = _lists(kind)
    given: dict[str, str | list[str]] = {}
    for name in parameters or {}:
        values = parameters.getlist(name) if parameters else []
        if len(values) != 1 and name not in lists:
            raise _bad_query(f"The parameter may be given once, not {len(values)} times", name)
        for value in values:
            _check_query_value(name, value)
        given[name] = values if name in lists else values[0]
    try:
        read = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"Query validation error: {explain(str(error))}", code="invalid_query_string") from None
    for field in msgspec.structs.fields(kind):
        # msgspec takes the text "null" for null, and a filter that was given would be one that was not.
        if field.encode_name in given and getattr(read, field.name) is None:
            raise _bad_query("null is no value of this parameter", field.encode_name)
    return read


def json_body(kind: type[S], raw: bytes, content_type: str) -> S:
    """Read a JSON body. A missing Content-Type is taken for JSON; UTF-8 is the only encoding JSON has (RFC 8259)."""
    if media_type(content_type) not in {"application/json", ""}:
        raise UnsupportedMediaType(f"Unsupported media type: {media_type(content_type)[:100]}. Send application/json.")
    _within_limit(raw)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"Payload validation error: {explain(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("Invalid request payload JSON format") from None


def form_or_json_body(kind: type[S], raw: bytes, content_type: str) -> S:
    """Read a form, or JSON where the caller says so: what /oauth/token takes.

    No parameter twice (RFC 6749, 3.2), but what is a list may be given often: boxes that are ticked.
    """
    if media_type(content_type) != "application/x-www-form-urlencoded":
        return json_body(kind, raw, content_type)
    _within_limit(raw)
    try:
        pairs = parse_qsl(
            raw.decode(),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=MAX_FIELDS + (MAX_TICKED if _lists(kind) else 0),
        )
    except ValueError:
        raise Invalid("The form cannot be read.") from None
    given: dict[str, str | list[str]] = {}
    for name in _lists(kind):
        given[name] = [value for key, value in pairs if key == name]
    for name, value in pairs:
        if name in given and name not in _lists(kind):
            raise Invalid("A parameter is given more than once.")
        given.setdefault(name, value)
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"Payload validation error: {explain(str(error))}") from None


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Read `Authorization: Basic`: both parts are form-encoded before they are joined (RFC 6749, 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        if not colon:
            return _unreadable_header()
        return unquote_to_bytes(name).decode(), unquote_to_bytes(secret).decode()
    except (binascii.Error, ValueError):
        return _unreadable_header()


def media_type(content_type: str) -> str:
    """Give the media type of a Content-Type, without its parameters and in lower case."""
    return content_type.partition(";")[0].strip().lower()


def given(body: msgspec.Struct) -> dict[str, Any]:
    """Give the fields a caller sent, as a patch: what was not sent is absent, null is None, lists are tuples."""
    try:
        fields: Mapping[str, Any] = msgspec.to_builtins(body, builtin_types=(datetime,))
    except RecursionError:  # what can just be read may be too deep to be copied
        raise Invalid("Payload validation error: 'The body is nested too deeply'.") from None
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


def explain(message: str) -> str:
    """Put msgspec's complaint into Auth0's words."""
    parts = _WHERE.match(message)
    what, where = (parts["what"], parts["where"]) if parts else (message, None)
    place = _place(where)
    if match := _TYPE.match(what):
        return f"'Expected type {_types(match['wanted'])} but found type {_types(match['found'])}'{place}."
    if match := _MISSING.match(what):
        return f"'Missing required property: {match['name']}'{place}."
    if match := _UNKNOWN.match(what):
        return f"'Additional properties not allowed: {match['name'][:200]}'{place}."
    return f"'{what[:400].replace('`', '')}'{place}."


def _place(where: str | None) -> str:
    name = (where or "").removeprefix("$").removeprefix(".")
    return f" on property {name[:200]}" if name else ""


def _types(names: str) -> str:
    return " or ".join(_TYPES.get(name.strip(), name.strip()) for name in names.split("|"))


def _within_limit(raw: bytes) -> None:
    if len(raw) > MAX_BODY:
        raise TooLarge(f"Payload content length greater than maximum allowed: {MAX_BODY}")


@cache
def _lists(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Name the parameters that may be repeated."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind) if get_origin(field.type) is list)


def _check_query_value(name: str, value: str) -> None:
    if len(value) > MAX_QUERY_VALUE:
        raise _bad_query(f"String is too long ({len(value)} chars), maximum {MAX_QUERY_VALUE}", name)
    if "\x00" in value:
        raise _bad_query("String has a NUL character", name)


def _bad_query(what: str, name: str) -> Invalid:
    return Invalid(f"Query validation error: '{what}' on property {name[:200]}.", code="invalid_query_string")


def _unreadable_header() -> NoReturn:
    raise Invalid("The Authorization header cannot be read.")
