"""What is sent to AWS, made from this folder: two zip files and a CloudFormation template.

`libraries` gets what the functions import, and leaves out what they do not; `archives` zips it, so that the same
content is the same file; `stack` has Chalice make the template and merges `infra/template` into it. Talks to PyPI,
never to AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 8_000_000
"""How large the functions' zip file may be: a cold start fetches and unpacks it."""


@dataclass(frozen=True, slots=True)
class Package:
    """What was made: a folder with both zip files, and the template, whose functions name them by `./` and name."""

    folder: Path
    template: dict[str, Any]

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each zip file in bytes."""
        return {path.name: path.stat().st_size for path in sorted(self.folder.glob("*.zip"))}
