"""Packages of npm: fetched once, checked, and only what is wanted of them, whole."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile

import pytest

from infra import npm
from infra.npm import Package, PackageError


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """A registry in a folder: puts an archive of empty files there, and gives the package."""
    monkeypatch.setattr(npm, "REGISTRY", (tmp_path / "registry").as_uri())

    def publish(*names, sha512=""):
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for name in names:
                tar.addfile(tarfile.TarInfo(name))
        path = tmp_path / "registry" / "@acme" / "thing" / "-" / "thing-1.2.3.tgz"
        path.parent.mkdir(parents=True)
        path.write_bytes(content.getvalue())
        found = base64.b64encode(hashlib.sha512(content.getvalue()).digest()).decode()
        return Package(name="@acme/thing", version="1.2.3", sha512=sha512 or found, folder="package/dist/", size="1 kB")

    return publish


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_the_folder_that_is_wanted_is_kept(publish, tmp_path):
    package = publish("package/package.json", "package/dist/thing.js")

    files = package.fetch(tmp_path / "cache")

    assert files == tmp_path / "cache" / "1.2.3"
    assert names(files) == ["thing.js"]
    assert names(tmp_path / "cache") == ["1.2.3"]


def test_what_an_interrupted_run_left_is_not_taken_for_whole(publish, tmp_path):
    left = tmp_path / "cache" / "1.2.3.partial" / "package" / "dist"
    left.mkdir(parents=True)
    (left / "left.js").touch()

    files = publish("package/dist/thing.js").fetch(tmp_path / "cache")

    assert names(files) == ["thing.js"]


def test_a_package_that_is_not_the_one_expected_is_not_unpacked(publish, tmp_path):
    package = publish("package/dist/thing.js", sha512="bm90IGl0")

    with pytest.raises(PackageError, match="its checksum differs"):
        package.fetch(tmp_path / "cache")

    assert not (tmp_path / "cache").exists()


def test_a_package_that_cannot_be_fetched_is_told(publish, tmp_path):
    package = publish("package/dist/thing.js")
    (tmp_path / "registry" / "@acme" / "thing" / "-" / "thing-1.2.3.tgz").unlink()

    with pytest.raises(PackageError, match="could not be fetched"):
        package.fetch(tmp_path / "cache")


def test_what_is_there_is_not_fetched_again(publish, tmp_path):
    package = publish("package/dist/thing.js", sha512="bm90IGl0")
    (tmp_path / "cache" / "1.2.3").mkdir(parents=True)

    assert package.fetch(tmp_path / "cache") == tmp_path / "cache" / "1.2.3"
