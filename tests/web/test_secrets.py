"""Canaries in everything that is secret, through every endpoint: none sings in an answer, the history or the log."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Answer
from tests.web.conftest import EXAMPLES, MANAGEMENT, PASSWORD, named

SHOWN_ONCE = ("client_secret",)


def signature(token: str) -> str:
    """Give the part of a token that makes it worth stealing; the others say nothing secret."""
    return token.rpartition(".")[2]


def made_in(answer: Answer) -> list[str]:
    """Give the secrets that an answer shows for the only time."""
    body = json.loads(answer.text) if answer.text else {}
    return [body[name] for name in SHOWN_ONCE if isinstance(body, dict) and name in body]


@pytest.mark.security(10, 32, 40)
def test_no_secret_is_in_another_answer_nor_in_the_table_nor_in_the_log(furnished, caplog):
    caplog.set_level("INFO")
    secrets, seen = [PASSWORD], []

    for endpoint in MANAGEMENT:
        furnished.begin_again()
        for example in EXAMPLES[named(endpoint)]:
            answer = furnished.send(endpoint, example)
            secrets += made_in(answer)
            seen.append("" if made_in(answer) else answer.text)
        seen.append(json.dumps(furnished.contents.read()))

    secrets += [signature(token) for token in furnished.tokens.values()]
    everything = caplog.text + "".join(seen)
    assert len(secrets) > 30
    assert "Rotate a client secret" in everything
    assert [secret for secret in secrets if secret in everything] == []


@pytest.mark.security(40)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v2/users", {"connection": "nothing", "email": "ann@example.com", "password": "canary"}),
        ("/api/v2/users", {"connection": "Username-Password-Authentication", "email": "not one", "password": "canary"}),
        (
            "/api/v2/users",
            {"connection": "Username-Password-Authentication", "email": "a@b.example", "password": "canary"},
        ),
        ("/api/v2/connections", {"name": "People", "strategy": "oidc", "options": {"client_secret": "canary"}, "x": 1}),
        ("/oauth/token", {"grant_type": "client_credentials", "client_id": "x", "client_secret": "canary"}),
        ("/oauth/token", {"grant_type": "client_credentials", "client_id": "x", "client_secret": ["canary"]}),
        ("/oauth/token", {"grant_type": "password", "username": "ann", "password": "canary", "client_id": "x"}),
    ],
)
def test_a_secret_in_a_refused_request_is_nowhere(api, contents, caplog, path, body):
    caplog.set_level("DEBUG")

    answer = api.post(path, body)

    assert 400 <= answer.status < 500
    assert "canary" not in answer.text + caplog.text + json.dumps(contents.read())
