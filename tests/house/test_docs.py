"""The docs name every setting, endpoint and type of event and nothing that is not there; links lead somewhere."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from typing import Any

import pytest

from chalicelib.core.logs import TYPES
from chalicelib.settings import Settings
from chalicelib.web.management.logs import LogAnswer
from tests.documents import ROOT, table, tables, text
from tests.web.conftest import ENDPOINTS, named

FOLDERS = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/README.md")]
PAGES = ["README.md", "CHANGELOG.md", *sorted(str(path.relative_to(ROOT)) for path in FOLDERS)]
LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"(?:GATEHOUSE|AWS)_[A-Z0-9_]+")


def documented_endpoints() -> dict[str, list[str]]:
    """Give the endpoints of all pages on nouns and of the dashboard's, with the scopes that are said to open them."""
    pages = [page for page in PAGES if page.startswith("docs/api/") or page == "docs/dashboard.md"]
    rows = [row for page in pages for rows in tables(page) for row in rows if "scopes" in row]
    return {row["endpoint"]: [] if row["scopes"] == "none" else row["scopes"].split(", ") for row in rows}


def anchors(page: str) -> set[str]:
    """Give the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_settings_page_has_every_variable_that_is_read_and_no_other():
    source = ast.parse(text("chalicelib/settings.py"))
    read = {node.value for node in ast.walk(source) if isinstance(node, ast.Constant) and isinstance(node.value, str)}

    documented = {row["variable"] for row in table("docs/settings.md", "variable", "default")}

    assert documented == {value for value in read if VARIABLE.fullmatch(value)}


def test_the_settings_page_has_the_defaults_that_count():
    defaults: dict[str, Any] = {f"GATEHOUSE_{field.name.upper()}": field.default for field in fields(Settings)}

    documented = {row["variable"]: row["default"] for row in table("docs/settings.md", "variable", "default")}

    for variable, default in documented.items():
        if default:
            assert str(int(defaults[variable]) if default.isdigit() else defaults[variable]) == default


def test_the_pages_on_nouns_have_every_endpoint_with_its_scopes():
    described = {named(endpoint): list(endpoint.scopes) for endpoint in ENDPOINTS if endpoint.tag != "reference"}

    assert documented_endpoints() == described


def test_the_endpoints_of_the_reference_are_named_too():
    overview = text("docs/api/README.md")

    assert all(f"`{named(endpoint)}`" in overview for endpoint in ENDPOINTS if endpoint.tag == "reference")


def test_the_history_page_has_every_type_of_event_and_no_other():
    rows = table("docs/history.md", "type", "is")

    assert [row["type"] for row in rows] == list(TYPES)
    assert all(row["is"].startswith(TYPES[row["type"]]) for row in rows)


def test_the_history_page_says_what_every_property_of_an_event_holds():
    properties = [name for row in table("docs/history.md", "property", "holds") for name in row["property"].split(", ")]

    shown = {name for name in properties if not name.startswith("details.")}

    assert shown | {"details"} == set(LogAnswer.__struct_encode_fields__)


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page):
    links = [link for link in LINK.findall(FENCED.sub("", text(page))) if "://" not in link]

    for link in links:
        target, _, anchor = link.partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), link
        if anchor:
            assert anchor in anchors(str(path.resolve().relative_to(ROOT))), link


def test_every_page_is_linked_from_another():
    linked = {
        ((ROOT / page).parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(text(page))
        if "://" not in link and not link.startswith("#")
    }

    assert [page for page in PAGES if page != "README.md" and (ROOT / page) not in linked] == []
