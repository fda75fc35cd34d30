"""What CloudFormation makes around the functions, in pieces of JSON: one file for each matter. Reads them, no more.

`infra.package` merges them into what Chalice makes of `app.py`. The exceptions that checkov is told of, each with its
reason, are in `infra/exceptions.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_PIECES = Path(__file__).parent


def read() -> dict[str, Any]:
    """Give all pieces as one template."""
    whole: dict[str, Any] = {}
    for path in sorted(_PIECES.glob("*.json")):
        for section, members in json.loads(path.read_text("utf-8")).items():
            whole.setdefault(section, {}).update(members)
    return whole
