"""What the repository keeps to: pinned requirements, a changelog, and no trace of whose machine it was made on."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.documents import ROOT, text

PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][0-9a-z.]*")
PLACES = {
    "a home directory": re.compile(r"(?<![\w.~/$-])/(?:home|Users)/[\w.]"),
    "the root's home directory": re.compile(r"(?<![\w.~/$-])/roo[t]\b"),
    "a folder to work in": re.compile(r"(?<![\w.~/$-])/(?:work|workspace|workdir)s?/[\w.]"),
    "a drive": re.compile(r"\b[A-Z]:\\(?:Users|Documents)"),
}


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - any git
    return [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]


def readable(path: str) -> str:
    """Give the text of a file; pictures say nothing."""
    return (ROOT / path).read_bytes().decode(errors="replace") if not path.endswith(".png") else ""


@pytest.mark.parametrize("path", ["requirements.txt", "requirements-dev.txt", "examples/shop/requirements.txt"])
def test_every_requirement_is_pinned(path):
    lines = [line.partition("#")[0].strip() for line in text(path).splitlines()]

    asked = [line for line in lines if line and not line.startswith("-r ")]

    assert asked
    assert [line for line in asked if not PINNED.fullmatch(line)] == []


def test_the_changelog_says_what_is_unreleased():
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)

    assert headings[0] == "Unreleased"


@pytest.mark.parametrize("kind", PLACES)
def test_no_file_names_a_place_on_the_machine_it_was_made_on(kind):
    found = [path for path in tracked() if PLACES[kind].search(readable(path))]

    assert found == []


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        ("a home directory", "see " + "/home" + "/ann/gatehouse"),
        ("the root's home directory", "in " + "/ro" + "ot/.local"),
        ("a folder to work in", "cd " + "/work" + "/main"),
        ("a drive", "C:" + "\\Users\\ann"),
    ],
)
def test_such_a_place_would_be_found(kind, example):
    assert PLACES[kind].search(example)
