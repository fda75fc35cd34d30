"""What it costs that history cannot be changed unseen: marking an event, sealing many, looking at them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

from chalicelib.core.callers import Caller
from chalicelib.core.logs import LogEvent, first_log_id
from chalicelib.core.paging import PageRequest
from chalicelib.storage.logs import LogItem, _text, event_item
from tests.bench.product import TENANT, Product
from tests.bench.tables import show

TIMES = 2_000
EVENTS = 10_000


def measure(product: Product) -> None:
    """Print a row for each step."""
    core = product.app.core
    table = core.logs.store.table
    event = core.logs.store.list(TENANT, PageRequest(per_page=1), newest_first=True).items[0]
    item = event_item(table, TENANT, event)
    rows = [
        ("make the item of an event", _microseconds(lambda: event_item(table, TENANT, event))),
        ("of which its mark", _microseconds(lambda: table.marker.mark(TENANT, _text(item)))),
        ("of which the HMAC alone", _microseconds(lambda: _hmac(product))),
        ("judge an event that was read", _microseconds(lambda: table.marker.fits(TENANT, "", _text(item), event.date))),
    ]
    show("An event's mark", ["step", "CPU, median µs"], rows)
    _fill(product)
    show(f"{EVENTS:,} events", ["step", "CPU, ms", "wall, ms"], [_sealing(product), _looking(product)])


def _microseconds(step: Callable[[], object]) -> float:
    used = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        step()
        used.append((time.perf_counter() - begun) * 1e6)
    return median(used)


def _hmac(product: Product) -> object:
    core = product.app.core
    marks = core.log_seals.marks
    return marks.format.mark(TENANT, core.signing_keys.current(TENANT), b"x" * 700)


def _fill(product: Product) -> None:
    """Write many events, a while before everything else."""
    table = product.app.core.logs.store.table
    begun = product.app.core.users.ambient.now() - timedelta(hours=1)
    with LogItem.batch_write() as batch:
        for number in range(EVENTS):
            date = begun + timedelta(milliseconds=number)
            log_id = f"{first_log_id(date)}{number:024x}"
            event = LogEvent(log_id=log_id, date=date, type="s", description="Success Login", details={"x": "y" * 300})
            batch.save(event_item(table, TENANT, event))


def _sealing(product: Product) -> tuple[str, float, float]:
    seals = product.app.core.log_seals
    cpu, wall = time.process_time(), time.perf_counter()
    made = list(seals.seal(TENANT, None))
    assert sum(seal.events for seal in made) >= EVENTS
    return "seal them", (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def _looking(product: Product) -> tuple[str, float, float]:
    verification = product.app.core.log_verification
    _, (seal, *_) = verification.store.list(TENANT)
    cpu, wall, looks, checkpoint = time.process_time(), time.perf_counter(), 0, None
    while looks == 0 or checkpoint:
        answer = verification.verify(Caller(tenant=TENANT), seal.id, checkpoint)
        looks, checkpoint = looks + 1, answer.next
    used = (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000
    return f"look at all of them, {looks} times", *used
