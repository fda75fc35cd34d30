"""From bytes to typed input: what a query string says is what is understood."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v2/device-credentials", "type"),
        ("/api/v2/clients", "is_global"),
        ("/api/v2/users", "take"),
    ],
)
@pytest.mark.parametrize("text", ["null", "NULL"])
def test_a_filter_of_null_is_refused_rather_than_forgotten(api, path, name, text):
    answer = api.get(path, query={name: text})

    assert answer.status == 400
    assert answer.json["errorCode"] == "invalid_query_string"
    assert name in answer.json["message"]


def test_null_is_a_name_where_a_name_is_asked_for(api):
    answer = api.get("/api/v2/connections", query={"name": "null"})

    assert (answer.status, answer.json) == (200, [])
