"""The command itself: what each way of ending it keeps, and every start that cannot be, told in a sentence."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from infra.local.__main__ import shown
from infra.local.env_file import NAME
from tests.stacks import PATIENCE, ROOT, command, running

CONNECTION = "Username-Password-Authentication"
ENDS = {signal.SIGINT: 0, signal.SIGTERM: 0, signal.SIGHUP: 0, signal.SIGKILL: -signal.SIGKILL}
"""Ctrl-C, kill, a closed terminal and kill -9, and what the process then returns."""


def bearer(stack):
    return {"Authorization": f"Bearer {stack.token()}"}


def create_user(stack, name):
    body = {"connection": CONNECTION, "email": f"{name}@example.com", "password": "correct Horse battery 1"}
    return stack.call("POST", "/api/v2/users", headers=bearer(stack), json=body).raise_for_status().json()["user_id"]


def names(stack):
    listed = stack.call("GET", "/api/v2/users", headers=bearer(stack)).raise_for_status().json()
    return {user["email"].partition("@")[0] for user in listed}


def refused(data, **moved):
    """Start the command where it cannot start; give its return code and what it said."""
    process = command(data, **moved)
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said.strip().splitlines()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder that one start after the other works on, each on ports of its own."""
    return tmp_path_factory.mktemp("data")


def test_what_was_answered_just_before_any_end_is_kept(data):
    for number, code in ENDS.items():
        with running(data) as stack:
            create_user(stack, number.name.lower())
            assert stack.end(number) == code

    with running(data) as stack:
        assert {number.name.lower() for number in ENDS} - names(stack) == set()


def test_it_says_where_it_is_and_how_it_stops(data):
    with running(data) as stack:
        stack.end(signal.SIGINT)
    said = "".join(stack.said)

    assert f"https      https://{stack.domain}\n" in said
    assert f"trust {data / 'ca.pem'}\n" in said
    assert said.endswith("Stopping ...\nStopped.\n")


def test_it_shows_paths_as_they_would_be_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert shown(tmp_path / ".local" / "ca.pem") == ".local/ca.pem"
    assert shown(tmp_path.parent / "ca.pem") == str(tmp_path.parent / "ca.pem")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the kernel does not list children in /proc")
def test_the_death_of_ministack_is_told_and_ends_it(data):
    with running(data) as stack:
        os.kill(child_of(stack.process.pid), signal.SIGKILL)
        code = stack.process.wait(PATIENCE)

    assert code == 1
    assert stack.said[-1] == "MiniStack ended by itself (-9). What was written in the last seconds may be lost.\n"


@pytest.mark.parametrize("name", ["PORT", "TLS_PORT"])
def test_a_port_that_is_taken_is_one_sentence(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        code, said = refused(tmp_path, **{name: port})

    sentence = f"Port {port} of 127.0.0.1 cannot be used: Address already in use. Set {name} to another."
    assert (code, said) == (1, [sentence])


def test_a_second_stack_on_the_same_folder_is_one_sentence(data):
    with running(data) as first:
        code, said = refused(data)

    assert (code, len(said)) == (1, 1)
    assert said[0].startswith(f"Another local stack (process {first.process.pid}) runs on {data}.")


def test_a_folder_that_is_moved_is_served_from_where_it_is(data, tmp_path):
    with running(data) as stack:
        create_user(stack, "moved")
    moved = tmp_path / "elsewhere"
    data.rename(moved)

    with running(moved) as stack:
        assert "moved" in names(stack)
        assert stack.env["SSL_CERT_FILE"] == str(moved / "ca.pem")
    moved.rename(data)


def test_port_0_takes_a_free_one(tmp_path):
    with running(tmp_path, PORT=0, TLS_PORT=0) as stack:
        assert stack.call("GET", "/.well-known/jwks.json").status_code == 200


def test_every_variable_of_the_environment_file_is_documented(data):
    page = (ROOT / "docs" / "local-stack.md").read_text("utf-8")
    with running(data) as stack:
        written = set(stack.env)

    assert {name for name in written if f"`{name}`" not in page} == set()
    assert f"`{NAME}`" in page


def child_of(pid):
    """Give the only child of a process."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)
