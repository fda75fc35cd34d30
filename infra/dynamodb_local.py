"""DynamoDB Local, Amazon's own stand-in for DynamoDB: in memory, on a free port. Needs Java 17 on the PATH.

Right about capacity, limits and page cuts, where the other stand-ins are not. It comes out of one package of the npm
registry, unpacked once into `.local/dynamodb-local/`. Used by the storage contract and the benchmark, and
by hand: `python -m infra.dynamodb_local`.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from infra.npm import Package, PackageError

if TYPE_CHECKING:
    from types import TracebackType

CACHE = Path(__file__).resolve().parent.parent / ".local" / "dynamodb-local"

PACKAGE = Package(
    name="amplify-dynamodb-simulator",
    version="2.9.30",
    sha512="xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==",
    folder="package/emulator/",
    size="54 MB",
)
_START_SECONDS = 60
_SHORT_LIFE = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""It seldom lives for minutes: what Java does for long lives costs the contract of the stores a third more CPU."""


class DynamoDBLocalError(Exception):
    """DynamoDB Local could not be fetched or started; the message says why."""


def available() -> bool:
    """Say whether Java is on the PATH."""
    return shutil.which("java") is not None


class DynamoDBLocal:
    """A running DynamoDB Local that forgets everything when it ends: `with DynamoDBLocal() as endpoint_url`."""

    def __init__(self, cache: Path = CACHE) -> None:
        self._cache = cache
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> str:
        if not available():
            raise DynamoDBLocalError("DynamoDB Local needs Java 17 or later: `java` is not on the PATH.")
        jars = fetch(self._cache)
        port = _free_port()
        self._process = _spawn(jars, port)
        try:
            _await_open(self._process, port)
        except BaseException:
            self._stop()
            raise
        return f"http://127.0.0.1:{port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process:
            self._process.kill()  # it has nothing to save
            self._process.wait()


def fetch(cache: Path = CACHE) -> Path:
    """Give the directory of the jars, downloaded (54 MB) unless it is there already."""
    try:
        return PACKAGE.fetch(cache)
    except PackageError as error:
        raise DynamoDBLocalError(str(error)) from error


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _spawn(jars: Path, port: int) -> subprocess.Popen[bytes]:
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    return subprocess.Popen(  # noqa: S603 - our own arguments
        ["java", *_SHORT_LIFE, "-jar", f"{jars}/DynamoDBLocal.jar", *options],  # noqa: S607 - wherever Java is
        cwd=jars,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _await_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise DynamoDBLocalError("DynamoDB Local did not start. Is `java -version` 17 or later?")


def main() -> None:
    """Run until Ctrl-C."""
    with suppress(KeyboardInterrupt), DynamoDBLocal() as endpoint_url:
        print(f"DynamoDB Local at {endpoint_url}, in memory. Ctrl-C stops it.", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
