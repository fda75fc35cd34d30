"""The reference: an OpenAPI document that is true of every endpoint, and the page that draws it."""

from __future__ import annotations

import json
import re

import pytest
import schemathesis

from chalicelib.web import decoding
from chalicelib.web.surface import PAGE
from tests.conftest import EVERY_SCOPE
from tests.web.conftest import ENDPOINTS, named

DOCUMENTED = [each for each in ENDPOINTS if each.tag != "reference" and each.shape != PAGE]
ADDRESS = re.compile(r'(?:href|src)="([^"]*)"')


@pytest.fixture
def document(api):
    return api.get("/api/v2/openapi.json").json


@pytest.fixture
def page(api):
    return api.get("/docs")


def test_the_document_is_valid_openapi_3_1(document):
    schema = schemathesis.openapi.from_dict(document)

    schema.validate()

    assert document["openapi"] == "3.1.0"


def test_the_check_of_validity_finds_what_is_wrong(document):
    document["paths"]["/api/v2/users"]["get"]["parameters"][0]["in"] = "nowhere"

    schema = schemathesis.openapi.from_dict(document)

    with pytest.raises(Exception, match="nowhere"):
        schema.validate()


def test_the_document_has_every_endpoint_and_no_other(document):
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert described == {named(endpoint) for endpoint in DOCUMENTED}


@pytest.mark.parametrize("endpoint", DOCUMENTED, ids=named)
def test_an_operation_names_the_scopes_and_the_answer_of_its_endpoint(document, endpoint):
    operation = document["paths"][endpoint.path][endpoint.method.lower()]

    assert operation["security"] == [{"oauth2": [scope]} for scope in endpoint.scopes]
    assert str(endpoint.status) in operation["responses"]
    assert operation["summary"] == endpoint.summary
    assert operation["description"]


@pytest.mark.parametrize("endpoint", [each for each in DOCUMENTED if each.body is not None], ids=named)
def test_the_example_of_a_body_is_one_that_its_endpoint_reads(document, endpoint):
    operation = document["paths"][endpoint.path][endpoint.method.lower()]

    example = operation["requestBody"]["content"]["application/json"]["example"]

    assert decoding.json_body(endpoint.body, json.dumps(example).encode(), "application/json")


def test_operations_can_be_told_apart_by_their_ids(document):
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]

    assert len(set(ids)) == len(ids) == len(DOCUMENTED)


def test_every_scope_of_the_document_is_one_a_token_can_have(document):
    scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]

    assert scopes.keys() <= set(EVERY_SCOPE.split())


def test_the_document_is_that_of_the_tenant_asked(acme):
    document = acme.get("/api/v2/openapi.json").json

    assert document["servers"] == [{"url": "https://acme.gatehouse.test"}]


@pytest.mark.security(21)
def test_the_page_may_load_and_fetch_from_its_own_host_only(page):
    policy = page.headers["Content-Security-Policy"]

    directives = dict(part.split(" ", 1) for part in policy.split("; "))

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"


@pytest.mark.security(21)
def test_the_page_names_nothing_of_another_host(page):
    addresses = ADDRESS.findall(page.text)

    assert all(address.startswith(("/", "#", "data:")) and not address.startswith("//") for address in addresses)
    assert "style=" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=", page.text)


def test_what_the_page_is_made_of_may_be_kept_for_a_year(api, page):
    addresses = [address for address in ADDRESS.findall(page.text) if address.startswith("/static/")]

    answers = [api.get(address) for address in addresses]

    assert [answer.headers["Content-Type"].partition(";")[0] for answer in answers] == ["text/css", "text/javascript"]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"public, max-age=31536000, immutable"}


@pytest.mark.parametrize(
    "address", ["{fingerprint}/docs.html", "0000000000000000/docs.css", "{fingerprint}/..%2Fassets.py"]
)
def test_an_address_that_is_not_exactly_that_of_an_asset_is_not_found(api, page, address):
    fingerprint = page.text.partition('href="/static/')[2].partition("/")[0]

    answer = api.get(f"/static/{address}".format(fingerprint=fingerprint))

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_file")


def test_the_page_itself_is_kept_for_minutes_only_so_that_new_assets_are_found(page):
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "public, max-age=300"
