"""This process: alone on its data, ended in good order by every signal, undisturbed by a closed terminal."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.process import end_on_signals, say, sole_user_of

ROOT = Path(__file__).parents[2]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
HOLDER = """
import signal, sys
from pathlib import Path
from infra.local.process import say, sole_user_of
with sole_user_of(Path(sys.argv[1])):
    say("held")
    signal.pause()
"""


class ClosedTerminal(io.StringIO):
    def flush(self):
        raise BrokenPipeError


@pytest.fixture
def signals():
    """Set back what a test does with signals."""
    before = {each: signal.signal(each, signal.SIG_DFL) for each in SIGNALS}
    yield
    for each, what in before.items():
        signal.signal(each, what)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_ends_it_as_well_as_leaving_would(signals, number):
    end_on_signals()

    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(number)

    assert ended.value.code == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_does_not_interrupt_the_stopping(signals, number):
    end_on_signals()
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGINT)

    signal.raise_signal(number)

    assert signal.getsignal(number) is signal.SIG_IGN


def test_under_nohup_a_closed_terminal_ends_nothing(signals):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    end_on_signals()

    signal.raise_signal(signal.SIGHUP)

    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_folder_has_one_user_and_the_second_is_told_who(tmp_path):
    with sole_user_of(tmp_path), pytest.raises(SystemExit) as told, sole_user_of(tmp_path):
        pass

    owner = f"Another local stack (process {os.getpid()}) runs on {tmp_path}."
    assert str(told.value) == f"{owner} Stop it, or set DATA_DIR to another directory."


def test_who_is_refused_does_not_take_the_folder_from_its_user(tmp_path):
    with sole_user_of(tmp_path):
        for _ in range(2):
            with pytest.raises(SystemExit), sole_user_of(tmp_path):
                pass


def test_a_folder_is_free_when_its_user_has_left(tmp_path):
    with sole_user_of(tmp_path):
        pass

    with sole_user_of(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_is_free_when_its_user_was_killed(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(SystemExit, match=f"process {other.pid}"), sole_user_of(tmp_path):
            pass
        other.kill()

    with sole_user_of(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_is_made_is_its_owners_alone(tmp_path):
    with sole_user_of(tmp_path / "new" / "data"):
        assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "new" / "data" / "lock").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    told = pytest.raises(SystemExit, match=r"file/data cannot be used: Not a directory\. Set DATA_DIR to another")
    with told, sole_user_of(tmp_path / "file" / "data"):
        pass


def test_what_is_said_is_seen_at_once(capfd):
    say("Starting ...")

    assert capfd.readouterr().out == "Starting ...\n"


def test_a_closed_terminal_does_not_keep_it_from_stopping(monkeypatch):
    closed = ClosedTerminal()
    monkeypatch.setattr(sys, "stdout", closed)

    say("Stopping ...")
    say("Stopped.")

    assert closed.getvalue() == "Stopping ...\n"
    sys.stdout.close()
