"""Bodies of either framing, and what is refused because two readers could understand it differently."""

from __future__ import annotations

import io
from http.client import parse_headers

import pytest

from infra.local.bodies import MAX_BODY, declared_length, read_body
from infra.local.messages import RefusedError

CHUNKED = "Transfer-Encoding: chunked"


def read(content, *lines):
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return read_body(io.BytesIO(content), parse_headers(io.BytesIO(head.encode())))


def status_of(content, *lines):
    with pytest.raises(RefusedError) as refused:
        read(content, *lines)
    return refused.value.answer.status


def test_a_body_ends_where_its_length_says():
    stream = io.BytesIO(b"firstGET / HTTP/1.1")

    body = read_body(stream, parse_headers(io.BytesIO(b"Content-Length: 5\r\n\r\n")))

    assert (body, stream.read()) == (b"first", b"GET / HTTP/1.1")


def test_without_a_length_there_is_no_body():
    assert read(b"GET / HTTP/1.1") == b""


def test_chunks_are_joined_and_what_follows_them_is_left():
    stream = io.BytesIO(b"3\r\nabc\r\n00A;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /")

    body = read_body(stream, parse_headers(io.BytesIO(b"Transfer-Encoding: Chunked\r\n\r\n")))

    assert (body, stream.read()) == (b"abc0123456789", b"GET /")


def test_no_chunk_is_no_body():
    assert read(b"0\r\n\r\n", CHUNKED) == b""


def test_a_length_beside_chunks_is_refused():
    assert status_of(b"0\r\n\r\n", "Content-Length: 5", CHUNKED) == 400


@pytest.mark.parametrize(
    "lines",
    [
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding:"],
        [CHUNKED, "Transfer-Encoding: identity"],
        [CHUNKED, CHUNKED],
    ],
)
def test_any_encoding_but_chunked_alone_is_refused(lines):
    assert status_of(b"0\r\n\r\n", *lines) == 501


@pytest.mark.parametrize("length", ["", "+5", "-1", "5, 5", "5 5", "0x5", "5.0", "1e1", "\u0665"])
def test_a_length_that_is_no_whole_number_is_refused(length):
    assert status_of(b"12345", f"Content-Length: {length}") == 400


def test_two_lengths_that_differ_are_refused():
    assert status_of(b"12345", "Content-Length: 5", "Content-Length: 4") == 400


def test_two_lengths_that_agree_are_one():
    assert read(b"12345", "Content-Length: 5", "Content-Length: 5") == b"12345"


def test_a_body_of_exactly_the_limit_is_taken():
    content = bytes(MAX_BODY)

    assert read(content, f"Content-Length: {MAX_BODY}") == content
    assert read(b"%x\r\n%s\r\n0\r\n\r\n" % (MAX_BODY, content), CHUNKED) == content


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 18, "9" * 19, "9" * 5000], ids=len)
def test_a_length_past_the_limit_is_refused_before_the_body_is_read(length):
    headers = parse_headers(io.BytesIO(f"Content-Length: {length}\r\n\r\n".encode()))

    with pytest.raises(RefusedError) as refused:
        declared_length(headers)

    assert refused.value.answer.status == 413


def test_chunks_past_the_limit_are_refused_before_the_last_is_read():
    stream = io.BytesIO(b"%x\r\n%s\r\n1\r\nx" % (MAX_BODY, bytes(MAX_BODY)))

    with pytest.raises(RefusedError) as refused:
        read_body(stream, parse_headers(io.BytesIO(f"{CHUNKED}\r\n\r\n".encode())))

    assert refused.value.answer.status == 413
    assert stream.read() == b"x"


@pytest.mark.parametrize("size", [b"", b"+3", b"-3", b"0x3", b"3 3", b"g", b"1_0", b"123456789", b"\xb2"])
def test_a_chunk_without_a_plain_size_is_refused(size):
    assert status_of(size + b"\r\nabc\r\n0\r\n\r\n", CHUNKED) == 400


def test_a_chunk_that_is_longer_than_it_says_is_refused():
    assert status_of(b"2\r\nabc\r\n0\r\n\r\n", CHUNKED) == 400


def test_more_than_a_hundred_trailers_are_refused():
    assert read(b"0\r\n" + b"A: b\r\n" * 99 + b"\r\n", CHUNKED) == b""
    assert status_of(b"0\r\n" + b"A: b\r\n" * 100 + b"\r\n", CHUNKED) == 400


@pytest.mark.parametrize(
    "content", [b"", b"5", b"5\r\n", b"5\r\nabc", b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n", b"1" * 5000]
)
def test_a_client_that_goes_away_within_its_chunks_is_noticed(content):
    with pytest.raises(ConnectionError):
        read(content, CHUNKED)


def test_a_client_that_goes_away_within_its_body_is_noticed():
    with pytest.raises(ConnectionError):
        read(b"1234", "Content-Length: 5")
