"""What is cut from libraries is nothing that runs, and a zip file is made of its content alone."""

from __future__ import annotations

import marshal
import struct
from pathlib import Path

import pytest

from infra.package import archives, libraries
from infra.package.libraries import PackagingError, without_symbols, without_texts
from infra.package.stack import variables

LOADED, DEBUG = b"code that runs", b"what debuggers read"


def library() -> bytes:
    """Make an ELF file with a section that is loaded, one that is not, and their table."""
    body = LOADED + DEBUG
    table = 64 + len(body)
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", head, 0x28, table)
    struct.pack_into("<HHH", head, 0x3A, 64, 2, 2)
    sections = [(1, libraries._LOADED, 64, len(LOADED)), (1, 0, 64 + len(LOADED), len(DEBUG))]
    packed = [
        struct.pack("<IIQQQQ", 0, kind, flags, 0, at, size).ljust(64, b"\0") for kind, flags, at, size in sections
    ]
    return bytes(head) + body + b"".join(packed)


def test_what_only_debuggers_read_of_a_library_is_blanked():
    whole = library()

    cut = without_symbols(whole)

    assert len(cut) == len(whole)
    assert LOADED in cut
    assert DEBUG not in cut


def test_what_is_no_library_stays_as_it_is():
    assert without_symbols(b"GROUP ( libm.so.6 )") == b"GROUP ( libm.so.6 )"


def test_a_service_loses_its_texts_and_keeps_members_of_that_name():
    described = {"documentation": "<p>Text</p>", "members": {"documentation": {"shape": "String"}}}

    assert without_texts(described) == {"members": {"documentation": {"shape": "String"}}}


@pytest.mark.parametrize(("documented", "kept"), [(True, "Says what it is."), (False, ".")])
def test_a_module_keeps_its_docstrings_where_a_program_reads_them(documented, kept):
    source = b'"""A module."""\nfrom __future__ import annotations\nclass A:\n    """Says what it is."""\n'

    compiled = archives.compile_module(source, "/var/task/a.py", documented=documented)

    found = {}
    exec(marshal.loads(compiled[16:]), found)  # noqa: S102, S302 - what was compiled just above
    assert found["A"].__doc__ == kept


def test_the_same_content_is_the_same_zip_file(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        (folder / "deep").mkdir(parents=True)
        for name in sorted(["b.py", "deep/a.py"], reverse=folder == second):
            (folder / name).write_text("x")
    made = [archives.write(folder, folder.with_suffix(".zip")) for folder in (first, second)]

    assert made == [None, None]
    assert Path(f"{first}.zip").read_bytes() == Path(f"{second}.zip").read_bytes()


def test_a_stage_that_is_not_there_cannot_be_packaged():
    with pytest.raises(PackagingError, match="no stage"):
        variables("nowhere")
