"""The schedule: now, then every minute, never twice at once, and again after a failure."""

from __future__ import annotations

import threading
import time
from threading import Event, Lock

from chalice.app import Chalice, Rate

from infra.local.schedule import SECONDS, each_minute, scheduled_event
from tests.infra.conftest import wait_until


def test_it_runs_at_once_and_then_again():
    runs = []

    with each_minute(lambda event, context: runs.append(event["id"]), seconds=0.01):
        wait_until(lambda: len(runs) >= 3)

    assert len(set(runs)) == len(runs)


def test_it_runs_once_a_minute():
    assert SECONDS == 60


def test_a_minute_is_not_over_at_once():
    runs, ran = [], Event()

    with each_minute(lambda *given: (runs.append(given), ran.set())):
        ran.wait(10)

    assert len(runs) == 1


def test_a_failure_is_shown_and_waits_for_the_next_run(capfd):
    runs = []

    def sweep(event, context):
        runs.append(event)
        raise RuntimeError("the table is away")

    with each_minute(sweep, seconds=0.01):
        wait_until(lambda: len(runs) >= 2)

    assert "RuntimeError: the table is away" in capfd.readouterr().err


def test_it_never_runs_twice_at_once():
    running, together = Lock(), []

    def slowly(event, context):
        together.append(not running.acquire(blocking=False))
        time.sleep(0.02)  # the work takes longer than the pause
        running.release()

    with each_minute(slowly, seconds=0.001):
        wait_until(lambda: len(together) >= 3)

    assert not any(together)


def test_a_stop_waits_for_the_run_that_is_under_way():
    begun, ended = Event(), []

    def slowly(event, context):
        begun.set()
        time.sleep(0.05)  # the work takes longer than the stop is away
        ended.append(True)

    with each_minute(slowly, seconds=3600):
        begun.wait(10)

    assert ended == [True]


def test_after_a_stop_it_runs_no_more():
    runs = []
    with each_minute(lambda *given: runs.append(given), seconds=0.001):
        wait_until(lambda: runs)

    assert "schedule" not in {thread.name for thread in threading.enumerate()}


def test_chalice_takes_the_event_for_a_scheduled_one():
    app, seen = Chalice("function", configure_logs=False), []

    @app.schedule(Rate(1, unit=Rate.MINUTES))
    def sweep(event):
        seen.append((event.detail_type, event.source, event.region, event.detail))

    sweep(scheduled_event(), None)

    assert seen == [("Scheduled Event", "aws.events", "us-east-1", {})]
