"""The patterns that texts must match, all of them, as the OpenAPI document shows them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.web.openapi import document


def patterns(schema: Any) -> Iterator[str]:
    """Walk a document for every pattern in it."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from patterns(part)


@pytest.fixture
def every_pattern(app, core):
    return sorted(set(patterns(document(list(app.endpoints), core.hosts, "main"))))


def test_no_pattern_lets_a_line_break_through_at_the_end(every_pattern):
    samples = [
        "",
        "a",
        "A1",
        "a-b",
        "en",
        "v3",
        "created_at:1",
        "date:1",
        "auth0",
        "abcdef",
        "a@b",
        "https://a.example/b",
        "0" * 37 + "-1-",
    ]

    matched = {pattern: [text for text in samples if re.search(pattern, text)] for pattern in every_pattern}

    assert len(every_pattern) > 10
    assert [pattern for pattern, texts in matched.items() if not texts] == []
    assert [
        pattern for pattern, texts in matched.items() if any(re.search(pattern, f"{text}\n") for text in texts)
    ] == []


def test_every_pattern_is_one_that_javascript_can_read(every_pattern):
    """Generators of clients and the documentation read the OpenAPI document with JavaScript."""
    only_in_python = re.compile(r"\\[AZ]|\(\?[P#a-zA-Z]|\(\?\(")

    assert [pattern for pattern in every_pattern if only_in_python.search(pattern)] == []
