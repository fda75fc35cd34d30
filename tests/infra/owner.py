"""A process that owns a MiniStack, as the local stack does: writes one item, says so, and waits to be ended."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from infra.clients import client
from infra.ministack import MiniStack
from infra.table import create_table

with MiniStack(Path(sys.argv[1]), snapshot_seconds=3600) as endpoint:
    dynamodb = client("dynamodb", endpoint)
    create_table(dynamodb, "kept")
    dynamodb.put_item(TableName="kept", Item={"pk": {"S": "last"}, "sk": {"S": "word"}})
    sys.stdout.write("written\n")
    sys.stdout.flush()
    signal.pause()
