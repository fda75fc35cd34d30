"""The table's stream: reads it and invokes the function that follows it, as Lambda does.

It begins at the oldest record there is. MiniStack keeps the stream in memory only, so that is everything since its
start; beginning at the newest would miss what is written while the position is being asked for. For the same reason
the position is not stored, and on a clean stop the stream is read to its end first. What a crash leaves unread is lost
here, and would not be in AWS: the sweep has to find it, as it must when a record expires after a day.
"""

from __future__ import annotations

import base64
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.clients import client
from infra.local.background import running
from infra.local.functions import succeeds

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Event

BATCH = 100
PAUSE_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 30.0


def following(follow: Callable[[Any, Any], object], endpoint: str, table: str) -> AbstractContextManager[None]:
    """Hand every change of the table to `follow`, in order; a batch that fails is tried again until it succeeds."""
    stream = Stream(endpoint, table)

    def work(stop: Event) -> None:
        # One more look after the stop: the last writes are followed too.
        while not stop.wait(0 if _deliver(stream, follow, stop) else PAUSE_SECONDS):
            pass
        while _deliver(stream, follow, stop):
            pass

    return running("stream", work)


class Stream:
    """A position in the table's stream. `read` does not move it, `advance` does. MiniStack has one shard per stream."""

    def __init__(self, endpoint: str, table: str) -> None:
        self._client = client("dynamodbstreams", endpoint)
        self._arn: str = client("dynamodb", endpoint).describe_table(TableName=table)["Table"]["LatestStreamArn"]
        shard = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"][0]
        self._position: str = self._client.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        self._next = self._position

    def read(self) -> list[dict[str, Any]]:
        """Give up to 100 records as Lambda would show them."""
        answer = self._client.get_records(ShardIterator=self._position, Limit=BATCH)
        self._next = answer["NextShardIterator"]
        return [{**as_json(record), "eventSourceARN": self._arn} for record in answer["Records"]]

    def advance(self) -> None:
        """Move past what was read last."""
        self._position = self._next


def _deliver(stream: Stream, follow: Callable[[Any, Any], object], stop: Event) -> bool:
    """Read one batch and hand it over; say whether there was one."""
    try:
        records = stream.read()
    except (BotoCoreError, ClientError) as error:
        print(f"The stream could not be read: {error}", file=sys.stderr, flush=True)
        stop.wait(PAUSE_SECONDS)
        return False
    if records and not _insist(follow, {"Records": records}, stop):
        return False
    stream.advance()
    return bool(records)


def _insist(follow: Callable[[Any, Any], object], event: dict[str, Any], stop: Event) -> bool:
    pause = PAUSE_SECONDS
    while not succeeds(follow, "follow", event):
        if stop.wait(pause):
            return False
        pause = min(2 * pause, MAX_BACKOFF_SECONDS)
    return True


def as_json(value: Any) -> Any:
    """Turn botocore's values back into JSON's: bytes are base64, times are epoch seconds."""
    if isinstance(value, dict):
        return {name: as_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.timestamp() if isinstance(value, datetime) else value
