"""MiniStack, the emulated AWS, as a child process on a free port of the loopback interface.

Owns starting it, knowing that it is ready, and stopping it so that nothing is lost; `ministack_child` is what runs in
the child. Does not know what is stored there.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60
"""How long a start may take: a former child may still be saving, and a large table takes seconds to load."""
_STOP_SECONDS = 60
SNAPSHOT_SECONDS = 5.0

_CHILD = (sys.executable, "-m", "infra.ministack_child")
_SERVICES = "dynamodb,dynamodbstreams,kms,s3,ses"


class MiniStackError(Exception):
    """MiniStack did not start, did not stop by itself or could not save; the message says where to look."""


class MiniStack:
    """A running MiniStack: `with MiniStack(directory) as endpoint_url`.

    Without a directory it forgets everything when it ends. With one, everything is kept there:

    - a clean stop saves all; so does the death of this process by any signal, SIGKILL included, because the child
      notices the end of the pipe between them, saves and ends by itself. The next start waits for that.
    - when the child itself is killed, or the machine stops, what was written since the last snapshot is lost: at most
      5 seconds, or 20 times as long as the snapshot takes when that is longer (see `ministack_child`).

    `bare`, which takes a directory, lets functions find what is in their package and nothing else.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        snapshot_seconds: float = SNAPSHOT_SECONDS,
        services: str = _SERVICES,
        *,
        bare: bool = False,
    ) -> None:
        self._data_dir = data_dir.resolve() if data_dir else None
        self._snapshot_seconds = snapshot_seconds
        self._services = services
        self._bare = bare
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def __enter__(self) -> str:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            self._process = self._spawn(listener.fileno(), port)
        try:
            self._await_ready(port)
        except BaseException:
            self._stop()
            raise
        return f"http://127.0.0.1:{port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def wait(self) -> int:
        """Wait until the child ends, which it should not, and give its return code."""
        return self._child.wait()

    @property
    def _child(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise MiniStackError("MiniStack has not been started.")
        return self._process

    def _spawn(self, descriptor: int, port: int) -> subprocess.Popen[bytes]:
        # It listens on a socket of ours: no race for the port, and the first request waits until it is answered. Its
        # session is its own, so that Ctrl-C in the terminal reaches us only and the order of stopping is ours.
        log = self._open_log()
        try:
            return subprocess.Popen(  # noqa: S603 - our own arguments
                [*_CHILD, str(descriptor), str(self._snapshot_seconds), *(["bare"] if self._bare else [])],
                cwd=_ROOT,
                env=_environment(port, self._data_dir, self._services),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[descriptor],
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _open_log(self) -> int:
        if self._data_dir is None:
            return os.open(os.devnull, os.O_WRONLY)
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self._log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    @property
    def _log_path(self) -> Path:
        return (self._data_dir or Path()) / "ministack.log"

    def _await_ready(self, port: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
        try:
            connection.request("GET", "/_ministack/health")
            connection.getresponse().read()
        except (OSError, HTTPException) as error:
            raise MiniStackError(self._why()) from error
        finally:
            connection.close()

    def _why(self) -> str:
        return f"MiniStack, the emulated AWS, did not start. {self._last_words()}"

    def _last_words(self) -> str:
        if self._data_dir is None:
            return "It keeps no log without a directory."
        lines = self._log_path.read_text("utf-8", errors="replace").splitlines()
        return f"{lines[-1] if lines else 'It said nothing.'} ({self._log_path})"

    def _stop(self) -> None:
        child = self._child
        was_running = child.poll() is None
        if child.stdin:
            child.stdin.close()
        try:
            code = child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise MiniStackError("MiniStack did not stop by itself: what was written last may be lost.") from None
        if was_running and code != 0:
            raise MiniStackError(f"MiniStack did not end well: what was written last may be lost. {self._last_words()}")


def _environment(port: int, data_dir: Path | None, services: str) -> dict[str, str]:
    # Nothing of a person's own AWS set-up may change what the emulator does.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONPATH"))}
    return inherited | {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "SERVICES": services,
        "LOG_LEVEL": "WARNING",
        # These two would listen on every interface.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # At start and stop it removes the containers of any MiniStack: they are not ours.
        "DOCKER_HOST": "unix:///nonexistent",
        "PERSIST_STATE": "1" if data_dir else "0",
        "S3_PERSIST": "1" if data_dir else "0",
        "STATE_DIR": str(data_dir or os.devnull),
        "S3_DATA_DIR": str(data_dir / "s3" if data_dir else os.devnull),
    }
