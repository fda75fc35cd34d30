"""The examples of docs/api and of impersonation run as they stand, and answer what is shown, but for ids and times."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT, text
from tests.stacks import Stack

PAGES = sorted(path.name for path in Path(ROOT / "docs/api").glob("*.md") if path.name != "README.md")
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BORDER = "-- the next block --"


def blocks(page: str) -> list[tuple[str, str]]:
    """Give the commands and answers of a page, each with its kind."""
    return BLOCK.findall(text(f"docs/api/{page}"))


def run(stack: Stack, page: str) -> list[str]:
    """Run a page's commands in one shell, after those that every page needs; give what each block printed."""
    needed = next(commands for kind, commands in blocks("README.md") if kind == "sh")
    needed = needed.replace(".local/gatehouse.env", str(stack.data / "gatehouse.env"))
    commands = [commands for kind, commands in blocks(page) if kind == "sh"]
    script = "\n".join(["set -eo pipefail", needed, *(f"echo '{BORDER}'\n{each}\necho" for each in commands)])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)  # noqa: S607 - any bash
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split(BORDER)[1:]


def shape(value: Any) -> Any:
    """Leave of a JSON document what does not change from run to run: its properties and their types."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(part) for part in value] if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize("page", [*PAGES, "../impersonation.md"])
def test_the_examples_of_a_page_run_and_answer_what_is_shown(stack, page):
    found = blocks(page)
    answered = [following == "json" for (kind, _), (following, _) in pairwise([*found, ("", "")]) if kind == "sh"]

    printed = run(stack, page)

    answers = [json.loads(answer) for answer, is_shown in zip(printed, answered, strict=True) if is_shown]
    assert answers
    assert shape(answers) == shape([json.loads(answer) for kind, answer in found if kind == "json"])


def test_every_noun_has_its_page():
    linked = re.findall(r"^\| \[.*?\]\((.*?)\)", text("docs/api/README.md"), re.MULTILINE)

    assert sorted(linked) == PAGES
