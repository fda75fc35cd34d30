"""Passwords known from breaches, by their SHA-1, in the form in which Have I Been Pwned's downloader writes them.

Three places can hold them: one sorted file, a folder of ranges, or the same ranges as objects in S3. Nothing is asked
of anybody outside. A list that is damaged or not complete is an error and never a password that passes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.core.errors import Unavailable

if TYPE_CHECKING:
    from chalicelib.core.attack_protection import BreachedPasswords

PREFIX = 5
"""Characters of a hash that name its range; there are 16**5 of them, FFFFF the last."""
_LINE = re.compile(rb"([0-9A-F]{40})(?::([0-9]+))?\r?\n?", re.IGNORECASE)
_BUCKET = re.compile(r"s3://([a-z0-9.-]{3,63})/?(.*)")
_LONGEST_LINE = 64


def breached_passwords(place: str, region: str, endpoint: str | None) -> BreachedPasswords:
    """Open a list: `s3://bucket/prefix`, a folder or a file. ValueError, with the reason, if there is none.

    What lies in S3 is not looked at until a password is: a start makes no call.
    """
    bucket = _BUCKET.fullmatch(place)
    if bucket:
        return Ranges(Objects(bucket[1], bucket[2].strip("/"), region, endpoint))
    path = Path(place)
    if path.is_dir():
        for name in ("0" * PREFIX, "F" * PREFIX):
            Folder(path).checked(name)
        return Ranges(Folder(path))
    if not path.is_file():
        raise ValueError(f"there is neither a file nor a folder {place}")
    return SortedFile.opened(path)


class RangeSource(Protocol):
    """Where ranges lie."""

    def read(self, prefix: str) -> bytes | None:
        """Give the range of a prefix, or None if it is not there."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """A list in ranges: each is named by the first five characters, and its lines are the others and a count."""

    source: RangeSource

    def has(self, password: str) -> bool:
        """Whether a password is listed; a count of 0 is padding and lists nothing."""
        digest = _digest(password)
        found = self.source.read(digest[:PREFIX])
        if found is None:
            raise _incomplete(f"the range {digest[:PREFIX]} is missing")
        suffix = digest[PREFIX:].encode()
        lines = (line.strip().upper().partition(b":") for line in found.splitlines())
        return any(named == suffix and count != b"0" for named, _, count in lines)


@dataclass(frozen=True, slots=True)
class Folder:
    """Ranges as files: `0018A.txt`, or `0018A`."""

    path: Path

    def read(self, prefix: str) -> bytes | None:
        """Read a file."""
        for name in (f"{prefix}.txt", prefix):
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _incomplete(str(error)) from error
        return None

    def checked(self, prefix: str) -> None:
        """Demand that a range is there."""
        if self.read(prefix) is None:
            raise ValueError(f"the folder {self.path} has no file {prefix}.txt: it needs one for each prefix")


@dataclass(slots=True)
class Objects:
    """Ranges as objects in S3."""

    bucket: str
    prefix: str
    region: str
    endpoint: str | None = None
    _client: Any = field(default=None, init=False)

    @property
    def client(self) -> Any:
        """The S3 client, made at first use: only a process that sets a password needs it."""
        if self._client is None:
            import botocore.session  # noqa: PLC0415 - as late as the client

            session = botocore.session.get_session()
            self._client = session.create_client("s3", region_name=self.region, endpoint_url=self.endpoint)
        return self._client

    def read(self, prefix: str) -> bytes | None:
        """Read an object. Whatever S3 refuses is an error of ours: its reason is in the log."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as late as the client

        key = f"{self.prefix}/{prefix}.txt" if self.prefix else f"{prefix}.txt"
        try:
            return bytes(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        except (BotoCoreError, ClientError) as error:
            raise _incomplete(f"s3://{self.bucket}/{key}: {error}") from error


@dataclass(frozen=True, slots=True)
class SortedFile:
    """One file of whole hashes, sorted; looked up by halving, so that its size does not matter."""

    path: Path
    size: int

    @classmethod
    def opened(cls, path: Path) -> SortedFile:
        """Open a file whose first and last line are what they must be."""
        opened = cls(path, path.stat().st_size)
        with path.open("rb") as file:
            first = _LINE.fullmatch(file.readline(_LONGEST_LINE))
            file.seek(max(0, opened.size - _LONGEST_LINE))
            last = _LINE.fullmatch(file.read().rstrip().rpartition(b"\n")[2])
        if first is None or last is None or first[1].upper() > last[1].upper():
            raise ValueError(f"the file {path} is no sorted list of lines such as {'0' * 40}:1")
        return opened

    def has(self, password: str) -> bool:
        """Whether a password is listed."""
        wanted = _digest(password).encode()
        try:
            with self.path.open("rb") as file:
                return self._holds(file, wanted)
        except OSError as error:
            raise _incomplete(str(error)) from error

    def _holds(self, file: Any, wanted: bytes) -> bool:
        """Halve between the start of a line that is before what is wanted and one that is not."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) // 2
            line = self._line_at(file, middle)
            if line is not None and line < wanted:
                low = middle + 1
            else:
                high = middle
        return self._line_at(file, low) == wanted

    def _line_at(self, file: Any, position: int) -> bytes | None:
        """Give the hash of the first line that begins at or after a position; None at the end."""
        file.seek(max(0, position - 1))
        if position:
            file.readline(_LONGEST_LINE)  # the rest of a line, or the end of the one before
        line = file.readline(_LONGEST_LINE)
        if not line:
            return None
        found = _LINE.fullmatch(line)
        if found is None:
            raise _incomplete(f"a line near byte {position} of {self.path} is no hash")
        return bytes(found[1].upper())


def _digest(password: str) -> str:
    """Hash as Have I Been Pwned does: it names a password in a list, and protects nothing."""
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def _incomplete(detail: str) -> Unavailable:
    return Unavailable(
        "Passwords cannot be set at the moment. Try again later.", detail=f"breached passwords: {detail}"
    )
