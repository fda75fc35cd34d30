"""The log of a deployment: one line of JSON for each request, with figures that CloudWatch makes metrics of by itself.

The line says what was asked for by the pattern of its path, never by the path, a query, a header or a body: those hold
ids, codes, tokens and passwords. Its form is CloudWatch's embedded metric format. Owns no figure.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.core.callers import Caller
    from chalicelib.core.measures import Measures

NAMESPACE = "Gatehouse"
_METRICS = [
    {
        "Namespace": NAMESPACE,
        "Dimensions": [["Stack", "Surface"]],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}],
    },
    {
        "Namespace": NAMESPACE,
        "Dimensions": [["Stack"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in ("RoundTrips", "ReadUnits", "WriteUnits")],
    },
]
"""Few, because CloudWatch charges for each; what else the lines hold is found by a query over the log."""


@dataclass(slots=True)
class Noted:
    """What becomes known of a request on its way: nothing of it when it never reaches a view.

    `error` is the code of a refusal, `detail` its cause, which is for the log alone.
    """

    caller: Caller | None = None
    operation: str = ""
    surface: str = "other"
    error: str = ""
    detail: str = ""


@dataclass(slots=True)
class Journal:
    """Writes the lines of one stack. `cold` is the first line of a process."""

    stack: str
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    cold: bool = True

    def write(self, *, request_id: str, now: datetime, took: float, status: int, noted: Noted, asked: Measures) -> None:
        """Write the line of one request; `took` is in seconds."""
        caller = noted.caller
        line: dict[str, Any] = {
            "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": _METRICS},
            "Stack": self.stack,
            "Surface": noted.surface,
            "request_id": request_id,
            "tenant": caller.tenant if caller else "",
            "caller": caller.subject if caller else "",
            "client_id": caller.client_id if caller else "",
            "operation": noted.operation,
            "status": status,
            "Latency": round(took * 1000, 1),
            "RoundTrips": asked.round_trips,
            "ReadUnits": asked.read_units,
            "WriteUnits": asked.write_units,
            "cold": self.cold,
        }
        if noted.error:
            line |= {"error": noted.error, "detail": noted.detail}
        self.cold = False
        # In one write, so that lines of several threads do not run into each other.
        self.stream.write(json.dumps(line, separators=(",", ":")) + "\n")
        self.stream.flush()
