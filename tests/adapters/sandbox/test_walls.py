"""What a worker cannot do whatever code runs in it, as if the engine had been broken: tried in Python, behind the walls."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import pytest

from chalicelib.adapters.sandbox.child import walls
from chalicelib.adapters.sandbox.processes import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these walls")

TRIED = {
    "open a file": "open('/etc/passwd')",
    "open its own memory": "open('/proc/self/mem', 'rb')",
    "open its parent's environment": "open(f'/proc/{os.getppid()}/environ', 'rb')",
    "list a directory": "os.listdir('/')",
    "make a socket": "socket.socket()",
    "make a pair of sockets": "socket.socketpair()",
    "make a pipe": "os.pipe()",
    "make a process": "os.fork()",
    "start a program": "os.execv('/bin/true', ['true'])",
    "kill another process": "os.kill(os.getppid(), 0)",
    "look into another process": "call(libc.ptrace(16, parent, 0, 0))",
    "read another process's memory": "call(libc.process_vm_readv(parent, 0, 0, 0, 0, 0))",
    "make memory executable": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "raise its own limits": "call(libc.setrlimit(0, (ctypes.c_ulong * 2)(99, 99)))",
    "give itself more time": "signal.setitimer(signal.ITIMER_REAL, 0)",
    "change its user": "os.setuid(65534)",
    "mount": "call(libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0))",
    "make a namespace": "call(libc.unshare(0x10000000))",
    "load a program for the kernel": "call(libc.syscall(321, 0, 0, 0))",
    "use the ring for input and output": "call(libc.syscall(425, 1, 0))",
    "rename a file": "os.rename('/tmp/a', '/tmp/b')",
    "leave its session": "os.setsid()",
}
_TRY = """
import ctypes, json, mmap, os, resource, signal, socket, sys
sys.path.append(sys.argv[1])
from chalicelib.adapters.sandbox.child import walls

libc, parent = ctypes.CDLL(None, use_errno=True), os.getppid()

def call(answer):
    if answer < 0:
        raise OSError(ctypes.get_errno(), "refused")

walls.around_the_zygote()
read, write = os.pipe()
if not os.fork():
    os.dup2(write, 3)
    walls.around_a_worker(64, 5)
    said = {}
    for name, tried in json.loads(sys.argv[2]).items():
        try:
            exec(tried)
            said[name] = "done"
        except Exception as error:
            said[name] = getattr(error, "errno", repr(error))
    os.write(3, json.dumps(said).encode())
    os._exit(0)
os.close(write)
print(os.read(read, 100_000).decode())
"""


@pytest.fixture(scope="module")
def said():
    """What came of each try, all in one process behind the walls."""
    arguments = [sys.executable, "-c", _TRY, str(ROOT), json.dumps(TRIED)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.security(35)
@pytest.mark.parametrize("what", TRIED)
def test_a_worker_cannot(said, what):
    assert said[what] in (1, 24)  # EPERM, and EMFILE where the number of descriptors is what stops it


def test_each_of_these_can_be_done_or_is_refused_otherwise_without_the_walls():
    arguments = [sys.executable, "-c", _TRY.replace("walls.around_a_worker(64, 5)", ""), str(ROOT)]
    harmless = {name: TRIED[name] for name in ("open a file", "make a socket", "make a pipe", "list a directory")}

    done = subprocess.run([*arguments, json.dumps(harmless)], capture_output=True, text=True, check=True)

    assert set(json.loads(done.stdout).values()) == {"done"}


@pytest.mark.security(35)
def test_memory_beyond_the_limit_is_not_given(sandbox):
    code = _TRY.replace("exec(tried)", "bytearray(int(tried))")
    tried = json.dumps({"little": "1000000", "much": str(512 * 2**20)})

    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), tried],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == {"little": "done", "much": "MemoryError()"}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_program_for_the_kernel_jumps_nowhere_but_ahead_and_ends_in_a_refusal(machine):
    steps = [struct.unpack("HBBI", step) for step in walls.instructions(machine)]

    for at, (_, if_true, if_false, _) in enumerate(steps):
        assert at + 1 + max(if_true, if_false) < len(steps) or at == len(steps) - 1
    assert steps[-1] == (walls._RETURN, 0, 0, walls._REFUSE)


def decided(machine, number, executable=0, architecture=None):
    """Run the program as the kernel would, and give what it decides."""
    data = {walls._NUMBER: number, walls._ARCHITECTURE: architecture or walls._CALLS[machine][0]}
    data[walls._THIRD_ARGUMENT] = executable
    loaded, at = 0, 0
    steps = [struct.unpack("HBBI", step) for step in walls.instructions(machine)]
    while True:
        code, if_true, if_false, value = steps[at]
        if code == walls._RETURN:
            return value
        if code == walls._LOAD:
            loaded, at = data[value], at + 1
        else:
            held = loaded == value if code == walls._EQUALS else bool(loaded & value)
            at += 1 + (if_true if held else if_false)


@pytest.mark.security(35)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_program_lets_the_listed_calls_pass_and_no_others(machine):
    allowed = {number for number in range(600) if decided(machine, number) == walls._ALLOW}

    assert allowed == set(walls._CALLS[machine][1].values())
    assert decided(machine, 0x40000000) == walls._REFUSE
    assert decided(machine, min(allowed), architecture=0x40000003) == walls._KILL


@pytest.mark.security(35)
@pytest.mark.parametrize(("machine", "call"), [(m, c) for m in ("x86_64", "aarch64") for c in ("mmap", "mprotect")])
def test_the_program_lets_no_memory_become_executable(machine, call):
    number = walls._CALLS[machine][1][call]

    assert decided(machine, number, executable=3) == walls._ALLOW
    assert decided(machine, number, executable=5) == walls._REFUSE


def test_an_architecture_that_is_not_known_runs_nothing(monkeypatch):
    walls.seccomp_program.cache_clear()
    monkeypatch.setattr(walls.os, "uname", lambda: type("Uname", (), {"machine": "riscv64"}))

    with pytest.raises(walls.Unwalled):
        walls.seccomp_program()
