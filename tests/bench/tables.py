"""Prints figures as Markdown tables, so that what is printed can stand in the docs as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table under a title, with its columns in line."""
    lines = [list(columns), *[[_text(cell) for cell in row] for row in rows]]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    head, *body = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    print("", title, "", head, "|" + "|".join("-" * (width + 2) for width in widths) + "|", *body, sep="\n", flush=True)


def _text(cell: object) -> str:
    return f"{cell:.1f}".removesuffix(".0") if isinstance(cell, float) else str(cell)
