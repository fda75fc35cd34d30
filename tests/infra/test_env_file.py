"""The environment file: read by shells as it was meant, by its owner only, and never half written."""

from __future__ import annotations

import stat
import subprocess

import pytest

from infra.local import env_file

AWKWARD = {
    "PLAIN": "value-1_x",
    "SPACES": "two words",
    "QUOTES": """it's "quoted" """,
    "DOLLAR": "$HOME `id` $(id)",
    "EQUALS": "a=b=c",
    "HASH": "a #b",
    "BACKSLASH": r"C:\new",
    "LINES": "one\ntwo",
    "LETTERS": "Zoë",
    "EMPTY": "",
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / env_file.NAME


def test_what_was_written_is_read(path):
    env_file.write(path, AWKWARD)

    assert env_file.read(path) == AWKWARD


@pytest.mark.parametrize("name", AWKWARD)
def test_a_shell_reads_the_same(path, name):
    env_file.write(path, AWKWARD)

    said = subprocess.run(
        ["/bin/sh", "-c", f'set -a; . "$0"; set +a; printenv {name}', path], capture_output=True, check=True
    )

    assert said.stdout.decode() == f"{AWKWARD[name]}\n"


def test_no_file_is_no_values(path):
    assert env_file.read(path) == {}


def test_only_its_owner_may_read_it_whatever_was_there(path):
    path.write_text("OPEN=1\n")
    path.chmod(0o666)

    env_file.write(path, {"SECRET": "x"})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_replaced_whole(path):
    env_file.write(path, {"OLD": "1", "BOTH": "1"})
    with path.open() as reader:
        env_file.write(path, {"BOTH": "2"})

        # Who had it open still reads all of what was there.
        assert "OLD=1" in reader.read()
    assert env_file.read(path) == {"BOTH": "2"}


def test_what_an_interrupted_run_left_is_in_nobodys_way(path):
    path.with_name(f"{path.name}.partial").write_text("half")

    env_file.write(path, {"NAME": "1"})

    assert [each.name for each in path.parent.iterdir()] == [env_file.NAME]


def test_comments_and_exports_of_a_person_are_no_values(path):
    path.write_text("# secret=1\nexport NAME='a b'  # why\n")

    assert env_file.read(path) == {"NAME": "a b"}


def test_a_file_that_cannot_be_read_is_told_in_a_sentence(path):
    path.write_text("NAME='never closed\n")

    with pytest.raises(SystemExit, match=r"gatehouse\.env cannot be read: No closing quotation\. Mend it, or remove"):
        env_file.read(path)
