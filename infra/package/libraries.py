"""The libraries of the functions: fetched as Lambda's Linux needs them, then cut to what is used.

Chalice itself is not among them: it adds the part of itself that runs in Lambda. Without what is cut the rehearsal
(`tests/deploy`) still has to pass, with nothing else on the path.
"""

from __future__ import annotations

import gzip
import json
import runpy
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "3.11"
SERVICES = {
    "dynamodb": "2012-08-10",
    "kms": "2014-11-01",
    "lambda": "2015-03-31",
    "s3": "2006-03-01",
    "ses": "2010-12-01",
}
"""What the product asks of AWS, by botocore's names, with the version of each that botocore chooses."""
_DESCRIPTIONS = ("service-2.json.gz", "endpoint-rule-set-1.json.gz", "service-2.sdk-extras.json")
_GENERAL = ("_retry.json", "partitions.json", "sdk-default-configuration.json")
_NEEDLESS = (
    *("*.dist-info", "bin", "**/*.pyi", "**/py.typed", "**/__pycache__"),
    # `cryptography` needs the native half of cffi only.
    *("cffi", "pycparser"),
    *("dateutil/easter.py", "dateutil/rrule.py", "dateutil/zoneinfo", "dateutil/tz/win.py"),
    *("jinja2/ext.py", "jinja2/meta.py", "jinja2/nativetypes.py", "jinja2/sandbox.py"),
    *("urllib3/contrib",),
)
"""What nothing of ours imports."""


class PackagingError(Exception):
    """The package could not be made; the message says why."""


def fetch(folder: Path) -> None:
    """Put what `requirements.txt` names into a folder, built for Lambda's Python on x86-64, and cut it."""
    pinned = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line for line in pinned if line and not line.startswith(("#", "chalice=="))]
    platforms = [word for name in ("manylinux2014", "manylinux_2_28") for word in ("--platform", f"{name}_x86_64")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    options = ["--target", str(folder), "--only-binary", ":all:", "--python-version", PYTHON, *platforms]
    finished = subprocess.run(  # noqa: S603 - our own arguments
        [*command, *options, *wanted], capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise PackagingError(f"The libraries could not be fetched:\n{finished.stderr}")
    cut(folder)


def cut(folder: Path) -> None:
    """Remove what no function needs."""
    for path in [found for pattern in _NEEDLESS for found in folder.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    _cut_botocore(folder / "botocore" / "data")
    _cut_zxcvbn(folder / "zxcvbn")
    for path in folder.rglob("*.so"):
        path.write_bytes(without_symbols(path.read_bytes()))


def _cut_botocore(data: Path) -> None:
    """Keep the descriptions of the services in use, without their texts; botocore documents nothing in Lambda."""
    kept = {data / name for name in _GENERAL}
    for service, version in SERVICES.items():
        kept |= {data / service / version / name for name in _DESCRIPTIONS}
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for path in [path for path in data.rglob("*") if path.is_file() and path not in kept]:
        path.unlink()
    for path in data.glob("*/*/service-2.json.gz"):
        description = without_texts(json.loads(gzip.decompress(path.read_bytes())))
        # Not compressed twice: the zip file does that better, and botocore has less to do.
        path.with_suffix("").write_text(json.dumps(description, separators=(",", ":")), "utf-8")
        path.unlink()
    for partition in endpoints["partitions"]:
        partition["services"] = {name: each for name, each in partition["services"].items() if name in _ENDPOINTS}
    (data / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")), "utf-8")
    for path in sorted((path for path in data.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()


def _cut_zxcvbn(package: Path) -> None:
    """Keep one of its lists of words, which is all that is asked of it (`adapters/common_passwords.py`)."""
    words = runpy.run_path(str(package / "frequency_lists.py"))["FREQUENCY_LISTS"]["passwords"]
    shutil.rmtree(package)
    package.mkdir()
    (package / "__init__.py").touch()
    text = f"FREQUENCY_LISTS = {{'passwords': {','.join(words)!r}.split(',')}}\n"
    (package / "frequency_lists.py").write_text(text, "utf-8")


_ENDPOINTS = frozenset({*SERVICES, "email", "sts"})
"""The same services by the names their addresses have."""


def without_texts(description: Any) -> Any:
    """Give a service's description without documentation."""
    if isinstance(description, dict):
        return {name: without_texts(each) for name, each in description.items() if not _is_text(name, each)}
    return [without_texts(each) for each in description] if isinstance(description, list) else description


def _is_text(name: str, value: Any) -> bool:
    # A member of a shape may have this name too; then it is no text.
    return name in {"documentation", "documentationUrl"} and isinstance(value, str)


def without_symbols(library: bytes) -> bytes:
    """Blank what only debuggers read of a native library (ELF, 64 bits): sections that are never loaded.

    Its size and everything's place stay; blanks are nothing once they are zipped.
    """
    if library[:6] != b"\x7fELF\x02\x01":
        return library
    blanked = bytearray(library)
    (table,) = struct.unpack_from("<Q", library, 0x28)
    size, count, names = struct.unpack_from("<HHH", library, 0x3A)
    for index in range(count):
        _, kind, flags, _, offset, length = struct.unpack_from("<IIQQQQ", library, table + index * size)
        if index != names and kind != _NO_BITS and not flags & _LOADED:
            blanked[offset : offset + length] = bytes(length)
    return bytes(blanked)


_NO_BITS = 8
_LOADED = 2
"""SHT_NOBITS and SHF_ALLOC of the ELF format."""
