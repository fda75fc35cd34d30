"""`python -m infra.package STAGE FOLDER`: makes the package of a stage, and says how large it is."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from infra.package import MAX_BYTES, Package, archives, libraries, stack

_ENGINE = ("_quickjs.abi3.so", "quickjs")
"""What runs JavaScript: in the function that runs scripts, and nowhere else."""
_BESIDE_IT = ("javascript", "child")


def build(stage: str, folder: Path) -> Package:
    """Make `deployment.zip`, `sandbox.zip` and `template.json` in a folder, or raise PackagingError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        template = stack.chalice(stage, work)
        whole = work / "whole"
        libraries.fetch(whole)
        with zipfile.ZipFile(work / "chalice" / "deployment.zip") as made:
            made.extractall(whole)
        archives.compile_all(whole)
        archives.write(_split(whole, work / "sandbox"), folder / "sandbox.zip")
        archives.write(whole, folder / "deployment.zip")
    (folder / "template.json").write_text(json.dumps(template, indent=1), "utf-8")
    package = Package(folder, template)
    size = package.sizes["deployment.zip"]
    if size > MAX_BYTES:
        raise libraries.PackagingError(f"deployment.zip has {size:,} bytes, and may have {MAX_BYTES:,}.")
    return package


def _split(whole: Path, sandbox: Path) -> Path:
    """Give the folder of the function that runs scripts: the engine, taken out of the whole, and our own code."""
    sandbox.mkdir()
    for name in _ENGINE:
        shutil.move(whole / name, sandbox)
    shutil.copytree(whole / "chalicelib", sandbox / "chalicelib")
    for name in _BESIDE_IT:
        shutil.rmtree(whole / "chalicelib" / "adapters" / "sandbox" / name)
    return sandbox


def main() -> None:
    """Make it where it is asked for."""
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    try:
        package = build(sys.argv[1], Path(sys.argv[2]))
    except libraries.PackagingError as error:
        raise SystemExit(str(error)) from None
    for name, size in package.sizes.items():
        print(f"{name}: {size / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
