"""Ports: on the loopback interface only, both its addresses, and a stop that lets everybody finish."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from infra.local import listeners
from infra.local.gateway import Gateway
from infra.local.listeners import Traffic, bind, serving
from tests.infra.conftest import Door, wait_until

REQUEST = b"GET /things HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def bound():
    found = bind(0, "PORT")
    yield found
    for listener in found:
        listener.server_close()


def test_a_free_port_is_the_same_on_both_loopback_addresses(bound):
    assert [listener.server_address[0] for listener in bound] == ["127.0.0.1", "::1"]
    assert len({listener.server_address[1] for listener in bound}) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_both_addresses_are_served(door, host):
    with door.line(host) as line:
        line.send(REQUEST)

        assert line.answer().status == 200


def test_nobody_is_accepted_before_it_is_served(bound):
    with socket.socket() as early:
        refused = early.connect_ex(("127.0.0.1", bound[0].server_address[1]))

    assert refused != 0


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_port_that_is_taken_is_told_in_a_sentence(family, host):
    with socket.create_server((host, 0), family=family) as other:
        port = other.getsockname()[1]

        with pytest.raises(SystemExit) as told:
            bind(port, "TLS_PORT")

    assert str(told.value) == f"Port {port} of {host} cannot be used: Address already in use. Set TLS_PORT to another."


def test_a_port_that_was_taken_on_one_address_is_free_on_the_other_afterwards():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit):
            bind(port, "PORT")

        with socket.create_server(("127.0.0.1", port)) as again:
            assert again.getsockname()[1] == port


def test_a_port_taken_since_it_was_bound_is_told_in_a_sentence(function, bound):
    bound[1].server_close()
    port = bound[1].server_address[1]

    with pytest.raises(SystemExit, match=f"Port {port} cannot be used"), serving(bound, Gateway(function)):
        pass


def test_a_machine_without_ipv6_is_served_over_ipv4(function, monkeypatch):
    unassigned = (socket.AF_INET6, "2001:db8::1")
    monkeypatch.setattr(listeners, "_ADDRESSES", ((socket.AF_INET, "127.0.0.1"), unassigned))

    found = bind(0, "PORT")

    with serving(found, Gateway(function)):
        assert Door(function, found).ask(REQUEST).status == 200
    assert [listener.server_address[0] for listener in found] == ["127.0.0.1"]


def test_a_stop_waits_for_the_answer_that_is_under_way(function, bound):
    entered = Event()

    def until_the_stop():
        entered.set()
        wait_until(lambda: not bound[0].traffic._open)
        return {"statusCode": 200, "body": "at last"}

    function.result = until_the_stop
    with ThreadPoolExecutor(1) as pool, serving(bound, Gateway(function)):
        asked = pool.submit(Door(function, bound).ask, REQUEST)
        entered.wait(10)

    assert (asked.result().status, asked.result().content) == (200, b"at last")


def test_after_a_stop_nobody_is_accepted(function, bound):
    with serving(bound, Gateway(function)):
        pass

    with socket.socket() as late:
        assert late.connect_ex(("127.0.0.1", bound[0].server_address[1])) != 0


def test_a_connection_that_outlives_the_stop_is_told_and_ended(function, bound):
    with ExitStack() as held:
        with serving(bound, Gateway(function)):
            line = held.enter_context(Door(function, bound).line())
            line.send(REQUEST)
            line.answer()
        line.send(REQUEST)
        late = line.answer()

        assert (late.status, late.headers["Connection"]) == (503, "close")
        assert line.rest() == b""
    assert len(function.events) == 1


def test_a_stop_does_not_wait_for_ever():
    traffic = Traffic()

    with traffic.request() as is_open:
        in_time = traffic.drain(0.01)

    assert (is_open, in_time) == (True, False)


def test_what_comes_after_the_stop_is_not_admitted():
    traffic = Traffic()

    assert traffic.drain(0.01)
    with traffic.request() as is_open:
        assert not is_open


def test_a_fault_of_ours_is_shown_and_ends_one_connection_only(door, monkeypatch, capfd):
    monkeypatch.setattr(door.listeners[0].gateway, "answer", None)
    with door.line() as line:
        line.send(REQUEST)
        assert line.rest() == b""
    monkeypatch.undo()

    assert door.ask(REQUEST).status == 200
    assert "TypeError" in capfd.readouterr().err


def test_a_hundred_clients_at_once_are_all_answered(door):
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(door.ask, [REQUEST] * 100))

    assert [answer.status for answer in answers] == [200] * 100
    wait_until(lambda: len(door.function.events) == 100)
