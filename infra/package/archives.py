"""Zip files for Lambda: compiled beforehand, as nothing can be written there; the same for the same content."""

from __future__ import annotations

import ast
import marshal
import sys
import zipfile
from importlib.util import MAGIC_NUMBER, source_hash
from typing import TYPE_CHECKING

from infra.package.libraries import PYTHON, PackagingError

if TYPE_CHECKING:
    from pathlib import Path

_DOCUMENTED = ("chalicelib", "web")
"""Where docstrings are read by the program: they are in the reference of the API."""
_UNCHECKED = (0b01).to_bytes(4, "little")
"""The flag of a compiled module that belongs to a source by its hash, which nobody is to check."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644 << 16


def compile_all(folder: Path) -> None:
    """Put each module's compiled form in the place of its source; each cold start would compile it anew.

    Tracebacks still name file and line. Raises PackagingError when this Python is not the one of Lambda, whose compiled
    modules are not ours.
    """
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise PackagingError(f"Packaging needs Python {PYTHON}, as Lambda runs it. Give make PYTHON=python{PYTHON}.")
    for source in folder.rglob("*.py"):
        name = source.relative_to(folder)
        compiled = compile_module(source.read_bytes(), f"/var/task/{name}", documented=name.parts[:2] == _DOCUMENTED)
        source.with_suffix(".pyc").write_bytes(compiled)
        source.unlink()


def compile_module(source: bytes, path: str, *, documented: bool) -> bytes:
    """Compile one module to what Python takes without looking for its source (PEP 552), unless wanted undocumented."""
    tree = ast.parse(source, path)
    if not documented:
        for node in ast.walk(tree):
            _undocument(node)
    code = compile(tree, path, "exec", dont_inherit=True)
    return MAGIC_NUMBER + _UNCHECKED + source_hash(source) + marshal.dumps(code)


def _undocument(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
        if isinstance(node, ast.ClassDef):
            # A dataclass without one makes one of its signature, which takes as long as all its methods.
            node.body[0] = ast.copy_location(ast.Expr(ast.Constant(".")), node.body[0])
            ast.fix_missing_locations(node.body[0])
            return
        # Something has to stand there where nothing else does; at the start of a module nothing may.
        placeholder = [ast.copy_location(ast.Pass(), node.body[0])]
        node.body[:1] = [] if len(node.body) > 1 else placeholder


def write(folder: Path, archive: Path) -> None:
    """Zip a folder: in order of the names, with no time and no owner in it."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _LONG_AGO)
            entry.external_attr = _READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, path.read_bytes(), compresslevel=9)
