"""Canaries in everything that is secret, through every endpoint: none sings in an answer, the history or the log."""

from __future__ import annotations

import json

import pytest

from tests.web.conftest import EXAMPLES, MANAGEMENT, PASSWORD, RULE_SECRET, named


def signature(token: str) -> str:
    """Give the part of a token that makes it worth stealing; the others say nothing secret."""
    return token.rpartition(".")[2]


@pytest.mark.security(10, 32, 40)
def test_a_secret_is_answered_where_it_is_made_and_is_nowhere_else(furnished, caplog):
    furnished.keep("system")
    caplog.set_level("INFO")
    shown, seen = {}, []

    for endpoint in MANAGEMENT:
        furnished.begin_again()
        for example in EXAMPLES[named(endpoint)]:
            answer = furnished.send(endpoint, example)
            if '"client_secret":' in answer.text:
                shown[named(endpoint)] = answer.json["client_secret"]
            elif named(endpoint) == "PUT /api/v2/rules-configs/{config_key}":
                assert answer.json["value"] == RULE_SECRET
            else:
                seen.append(answer.text)
        seen.append(json.dumps(furnished.contents.read()))

    secrets = [PASSWORD, RULE_SECRET, *shown.values(), *(signature(token) for token in furnished.tokens.values())]
    everything = caplog.text + "".join(seen)
    assert shown.keys() == {
        "POST /api/v2/clients",
        "POST /api/v2/clients/{client_id}/rotate-secret",
        "POST /api/v2/tenants",
    }
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
        ("/api/v2/rules-configs/KEY", {"value": "canary" * 1_000}),
        ("/api/v2/rules-configs/KEY", {"value": ["canary"]}),
        ("/api/v2/rules-configs/no%20key", {"value": "canary"}),
        ("/oauth/token", {"grant_type": "client_credentials", "client_id": "x", "client_secret": "canary"}),
        ("/oauth/token", {"grant_type": "client_credentials", "client_id": "x", "client_secret": ["canary"]}),
        ("/oauth/token", {"grant_type": "password", "username": "ann", "password": "canary", "client_id": "x"}),
    ],
)
def test_a_secret_in_a_refused_request_is_nowhere(api, contents, caplog, path, body):
    caplog.set_level("DEBUG")

    answer = (api.put if "configs" in path else api.post)(path, body)

    assert 400 <= answer.status < 500
    assert "canary" not in answer.text + caplog.text + json.dumps(contents.read())
