"""The list of attacks, and how one reaches the kernel; standard library only."""

import ctypes
import os
from collections.abc import Callable
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE = os.uname().machine
# ptrace, bpf, io_uring_setup, keyctl, userfaultfd, perf_event_open, clone, clone3, openat2
CALLS = {
    "x86_64": (101, 321, 425, 250, 323, 298, 56, 435, 437),
    "aarch64": (117, 280, 425, 219, 282, 241, 220, 435, 437),
}[MACHINE]
PTRACE, BPF, IO_URING, KEYCTL, USERFAULTFD, PERF, CLONE, CLONE3, OPENAT2 = CALLS
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
ATTACKS: dict[str, Callable[[dict[str, str]], bool]] = {}


def attack(name: str) -> Callable[[Callable[[dict[str, str]], bool]], Callable[..., bool]]:
    def keep(probe: Callable[[dict[str, str]], bool]) -> Callable[..., bool]:
        ATTACKS[name] = probe
        return probe

    return keep


def call(number: int, *arguments: Any) -> int:
    """A raw system call; raises with its errno."""
    ctypes.set_errno(0)
    result = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"call {number}")
    return result


def reached(number: int, *arguments: Any) -> bool:
    """Whether the kernel looked at the arguments at all."""
    try:
        call(number, *arguments)
    except OSError as error:
        return error.errno not in (1, 38)
    return True


def in_child(act: Callable[[], bool]) -> bool:
    """Try in a process of its own what would change this one."""
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if act() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
