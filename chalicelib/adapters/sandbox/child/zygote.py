"""The child process: it loads the engine once, then forks a worker for each run and ends those that are to be ended.

Its standard input is a socket to the parent. Nine bytes are an order: a letter and a number of a run. `R` brings the
worker's own socket along; `S` stops that run. When the parent is gone, so are all workers, and then the zygote.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import struct

from chalicelib.adapters.sandbox.child import walls
from chalicelib.adapters.sandbox.child.engine import Engine
from chalicelib.adapters.sandbox.child.frames import Channel
from chalicelib.adapters.sandbox.child.worker import work

ORDER = struct.Struct(">cQ")
RUN, STOP = b"R", b"S"


def main(extension: str, javascript: str) -> None:
    """Serve until the parent closes the socket."""
    orders = socket.socket(fileno=os.dup(0))
    engine = Engine(extension, javascript)
    walls.around_the_zygote()
    # What is there stays there: without this a collection in a worker would copy every page it looks at.
    gc.disable()
    gc.freeze()
    Zygote(engine, orders).serve()


class Zygote:
    """Which worker runs which job."""

    def __init__(self, engine: Engine, orders: socket.socket) -> None:
        """Ask to be woken when a worker ends."""
        self.engine, self.orders = engine, orders
        self.workers: dict[int, int] = {}
        self.woken, bell = os.pipe()
        os.set_blocking(bell, False)
        os.set_blocking(self.woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(bell, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Take orders."""
        while True:
            ready, _, _ = select.select([self.orders.fileno(), self.woken], [], [])
            if self.woken in ready:
                os.read(self.woken, 4096)
                self.reap()
            if self.orders.fileno() in ready:
                order, descriptors, _, _ = socket.recv_fds(self.orders, ORDER.size, 1)
                if len(order) < ORDER.size:
                    break
                self.obey(order, descriptors)
        for run in list(self.workers):
            self.stop(run)

    def obey(self, order: bytes, descriptors: list[int]) -> None:
        """Start or stop a run."""
        letter, run = ORDER.unpack(order)
        if letter == STOP:
            self.stop(run)
            return
        (descriptor,) = descriptors
        self.workers[run] = self.fork(descriptor)
        os.close(descriptor)

    def stop(self, run: int) -> None:
        """End a worker. It has not been waited for, so its number is nobody else's."""
        if run in self.workers:
            os.kill(self.workers[run], signal.SIGKILL)

    def reap(self) -> None:
        """Let go of workers that have ended."""
        for run, worker in list(self.workers.items()):
            if os.waitpid(worker, os.WNOHANG)[0]:
                del self.workers[run]

    def fork(self, descriptor: int) -> int:
        """Make a worker that has one socket and nothing else, and knows nothing of the other workers' runs."""
        worker = os.fork()
        if worker:
            return worker
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            nothing = os.open("/dev/null", os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(nothing, standard)
            os.dup2(descriptor, walls.OPEN - 1)
            os.closerange(walls.OPEN, 64)
            work(self.engine, Channel(walls.OPEN - 1))
            status = 0
        finally:
            os._exit(status)
