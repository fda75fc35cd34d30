"""A worker may say anything: what is not plainly an outcome is a refusal."""

from __future__ import annotations

import json

import pytest

from chalicelib.adapters.sandbox.conversation import Conversation
from chalicelib.adapters.sandbox.outcomes import MAX_MESSAGE_BYTES, Heard, Untrue, fault, read
from chalicelib.core.sandbox import Job, Script
from tests.adapters.sandbox.conftest import Host

GOOD = {"ok": True, "result": {"user": {}, "context": {}}}


class Deaf:
    """A worker that is told things."""

    def __init__(self):
        self.told = []

    def send(self, message, seconds):
        self.told.append(json.loads(message))


@pytest.fixture
def conversation():
    """A conversation about a job of two rules."""
    scripts = tuple(Script(str(n), f"rule {n}", "") for n in (1, 2))
    job = Job(kind="rules", scripts=scripts, inputs={}, host=Host())
    return Conversation(Heard(job), Deaf())


def outcome_of(conversation, *messages):
    for message in messages:
        conversation.obey(message)
    return conversation.heard.outcome_after(1.0)


RAN = [{"type": "script", "index": 0}, {"type": "script", "index": 1}]


def test_what_a_worker_should_say_is_an_outcome(conversation):
    assert outcome_of(conversation, *RAN, {"type": "outcome", "outcome": GOOD}).result == GOOD["result"]


@pytest.mark.security(35)
@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": None},
        {"type": []},
        {"type": "else"},
        {"type": "script"},
        {"type": "script", "index": 1},
        {"type": "script", "index": -1},
        {"type": "script", "index": True},
        {"type": "script", "index": "0"},
        {"type": "outcome"},
        {"type": "outcome", "outcome": []},
        {"type": "console", "lines": "text"},
        {"type": "console", "lines": [["log"]]},
        {"type": "console", "lines": [["log", 1]]},
        {"type": "console", "lines": [{"0": "log", "1": "x"}]},
        {"type": "twice", "scripts": 1},
        {"type": "twice", "scripts": [2]},
        {"type": "twice", "scripts": ["0"]},
        {"type": "stopped"},
        {"type": "stopped", "kind": "unauthorized"},
        {"type": "ask"},
        {"type": "ask", "id": 1, "operation": "request"},
        {"type": "ask", "id": "1", "operation": "request", "arguments": {}},
        {"type": "ask", "id": 1, "operation": "deleteUser", "arguments": {}},
        {"type": "ask", "id": 1, "operation": "request", "arguments": []},
    ],
)
def test_what_a_worker_should_not_say_is_not_believed(conversation, message):
    with pytest.raises(Untrue):
        conversation.obey(message)


@pytest.mark.security(35)
def test_an_outcome_is_said_once(conversation):
    outcome_of(
        conversation, *RAN, {"type": "outcome", "outcome": {"kind": "error", "message": "no", "code": "", "detail": ""}}
    )

    with pytest.raises(Untrue):
        conversation.obey({"type": "outcome", "outcome": GOOD})


@pytest.mark.security(35)
@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ({}, "protocol"),
        ({"ok": 1}, "protocol"),
        ({"ok": "true", "result": GOOD["result"]}, "protocol"),
        ({"ok": True}, "protocol"),
        ({"ok": True, "result": None}, "protocol"),
        ({"ok": True, "result": {"user": {}}}, "protocol"),
        ({"ok": True, "result": {"user": {}, "context": {}, "more": 1}}, "protocol"),
        ({"ok": True, "result": {"user": [], "context": {}}}, "protocol"),
        ({"ok": True, "result": {"user": "x", "context": {}}}, "protocol"),
        ({"kind": "timeout", "message": "x", "code": "", "detail": ""}, "protocol"),
        ({"kind": "crash"}, "protocol"),
        ({"kind": ["error"]}, "protocol"),
        ({"kind": "error", "message": 1, "code": "", "detail": ""}, "protocol"),
        ({"kind": "error"}, "protocol"),
        ({"kind": "memory"}, "memory"),
        ({"kind": "size"}, "size"),
    ],
)
def test_an_outcome_of_another_shape_is_a_refusal(conversation, outcome, kind):
    said = outcome_of(conversation, *RAN, {"type": "outcome", "outcome": outcome})

    assert said.kind == kind


@pytest.mark.security(35)
def test_an_outcome_before_every_rule_ran_is_a_refusal(conversation):
    assert outcome_of(conversation, RAN[0], {"type": "outcome", "outcome": GOOD}).kind == "protocol"


@pytest.mark.security(35)
def test_a_worker_that_says_nothing_more_is_a_refusal(conversation):
    assert outcome_of(conversation, *RAN).kind == "crash"


@pytest.mark.security(35)
def test_the_host_is_asked_no_oftener_than_is_allowed(conversation):
    asking = {"type": "ask", "id": 1, "operation": "updateUserMetadata", "arguments": {"user_id": "a", "metadata": {}}}
    for _ in range(20):
        conversation.obey(asking)

    with pytest.raises(Untrue):
        conversation.obey(asking)
    assert len(conversation.heard.job.host.asked) == 20


@pytest.mark.security(35)
@pytest.mark.parametrize("arguments", [{}, {"user_id": 1, "metadata": {}}, {"user_id": "a", "metadata": []}])
def test_an_update_of_another_shape_does_not_reach_the_host(conversation, arguments):
    conversation.obey({"type": "ask", "id": 7, "operation": "updateAppMetadata", "arguments": arguments})

    assert conversation.heard.job.host.asked == []
    assert conversation.worker.told == [
        {"id": 7, "refused": {"message": "A user id and an object are needed", "code": "EINVAL"}}
    ]


@pytest.mark.security(35)
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nothing",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 60 + b"1" + b"}" * 60,
        b'{"a": "' + b"x" * MAX_MESSAGE_BYTES + b'"}',
    ],
    ids=lambda text: text[:12].decode(errors="replace"),
)
def test_a_message_that_is_no_json_is_not_read(text):
    with pytest.raises(Untrue):
        read(text)


def test_halves_of_characters_are_mended():
    assert read(b'{"a\\ud800": ["\\ud83d\\ude00 \\udc00"]}') == {"a\ufffd": ["😀 \ufffd"]}


@pytest.mark.parametrize(
    "outcome", [None, {}, {"ok": True, "result": 1}, {"ok": True, "result": {"message": "x", "line": "1", "column": 1}}]
)
def test_the_outcome_of_a_check_is_judged_too(conversation, outcome):
    conversation.heard.outcome = outcome

    assert fault(conversation.heard).message == "The script cannot be read."
