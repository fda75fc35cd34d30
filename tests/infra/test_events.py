"""The event the function gets is API Gateway's, byte for byte where that matters."""

from __future__ import annotations

import base64

import pytest

from infra.local.events import make_answer, make_event
from infra.local.messages import Request
from infra.local.routes import Match

MATCH = Match("/things/{name}", {"name": "auth0%7Cabc"})


def event(request, match=MATCH):
    return make_event(request, match, "id-1", {"image/png"})


def test_what_is_encoded_in_a_path_stays_encoded():
    made = event(Request("GET", "/things/auth0%7Cabc?x=1", []))

    assert made["path"] == "/things/auth0%7Cabc"
    assert made["pathParameters"] == {"name": "auth0%7Cabc"}
    assert (made["resource"], made["requestContext"]["resourcePath"]) == ("/things/{name}", "/things/{name}")


def test_a_route_without_braces_has_no_path_parameters():
    assert event(Request("GET", "/things", []), Match("/things", {}))["pathParameters"] is None


def test_of_a_repeated_header_all_are_kept_and_the_last_is_the_single_one():
    made = event(Request("GET", "/", [("X-Tag", "a"), ("x-tag", "b"), ("X-TAG", "c")]))

    assert made["multiValueHeaders"]["X-Tag"] == ["a", "b", "c"]
    assert made["headers"]["X-Tag"] == "c"
    assert [name for name in made["headers"] if name.lower() == "x-tag"] == ["X-Tag"]


def test_of_a_repeated_parameter_all_are_kept_and_the_last_is_the_single_one():
    made = event(Request("GET", "/?q=a&q=&q=b%26+c&empty", []))

    assert made["multiValueQueryStringParameters"] == {"q": ["a", "", "b& c"], "empty": [""]}
    assert made["queryStringParameters"] == {"q": "b& c", "empty": ""}


def test_without_a_query_there_are_no_parameters():
    made = event(Request("GET", "/", []))

    assert made["queryStringParameters"] is None
    assert made["multiValueQueryStringParameters"] is None


def test_a_body_of_text_is_text():
    made = event(Request("POST", "/", [("Content-Type", "application/json")], '{"a": "ä"}'.encode()))

    assert (made["body"], made["isBase64Encoded"]) == ('{"a": "ä"}', False)


@pytest.mark.parametrize("content_type", ["image/png", "IMAGE/PNG; q=1"])
def test_a_body_of_a_binary_type_is_in_base64(content_type):
    made = event(Request("POST", "/", [("Content-Type", content_type)], b"text"))

    assert (made["body"], made["isBase64Encoded"]) == (base64.b64encode(b"text").decode(), True)


def test_a_body_that_is_no_text_is_in_base64_whatever_it_says():
    made = event(Request("POST", "/", [("Content-Type", "application/json")], b"\xff\x00"))

    assert (base64.b64decode(made["body"]), made["isBase64Encoded"]) == (b"\xff\x00", True)


def test_an_empty_body_is_none():
    made = event(Request("POST", "/", []))

    assert (made["body"], made["isBase64Encoded"]) == (None, False)


def test_the_clients_address_is_appended_to_what_it_says_of_itself():
    sent = [("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Proto", "gopher"), ("x-forwarded-port", "1")]

    made = event(Request("GET", "/", sent, peer="127.0.0.9", secure=True, port=8443))

    assert made["headers"]["X-Forwarded-For"] == "10.0.0.1, 127.0.0.9"
    assert made["multiValueHeaders"]["X-Forwarded-Proto"] == ["https"]
    assert made["multiValueHeaders"]["X-Forwarded-Port"] == ["8443"]
    assert made["requestContext"]["identity"]["sourceIp"] == "127.0.0.9"


@pytest.mark.parametrize(
    ("host", "name"),
    [("acme.localhost:8443", "acme.localhost"), ("localhost", "localhost"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]")],
)
def test_the_domain_is_the_host_without_its_port(host, name):
    assert event(Request("GET", "/", [("Host", host)]))["requestContext"]["domainName"] == name


def test_an_answer_has_status_headers_and_body():
    answer = make_answer({"statusCode": "201", "headers": {"X-Count": 3}, "body": "ä"})

    assert (answer.status, answer.headers, answer.body) == (201, [("X-Count", "3")], "ä".encode())


def test_an_answer_may_repeat_a_header():
    answer = make_answer({"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}})

    assert answer.headers == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


def test_an_answer_in_base64_is_bytes():
    answer = make_answer({"statusCode": 200, "body": base64.b64encode(b"\x89PNG").decode(), "isBase64Encoded": True})

    assert answer.body == b"\x89PNG"


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nSet-Cookie: b"}, {"X\n": "a"}, {"": "a"}, {"X": "\N{SNOWMAN}"}, {"X": "a\x00b"}]
)
def test_a_header_that_http_cannot_carry_is_refused(headers):
    with pytest.raises(ValueError, match=r"header|latin-1"):
        make_answer({"statusCode": 200, "headers": headers})
