"""Sends what our OpenAPI document allows, and what it forbids, to every operation: no answer may be a surprise.

An answer is never a 5xx, and its status, type, headers and shape are what the document promises. The examples are the
same in every run, and the whole takes about a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.core.hosts import Hosts
from chalicelib.web import openapi
from tests.conftest import BASE_DOMAIN, Api
from tests.web.conftest import ENDPOINTS, EXAMPLES, PASSWORD, Example, Furnished, filled
from tests.web.in_process import InProcess

TENANT = "system"
"""The only one that has every endpoint."""
WELL_ANSWERED = EXAMPLES | {
    "POST /dbconnections/signup": [
        Example(
            {"client_id": "{client_id}", "connection": "{connection}", "email": "n@example.com", "password": PASSWORD}
        )
    ],
    "POST /dbconnections/change_password": [
        Example({"client_id": "{client_id}", "connection": "{connection}", "email": "{email}"})
    ],
}
REFUSED_BY_DATABASES = {"username", "phone_number"}
PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

the_same_each_time = settings(
    derandomize=True,
    database=None,
    deadline=None,  # the machine that runs this may be busy
    # One table for all examples of an operation: what the earlier ones left makes the later ones more interesting.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def schema_of(*modes: GenerationMode, coverage: bool) -> Any:
    document = openapi.document(ENDPOINTS, Hosts(BASE_DOMAIN, "main"), TENANT)
    schema = schemathesis.openapi.from_dict(document)
    schema.config.base_url = f"https://{TENANT}.{BASE_DOMAIN}"
    schema.config.generation.update(modes=list(modes))
    schema.config.phases.coverage.enabled = coverage
    # Without OPTIONS, which API Gateway answers and Chalice's test client cannot.
    schema.config.phases.coverage.unexpected_methods = {"get", "put", "post", "delete", "patch"}
    return schema


anything = schema_of(GenerationMode.POSITIVE, GenerationMode.NEGATIVE, coverage=True)
sensible = schema_of(GenerationMode.POSITIVE, coverage=False)


@pytest.fixture
def session(furnished: Furnished):
    """Calls the app with a token that holds every scope."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {Api(furnished.app, TENANT).token()}"
        session.mount("https://", InProcess(Api(furnished.app, TENANT)))
        yield session


def begun_well(case: Any, ids: Mapping[str, str]) -> None:
    """Let the request be one that is answered well, with what was made up beside it."""
    example = WELL_ANSWERED.get(case.operation.label, [Example()])[0]
    case.path_parameters = {name: ids[name] for name in case.path_parameters}
    case.query = {**case.query, **filled(example.query, ids)}
    if isinstance(example.body, dict):
        made_up = {name: value for name, value in case.body.items() if name not in REFUSED_BY_DATABASES}
        case.body = {**made_up, **filled(example.body, ids)}


@anything.parametrize()
@settings(the_same_each_time, max_examples=10)
def test_whatever_is_sent_the_answer_is_one_that_the_document_promises(case, session):
    answer = case.call(session=session)

    case.validate_response(answer, checks=[*PROMISES, negative_data_rejection])


@sensible.parametrize()
@settings(the_same_each_time, max_examples=12)
def test_what_names_things_that_exist_is_answered_as_the_document_promises(case, session, furnished):
    furnished.begin_again()
    begun_well(case, furnished.ids[TENANT])

    answer = case.call(session=session)

    case.validate_response(answer, checks=PROMISES)
