"""Connections: kept, ended, refused, and what becomes of clients that are slow, broken or gone."""

from __future__ import annotations

import json
import re
import socket
import struct
from threading import Event

import pytest

from infra.local.bodies import MAX_BODY
from infra.local.connection import Connection

GET = b"GET /things HTTP/1.1\r\nHost: localhost\r\n"
HIDDEN = b"GET /things/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


def paths(function):
    return [event["path"] for event in function.events]


def test_a_connection_is_kept_for_the_next_request(door):
    with door.line() as line:
        line.send(GET + b"\r\n")
        first = line.answer()
        line.send(GET + b"\r\n")
        second = line.answer()

    assert (first.content, second.content) == (b"said", b"said")


def test_requests_that_are_sent_ahead_are_answered_in_order(door):
    with door.line() as line:
        line.send(b"GET /things/1 HTTP/1.1\r\n\r\nGET /things/2 HTTP/1.1\r\nConnection: close\r\n\r\n")
        said = line.rest()

    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert paths(door.function) == ["/things/1", "/things/2"]


@pytest.mark.parametrize("request_", [GET + b"Connection: close\r\n\r\n", b"GET /things HTTP/1.0\r\n\r\n"])
def test_a_connection_ends_when_the_client_wants_it(door, request_):
    with door.line() as line:
        line.send(request_)
        said = line.rest()

    assert said.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nConnection: close\r\n" in said


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 50\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Content-Length : 0\r\n",
        b"no header at all\r\n",
        b"Host: localhost\r\n folded: yes\r\n",
        b" Content-Length: 0\r\n",
    ],
)
def test_what_is_hidden_in_a_refused_request_is_never_carried_out(door, head):
    with door.line() as line:
        line.send(b"POST /things HTTP/1.1\r\n" + head + b"\r\n" + HIDDEN)
        said = line.rest()

    assert said.count(b"HTTP/1.1 ") == 1
    assert said.split()[1] in {b"400", b"501"}
    assert door.function.events == []


def test_what_follows_the_body_of_an_unknown_path_is_a_request_of_its_own(door):
    with door.line() as line:
        line.send(b"POST /nothing HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN)
        refused = line.answer()
        line.send(GET + b"\r\n")
        answered = line.answer()

    assert (refused.status, answered.status) == (404, 200)
    assert paths(door.function) == ["/things"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /things HTTP/x\r\n\r\n", 400),
        (b"POST /things\r\n\r\n", 400),
        (b"GET / things HTTP/1.1\r\n\r\n", 400),
        (b"GET /things HTTP/2.0\r\n\r\n", 505),
        (b"BREW /things HTTP/1.1\r\n\r\n", 501),
        (b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\n\r\n", 414),
        (GET + b"X: " + b"a" * 65536 + b"\r\n\r\n", 431),
        (GET + b"X: a\r\n" * 100 + b"\r\n", 431),
    ],
    ids=lambda value: value if isinstance(value, int) else value[:14].decode(),
)
def test_what_is_no_request_is_refused_in_our_shape(door, content, status):
    with door.line() as line:
        line.send(content)
        answer = line.answer()

        assert answer.status == status
        assert json.loads(answer.content)["statusCode"] == status
        assert line.rest() == b""
    assert door.function.events == []


def test_a_head_has_the_length_of_the_body_and_not_the_body(door):
    with door.line() as line:
        line.send(b"HEAD /things/a HTTP/1.1\r\nConnection: close\r\n\r\n")
        said = line.rest()

    assert b"\r\nContent-Length: 4\r\n" in said
    assert said.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_may_have_no_body_has_none(door, status):
    door.function.result = lambda: {"statusCode": status, "body": "unseen", "headers": {"Content-Length": "6"}}

    with door.line() as line:
        line.send(GET + b"Connection: close\r\n\r\n")
        said = line.rest()

    assert b"Content-Length" not in said
    assert said.endswith(b"\r\n\r\n")


def test_the_framing_of_an_answer_is_the_connections(door):
    wrong = {"Content-Length": "1", "Transfer-Encoding": "chunked", "Connection": "upgrade"}
    door.function.result = lambda: {"statusCode": 200, "body": "all of it", "headers": wrong}

    answer = door.ask(GET + b"\r\n")

    assert answer.content == b"all of it"
    assert (answer.headers["Transfer-Encoding"], answer.headers["Connection"]) == (None, None)


def test_nobody_is_told_which_python_this_is(door):
    assert door.ask(GET + b"\r\n").headers["Server"] == "Gatehouse"


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(door):
    with door.line() as line:
        line.send(b"PUT /things/a HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        told = line.socket.recv(65536)
        line.send(b"body")
        answer = line.answer("PUT")

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.status == 200
    assert door.function.events[0]["body"] == "body"


def test_a_client_that_asks_before_it_sends_too_much_is_told_not_to(door):
    with door.line() as line:
        line.send(b"PUT /things/a HTTP/1.1\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (MAX_BODY + 1))
        answer = line.answer("PUT")

    assert (answer.status, json.loads(answer.content)["error"]) == (413, "Payload Too Large")


def test_a_client_that_sends_too_much_can_still_read_why_that_was_refused(door):
    with door.line() as line:
        line.send(b"PUT /things/a HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1) + bytes(1_000_000))

        assert line.answer("PUT").status == 413


@pytest.mark.parametrize("begun", [b"", b"GET /thi", GET, b"PUT /things/a HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_client_that_stops_talking_is_let_go(door, begun, monkeypatch, capfd):
    monkeypatch.setattr(Connection, "timeout", 0.1)

    with door.line() as line:
        line.send(begun)
        said = line.rest()

    assert said == b""
    assert door.function.events == []
    assert capfd.readouterr().err == ""


def test_a_client_that_goes_away_within_its_body_changes_nothing(door, capfd):
    with door.line() as line:
        line.send(b"PUT /things/a HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
        line.socket.shutdown(socket.SHUT_WR)
        said = line.rest()

    assert said == b""
    assert door.function.events == []
    assert capfd.readouterr().err == ""


def test_a_client_that_goes_away_before_the_answer_is_no_news(door, capfd):
    entered, gone, ended = Event(), Event(), Event()

    def slowly():
        entered.set()
        gone.wait(10)
        ended.set()
        return {"statusCode": 200, "body": "x" * 5_000_000}

    door.function.result = slowly
    with door.line() as line:
        line.send(GET + b"\r\n")
        entered.wait(10)
        # Lingering for no time makes closing a reset: the rudest way to go.
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.set()
    ended.wait(10)
    door.function.result = None

    assert door.ask(GET + b"\r\n").status == 200
    assert capfd.readouterr().err == ""


def test_a_request_can_be_shown_without_what_its_query_says(door, capfd):
    door.listeners[0].verbose = True

    with door.line() as line:
        line.send(b"GET /things?secret=hunter2 HTTP/1.1\r\n\r\n")
        # Its line is printed before the second is read, whose own may be printed while we look.
        line.send(b"GET /things HTTP/1.1\r\nConnection: close\r\n\r\n")
        line.rest()

    said = capfd.readouterr().out
    assert re.match(r"GET /things 200 \d+\.\d ms", said)
    assert "hunter2" not in said
