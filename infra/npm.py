"""Packages of the npm registry, which tests need and nobody installs: one version each, checked and kept."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import tarfile
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = "https://registry.npmjs.org"


class PackageError(Exception):
    """A package could not be fetched, or is not what it should be; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One version of a package.

    `sha512` is the checksum of its archive in base64, as the registry gives it. Only `folder` of the archive, such as
    `package/dist/`, is kept. `size` is shown to who waits for the download.
    """

    name: str
    version: str
    sha512: str
    folder: str
    size: str

    @property
    def url(self) -> str:
        """The address of its archive."""
        return f"{REGISTRY}/{self.name}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"

    def fetch(self, cache: Path) -> Path:
        """Give the directory of its files, downloaded into `cache` unless it is there already; or PackageError."""
        files = cache / self.version
        if not files.exists():
            print(f"Fetching {self.name} ({self.size}) into {cache} ...", flush=True)
            self._unpack(self._download(), files)
        return files

    def _download(self) -> bytes:
        try:
            # The address is a constant of ours.
            with urllib.request.urlopen(self.url, timeout=120) as answer:  # noqa: S310
                archive: bytes = answer.read()
        except OSError as error:
            raise PackageError(f"{self.url} could not be fetched: {error}") from error
        if base64.b64encode(hashlib.sha512(archive).digest()).decode() != self.sha512:
            raise PackageError(f"{self.url} is not the file it should be: its checksum differs.")
        return archive

    def _unpack(self, archive: bytes, files: Path) -> None:
        # Under another name first, so that an interrupted run leaves nothing that looks complete.
        partial = files.with_name(f"{files.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            members = [member for member in tar.getmembers() if member.name.startswith(self.folder)]
            tar.extractall(partial, members, filter="data")
        (partial / self.folder).rename(files)
        shutil.rmtree(partial)
