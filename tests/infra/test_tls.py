"""The https side: each name is shown a certificate that clients accept, and a bad client holds up nobody."""

from __future__ import annotations

import socket
import ssl
import warnings

import pytest

from infra.local.certificates import Authority
from infra.local.gateway import Gateway
from infra.local.listeners import bind, serving
from infra.local.tls import server_context
from tests.infra.conftest import Door

REQUEST = b"GET /things HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.open(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def only_secured(only_function, authority):
    listeners = bind(0, "TLS_PORT", server_context(authority))
    with serving(listeners, Gateway(only_function)):
        yield Door(only_function, listeners)


@pytest.fixture
def secured(only_secured, function):
    return only_secured


@pytest.fixture
def trusting(authority):
    """A client as it is by default, that trusts this authority."""
    return ssl.create_default_context(cafile=str(authority.path))


def shown(door, context, name):
    with door.line(tls=context, name=name) as line:
        certificate = line.socket.getpeercert()
    return [value for kind, value in certificate["subjectAltName"]]


@pytest.mark.parametrize("name", ["acme.localhost", "system.localhost", "app.acme.localhost"])
def test_a_client_that_checks_names_is_content_with_a_tenants(secured, trusting, name):
    assert shown(secured, trusting, name) == [name]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_client_that_checks_names_is_content_with_this_machine(secured, trusting, name):
    assert "localhost" in shown(secured, trusting, name)


def test_a_name_is_the_same_in_any_case(secured, trusting):
    assert shown(secured, trusting, "ACME.localhost") == ["acme.localhost"]


def test_a_client_that_names_nobody_is_shown_localhost(secured, trusting):
    trusting.check_hostname = False

    assert "localhost" in shown(secured, trusting, None)


def test_a_client_that_asks_for_a_foreign_name_is_not_deceived(secured, trusting):
    with (
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
        secured.line(tls=trusting, name="example.com"),
    ):
        pass


def test_a_stolen_authority_is_good_for_no_other_name(function, authority, trusting, tmp_path):
    stolen = tmp_path / "example.com.pem"
    authority._issue("example.com", stolen)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(stolen)

    listeners = bind(0, "PORT", context)
    with serving(listeners, Gateway(function)):
        refused = pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation")
        with refused, Door(function, listeners).line(tls=trusting, name="example.com"):
            pass


def test_a_request_over_tls_is_answered(secured, trusting, function):
    with secured.line(tls=trusting) as line:
        line.send(REQUEST)
        answer = line.answer()

    assert (answer.status, answer.content) == (200, b"said")
    assert function.events[0]["headers"]["X-Forwarded-Proto"] == "https"


def test_a_protocol_that_is_no_longer_safe_is_refused(secured, trusting):
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        trusting.minimum_version = trusting.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(ssl.SSLError), secured.line(tls=trusting):
        pass


def test_a_client_that_says_nothing_holds_up_nobody(secured, trusting):
    with socket.create_connection(("127.0.0.1", secured.port)), secured.line(tls=trusting) as line:
        line.send(REQUEST)

        assert line.answer().status == 200


def test_a_client_without_tls_is_let_go_and_no_news(secured, trusting, capfd):
    with secured.line() as plain:
        plain.send(REQUEST)
        said = plain.rest()

    assert b"HTTP/1.1 200" not in said
    assert shown(secured, trusting, "acme.localhost") == ["acme.localhost"]
    assert capfd.readouterr().err == ""
