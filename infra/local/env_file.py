"""`gatehouse.env`: addresses and secrets of the local stack, in a form that shells and dotenv libraries read."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "gatehouse.env"


def read(path: Path) -> dict[str, str]:
    """Give what an earlier run wrote; nothing when there is no file."""
    if not path.exists():
        return {}
    try:
        words = shlex.split(path.read_text("utf-8"), comments=True)
    except ValueError as error:
        raise SystemExit(f"{path} cannot be read: {error}. Mend it, or remove it to have new secrets made.") from None
    return dict(word.split("=", 1) for word in words if "=" in word)


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace the file whole. Only its owner may read it: it is the only place where the secrets are not hashed."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in values.items()]
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(["# Written by the local stack at every start.\n", *lines])
    partial.replace(path)
