"""What the gateway answers by itself, and what it lets through to the function and back."""

from __future__ import annotations

import base64
import json

import pytest

from infra.local.gateway import Gateway
from infra.local.messages import Request


@pytest.fixture
def ask(function):
    gateway = Gateway(function)

    def ask(method, target, headers=(), body=b""):
        return gateway.answer(Request(method, target, list(headers), body))

    return ask


def headers_of(answer):
    return {name.lower(): value for name, value in answer.headers}


def test_a_request_reaches_the_function_and_its_answer_comes_back(ask, function):
    answer = ask("GET", "/things/auth0%7Cabc?q=1")

    assert (answer.status, answer.body) == (200, b"said")
    assert [event["pathParameters"] for event in function.events] == [{"name": "auth0%7Cabc"}]


def test_each_answer_has_the_id_that_the_function_was_given(ask, function):
    first, second = ask("GET", "/things"), ask("GET", "/things")

    ids = [headers_of(answer)["x-amzn-requestid"] for answer in (first, second)]

    assert ids == [event["requestContext"]["requestId"] for event in function.events]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("path", ["/nothing", "//things", "/things//", "/things/a/b", "*"])
def test_an_unknown_path_is_404_in_our_shape_and_no_event(ask, function, path):
    answer = ask("GET", path)

    assert (answer.status, json.loads(answer.body)["error"]) == (404, "Not Found")
    assert function.events == []


def test_another_method_is_405_with_those_there_are_and_no_event(ask, function):
    answer = ask("DELETE", "/things/a")

    assert (answer.status, json.loads(answer.body)["error"]) == (405, "Method Not Allowed")
    assert headers_of(answer)["allow"] == "GET, HEAD, PUT"
    assert function.events == []


def test_a_browser_that_asks_first_is_told_what_the_route_shares(ask, function):
    answer = ask("OPTIONS", "/shared", [("Origin", "https://app.example.com")])

    told = headers_of(answer)
    assert answer.status == 200
    assert told["access-control-allow-origin"] == "https://app.example.com"
    assert told["access-control-allow-methods"] == "GET,OPTIONS"
    assert (told["access-control-allow-credentials"], told["access-control-max-age"]) == ("true", "600")
    assert function.events == []


def test_a_route_that_shares_nothing_refuses_the_question(ask):
    assert ask("OPTIONS", "/things").status == 405


def fail():
    raise RuntimeError("the password was hunter2")


@pytest.mark.parametrize(
    "result",
    [
        fail,
        lambda: None,
        dict,
        lambda: {"statusCode": "many"},
        lambda: {"statusCode": 200, "headers": {"X": "a\r\nSet-Cookie: b"}},
        lambda: {"statusCode": 200, "body": {"not": "text"}},
        lambda: {"statusCode": 200, "body": "!", "isBase64Encoded": True},
    ],
)
def test_a_function_that_fails_is_502_and_only_the_log_says_why(ask, function, capsys, result):
    function.result = result

    answer = ask("GET", "/things")

    assert answer.status == 502
    assert json.loads(answer.body) == {"statusCode": 502, "error": "Bad Gateway", "message": "Bad Gateway"}
    assert "x-amzn-requestid" in headers_of(answer)
    assert "Traceback" in capsys.readouterr().err


def test_bytes_reach_the_function_as_they_were_sent(ask, function):
    ask("POST", "/things", [("Content-Type", "image/png")], b"\x89PNG")

    event = function.events[0]
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\x89PNG", True)


def test_the_product_answers_through_the_gateway(app):
    answer = Gateway(app).answer(Request("GET", "/.well-known/openid-configuration", [("Host", "acme.localhost")]))

    assert json.loads(answer.body)["issuer"] == "https://acme.gatehouse.test/"
    assert headers_of(answer)["x-content-type-options"] == "nosniff"


def test_other_projects_on_localhost_are_not_sent_to_https(ask, function):
    function.result = lambda: {"statusCode": 200, "headers": {"Strict-Transport-Security": "max-age=1", "X-Kept": "1"}}

    told = headers_of(ask("GET", "/things"))

    assert ("strict-transport-security" in told, told["x-kept"]) == (False, "1")
