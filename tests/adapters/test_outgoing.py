"""Scripts reach public addresses and nothing else, in however many ways an address is written."""

from __future__ import annotations

import base64
import ipaddress
import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chalicelib.adapters import outgoing
from chalicelib.adapters.outgoing import MAX_BYTES, MAX_HEADER, MAX_HEADERS, MAX_URL, Outgoing, is_public
from chalicelib.core.sandbox import OperationRefused
from infra.local.certificates import Authority

FORBIDDEN = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
    "017700000001", "0x7f.1", "127.0.0.1.", "0", "0.0.0.0", "00.00.00.00", "localhost", "LOCALHOST", "localhost.",
    "localhost.localdomain", "ip6-localhost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
    "[100::1]", "[2001:db8::1]", "169.254.169.254", "169.254.170.2", "169.254.170.23", "2852039166", "0xa9fea9fe",
    "0251.0376.0251.0376", "169.254.43518", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "127。0。0。1",
    "①②⑦.⓪.⓪.①", "metadata", "metadata.google.internal.", "a.example.1", "a_b..example", "-.example.com-",
]  # fmt: skip
UNREADABLE = [
    "https://a.example@127.0.0.1/", "https://127.0.0.1@a.example/", "https://u:p@a.example/", "https://@a.example/",
    "https://127.0.0.1%2f@a.example/", "https://a.example\\@127.0.0.1/", "https:\\\\127.0.0.1/", "https:///127.0.0.1/",
    "https://", "https:", "//127.0.0.1/", "/path", "", "https://a.example:99999/", "https://a.example:x/",
    "https://[::1/", "https://[fe80::1%25eth0]/", "https://a%2eexample/", "https://a.example/\r\nHost: x",
    "https://a.example/ x", "https://a.exam\tple/", "https://a.example\x00.b/", "http://\u0085a.example/",
    "https://" + "a" * 64 + ".example/", "https://" + "ü" * 80 + ".example/",
]  # fmt: skip
NOT_SPOKEN = [
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://a.example/",
    "data:text/plain,x",
    "ws://a.example/",
    "javascript:1",
]


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Server(ThreadingHTTPServer):
    """A server on loopback that counts who comes, and answers as a test says."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.hits, self.received, self.answers, self.connections = [], [], {}, 0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def process_request(self, request, address):
        self.connections += 1
        super().process_request(request, address)

    def handle_error(self, request, address):
        """Say nothing of clients that went away."""


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.server.hits.append(f"{self.command} {self.path}")
        self.server.received.append((dict(self.headers), self.rfile.read(length)))
        status, headers, body = self.server.answers.get(self.path, (200, {}, b"hello"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *known):
        """Print nothing."""


for name in METHODS:
    setattr(Answering, f"do_{name}", Answering.answer)


@pytest.fixture
def server():
    started = Server()
    yield started
    started.shutdown()
    started.server_close()


@pytest.fixture
def port(server):
    return server.server_port


@pytest.fixture
def open_(port):
    """An Outgoing that may reach loopback, at any name, for tests of what is allowed."""
    return Outgoing(ports=frozenset({port}), judge=lambda _: True, resolve=lambda *_: ["127.0.0.1"])


@pytest.fixture
def strict(port):
    """The real judgement, on which the server's port is allowed, so that only the address is in the way."""
    return Outgoing(ports=frozenset({port, 80, 443}), resolve=lambda *_: ["127.0.0.1"])


def refusal(out, url, seconds=3.0, **more):
    with pytest.raises(OperationRefused) as refused:
        out.request({"method": "GET", "url": url, "headers": {}, **more}, seconds)
    return refused.value.code


@pytest.mark.security(35)
@pytest.mark.parametrize("host", FORBIDDEN)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_a_forbidden_address_is_connected_to(server, strict, port, host, scheme):
    codes = {refusal(strict, f"{scheme}://{host}:{port}/"), refusal(strict, f"{scheme}://{host}/")}

    assert codes <= {"EACCES", "ERR_INVALID_URL"}
    assert (server.hits, server.connections) == ([], 0)


@pytest.mark.security(35)
@pytest.mark.parametrize("url", UNREADABLE)
def test_what_can_be_read_in_two_ways_is_not_read(server, strict, url):
    assert refusal(strict, url) in ("ERR_INVALID_URL", "EACCES", "ERR_INVALID_PROTOCOL")
    assert server.connections == 0


@pytest.mark.security(35)
@pytest.mark.parametrize("url", NOT_SPOKEN)
def test_only_http_is_spoken(strict, url):
    assert refusal(strict, url) in ("ERR_INVALID_PROTOCOL", "ERR_INVALID_URL")


@pytest.mark.security(35)
@pytest.mark.parametrize("port_", [0, 22, 25, 8080, 8443, 9001, 65535])
def test_only_the_ports_of_the_web_are_used(port_):
    assert refusal(Outgoing(resolve=lambda *_: ["192.0.43.8"]), f"http://a.example:{port_}/") in (
        "EACCES",
        "ERR_INVALID_URL",
    )


@pytest.mark.security(35)
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::a00:1"],
        [],
    ],
)
def test_a_name_of_which_one_address_is_forbidden_is_forbidden(server, port, addresses):
    out = Outgoing(ports=frozenset({port}), resolve=lambda *_: addresses)

    assert refusal(out, f"http://innocent.example:{port}/") == "EACCES"
    assert server.connections == 0


@pytest.mark.security(35)
def test_a_name_is_resolved_once_and_the_judged_address_is_connected_to(server, port):
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    judged = []
    out = Outgoing(frozenset({port}), lambda it: judged.append(str(it)) or True, lambda *_: next(answers))

    out.request({"url": f"http://rebinding.example:{port}/"}, 3)

    assert judged == ["127.0.0.1"]
    assert next(answers) == ["127.0.0.2"]
    assert server.received[0][0]["host"] == f"rebinding.example:{port}"


@pytest.mark.security(35)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "where",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "//169.254.169.254/latest/",
        "http://2130706433/",
        "file:///etc/passwd",
        "http://forbidden.example:{port}/",
    ],
)
def test_a_redirect_is_judged_again(server, port, status, where):
    server.answers["/"] = (status, {"Location": where.format(port=port)}, b"")
    allowed = iter([True])
    out = Outgoing(frozenset({port, 80}), lambda _: next(allowed, False), lambda *_: ["127.0.0.1"])

    assert refusal(out, f"http://innocent.example:{port}/") in ("EACCES", "ERR_INVALID_PROTOCOL", "ERR_INVALID_URL")
    assert server.hits == ["GET /"]


@pytest.mark.security(35)
def test_credentials_stay_with_their_origin(server, open_, port):
    server.answers["/same"] = (302, {"Location": "/other"}, b"")
    server.answers["/other"] = (302, {"Location": f"http://other.example:{port}/end"}, b"")
    headers = {"Authorization": "Bearer secret", "Cookie": "a=b", "X-Kept": "1"}

    open_.request({"url": f"http://a.example:{port}/same", "headers": headers}, 3)

    known = [[name for name in ("authorization", "cookie", "x-kept") if name in sent] for sent, _ in server.received]
    assert known == [["authorization", "cookie", "x-kept"]] * 2 + [["x-kept"]]


@pytest.mark.security(35)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nHost: evil"),
        ("X", "a\nb"),
        ("X", "a\0"),
        ("X\r\nY", "a"),
        ("X Y", "a"),
        ("", "a"),
        ("X:", "a"),
        ("Ü", "a"),
        ("X", "日本"),
    ],
)
def test_a_header_cannot_end_early(server, open_, port, name, value):
    assert refusal(open_, f"http://a.example:{port}/", headers={name: value}) == "ERR_INVALID_CHAR"
    assert server.connections == 0


@pytest.mark.security(35)
def test_headers_of_the_connection_are_not_a_scripts_to_set(server, open_, port):
    headers = {
        "Host": "evil.example",
        "Content-Length": "5",
        "Transfer-Encoding": "chunked",
        "CONNECTION": "upgrade",
        "Proxy-Authorization": "x",
        "Upgrade": "h2c",
    }

    open_.request({"method": "POST", "url": f"http://a.example:{port}/", "headers": headers, "text": "abc"}, 3)

    (sent, body) = server.received[0]
    assert (sent["host"], sent["content-length"], sent["connection"], body) == (
        f"a.example:{port}",
        "3",
        "close",
        b"abc",
    )
    assert not {"transfer-encoding", "proxy-authorization", "upgrade"} & {name.lower() for name in sent}


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GET /x", None, 7])
def test_other_methods_are_refused(open_, port, method):
    assert refusal(open_, f"http://a.example:{port}/", method=method) == "EINVAL"


def test_a_request_goes_out_as_it_was_asked_for(server, open_, port):
    server.answers["/p%20q?x=1&y=%C3%9F"] = (201, {"X-A": "1"}, "ß".encode())

    answer = open_.request(
        {
            "method": "PUT",
            "url": f" http://A.example:{port}/p%20q?x=1&y=ß#z ",
            "headers": {"X-B": ["1", "2"], "N": None},
            "base64": "AP8=",
        },
        3,
    )

    assert server.hits == ["PUT /p%20q?x=1&y=%C3%9F"]
    assert (server.received[0][1], server.received[0][0]["x-b"], server.received[0][0]["user-agent"]) == (
        b"\x00\xff",
        "1, 2",
        "Gatehouse",
    )
    assert {name: answer[name] for name in ("status", "text")} == {"status": 201, "text": "ß"}
    assert answer["headers"]["x-a"] == "1"
    assert json.dumps(answer)


def test_bytes_come_back_as_bytes(server, open_, port):
    server.answers["/"] = (200, {}, b"\xff\x00")

    assert base64.b64decode(open_.request({"url": f"http://a.example:{port}/"}, 3)["base64"]) == b"\xff\x00"


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [(302, "POST", "GET"), (303, "PUT", "GET"), (307, "POST", "POST"), (308, "PUT", "PUT"), (302, "HEAD", "HEAD")],
)
def test_a_redirect_keeps_or_changes_the_method_as_it_should(server, open_, port, status, method, then):
    server.answers["/"] = (status, {"Location": "/b"}, b"")

    open_.request({"method": method, "url": f"http://a.example:{port}/", "text": "x"}, 3)

    assert server.hits == [f"{method} /", f"{then} /b"]
    assert server.received[1][1] == (b"" if then == "GET" else b"x")


@pytest.mark.security(43)
@pytest.mark.parametrize(("hops", "ends"), [(5, "hello"), (6, "ERR_TOO_MANY_REDIRECTS")])
def test_five_redirects_are_followed(server, open_, port, hops, ends):
    for hop in range(hops):
        server.answers[f"/{hop}"] = (302, {"Location": f"/{hop + 1}"}, b"")
    request = {"url": f"http://a.example:{port}/0", "redirects": 20}

    if ends == "hello":
        assert open_.request(request, 3)["text"] == ends
    else:
        assert refusal(open_, request["url"], redirects=20) == ends


@pytest.mark.parametrize("redirects", [0, -1, True, "5", None])
def test_none_is_followed_when_none_is_asked_for(server, open_, port, redirects):
    server.answers["/"] = (302, {"Location": "/b"}, b"")

    assert open_.request({"url": f"http://a.example:{port}/", "redirects": redirects}, 3)["status"] == 302


@pytest.mark.security(43)
@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_bytes_of_a_response_and_of_a_body(server, open_, port, more, fits):
    server.answers["/"] = (200, {}, b"x" * (MAX_BYTES + more))
    url = f"http://a.example:{port}"

    if fits:
        assert len(open_.request({"url": f"{url}/"}, 3)["text"]) == MAX_BYTES
        assert open_.request({"method": "POST", "url": f"{url}/b", "text": "x" * MAX_BYTES}, 3)["status"] == 200
    else:
        assert refusal(open_, f"{url}/") == "EMSGSIZE"
        assert refusal(open_, f"{url}/b", method="POST", text="x" * (MAX_BYTES + 1)) == "EMSGSIZE"


@pytest.mark.security(43)
@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_characters_of_an_address_and_headers(server, open_, port, more, fits):
    start = f"http://a.example:{port}/"
    long = start + "x" * (MAX_URL - len(start) + more)
    many = {f"x-{n}": "1" for n in range(MAX_HEADERS + more)}

    for request in (
        {"url": long},
        {"url": start, "headers": many},
        {"url": start, "headers": {"x": "y" * (MAX_HEADER + more)}},
    ):
        if fits:
            assert open_.request(request, 3)["status"] in (200, 414)
        else:
            assert refusal(open_, request["url"], headers=request.get("headers", {})) in (
                "ERR_INVALID_URL",
                "ERR_INVALID_HEADER",
                "ERR_INVALID_CHAR",
            )


@pytest.fixture
def slow():
    """A server that sends a byte now and then, for ever, and what it sends first."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip():
            while True:
                try:
                    connected, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=dripping, args=(connected,), daemon=True).start()

        def dripping(connected):
            with connected:
                try:
                    connected.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                    while True:
                        time.sleep(0.05)
                        connected.sendall(b"x")
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.mark.security(35)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_slow_answer_is_left_when_the_time_is_over(slow, scheme):
    out = Outgoing(frozenset({slow}), lambda _: True, lambda *_: ["127.0.0.1"])
    begun = time.monotonic()

    assert refusal(out, f"{scheme}://a.example:{slow}/", seconds=0.3) in ("ETIMEDOUT", "ERR_TLS")
    assert time.monotonic() - begun < 1.5


def test_a_port_at_which_nobody_answers(port, server):
    server.shutdown()
    server.server_close()
    out = Outgoing(frozenset({port}), lambda _: True, lambda *_: ["127.0.0.1"])

    assert refusal(out, f"http://a.example:{port}/") == "ECONNREFUSED"


def test_another_address_is_tried_when_one_does_not_answer(server, port):
    out = Outgoing(frozenset({port}), lambda _: True, lambda *_: ["::1", "127.0.0.1"])

    assert out.request({"url": f"http://a.example:{port}/"}, 3)["text"] == "hello"


def test_a_name_that_nobody_has():
    def nobody(*_):
        raise socket.gaierror(-2, "Name or service not known")

    assert refusal(Outgoing(resolve=nobody), "https://nobody.example/") == "ENOTFOUND"


@pytest.mark.parametrize(
    "said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_an_answer_that_is_none_is_a_failure(said):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            connected, _ = listening.accept()
            with connected:
                connected.recv(1000)
                connected.sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        port = listening.getsockname()[1]
        out = Outgoing(frozenset({port}), lambda _: True, lambda *_: ["127.0.0.1"])

        assert refusal(out, f"http://a.example:{port}/") == "ECONNRESET"


@pytest.fixture
def secure(server, tmp_path):
    """A server for https at a.localhost, and the file of the authority that vouches for it."""
    authority = Authority.open(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate_for("a.localhost"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return authority.path


@pytest.mark.security(35)
@pytest.mark.parametrize(
    ("host", "trusts", "code"), [("a.localhost", False, "ERR_TLS"), ("b.example", True, "ERR_TLS")]
)
def test_a_certificate_is_always_checked(port, secure, server, host, trusts, code):
    out = Outgoing(frozenset({port}), lambda _: True, lambda *_: ["127.0.0.1"], str(secure) if trusts else None)

    assert refusal(out, f"https://{host}:{port}/") == code
    assert server.hits == []


def test_https_works(port, secure):
    out = Outgoing(frozenset({port}), lambda _: True, lambda *_: ["127.0.0.1"], str(secure))

    assert out.request({"url": f"https://a.localhost:{port}/"}, 3)["text"] == "hello"


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_public(address):
    assert is_public(ipaddress.ip_address(address))


def test_names_are_resolved_by_the_system():
    assert "127.0.0.1" in outgoing.resolve("localhost", 80)
