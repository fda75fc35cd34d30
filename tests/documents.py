"""Reads the Markdown of this repository, for tests that hold it against the code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

_CELL_BORDER = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|?[\s:|-]+\|?")


def text(path: str) -> str:
    """Give a document by its path from the root of the repository."""
    return (ROOT / path).read_text("utf-8")


def tables(path: str) -> list[list[dict[str, str]]]:
    """Give a document's tables: a list of rows each, and a row by the names of its columns, without backticks."""
    blocks = re.findall(r"(?:^\|.*\n)+", text(path) + "\n", re.MULTILINE)
    return [_rows(block.splitlines()) for block in blocks]


def table(path: str, *columns: str) -> list[dict[str, str]]:
    """Give the one table of a document that has these columns."""
    found = [rows for rows in tables(path) if rows and set(columns) <= rows[0].keys()]
    assert len(found) == 1, f"{path} has {len(found)} tables with the columns {columns}"
    return found[0]


def _rows(lines: list[str]) -> list[dict[str, str]]:
    head, rule, *rows = lines
    assert _RULE.fullmatch(rule), f"not a table: {head}"
    names = _cells(head)
    assert all(len(_cells(row)) == len(names) for row in rows), f"a row has too many or too few cells: {head}"
    return [dict(zip(names, _cells(row), strict=True)) for row in rows]


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "").replace("\\|", "|") for cell in _CELL_BORDER.split(line.strip())[1:-1]]
