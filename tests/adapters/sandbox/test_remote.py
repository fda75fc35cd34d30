"""The separate Lambda function: emulated, it runs what the child process runs; its answers are not believed either."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chalicelib.adapters.sandbox import LateSandbox, function
from chalicelib.adapters.sandbox.outcomes import Heard
from chalicelib.adapters.sandbox.processes import ROOT
from chalicelib.adapters.sandbox.remote import MAX_PAYLOAD, RemoteSandbox
from chalicelib.core.sandbox import Fault, Finished, Refused
from infra import template
from infra.clients import client
from infra.ministack import MiniStack
from tests.adapters.sandbox.conftest import PASSING, Runner
from tests.conftest import REGION

NAME = "gatehouse-test-sandbox"
HEARD = {"begun": 1, "outcome": {"ok": True, "result": {"user": {}, "context": {}}}, "stopped": None, "lines": [], "cut": False, "twice": [], "updates": []}  # fmt: skip
WRITING = """async (user, context, callback) => {
  const saved = await auth0.users.updateAppMetadata(user.user_id, { seen: 1, plan: null });
  await auth0.users.updateUserMetadata('auth0|2', { other: 1 });
  callback(null, { saved: saved.app_metadata });
}"""


def package():
    """The code of the function, as a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (ROOT / "chalicelib").rglob("*"):
            if path.suffix in (".py", ".js"):
                archive.write(path, path.relative_to(ROOT))
    return made.getvalue()


@pytest.fixture(scope="module")
def emulated():
    """An emulated Lambda with the function in it, as the template has it."""
    properties = template.read()["Resources"]["SandboxFunction"]["Properties"]
    known = {name: properties[name] for name in ("Runtime", "Handler", "Timeout", "MemorySize")}
    with MiniStack(services="lambda") as endpoint:
        # The client of this module asks for us-east-1, where the emulator keeps what it was given.
        client("lambda", endpoint).create_function(
            FunctionName=NAME, Role="arn:aws:iam::000000000000:role/nothing", Code={"ZipFile": package()}, **known
        )
        yield RemoteSandbox(NAME, "us-east-1", endpoint)


@pytest.fixture
def remote(emulated, host):
    return Runner(emulated, host)


class Lambda(ThreadingHTTPServer):
    """A Lambda that answers every invocation in one way."""

    answer: object = None
    error = ""


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = self.server.answer
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(200)
        if self.server.error:
            self.send_header("X-Amz-Function-Error", self.server.error)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *known):
        """Print nothing."""


@pytest.fixture(scope="module")
def stub():
    """A Lambda and a sandbox that asks it. Making a client takes a second, so that there is one."""
    server = Lambda(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, RemoteSandbox(NAME, REGION, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


@pytest.fixture
def lambda_(stub, host):
    """Let a Lambda answer in one way, and give a runner against it."""
    server, sandbox = stub

    def answering(answer, error=""):
        server.answer, server.error = answer, error
        return Runner(sandbox, host)

    return answering


@pytest.mark.usefixtures("aws")
class TestEmulated:
    def test_rules_run_there(self, remote):
        outcome = remote.rules(
            "(user, context, callback) => { console.log('there'); callback(null, { ...user, x: 1 }); }"
        )

        assert isinstance(outcome, Finished), outcome
        assert outcome.result["user"]["x"] == 1
        assert [line.text for line in outcome.record.console] == ["there"]

    def test_a_refusal_comes_back_with_the_name_of_its_rule(self, remote):
        said = remote.refusal(PASSING, "(u, c, callback) => callback(new UnauthorizedError('no'))")

        assert said == ("unauthorized", "no", "rule 2")

    def test_what_scripts_write_is_written_here_in_order(self, remote):
        outcome = remote.rules(WRITING)

        assert outcome.result["user"] == {"saved": {"seen": 1}}
        assert remote.host.asked == [
            ("updateAppMetadata", "auth0|1", {"seen": 1, "plan": None}),
            ("updateUserMetadata", "auth0|2", {"other": 1}),
        ]

    @pytest.mark.security(35)
    def test_a_write_that_is_refused_here_refuses_the_sign_in(self, remote):
        remote.host.answers["refuses"] = "The user does not exist."

        assert remote.refusal(WRITING) == ("error", "The user does not exist.", "rule 1")

    @pytest.mark.security(35)
    def test_scripts_there_reach_nothing_that_is_not_public(self, remote):
        outcome = remote.rules("async (u, c, callback) => { await fetch('http://169.254.169.254/'); callback(null); }")

        assert isinstance(outcome, Refused)
        assert "The address is not allowed" in outcome.message

    def test_scripts_are_checked_there(self, remote):
        assert remote.sandbox.check(PASSING) is None
        assert remote.sandbox.check("function () {\n 1 + ;\n}") == Fault("unexpected token in expression: ';'", 2, 6)

    @pytest.mark.security(35)
    def test_a_script_without_end_is_ended_there(self, remote):
        assert remote.rules("(u, c, callback) => { while (true) {} }", limits={"seconds": 0.3}).kind == "timeout"


@pytest.mark.usefixtures("aws")
class TestAnswers:
    def test_an_answer_that_is_one_is_believed(self, lambda_):
        assert isinstance(lambda_(HEARD).rules(PASSING), Finished)

    @pytest.mark.security(35)
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (b"", "protocol"),
            (b"null", "protocol"),
            (b"[]", "protocol"),
            (b"x" * (MAX_PAYLOAD + 1), "protocol"),
            ({}, "protocol"),
            ({**HEARD, "begun": 2}, "protocol"),
            ({**HEARD, "begun": 0}, "protocol"),
            ({**HEARD, "outcome": []}, "protocol"),
            ({**HEARD, "outcome": None}, "crash"),
            ({**HEARD, "outcome": None, "stopped": ["timeout", "x"]}, "timeout"),
            ({**HEARD, "outcome": None, "stopped": ["unauthorized", "x"]}, "crash"),
            ({**HEARD, "lines": None}, "protocol"),
            ({**HEARD, "twice": [7]}, "protocol"),
            ({**HEARD, "updates": None}, "protocol"),
            ({**HEARD, "updates": [["user", "a", {}]] * 21}, "protocol"),
            ({**HEARD, "updates": [["delete", "a", {}]]}, "protocol"),
            ({**HEARD, "updates": [["app", 1, {}]]}, "protocol"),
        ],
    )
    def test_any_other_is_a_refusal_and_writes_nothing(self, lambda_, answer, kind):
        runner = lambda_(answer)

        assert runner.rules(PASSING).kind == kind
        assert runner.host.asked == []

    @pytest.mark.security(35)
    def test_a_function_that_fails_refuses(self, lambda_):
        runner = lambda_({"errorMessage": "Task timed out"}, error="Unhandled")

        assert runner.rules(PASSING).kind == "protocol"
        assert runner.sandbox.check(PASSING).message == "The script cannot be read."

    @pytest.mark.security(35)
    def test_a_lambda_that_is_not_there_refuses(self, host):
        runner = Runner(RemoteSandbox(NAME, REGION, "http://127.0.0.1:9"), host)

        assert runner.rules(PASSING).kind == "crash"

    def test_what_need_not_be_run_is_refused_without_asking(self, host):
        runner = Runner(RemoteSandbox(NAME, REGION, "http://127.0.0.1:9"), host)

        assert runner.rules("x" * 100_001).kind == "error"
        assert runner.sandbox.check("\0").line == 1

    def test_more_than_lambda_takes_is_refused(self, lambda_):
        runner = lambda_(HEARD)

        assert runner.rules(*[PASSING + " " * 99_000] * 61).kind == "size"


def test_what_is_heard_can_be_told_and_heard_again(sandbox, host):
    job = Runner(sandbox, host)
    heard = sandbox.hear(made := job.job("rules", ["(u, c, cb) => { console.log('x'); cb(null); cb(null); }"]))

    again = Heard(made)
    again.retell(json.loads(json.dumps(heard.retold())))

    assert again.outcome_after(1) == heard.outcome_after(1)


def test_the_function_needs_no_setting_and_no_aws():
    event = {"check": "function ("}

    said = function.handle(event, None)
    function.SANDBOX.close()

    assert said["outcome"]["result"]["line"] == 1


def test_the_setting_chooses_the_function():
    assert isinstance(LateSandbox(NAME, REGION).opened, RemoteSandbox)
