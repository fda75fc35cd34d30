"""Lists of breached passwords: in a file, in a folder and in S3; and that nothing damaged lets a password pass."""

from __future__ import annotations

from hashlib import sha1

import botocore.session
import pytest

from chalicelib.adapters.breached_passwords import Ranges, SortedFile, breached_passwords
from chalicelib.core.errors import Unavailable
from tests.conftest import REGION

LISTED = [f"password {n}" for n in range(300)]
UNLISTED = [f"unlisted {n}" for n in range(300)]


def digest(password: str) -> str:
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def opened(place):
    return breached_passwords(str(place), REGION, None)


@pytest.fixture
def file(tmp_path):
    """Write a sorted file."""

    def write(passwords=tuple(LISTED), *, line="{}:{}\n", text=None):
        path = tmp_path / "pwned.txt"
        lines = (line.format(digest(password), len(password)) for password in passwords)
        path.write_text("".join(sorted(lines)) if text is None else text, newline="")
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    """Write the ranges of some passwords, and the first and the last one."""

    def write(passwords=(), *, name="{}.txt", line="{}:7\r\n"):
        for prefix in ("00000", "FFFFF"):
            (tmp_path / name.format(prefix)).touch()
        for password in passwords:
            with (tmp_path / name.format(digest(password)[:5])).open("a", newline="") as range_:
                range_.write(line.format(digest(password)[5:]))
        return tmp_path

    return write


# One file


@pytest.mark.security(5)
def test_every_password_of_a_file_is_found_and_no_other(file):
    found = opened(file())

    assert isinstance(found, SortedFile)
    assert all(found.has(password) for password in LISTED)
    assert not any(found.has(password) for password in UNLISTED)


@pytest.mark.parametrize("line", ["{}\n", "{}:{}\r\n", "{}\r\n"])
def test_a_line_may_lack_its_count_and_end_as_on_windows(file, line):
    found = opened(file(line=line))

    assert all(found.has(password) for password in LISTED)
    assert not any(found.has(password) for password in UNLISTED)


def test_hashes_may_be_in_lower_case(file):
    path = file()
    path.write_text(path.read_text().lower())

    assert all(opened(path).has(password) for password in LISTED)


def test_the_last_line_needs_no_end(file):
    path = file(["one"])
    path.write_text(path.read_text().strip())

    assert opened(path).has("one")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_file_of_few_lines_is_searched_whole(file, count):
    few = LISTED[:count]

    assert [opened(file(few)).has(password) for password in (*few, "other")] == [True] * count + [False]


def test_a_password_is_looked_up_by_its_utf_8(file):
    assert opened(file(["pässwörd 😀"])).has("pässwörd 😀")


@pytest.mark.parametrize(
    "text", ["", "\n", "password\n", "A" * 39 + ":1\n", "G" * 40 + ":1\n", f"{'F' * 40}:1\n{'0' * 40}:1\n"]
)
def test_a_file_that_is_no_sorted_list_is_refused_at_once(file, text):
    with pytest.raises(ValueError, match="no sorted list"):
        opened(file(text=text))


@pytest.mark.security(5)
def test_a_file_that_is_damaged_inside_lets_no_password_pass(file):
    damaged = opened(file(text=f"{'0' * 40}:1\n{'x' * 200}\n{'F' * 40}:1\n"))

    with pytest.raises(Unavailable):
        damaged.has("password")


def test_a_file_that_is_gone_lets_no_password_pass(file):
    path = file()
    found = opened(path)
    path.unlink()

    with pytest.raises(Unavailable, match="cannot be set") as refused:
        found.has("password")
    assert str(path) in refused.value.detail


# Ranges


@pytest.mark.parametrize("name", ["{}.txt", "{}"])
@pytest.mark.parametrize("line", ["{}:7\r\n", "{}:7\n", "{}\n"])
def test_every_password_of_a_folder_is_found(folder, name, line):
    found = opened(folder(["one", "two"], name=name, line=line))

    assert isinstance(found, Ranges)
    assert [found.has("one"), found.has("two")] == [True, True]


def test_a_password_beside_the_listed_ones_is_not_found(folder):
    path = folder(["one"])
    (path / f"{digest('two')[:5]}.txt").write_text(f"{'0' * 35}:1\r\n")

    assert not opened(path).has("two")


def test_what_pads_a_range_lists_nothing(folder):
    assert not opened(folder(["one"], line="{}:0\r\n")).has("one")


def test_a_range_that_is_missing_lets_no_password_pass(folder):
    with pytest.raises(Unavailable) as refused:
        opened(folder()).has("one")
    assert digest("one")[:5] in refused.value.detail


def test_a_range_that_cannot_be_read_lets_no_password_pass(folder):
    path = folder()
    (path / f"{digest('one')[:5]}.txt").mkdir()

    with pytest.raises(Unavailable):
        opened(path).has("one")


def test_a_folder_without_ranges_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match=r"no file 00000\.txt"):
        opened(tmp_path)


def test_a_place_where_nothing_is_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        opened(tmp_path / "nowhere")


# S3


@pytest.fixture
def bucket(aws):
    """A bucket that holds the range of one password, below a prefix and without one."""
    client = botocore.session.get_session().create_client("s3", region_name=REGION)
    client.create_bucket(Bucket="breaches", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("", "pwned/"):
        body = f"{digest('one')[5:]}:7\r\n".encode()
        client.put_object(Bucket="breaches", Key=f"{key}{digest('one')[:5]}.txt", Body=body)
    yield client
    for item in client.list_objects_v2(Bucket="breaches")["Contents"]:
        client.delete_object(Bucket="breaches", Key=item["Key"])
    client.delete_bucket(Bucket="breaches")


@pytest.mark.parametrize("place", ["s3://breaches", "s3://breaches/", "s3://breaches/pwned", "s3://breaches/pwned/"])
def test_ranges_in_s3_are_read(bucket, place):
    assert opened(place).has("one")


@pytest.mark.parametrize("place", ["s3://breaches", "s3://nowhere"])
def test_an_object_that_is_missing_in_s3_lets_no_password_pass(bucket, place):
    with pytest.raises(Unavailable) as refused:
        opened(place).has("two")
    assert f"{place}/{digest('two')[:5]}.txt" in refused.value.detail
