"""Hostile and broken input: every endpoint refuses it in its own words and writes nothing.

The lists of bad input are walked inside a test, so that a failure shows at once which of them an endpoint let through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, get_origin

import msgspec
import pytest

from chalicelib.web.decoding import MAX_BODY
from infra.local.gateway import Gateway
from infra.local.messages import Request
from tests.conftest import Answer
from tests.web.conftest import ENDPOINTS, EXAMPLES, MANAGEMENT, Furnished, each_endpoint, filled, named

WRITING = [endpoint for endpoint in MANAGEMENT if endpoint.body]
PATHS = list(dict.fromkeys(endpoint.path for endpoint in ENDPOINTS))
WITH_PATH = [endpoint for endpoint in MANAGEMENT if "{" in endpoint.path]
PAGED = [each for each in MANAGEMENT if "per_page" in {field.name for field in msgspec.structs.fields(each.query)}]

each_writing_endpoint = pytest.mark.parametrize("endpoint", WRITING, ids=named)

NOT_JSON = {
    "cut off": b'{"name": ',
    "a comma too many": b'{"name": "New",}',
    "single quotes": b"{'name': 'New'}",
    "a comment": b'{"name": "New" /* new */}',
    "two documents": b"{} {}",
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "a leading zero": b'{"name": 01}',
    "a control character": b'{"name": "a\x00b"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "invalid UTF-8": b'{"name": "\xff"}',
    "overlong UTF-8": b'{"name": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": '{"name": "New"}'.encode("utf-16"),
    "UTF-32": '{"name": "New"}'.encode("utf-32-le"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "New"}',
    "only white space": b" \n\t ",
    "only NUL": b"\x00",
    "HTML": b"<html></html>",
    "a form": b"name=New",
    "base64": b"eyJuYW1lIjogIk5ldyJ9",
    "objects 10,000 deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "lists 10,000 deep": b"[" * 10_000 + b"]" * 10_000,
    "brackets without end": b"[" * 100_000,
}
NOT_WANTED = {
    "null": b"null",
    "true": b"true",
    "a number": b"7",
    "a string": b'"name"',
    "an empty list": b"[]",
    "a list of null": b"[null]",
    "a list in a list": b"[[]]",
    "a number out of range": b"1e999",
}


@pytest.fixture
def furnished(furnished):
    """Give one tenant: it is enough here."""
    furnished.keep("system")
    return furnished


@pytest.fixture
def kept(furnished):
    """What the table holds beside history, before a test; history grows, as the refusal of a change is an event."""
    return _without_history(furnished)


def _without_history(furnished: Furnished) -> list[dict[str, Any]]:
    return [item for item in furnished.contents.read() if not item["sk"]["S"].startswith("LOG#")]


def is_refused(answer: Answer, status: int, code: str) -> bool:
    """Say whether an answer is a refusal in the shape of the Management API, as the reference describes it."""
    body = answer.json
    shape = ["statusCode", "error", "message", "errorCode"] if code else ["statusCode", "error", "message"]
    phrase = {413: "Payload Too Large"}.get(status, HTTPStatus(status).phrase)
    return (
        answer.status == status
        and list(body) == shape
        and (body["statusCode"], body["error"], body.get("errorCode", "")) == (status, phrase, code)
        and 0 < len(body["message"]) < 1_000
        and answer.headers["Content-Type"] == "application/json"
    )


def example_body(furnished: Furnished, endpoint) -> Any:
    body = filled(EXAMPLES[named(endpoint)][0].body, furnished.ids["system"])
    return {} if body is None else body


@each_writing_endpoint
def test_a_body_that_is_not_json_is_refused(furnished, kept, endpoint):
    answers = {name: furnished.send(endpoint, body=raw) for name, raw in NOT_JSON.items()}

    accepted = {name: answer for name, answer in answers.items() if not is_refused(answer, 400, "invalid_body")}

    assert accepted == {}
    assert _without_history(furnished) == kept


@each_writing_endpoint
def test_a_body_of_another_json_type_is_refused(furnished, kept, endpoint):
    answers = {name: furnished.send(endpoint, body=raw) for name, raw in NOT_WANTED.items()}

    accepted = {name: answer for name, answer in answers.items() if not is_refused(answer, 400, "invalid_body")}

    assert accepted == {}
    assert _without_history(furnished) == kept


@each_writing_endpoint
def test_an_empty_body_is_refused_unless_it_may_be_left_out(furnished, endpoint):
    answer = furnished.send(endpoint, body=b"", headers={"Content-Type": "application/json"})

    assert answer.status == endpoint.status if endpoint.body_optional else is_refused(answer, 400, "invalid_body")


@each_writing_endpoint
def test_an_unknown_property_is_refused_by_its_name(furnished, kept, endpoint):
    body = example_body(furnished, endpoint)
    more = [{**body[0], "surprise": 1}] if isinstance(body, list) else {**body, "surprise": 1}

    answer = furnished.send(endpoint, body=more)

    assert is_refused(answer, 400, "invalid_body")
    assert answer.json["message"].startswith("Payload validation error: 'Additional properties not allowed: surprise'")
    assert _without_history(furnished) == kept


@each_writing_endpoint
def test_a_property_of_the_wrong_type_is_refused_by_its_name(furnished, kept, endpoint):
    body = example_body(furnished, endpoint)
    first = body[0] if isinstance(body, list) else body
    wrong = {name: {**first, name: {"wrong": [True]}} for name, value in first.items() if not isinstance(value, dict)}

    answers = {
        name: furnished.send(endpoint, body=[part] if isinstance(body, list) else part) for name, part in wrong.items()
    }

    accepted = {
        name: answer
        for name, answer in answers.items()
        if not is_refused(answer, 400, "invalid_body") or name not in answer.json["message"]
    }
    assert accepted == {}
    assert _without_history(furnished) == kept


@each_writing_endpoint
def test_a_body_of_another_media_type_is_refused(furnished, kept, endpoint):
    raw = json.dumps(example_body(furnished, endpoint)).encode()
    types = [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/problem+json",
        "application/json, text/plain",
        "json",
        "x" * 5_000,
    ]

    answers = {kind: furnished.send(endpoint, body=raw, headers={"Content-Type": kind}) for kind in types}

    accepted = {
        kind: answer for kind, answer in answers.items() if not is_refused(answer, 415, "unsupported_media_type")
    }
    assert accepted == {}
    assert _without_history(furnished) == kept


@each_writing_endpoint
@pytest.mark.parametrize(
    "content_type", ["", "APPLICATION/JSON", "application/json; charset=utf-8", " application/json"]
)
def test_json_is_read_however_its_type_is_written(furnished, endpoint, content_type):
    raw = json.dumps(example_body(furnished, endpoint)).encode()

    answer = furnished.send(endpoint, body=raw, headers={"Content-Type": content_type})

    assert answer.status == endpoint.status, answer.text


@pytest.mark.security(43)
@each_writing_endpoint
def test_a_body_of_one_mebibyte_is_read_and_one_more_byte_is_not(furnished, endpoint):
    raw = json.dumps(example_body(furnished, endpoint)).encode()

    longer = furnished.send(endpoint, body=raw.ljust(MAX_BODY + 1))
    longest = furnished.send(endpoint, body=raw.ljust(MAX_BODY))

    assert is_refused(longer, 413, "payload_too_large")
    assert longer.json["message"] == "Payload content length greater than maximum allowed: 1048576"
    assert longest.status == endpoint.status, longest.text


def test_of_a_key_that_is_there_twice_the_last_counts(api):
    answer = api.post("/api/v2/clients", b'{"name": "First", "name": "Second"}')

    assert answer.json["name"] == "Second"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v2/tenants/settings", b'{"flags": %s}'),
        ("/api/v2/tenants/settings", b'{"session_cookie": %s}'),
        ("/api/v2/clients/{client_id}", b'{"client_metadata": %s}'),
        ("/api/v2/clients/{client_id}", b'{"jwt_configuration": {"scopes": %s}}'),
        ("/api/v2/connections/{connection_id}", b'{"options": %s}'),
        ("/api/v2/connections/{connection_id}", b'{"metadata": %s}'),
        ("/api/v2/users/{user_id}", b'{"user_metadata": %s}'),
        ("/api/v2/users/{user_id}", b'{"app_metadata": %s}'),
    ],
)
def test_deep_nesting_where_anything_may_stand_is_refused_at_every_depth(furnished, path, body):
    # What the parser of bodies takes, what copies them and what stores them give up at depths of their own.
    depths, url = [*range(17, 1_100, 53), *range(900, 1_000, 3), 10_000], filled(path, furnished.ids["system"])
    token = furnished.api().token("update:tenant_settings update:clients update:connections update:users")

    nested = {depth: b'{"a":' * depth + b"1" + b"}" * depth for depth in depths}
    answers = {
        depth: furnished.api().patch(url, body.replace(b"%s", raw), token=token) for depth, raw in nested.items()
    }

    assert {depth: each for depth, each in answers.items() if not is_refused(each, 400, "invalid_body")} == {}


@pytest.mark.security(40)
@each_writing_endpoint
def test_what_was_refused_is_not_repeated_in_the_answer_nor_kept(furnished, endpoint, caplog):
    caplog.set_level("DEBUG")
    body = example_body(furnished, endpoint)
    secret = {"password": "canary-value", "client_secret": "canary-value", "surprise": "canary-value"}

    answer = furnished.send(endpoint, body=[{**body[0], **secret}] if isinstance(body, list) else {**body, **secret})

    assert answer.status == 400
    assert "canary" not in answer.text
    assert "canary" not in caplog.text
    assert "canary" not in str(furnished.contents.read())


def _parameters(endpoint) -> list[str]:
    return re.findall(r"\{(\w+)\}", endpoint.path)


STRANGE = ["a%7Cb", "a|b", "a%2Fb", "..%2F..%2Fetc", "%2E%2E", "%F0%9F%98%80", "%25", "%zz", "%257C", "%2500", "+"]
STRANGE += ["'%20OR%201=1--", "%23", "%3F", "%3B", "null", "a" * 1_024, "%F0%9F%98%80" * 1_024, "%E2%80%AE", "T%23main"]
REFUSED = ["%00", "a%00b", "%0A", "a%0D%0AX:1", "%7F", "%1B", "%FF", "%C0%AF", "%ED%A0%80", "a%F0%9F", "a" * 1_025]


CHOSEN = {"PUT /api/v2/rules-configs/{config_key}"}
"""Where whoever calls chooses the id: nothing has to exist under it, and its own tests say which are accepted."""
PARAMETERS = [pytest.param(each, name, id=f"{named(each)} {name}") for each in WITH_PATH for name in _parameters(each)]
each_path_parameter = pytest.mark.parametrize(("endpoint", "parameter"), PARAMETERS)
each_id = pytest.mark.parametrize(
    ("endpoint", "parameter"), [each for each in PARAMETERS if named(each.values[0]) not in CHOSEN]
)


@each_id
def test_a_strange_id_is_answered_like_any_that_does_not_exist(furnished, kept, endpoint, parameter):
    unknown = furnished.send(endpoint, raw={parameter: "nobody"})

    answers = {raw: furnished.send(endpoint, raw={parameter: raw}) for raw in STRANGE}

    different = {
        raw: each for raw, each in answers.items() if (each.status, each.text) != (unknown.status, unknown.text)
    }
    assert different == {}
    assert unknown.status < 500
    assert _without_history(furnished) == kept


@each_path_parameter
def test_an_id_that_is_no_text_is_refused(furnished, kept, endpoint, parameter):
    answers = {raw: furnished.send(endpoint, raw={parameter: raw}) for raw in REFUSED}

    accepted = {raw: answer for raw, answer in answers.items() if not is_refused(answer, 400, "invalid_uri")}

    assert accepted == {}
    assert _without_history(furnished) == kept


@pytest.mark.parametrize("pipe", ["|", "%7C", "%7c"])
def test_the_bar_in_a_user_id_may_be_encoded_or_not(furnished, pipe):
    user_id = furnished.ids["system"]["user_id"]

    answer = furnished.api().get(f"/api/v2/users/{user_id.replace('|', pipe)}")

    assert answer.json["user_id"] == user_id


def query_of(furnished: Furnished, endpoint) -> dict[str, Any]:
    return dict(filled(EXAMPLES[named(endpoint)][0].query, furnished.ids["system"]))


@each_endpoint
def test_an_unknown_query_parameter_is_refused_by_its_name(furnished, kept, endpoint):
    answer = furnished.send(endpoint, query={**query_of(furnished, endpoint), "surprise": "1"})

    assert is_refused(answer, 400, "invalid_query_string")
    assert answer.json["message"].startswith("Query validation error: 'Additional properties not allowed: surprise'")
    assert _without_history(furnished) == kept


def each_query_parameter(chosen: Callable[[Any], bool] = lambda field: True) -> pytest.MarkDecorator:
    """Run a test once for each query parameter of each endpoint, or for those that are chosen."""
    fields = [
        pytest.param(endpoint, field, id=f"{named(endpoint)} {field.encode_name}")
        for endpoint in MANAGEMENT
        for field in msgspec.structs.fields(endpoint.query)
        if chosen(field)
    ]
    return pytest.mark.parametrize(("endpoint", "field"), fields)


@each_query_parameter(lambda field: get_origin(field.type) is not list)
def test_a_query_parameter_that_is_no_list_may_be_given_once(furnished, endpoint, field):
    once = query_of(furnished, endpoint)

    answer = furnished.send(endpoint, query={**once, field.encode_name: ["1", "1"]})

    assert is_refused(answer, 400, "invalid_query_string")
    assert answer.json["message"] == (
        f"Query validation error: 'The parameter may be given once, not 2 times' on property {field.encode_name}."
    )


@each_query_parameter()
def test_a_query_parameter_that_is_too_long_or_has_a_nul_is_refused(furnished, endpoint, field):
    for value in ("a" * 2_049, "a\x00b"):
        answer = furnished.send(endpoint, query={**query_of(furnished, endpoint), field.encode_name: value})

        assert is_refused(answer, 400, "invalid_query_string"), value
        assert field.encode_name in answer.json["message"]


@each_query_parameter()
def test_no_text_in_a_query_parameter_is_a_failure_of_ours(furnished, endpoint, field):
    values = ["", "null", "*", "'\"\\", "%00", "\n\u2028", "\N{GRINNING FACE}" * 60, "a" * 200, "NaN"]

    answers = {
        value: furnished.send(endpoint, query={**query_of(furnished, endpoint), field.encode_name: value})
        for value in values
    }

    surprising = {
        value: answer
        for value, answer in answers.items()
        if answer.status != endpoint.status and not is_refused(answer, answer.status, answer.json.get("errorCode", ""))
    }
    assert surprising == {}
    assert {answer.status for answer in answers.values()} <= {endpoint.status, 400}


NUMBERS = [
    "-1",
    "NaN",
    "Infinity",
    "1.5",
    "0x10",
    " 1",
    "1_0",
    "\uff11",
    "",
    "true",
    "9" * 30,
    "-" + "9" * 30,
    "1,2",
]


@each_query_parameter(lambda field: field.encode_name in {"page", "per_page", "take"})
def test_what_is_no_whole_number_is_refused_where_one_is_expected(furnished, endpoint, field):
    answers = {number: furnished.send(endpoint, query={field.encode_name: number}) for number in NUMBERS}

    accepted = {
        number: answer for number, answer in answers.items() if not is_refused(answer, 400, "invalid_query_string")
    }
    assert accepted == {}


each_paged_endpoint = pytest.mark.parametrize("endpoint", PAGED, ids=named)


@pytest.mark.security(43)
@each_paged_endpoint
def test_a_page_has_0_to_100_items(furnished, endpoint):
    answers = {size: furnished.send(endpoint, query={"per_page": size}) for size in (0, 1, 100, 101)}

    assert [answers[size].status for size in (0, 1, 100)] == [200, 200, 200]
    assert [len(answers[size].json) for size in (0, 1)] == [0, 1]
    assert is_refused(answers[101], 400, "invalid_query_string")
    assert answers[101].json["message"].endswith("on property per_page.")


@each_paged_endpoint
def test_a_page_beyond_the_end_is_empty_and_its_total_is_right(furnished, endpoint):
    total = furnished.send(endpoint, query={"include_totals": "true"}).json["total"]

    answer = furnished.send(endpoint, query={"page": 9, "per_page": 100, "include_totals": "true"})

    counts = {name: answer.json[name] for name in ("start", "limit", "length", "total")}
    assert counts == {"start": 900, "limit": 100, "length": 0, "total": total}
    assert total > 0


@each_paged_endpoint
def test_pages_one_after_the_other_are_the_whole_list(furnished, endpoint):
    whole = furnished.send(endpoint, query={"per_page": 100}).json

    pages = [furnished.send(endpoint, query={"page": page, "per_page": 2}).json for page in range(len(whole) // 2 + 1)]

    assert [item for page in pages for item in page] == whole


@pytest.mark.security(43)
@each_paged_endpoint
def test_the_last_page_that_may_be_asked_for_is_one_million(furnished, endpoint):
    last, beyond = (furnished.send(endpoint, query={"page": page, "per_page": 1}) for page in (1_000_000, 1_000_001))

    assert last.status == 200 or is_refused(last, 400, "invalid_paging")
    assert is_refused(beyond, 400, "invalid_query_string")


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(api, path):
    has = {endpoint.method for endpoint in ENDPOINTS if endpoint.path == path}
    url = re.sub(r"\{\w+\}", "any", path)

    for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PROPFIND"} - has):
        answer = api.call(method, url)
        if method.upper() in has:
            continue
        assert answer.json == {"statusCode": 405, "error": "Method Not Allowed", "message": "Method Not Allowed"}, (
            method
        )
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(", ")) == has
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def gateway_answer(api, host: str, path: str, *headers: tuple[str, str]) -> tuple[int, Any]:
    """Ask as any host, through the gateway of the local stack, which hands all headers on as API Gateway does."""
    authorization = ("Authorization", f"Bearer {api.token()}")
    answer = Gateway(api.app).answer(Request("GET", path, [("Host", host), authorization, *headers]))
    return answer.status, json.loads(answer.body)


UNKNOWN_HOSTS = [
    "evil.example",
    "nobody.gatehouse.test",
    "acme.gatehouse.test.evil.example",
    "evilgatehouse.test",
    "a.acme.gatehouse.test",
    "acme_gatehouse.test",
    "acme.gatehouse.test.",
    "acme..gatehouse.test",
    ".gatehouse.test",
    "-acme.gatehouse.test",
    "acme.gatehouse.test@evil.example",
    "acme.gatehouse.test/evil",
    "acme.gatehouse.test:port",
    "acme#.gatehouse.test",
    "\u0430cme.gatehouse.test",
    "acme.gatehouse.test, evil.example",
    "169.254.169.254",
    "x" * 5_000,
    "",
]


@pytest.mark.security(33)
@pytest.mark.parametrize("host", UNKNOWN_HOSTS)
def test_a_host_that_is_nobodys_is_answered_alike_whoever_it_looks_like(api, host):
    managing, authenticating = (gateway_answer(api, host, path) for path in ("/api/v2/users", "/.well-known/jwks.json"))

    assert managing[0] == authenticating[0] == 404
    assert managing[1]["message"] == authenticating[1]["error_description"] == "The tenant does not exist."
    assert managing[1]["errorCode"] == authenticating[1]["error"] == "inexistent_tenant"


@pytest.mark.parametrize(
    "host", ["acme.gatehouse.test", "acme.gatehouse.test:8443", "ACME.Gatehouse.TEST", "Acme.Gatehouse.Test:443"]
)
def test_a_tenants_host_may_have_a_port_and_any_case(acme, host):
    status, configuration = gateway_answer(acme, host, "/.well-known/openid-configuration")

    assert status == 200
    assert configuration["issuer"] == "https://acme.gatehouse.test/"


@pytest.mark.parametrize(
    "host",
    ["gatehouse.test", "localhost:8000", "127.0.0.1", "[::1]:8000", "ab12.execute-api.eu-central-1.amazonaws.com"],
)
def test_the_bare_domain_loopback_and_a_stage_are_the_default_tenant(api, host):
    status, configuration = gateway_answer(api, host, "/.well-known/openid-configuration")

    assert status == 200
    assert configuration["issuer"] == "https://gatehouse.test/"


@pytest.mark.security(33)
@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host",
        "X-Original-Host",
        "X-Host",
        "X-Forwarded-Server",
        "Forwarded",
        "X-HTTP-Host-Override",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Tenant",
    ],
)
def test_the_tenant_is_that_of_the_host_whatever_other_headers_say(api, header):
    forged = (header, "host=acme.gatehouse.test" if header == "Forwarded" else "acme.gatehouse.test")

    status, configuration = gateway_answer(api, "gatehouse.test", "/.well-known/openid-configuration", forged)

    assert status == 200
    assert configuration["issuer"] == "https://gatehouse.test/"
    assert "acme" not in json.dumps(configuration)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_the_method_is_that_of_the_request_whatever_other_headers_say(furnished, header):
    client_id = furnished.ids["system"]["client_id"]

    answer = furnished.api().get(f"/api/v2/clients/{client_id}", headers={header: "DELETE"}, query={"fields": "name"})

    assert answer.json == {"name": "Shop of system"}
    assert furnished.api().get(f"/api/v2/clients/{client_id}").status == 200
