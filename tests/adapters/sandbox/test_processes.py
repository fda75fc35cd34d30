"""The child process: started late, alone with one socket, replaced when it is lost, and told nothing of former runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chalicelib.adapters.sandbox import LateSandbox, processes
from chalicelib.adapters.sandbox.processes import ROOT, ProcessSandbox
from chalicelib.core.sandbox import Finished, Refused
from tests.adapters.sandbox.conftest import PASSING, Host, Runner

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is asked here")
WAITING = "(u, c, callback) => setTimeout(callback, %d)"


@pytest.fixture
def own():
    """A sandbox of this test's own, whose child may be lost."""
    sandbox = ProcessSandbox()
    yield Runner(sandbox, Host())
    sandbox.close()


@pytest.fixture
def child(own):
    own.rules(PASSING)
    return own.sandbox._child.process.pid


def told(process, what):
    return Path(f"/proc/{process}/{what}").read_bytes()


def opened(process):
    """Give the number and the name of everything that a process has open."""
    return [(entry.name, str(entry.readlink())) for entry in Path(f"/proc/{process}/fd").iterdir()]


def workers(child):
    return told(child, f"task/{child}/children").split()


def gone(child):
    """Wait until a child has let go of its workers: the kernel may take a moment to end them."""
    end = time.monotonic() + 5
    while workers(child) and time.monotonic() < end:
        time.sleep(0.01)
    return not workers(child)


def running(child, run):
    """Start a run when no other is there, and give the process of its worker once it waits in the script."""
    assert gone(child)
    run.start()
    end = time.monotonic() + 5
    while not workers(child) and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(0.1)
    return int(workers(child)[0])


@pytest.mark.security(35)
def test_without_a_script_nothing_is_imported_and_no_process_started():
    code = f"""
import sys
sys.path.append({str(ROOT)!r})
from chalicelib.wiring import build
build({{"GATEHOUSE_TABLE": "t", "GATEHOUSE_KMS_KEY": "k", "GATEHOUSE_BASE_DOMAIN": "a.example", "AWS_REGION": "x"}})
known = [name for name in sys.modules if name.startswith(("chalicelib.adapters.sandbox.", "quickjs", "_quickjs"))]
print(known)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_a_late_sandbox_opens_with_the_first_script():
    late = LateSandbox()

    fault = late.check("function (")
    late.opened.close()

    assert fault is not None
    assert isinstance(late.opened, ProcessSandbox)


@pytest.mark.security(35)
def test_the_engine_is_not_in_this_process(own, child):
    assert "_quickjs" not in sys.modules


@linux
@pytest.mark.security(35)
def test_the_child_has_no_environment_no_file_and_a_session_of_its_own(child, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")

    files = [file for number, file in opened(child) if number != "2"]

    assert told(child, "environ") == b""
    assert Path(f"/proc/{child}/cwd").readlink() == Path("/")
    assert os.getsid(child) == child
    assert all(file.startswith(("socket:", "pipe:", "/dev/null")) for file in files)


@linux
@pytest.mark.security(35)
def test_a_worker_has_one_socket_and_is_walled_in(own, child):
    done = threading.Thread(target=lambda: own.rules(WAITING % 700))
    worker = running(child, done)

    status, environment = told(worker, "status").decode(), told(worker, "environ")
    files = sorted(file for _, file in opened(worker))
    done.join()

    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status
    assert [file.partition("[")[0] for file in files] == ["/dev/null"] * 3 + ["socket:"]
    assert environment == b""


@linux
def test_no_worker_stays_when_its_run_is_over(own, child):
    own.rules("(u, c, callback) => { while (true) {} }", limits={"seconds": 0.3})
    own.rules("(u, c, callback) => { new Array(2 ** 32 - 1).join(); }", limits={"seconds": 0.3})
    own.rules("(u, c, callback) => { callback(null); setInterval(() => {}, 1); }")

    assert gone(child)
    assert own.sandbox._child.process.pid == child


@pytest.mark.parametrize("signals", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_child_that_is_lost_is_replaced(own, child, signals):
    os.kill(child, signals)

    outcomes = [own.rules(PASSING), own.rules(PASSING)]

    assert isinstance(outcomes[-1], Finished)
    assert own.sandbox._child.process.pid != child


@linux
def test_a_worker_that_crashes_refuses_the_sign_in_and_the_child_is_replaced(own, child):
    said = []
    run = threading.Thread(target=lambda: said.append(own.rules(WAITING % 3_000)))

    os.kill(running(child, run), signal.SIGSEGV)
    run.join()

    assert (said[0].kind, said[0].message, said[0].script) == ("crash", "The script could not be run.", "rule 1")
    assert isinstance(own.rules(PASSING), Finished)
    assert own.sandbox._child.process.pid != child


def test_a_child_that_is_left_ends_with_its_last_worker(own, child):
    process = own.sandbox._child.process
    said = []
    run = threading.Thread(target=lambda: said.append(own.rules(WAITING % 400)))
    run.start()
    time.sleep(0.2)

    own.sandbox._leave(own.sandbox._child)
    other = own.rules(PASSING)
    run.join()

    assert isinstance(other, Finished)
    assert isinstance(said[0], Finished)
    assert process.wait(timeout=5) != 0
    assert own.sandbox._child.process.pid != child


def test_closing_ends_everything(own, child):
    process = own.sandbox._child.process

    own.sandbox.close()

    assert process.poll() is not None
    assert own.sandbox._child is None


def test_the_child_ends_when_its_parent_does():
    code = f"""
import sys
sys.path.append({str(ROOT)!r})
from chalicelib.adapters.sandbox.processes import Child
print(Child.started().process.pid, flush=True)
import os; os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    child = int(done.stdout)

    end = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < end:
        time.sleep(0.02)

    assert not Path(f"/proc/{child}/exe").exists()


def test_runs_at_once_do_not_wait_for_each_other(own, child):
    outcomes = []
    begun = time.monotonic()
    runs = [threading.Thread(target=lambda: outcomes.append(own.rules(WAITING % 500))) for _ in range(8)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert [type(outcome) for outcome in outcomes] == [Finished] * 8
    assert time.monotonic() - begun < 3


def test_without_the_engine_everybody_is_refused(own, monkeypatch):
    monkeypatch.setattr(processes, "find_spec", lambda name: None)

    outcome = own.rules(PASSING)

    assert (outcome.kind, outcome.message) == ("crash", "The script could not be run.")
    assert "quickjs-ng is not installed" in outcome.detail
    assert own.sandbox.check(PASSING).message == "The script cannot be read."


@pytest.mark.security(35)
def test_a_child_that_cannot_start_refuses(own, monkeypatch, capfd):
    monkeypatch.setattr(processes, "JAVASCRIPT", Path("/nowhere"))

    outcome = own.rules(PASSING)

    assert isinstance(outcome, Refused)
    assert outcome.kind == "crash"
    assert "FileNotFoundError" in capfd.readouterr().err


def test_a_host_that_fails_in_a_way_nobody_thought_of_does_not_leave_the_script_waiting(own, monkeypatch):
    failures = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    own.host.answers["request"] = lambda request: 1 / 0

    outcome = own.rules("async (u, c, callback) => { await fetch('https://a.example/'); callback(null); }")

    assert "It could not be done" in outcome.message
    assert [failure.exc_type for failure in failures] == [ZeroDivisionError]
