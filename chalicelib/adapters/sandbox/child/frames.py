"""Messages between the parent and a worker: four bytes of length, then that many bytes of JSON in ASCII."""

from __future__ import annotations

import os
import select
import struct

_LENGTH = struct.Struct(">I")


class Closed(Exception):
    """The other side is gone, or says nonsense."""


class Late(Exception):
    """Nothing came in time."""


class Channel:
    """One end, by its file descriptor. Only reads, writes and polls: a worker's walls allow no more."""

    def __init__(self, descriptor: int) -> None:
        """Take over a descriptor that blocks."""
        self.descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def send(self, text: bytes) -> None:
        """Send a message, or raise Closed."""
        left = memoryview(_LENGTH.pack(len(text)) + text)
        try:
            while left:
                left = left[os.write(self.descriptor, left) :]
        except OSError as error:
            raise Closed from error

    def waits(self, seconds: float) -> bool:
        """Whether a message begins within a time."""
        return bool(self._poll.poll(max(0.0, seconds) * 1000))

    def receive(self, most: int) -> bytes:
        """Wait for a message of so many bytes at most, or raise Closed."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        if length > most:
            raise Closed
        return self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = os.read(self.descriptor, min(size, 1 << 20))
            except OSError as error:
                raise Closed from error
            if not part:
                raise Closed
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
