"""How long a Lambda's start takes until it is ready for its first request: ours, and the least that ours could be.

The least is a Chalice app with one route that reads one item by PynamoDB. "Ready" is when the client of DynamoDB is
made, which both make late. Each start is a process of its own, and the two take turns: a busy moment meets both.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from tests.bench.tables import show

ROOT = Path(__file__).parents[2]
STARTS = 15

_BARE = """
from chalice.app import Chalice
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

class Item(Model):
    class Meta:
        table_name = "table"
        region = "eu-central-1"
    pk = UnicodeAttribute(hash_key=True)

app = Chalice("bare")

@app.route("/{pk}")
def get(pk):
    return Item.get(pk).attribute_values
"""
_OURS = "from app import app; from chalicelib.storage.table import Item"
_MEASURE = """
import resource, time
begun = time.perf_counter()
{code}
imported = time.perf_counter()
Item._get_connection().connection.client
ready = time.perf_counter()
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print((imported - begun) * 1000, (ready - begun) * 1000, time.process_time() * 1000, megabytes)
"""
_ENVIRONMENT = {
    "GATEHOUSE_TABLE": "gatehouse",
    "GATEHOUSE_KMS_KEY": "alias/gatehouse",
    "GATEHOUSE_BASE_DOMAIN": "auth.example.com",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


def measure() -> None:
    """Print the medians."""
    starts: dict[str, list[list[float]]] = {"app.py": [], "bare Chalice and PynamoDB": []}
    for _ in range(STARTS):
        for kind, code in zip(starts, (_OURS, _BARE), strict=True):
            starts[kind].append(_start(code))
    rows = [[kind, *(median(column) for column in zip(*figures, strict=True))] for kind, figures in starts.items()]
    title = f"Start of a process: medians of {STARTS} processes each, taking turns"
    show(title, ["a process of", "import, ms", "ready, ms", "CPU in all, ms", "memory, MB"], rows)


def _start(code: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE.format(code=code)],
        cwd=ROOT,
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(figure) for figure in done.stdout.split()]
