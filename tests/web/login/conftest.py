"""What the tests of the sign-in pages share: a page read as a tree of tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from chalicelib.web.surface import Rendered
from tests.sample_pages import SAMPLES, each_way


@dataclass(frozen=True)
class Tag:
    """An element with what is written directly or indirectly in it."""

    name: str
    attributes: dict[str, str | None]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


class Page(HTMLParser):
    """A rendered page, read as a browser reads it."""

    VOID = frozenset({"meta", "link", "input", "img", "br"})

    def __init__(self, rendered: Rendered) -> None:
        super().__init__()
        self.rendered = rendered
        self.tags: list[Tag] = []
        self.open: list[Tag] = []
        self.feed(str(rendered.body))

    def handle_starttag(self, tag, attrs):
        self.tags.append(Tag(tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(self.tags[-1])

    def handle_endtag(self, tag):
        assert self.open.pop().name == tag

    def handle_data(self, data):
        for tag in self.open:
            tag.texts.append(data)

    def all(self, kind: str = "", /, **attributes: str) -> list[Tag]:
        """Find the elements of a name with these attributes; `_` stands for `-`."""
        wanted = {key.replace("_", "-").strip("-"): value for key, value in attributes.items()}
        return [tag for tag in self.tags if kind in {"", tag.name} and wanted.items() <= {**tag.attributes}.items()]

    def one(self, kind: str = "", /, **attributes: str) -> Tag:
        (found,) = self.all(kind, **attributes)
        return found


@pytest.fixture
def read():
    """Read a page from what was rendered."""
    return Page


@pytest.fixture(params=each_way(), ids=lambda case: f"{case[0]}, {'full' if case[1].tenant_logo else 'bare'}")
def any_page(request):
    """Every page, with every optional part absent and present."""
    name, shell = request.param
    return Page(SAMPLES[name](shell))
