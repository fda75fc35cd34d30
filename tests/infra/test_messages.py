"""Requests as they stood on the line, and the refusals of the gateway itself."""

from __future__ import annotations

import json

import pytest

from infra.local.messages import RefusedError, Request, refusal


def test_a_target_is_a_path_and_a_query():
    request = Request("GET", "/things/a%2Fb?x=1?&y=%20", [])

    assert (request.path, request.query) == ("/things/a%2Fb", "x=1?&y=%20")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://localhost:8000/things?x", "/things"),
        ("HTTPS://localhost/things", "/things"),
        ("http://localhost", "/"),
        ("http://localhost//things", "//things"),
        ("//localhost/things", "//localhost/things"),
        ("/http://localhost/things", "/http://localhost/things"),
    ],
)
def test_scheme_and_host_of_a_target_are_not_in_its_path(target, path):
    assert Request("GET", target, []).path == path


def test_a_header_is_found_in_any_case_and_the_last_one_counts():
    request = Request("GET", "/", [("X-Mode", "first"), ("x-MODE", "last"), ("Other", "else")])

    assert (request.header("x-mode"), request.header("absent")) == ("last", "")


def test_a_refusal_has_the_shape_of_the_management_api():
    answer = refusal(404)

    assert (answer.status, answer.headers) == (404, [("Content-Type", "application/json")])
    assert json.loads(answer.body) == {"statusCode": 404, "error": "Not Found", "message": "Not Found"}


def test_a_refusal_may_say_more():
    answer = refusal(405, "Not so.", headers=[("Allow", "GET")])

    assert json.loads(answer.body)["message"] == "Not so."
    assert ("Allow", "GET") in answer.headers


def test_a_refused_request_carries_its_answer():
    refused = RefusedError(400, "A header cannot be read.")

    assert refused.answer == refusal(400, "A header cannot be read.")
