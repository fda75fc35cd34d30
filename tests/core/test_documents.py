"""Metadata and options: how they merge, how deep and how large they may be."""

import pytest

from chalicelib.core.documents import check, levels, merge, size_of
from chalicelib.core.errors import Invalid


def nested(depth):
    """Give a document of so many levels, alternating objects and lists."""
    document = {}
    for level in range(depth - 1):
        document = {"in": document} if level % 2 else [document]
    return {"in": document[0]} if isinstance(document, list) else document


@pytest.mark.parametrize(
    ("current", "patch", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"unknown": None}, {"a": 1}),
        ({"a": 1}, {}, {}),
        ({"a": 1}, None, {}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 3}}, {"a": {"x": 3}}),
        ({"a": {"x": 1}}, {"a": {"y": None}}, {"a": {"y": None}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({}, {"a": "", "b": 0, "c": False, "d": []}, {"a": "", "b": 0, "c": False, "d": []}),
    ],
)
def test_a_patch_merges_at_the_first_level_and_a_null_removes(current, patch, merged):
    assert merge(current, patch) == merged


def test_merging_leaves_both_documents_as_they_were():
    current, patch = {"a": {"x": 1}, "b": 2}, {"b": None, "c": 3}

    merge(current, patch)

    assert (current, patch) == ({"a": {"x": 1}, "b": 2}, {"b": None, "c": 3})


@pytest.mark.parametrize(
    ("value", "depth"),
    [("text", 0), (1, 0), ({}, 1), ([], 1), ({"a": 1}, 1), ({"a": {}}, 2), ({"a": [{}]}, 3), ({"a": 1, "b": [[]]}, 3)],
)
def test_levels_count_objects_and_lists_alike(value, depth):
    assert levels(value) == depth


@pytest.mark.security(43)
def test_16_levels_are_accepted():
    document = nested(16)

    check("user_metadata", document, max_bytes=1_000)

    assert levels(document) == 16


@pytest.mark.security(43)
def test_17_levels_are_refused_with_the_limit():
    document = nested(17)

    with pytest.raises(Invalid, match="user_metadata is nested deeper than 16 levels' on property user_metadata"):
        check("user_metadata", document, max_bytes=1_000)
    assert levels(document) == 17


@pytest.mark.security(42)
def test_a_hostile_depth_is_refused_and_exhausts_no_stack():
    document = {"in": 1}
    for _ in range(100_000):
        document = {"in": document}

    with pytest.raises(Invalid, match="nested deeper than 16 levels"):
        check("options", document, max_bytes=1_000)


@pytest.mark.security(43)
@pytest.mark.parametrize("text", ["a" * 10, "é" * 5, "😀" * 2 + "aa"])
def test_size_is_counted_in_bytes_of_utf_8(text):
    document = {"a": text}

    assert size_of(document) == len('{"a":""}') + 10
    check("options", document, max_bytes=18)


@pytest.mark.security(43)
def test_one_byte_past_the_limit_is_refused_with_both_numbers():
    with pytest.raises(Invalid, match="options is 19 bytes long, the limit is 18' on property options"):
        check("options", {"a": "a" * 11}, max_bytes=18)


@pytest.mark.parametrize("document", [{"a": "\ud800"}, {"\udfff": 1}])
def test_text_that_is_no_unicode_is_refused(document):
    with pytest.raises(Invalid, match="not valid Unicode"):
        check("options", document, max_bytes=1_000)
