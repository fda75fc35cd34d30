"""What a worker cannot do, whatever code runs in it: the kernel's limits, for when the engine itself is broken.

The strongest is the list of system calls: memory, time, randomness, and reading and writing what is open already, which
is one socket to the parent. No file can be opened, no socket made, no process started or looked into, and no memory
made executable. Where the kernel cannot do that (it can on every Linux; macOS has nothing alike), the others stand.
"""

from __future__ import annotations

import os
import resource
import struct
import sys
from functools import cache
from typing import Any

_SET_DUMPABLE, _SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _SET_DEATH_SIGNAL = 4, 38, 22, 1
_FILTER_MODE = 2
OPEN = 4
"""A worker's descriptors: three of /dev/null, and the socket to its parent."""
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050001
"""The last answers EPERM: a library that tries something needless goes on without it."""
_LOAD, _EQUALS, _HAS_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _THIRD_ARGUMENT = 0, 4, 32
_EXECUTABLE = 4

_X86_64 = {
    "read": 0, "write": 1, "close": 3, "poll": 7, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35,
    "exit": 60, "gettimeofday": 96, "getrusage": 98, "futex": 202, "restart_syscall": 219, "clock_gettime": 228,
    "clock_nanosleep": 230, "exit_group": 231, "ppoll": 271, "getrandom": 318,
}  # fmt: skip
_AARCH64 = {
    "read": 63, "write": 64, "close": 57, "ppoll": 73, "mmap": 222, "mprotect": 226, "munmap": 215, "brk": 214,
    "rt_sigprocmask": 135, "rt_sigreturn": 139, "sched_yield": 124, "mremap": 216, "madvise": 233, "nanosleep": 101,
    "exit": 93, "gettimeofday": 169, "getrusage": 165, "futex": 98, "restart_syscall": 128, "clock_gettime": 113,
    "clock_nanosleep": 115, "exit_group": 94, "getrandom": 278,
}  # fmt: skip
_CALLS = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}


class Unwalled(Exception):
    """This kernel does not let a worker be walled in, so that nothing may run in it."""


def around_the_zygote() -> None:
    """Let the zygote write no file and leave no core, and let nobody look into it."""
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    _lower(resource.RLIMIT_NOFILE, 64)
    look_away()
    if sys.platform == "linux":
        _address_space()
        seccomp_program()  # made here once, for every worker


def around_a_worker(memory_mb: int, cpu_seconds: int) -> None:
    """Take everything from this process that running a script does not need. There is no way back."""
    if sys.platform == "linux":
        _prctl(_SET_DEATH_SIGNAL, 9)
    _lower(resource.RLIMIT_AS, _address_space() + memory_mb * 2**20)
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    _lower(resource.RLIMIT_NPROC, 0)
    _lower(resource.RLIMIT_NOFILE, OPEN)
    if sys.platform == "linux":
        _seal()


def look_away() -> None:
    """Let no process of the same user look into this one: not into its memory, nor into its environment."""
    if sys.platform == "linux":
        _prctl(_SET_DUMPABLE, 0)


def _lower(limit: int, to: int) -> None:
    _, hard = resource.getrlimit(limit)
    least = to if hard == resource.RLIM_INFINITY else min(to, hard)
    resource.setrlimit(limit, (least, least))


def _address_space() -> int:
    """Give how much this process has mapped, and some room for Python itself."""
    try:
        pages = int(_statm().split()[0])
    except OSError:
        pages = 1 << 16
    return pages * resource.getpagesize() + 64 * 2**20


@cache
def _statm() -> bytes:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib takes 10 ms to import
        return file.read()


def _prctl(option: int, value: int, more: Any = 0) -> None:
    if _libc().prctl(option, value, more, 0, 0):
        raise Unwalled(f"prctl {option}")


@cache
def _libc() -> Any:
    import ctypes  # noqa: PLC0415 - Linux alone needs it

    return ctypes.CDLL(None, use_errno=True)


def _seal() -> None:
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)
    program, _ = seccomp_program()
    _prctl(_SET_SECCOMP, _FILTER_MODE, program)


@cache
def seccomp_program() -> tuple[Any, Any]:
    """Make the kernel's program that decides about each system call, and keep its bytes alive beside it."""
    import ctypes  # noqa: PLC0415 - Linux alone needs it

    if os.uname().machine not in _CALLS:
        raise Unwalled(os.uname().machine)
    steps = instructions(os.uname().machine)
    code = ctypes.create_string_buffer(b"".join(steps))
    packed = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    return packed, code


def instructions(machine: str) -> list[bytes]:
    """Write the program: another architecture's calls kill, listed calls pass, all others are refused."""
    architecture, calls = _CALLS[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUALS, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    for name, number in calls.items():
        if name in ("mmap", "mprotect"):
            steps += [
                _step(_EQUALS, number, 0, 4),
                _step(_LOAD, _THIRD_ARGUMENT),
                _step(_HAS_BIT, _EXECUTABLE, 0, 1),
                _step(_RETURN, _REFUSE),
                _step(_RETURN, _ALLOW),
            ]
        else:
            steps += [_step(_EQUALS, number, 0, 1), _step(_RETURN, _ALLOW)]
    return [*steps, _step(_RETURN, _REFUSE)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
