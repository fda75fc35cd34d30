"""Every kind of error of the core, in the shape of every surface; and what a caller sees of a failure of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from chalicelib.core import errors
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError, UnknownClient
from chalicelib.web.errors import STATUS, UnsupportedMediaType
from chalicelib.web.surface import MANAGEMENT, OAUTH, Gatehouse, Surface
from infra.local.gateway import Gateway
from infra.local.messages import Answer, Request
from tests.conftest import Api

AS_MANAGEMENT = {
    errors.Invalid: (400, "Bad Request", "invalid_body"),
    errors.Unauthenticated: (401, "Unauthorized", "invalid_token"),
    errors.Forbidden: (403, "Forbidden", "insufficient_scope"),
    errors.NotFound: (404, "Not Found", "not_found"),
    errors.Conflict: (409, "Conflict", "conflict"),
    errors.Gone: (410, "Gone", "gone"),
    errors.TooLarge: (413, "Payload Too Large", "payload_too_large"),
    errors.TooMany: (429, "Too Many Requests", "too_many_requests"),
    errors.Unavailable: (503, "Service Unavailable", "service_unavailable"),
    UnsupportedMediaType: (415, "Unsupported Media Type", "unsupported_media_type"),
}
AS_OAUTH = {
    errors.Invalid: (400, "invalid_request"),
    errors.Unauthenticated: (401, "access_denied"),
    errors.Forbidden: (403, "insufficient_scope"),
    errors.NotFound: (404, "not_found"),
    errors.Conflict: (409, "conflict"),
    errors.Gone: (410, "gone"),
    errors.TooLarge: (413, "payload_too_large"),
    errors.TooMany: (429, "too_many_requests"),
    errors.Unavailable: (503, "temporarily_unavailable"),
    UnsupportedMediaType: (415, "unsupported_media_type"),
}
EVERY_KIND = pytest.mark.parametrize("kind", AS_MANAGEMENT, ids=lambda kind: kind.__name__)


@pytest.fixture
def failing(core) -> Callable[[str, Exception], Gatehouse]:
    """Make an app of one surface with one endpoint that does nothing but fail."""

    def make(shape: str, error: Exception) -> Gatehouse:
        surface = Surface("failing", shape=shape)

        @surface.endpoint("GET", "/fail", summary="Fail", public=True)
        def fail(incoming):
            raise error

        return Gatehouse(core, [surface])

    return make


@pytest.fixture
def ask(failing) -> Callable[[str, Exception], Answer]:
    """Ask it through the gateway of the local stack, which gives each request an id as API Gateway does."""
    request = Request("GET", "/fail", [("Host", "gatehouse.test")])
    return lambda shape, error: Gateway(failing(shape, error)).answer(request)


def test_every_kind_of_error_has_a_status():
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}

    assert kinds - {errors.GatehouseError} == STATUS.keys() == AS_MANAGEMENT.keys() - {UnsupportedMediaType}
    assert AS_OAUTH.keys() == AS_MANAGEMENT.keys()


@EVERY_KIND
def test_the_management_api_shows_an_error_as_auth0_does(ask, kind):
    status, phrase, code = AS_MANAGEMENT[kind]

    answer = ask(MANAGEMENT, kind("This is why.", detail="canary"))

    assert answer.status == status
    assert json.loads(answer.body) == {
        "statusCode": status,
        "error": phrase,
        "message": "This is why.",
        "errorCode": code,
    }


@EVERY_KIND
def test_the_authentication_api_shows_an_error_as_oauth_does(ask, kind):
    status, error = AS_OAUTH[kind]

    answer = ask(OAUTH, kind("This is why.", detail="canary"))

    assert answer.status == status
    assert json.loads(answer.body) == {"error": error, "error_description": "This is why."}


@EVERY_KIND
def test_a_code_of_its_own_is_shown_by_the_management_api(ask, kind):
    answer = ask(MANAGEMENT, kind("This is why.", code="of_its_own"))

    assert json.loads(answer.body)["errorCode"] == "of_its_own"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OAuthError("invalid_grant", "Wrong.", detail="canary"), 403, "invalid_grant"),
        (OAuthError("unauthorized_client", "Wrong."), 403, "unauthorized_client"),
        (MalformedRequest("Wrong."), 400, "invalid_request"),
        (UnknownClient("canary"), 401, "access_denied"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("shape", [MANAGEMENT, OAUTH])
def test_a_refusal_of_oauth_is_in_oauths_words_wherever_it_happens(ask, shape, error, status, code):
    answer = ask(shape, error)

    assert answer.status == status
    assert json.loads(answer.body) == {"error": code, "error_description": error.description}


@EVERY_KIND
@pytest.mark.parametrize("shape", [MANAGEMENT, OAUTH])
def test_the_detail_of_an_error_is_for_the_log_alone(ask, caplog, shape, kind):
    caplog.set_level("INFO", "gatehouse")

    answer = ask(shape, kind("This is why.", detail="canary"))

    assert "canary" not in answer.body.decode() + str(answer.headers)
    assert "canary" in caplog.text


@pytest.mark.security(21)
@EVERY_KIND
@pytest.mark.parametrize("shape", [MANAGEMENT, OAUTH])
def test_every_refusal_carries_the_headers_of_every_answer(failing, shape, kind):
    headers = Api(failing(shape, kind("This is why."))).get("/fail").headers

    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert ("WWW-Authenticate" in headers) == (kind is errors.Unauthenticated)


class UnexpectedError(Exception):
    """Something nobody thought of."""


@pytest.mark.parametrize("error", [UnexpectedError("canary"), KeyError("canary"), RecursionError("canary")], ids=repr)
@pytest.mark.parametrize("shape", [MANAGEMENT, OAUTH])
def test_a_failure_of_ours_shows_a_request_id_and_no_more(ask, caplog, shape, error):
    answer = ask(shape, error)

    request_id = dict(answer.headers)["x-amzn-RequestId"]
    message = f"Something went wrong on our side. Quote the request id {request_id}."
    shown = {
        MANAGEMENT: {
            "statusCode": 500,
            "error": "Internal Server Error",
            "message": message,
            "errorCode": "internal_error",
        },
        OAUTH: {"error": "server_error", "error_description": message},
    }
    assert answer.status == 500
    assert json.loads(answer.body) == shown[shape]
    assert re.fullmatch(r"[0-9a-f-]{36}", request_id)


@pytest.mark.parametrize("shape", [MANAGEMENT, OAUTH])
def test_a_failure_of_ours_is_in_the_log_under_its_request_id_with_its_cause(ask, caplog, shape):
    answer = ask(shape, UnexpectedError("canary"))

    request_id = dict(answer.headers)["x-amzn-RequestId"]
    assert f"request {request_id} failed: GET /fail" in caplog.text
    assert "UnexpectedError: canary" in caplog.text
    assert "Traceback" in caplog.text
    assert "Traceback" not in answer.body.decode()
