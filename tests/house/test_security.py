"""docs/security.md is true: what is said to be met has tests that say so, and what tests prove is said to be met."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.documents import ROOT, tables

STATES = {"met", "partly", "not yet"}


def rows() -> dict[int, dict[str, str]]:
    """Give the requirements of all tables, by number."""
    found = [row for rows in tables("docs/security.md") for row in rows if "requirement" in row]
    return {int(row["no."].removeprefix("S")): row for row in found}


def state_of(row: dict[str, str]) -> str:
    return re.split(r"[:;]", row["state"])[0]


def marked(tree: ast.Module) -> Iterator[int]:
    """Give the numbers that the marks of a module name: over a test, over a parameter, or over the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "security":
            yield from (argument.value for argument in node.args)


@cache
def proven() -> dict[int, list[str]]:
    """Give the test modules that prove each requirement."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(Path(ROOT / "tests").rglob("test_*.py")):
        for number in sorted(set(marked(ast.parse(path.read_text("utf-8"))))):
            found[number].append(str(path.relative_to(ROOT / "tests")))
    return found


def test_the_requirements_are_numbered_without_a_gap():
    numbers = list(rows())

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == 43


@pytest.mark.parametrize("number", rows())
def test_a_requirement_says_whether_it_is_met_and_what_is_missing(number):
    row = rows()[number]

    assert state_of(row) in STATES
    assert (": " in row["state"]) == (state_of(row) == "partly")


@pytest.mark.parametrize("number", rows())
def test_what_is_said_to_be_met_is_proven_where_it_is_said(number):
    row = rows()[number]

    modules = {module for module in row["tests"].split(", ") if module}

    assert modules <= set(proven().get(number, []))
    assert bool(modules) == (state_of(row) != "not yet")


@pytest.mark.parametrize("number", rows())
def test_what_tests_prove_is_said_to_be_met(number):
    assert (number in proven()) == (state_of(rows()[number]) != "not yet")


def test_no_test_proves_a_requirement_that_there_is_not():
    assert proven().keys() <= rows().keys()
