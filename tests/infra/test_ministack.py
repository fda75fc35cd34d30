"""What MiniStack keeps, and when: clean stops, deaths of either process, files that cannot be read or written."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra.clients import client
from infra.ministack import SNAPSHOT_SECONDS, MiniStack, MiniStackError
from infra.ministack_child import SNAPSHOT_SHARE
from infra.table import create_table
from tests.infra.conftest import wait_until

ROOT = Path(__file__).parents[2]
KEY = {"pk": {"S": "last"}, "sk": {"S": "word"}}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "aws"


def write(endpoint, table="kept"):
    dynamodb = client("dynamodb", endpoint)
    create_table(dynamodb, table)
    dynamodb.put_item(TableName=table, Item=KEY)


def read(endpoint):
    return client("dynamodb", endpoint).get_item(TableName="kept", Key=KEY).get("Item")


def kept_in(folder):
    with MiniStack(folder) as endpoint:
        return read(endpoint)


def test_items_and_keys_are_there_after_a_clean_stop(folder):
    with MiniStack(folder) as endpoint:
        write(endpoint)
        kms = client("kms", endpoint)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        sealed = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]

    with MiniStack(folder) as endpoint:
        opened = client("kms", endpoint).decrypt(KeyId=key, CiphertextBlob=sealed)

        assert read(endpoint) == KEY
        assert opened["Plaintext"] == b"secret"


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT])
def test_the_death_of_its_owner_loses_nothing(folder, death):
    owner = subprocess.Popen(
        [sys.executable, "-m", "tests.infra.owner", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout
    assert owner.stdout.readline() == "written\n"

    owner.send_signal(death)
    owner.communicate()

    # No snapshot was due for an hour: it saved because its owner was gone.
    assert kept_in(folder) == KEY


def test_its_own_death_loses_nothing_that_a_snapshot_has(folder):
    running = MiniStack(folder, snapshot_seconds=0.1)
    with running as endpoint:
        write(endpoint)
        wait_until(lambda: '"last"' in state(folder))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()

    assert kept_in(folder) == KEY


def test_its_own_death_loses_what_no_snapshot_has(folder):
    running = MiniStack(folder, snapshot_seconds=3600)
    with running as endpoint:
        write(endpoint)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()

    with MiniStack(folder) as endpoint:
        assert client("dynamodb", endpoint).list_tables()["TableNames"] == []


def test_the_documentation_says_how_much_that_is():
    page = (ROOT / "docs" / "local-stack.md").read_text()

    assert f"at most {SNAPSHOT_SECONDS:g} seconds" in page
    assert f"{SNAPSHOT_SHARE} times" in page


def test_a_stop_before_anything_was_made_does_not_bar_the_next_start(folder):
    with MiniStack(folder):
        pass

    with MiniStack(folder) as endpoint:
        assert client("dynamodb", endpoint).list_tables()["TableNames"] == []


@pytest.mark.parametrize(
    ("service", "damage"),
    [("dynamodb", b""), ("dynamodb", b'{"__ministack'), ("dynamodb", b"\xff\xfe"), ("kms", b'{"payload": {}}')],
)
def test_a_damaged_state_is_refused_and_left_as_it_is(folder, service, damage):
    folder.mkdir()
    path = folder / f"{service}.json"
    path.write_bytes(damage)

    with pytest.raises(MiniStackError, match=rf"{service}\.json cannot be read. Move it away"), MiniStack(folder):
        pass

    assert path.read_bytes() == damage


def test_a_state_of_a_newer_ministack_is_refused_and_left_as_it_is(folder):
    folder.mkdir()
    path = folder / "dynamodb.json"
    tables = {"__account_region_scoped__": True, "data": {"000000000000\x00us-east-1\x00'kept'": {}}}
    path.write_text(json.dumps({"__ministack_format__": 999, "payload": {"tables": tables}}))
    before = path.read_bytes()

    with pytest.raises(MiniStackError, match="cannot be read"), MiniStack(folder):
        pass

    assert path.read_bytes() == before


def test_a_stop_that_cannot_save_says_so_and_keeps_the_snapshot_before(folder):
    with MiniStack(folder) as endpoint:
        write(endpoint)
    block(folder)

    lost = pytest.raises(MiniStackError, match=r"what was written last may be lost.*could not be saved")
    with lost, MiniStack(folder) as endpoint:
        write(endpoint, "more")

    unblock(folder)
    assert kept_in(folder) == KEY


def test_a_snapshot_that_failed_is_tried_again(folder):
    folder.mkdir()
    block(folder)

    with MiniStack(folder, snapshot_seconds=0.1) as endpoint:
        write(endpoint)
        wait_until(lambda: "could not be saved" in (folder / "ministack.log").read_text())
        unblock(folder)

        wait_until(lambda: '"last"' in state(folder))


def test_only_the_owner_of_the_folder_may_read_what_is_kept(folder):
    with MiniStack(folder) as endpoint:
        write(endpoint)

    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_a_folder_nothing_is_kept(tmp_path):
    with MiniStack() as endpoint:
        write(endpoint)

    with MiniStack() as endpoint:
        assert client("dynamodb", endpoint).list_tables()["TableNames"] == []


def test_a_persons_own_aws_settings_do_not_reach_it(folder, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PERSIST_STATE", "0")

    with MiniStack(folder) as endpoint:
        write(endpoint)

    assert '"last"' in state(folder)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel does not list sockets in /proc")
def test_it_listens_on_the_loopback_interface_alone():
    running = MiniStack()

    with running:
        addresses = listening(running.pid)

    assert addresses == {"0100007F"}


def test_its_process_has_no_number_before_it_is_started():
    with pytest.raises(MiniStackError, match="has not been started"):
        MiniStack().pid  # noqa: B018 - reading it is what is tested


def listening(pid):
    """Give the addresses a process listens on, as the kernel writes them: 0100007F is 127.0.0.1."""
    sockets = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()
        if line.split()[3] == "0A"
    ]
    return {row[1].partition(":")[0] for row in rows if f"socket:[{row[9]}]" in sockets}


def state(folder):
    path = folder / "dynamodb.json"
    return path.read_text() if path.exists() else ""


def block(folder):
    """Let every save fail, as a full disk would: where the file is written first, there is a directory."""
    (folder / "dynamodb.json.partial").mkdir()


def unblock(folder):
    (folder / "dynamodb.json.partial").rmdir()
